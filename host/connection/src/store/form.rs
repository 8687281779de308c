//! A connection as TOML.
//!
//! Owns the keys of the file and of an export, and the words about mistakes in them. Must never: repeat a word of a file that
//! is none of its own, because it may be a secret. Keeps: the first source stands in keys of the connection itself, so that
//! a file with one source is as it always was; further ones are `[[allowed]]`.

use std::path::PathBuf;

use indexmap::IndexMap;
use presetter_manifest::Allowed;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Connection, StoreError, error};
use crate::source::Form as SourceForm;
use presetter_manifest::nearest;

use crate::{Reference, Source};

/// The form of a file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Form {
    bundle: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    signers: Vec<String>,
    kind: String,
    base_url: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    allow_private: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    read_only: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ca: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client_certificate: Option<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proxy: Option<String>,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    fields: IndexMap<String, String>,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub(super) secrets: IndexMap<String, Reference>,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    settings: IndexMap<String, Value>,
    #[serde(default, skip_serializing_if = "Allowed::is_empty")]
    limits: Allowed,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    allowed: Vec<Source>,
}

/// The form of an export.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exported {
    pub(super) connections: IndexMap<String, Form>,
}

impl Form {
    pub(super) fn of(connection: &Connection) -> Self {
        let c = connection.clone();
        let SourceForm { bundle, folder, signers } = c.source.into();
        Self {
            bundle,
            folder,
            signers,
            kind: c.kind,
            base_url: c.base_url,
            allow_private: c.allow_private,
            read_only: c.read_only,
            ca: c.ca,
            client_certificate: c.client_certificate,
            proxy: c.proxy,
            fields: c.fields,
            secrets: c.secrets,
            settings: c.settings,
            limits: c.limits,
            allowed: c.allowed,
        }
    }

    /// The connection of that name.
    ///
    /// # Errors
    /// Its source is none; the words repeat nothing of it.
    pub(super) fn named(self, name: &str) -> Result<Connection, &'static str> {
        let source = SourceForm { bundle: self.bundle, folder: self.folder, signers: self.signers };
        Ok(Connection {
            name: name.to_owned(),
            kind: self.kind,
            source: source.try_into()?,
            allowed: self.allowed,
            base_url: self.base_url,
            allow_private: self.allow_private,
            read_only: self.read_only,
            ca: self.ca,
            client_certificate: self.client_certificate,
            proxy: self.proxy,
            fields: self.fields,
            secrets: self.secrets,
            settings: self.settings,
            limits: self.limits,
        })
    }
}

/// Reads TOML. The error names the line, and repeats nothing of it.
pub(super) fn read<T: serde::de::DeserializeOwned>(file: &str, bytes: &[u8], advice: &str) -> Result<T, StoreError> {
    let text = std::str::from_utf8(bytes).map_err(|_| error(format!("{file} is not text (UTF-8)"), advice))?;
    toml::from_str(text).map_err(|why| {
        let line = why.span().map_or(1, |span| {
            text.as_bytes()[..span.start.min(text.len())].iter().filter(|b| **b == b'\n').count() + 1
        });
        error(format!("line {line} of {file}: {}", plain(why.message())), advice)
    })
}

/// The reader's words on a file, for people, without what was written there.
fn plain(message: &str) -> String {
    let quoted = |text: &str| text.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    if message.starts_with("missing field")
        && let [name, ..] = quoted(message).as_slice()
    {
        return format!("the key \"{name}\" is missing");
    }
    // `invalid type: string "...", expected a map` holds what was written.
    let Some((found, wanted)) = message.split_once(", expected ") else { return message.to_owned() };
    let Some(name) = found.strip_prefix("unknown field `").and_then(|rest| rest.strip_suffix('`')) else {
        return format!("expected {wanted}");
    };
    let known = quoted(wanted);
    // A key that is near to none may be anything, also a secret.
    match nearest(name, known.iter().map(String::as_str)) {
        Some(meant) => format!("there is no key \"{name}\"; did you mean \"{meant}\"?"),
        None => format!("there is a key that is not known here; known are {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_in_a_file_is_said_in_plain_words() {
        let said = |text: &str| toml::from_str::<Form>(text).map(drop).map_err(|why| plain(why.message())).unwrap_err();
        let rest = "kind = 'k'\nbase_url = 'https://h'\n";
        assert_eq!(said(rest), "the key \"bundle\" is missing");
        assert_eq!(said("bundle = 'b'\nknd = 'k'"), "there is no key \"knd\"; did you mean \"kind\"?");
        let strange = said(&format!("bundle = 'b'\nhunter2 = 'x'\n{rest}"));
        assert!(
            strange.contains("known are bundle, folder, signers, kind") && !strange.contains("hunter2"),
            "{strange}"
        );
        let wrong = said(&format!("bundle = 'b'\nread_only = 'hunter2'\n{rest}"));
        assert_eq!(wrong, "expected a boolean");
        for source in ["{ bundle = 'b', signers = ['hunter2'] }", "{ bundle = 'b', hunter2 = 1 }", "'hunter2'"] {
            let wrong = said(&format!("bundle = 'b'\n{rest}allowed = [{source}]"));
            assert!(!wrong.contains("hunter2"), "{wrong}");
        }
    }

    #[test]
    fn a_file_with_one_source_is_as_it_always_was() {
        let text = "bundle = \"b\"\nfolder = \"/f\"\nkind = \"k\"\nbase_url = \"https://h\"\n";
        let connection = toml::from_str::<Form>(text).unwrap().named("m").unwrap();
        assert_eq!(connection.source, Source::Folder { path: "/f".into(), bundle: "b".into() });
        assert_eq!(toml::to_string_pretty(&Form::of(&connection)).unwrap(), text);
        let both = format!("{text}signers = [\"sha256:{}\"]\n", "a".repeat(64));
        let wrong = toml::from_str::<Form>(&both).unwrap().named("m").unwrap_err();
        assert_eq!(wrong, "a source has a folder or signers, not both");
    }
}
