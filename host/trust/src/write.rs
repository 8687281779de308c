//! A [`Document`] as the text of `trust.toml`, always the same for the same document, and readable by people.

use std::fmt::Write as _;

use presetter_package::KeyId;

use crate::document::{Denied, Document};

const HEAD: &str =
    "# Whose signatures presetter trusts. It is signed: change it with `presetter trust`, not by hand.\n";

/// The text.
pub(crate) fn text(document: &Document) -> String {
    let mut text = String::from(HEAD);
    // Writing to a text cannot fail.
    let _ = write(document, &mut text);
    text
}

fn write(document: &Document, to: &mut String) -> std::fmt::Result {
    let Document { version, expires, root, keys, rules, denied } = document;
    writeln!(to, "version = {version}\nexpires = {}", quoted(&expires.to_string()))?;
    writeln!(to, "\n[root]\nthreshold = {}", root.threshold)?;
    list(&root.keys, to)?;
    for key in keys {
        writeln!(to, "\n[[key]]\nid = \"{}\"\nfile = \"{}\"", key.id, file(key.id))?;
        writeln!(to, "owner = {}", quoted(&key.owner))?;
        writeln!(to, "not_before = \"{}\"\nnot_after = \"{}\"", key.not_before, key.not_after)?;
        writeln!(to, "status = \"{}\"", key.status)?;
    }
    for rule in rules {
        writeln!(to, "\n[[rule]]\nmatch = \"{}\"\nthreshold = {}", rule.pattern, rule.threshold)?;
        list(&rule.keys, to)?;
    }
    for deny in denied {
        let (name, id) = match deny.what {
            Denied::Digest(digest) => ("digest", digest),
            Denied::Key(key) => ("key", key.digest()),
        };
        writeln!(to, "\n[[deny]]\n{name} = \"{id}\"\nreason = {}", quoted(&deny.reason))?;
    }
    Ok(())
}

fn list(keys: &[KeyId], to: &mut String) -> std::fmt::Result {
    writeln!(to, "keys = [")?;
    keys.iter().try_for_each(|key| writeln!(to, "    \"{key}\","))?;
    writeln!(to, "]")
}

/// The file of a key, below the store's folder. Its name has no colon: not every system takes one.
pub(crate) fn file(key: KeyId) -> String {
    format!("keys/{}.pub", key.digest().hex())
}

/// A text in double quotes. What TOML forbids there is escaped, so that no text can end its line; the rules of [`crate::form`]
/// then refuse it in words of their own.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            // All of them are below U+00A0.
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
