//! The command that adds a connection, in lines to paste.
//!
//! Owns: its words, with placeholders for what is not known yet. Must never: repeat a value that may be a secret; a secret
//! stands here as a reference alone.

use presetter_connection::Connection;
use presetter_manifest::ConnectionKind;
use presetter_manifest::nearest;

use crate::args::AddArgs;
use crate::select::quoted;

/// What was given already. Nothing, for a command from scratch.
#[derive(Debug, Default)]
pub(crate) struct Given<'a> {
    base_url: Option<&'a str>,
    allow_private: bool,
    read_only: bool,
    network: Vec<(&'static str, String)>,
    fields: Vec<(&'a str, &'a str)>,
    secrets: Vec<(&'a str, String)>,
    settings: &'a [(String, String)],
}

impl<'a> Given<'a> {
    /// What can be kept of a command line and the connection made of it: a name that was misspelt is put right, one that is
    /// of no use is left out.
    pub(crate) fn of(args: &'a AddArgs, connection: &'a Connection, kind: &'a ConnectionKind) -> Self {
        let mut given = Self {
            // What stands before an @ may be a password.
            base_url: args.base_url.as_deref().filter(|url| !url.contains('@')),
            allow_private: args.allow_private,
            read_only: args.read_only,
            settings: &args.setting,
            ..Self::default()
        };
        let network = [
            ("--ca", args.network.ca.clone()),
            // Of a reference that was read, not of what was typed: that may be the secret itself.
            ("--client-certificate", connection.client_certificate.as_ref().map(ToString::to_string)),
            ("--proxy", args.network.proxy.clone().filter(|url| !url.contains('@'))),
        ];
        given.network.extend(network.into_iter().filter_map(|(flag, value)| Some((flag, value?))));
        for (name, value) in &connection.fields {
            let meant =
                meant(name, kind.fields.keys().map(String::as_str), |known| connection.fields.contains_key(known));
            given.fields.extend(meant.map(|name| (name, value.as_str())));
        }
        for (name, reference) in &connection.secrets {
            let known = kind.secrets.keys().map(String::as_str);
            let meant = meant(name, known, |known| connection.secrets.contains_key(known));
            given.secrets.extend(meant.map(|name| (name, reference.to_string())));
        }
        given
    }
}

/// The known name that was given, or that a misspelt one stands for, unless that was given too.
fn meant<'a>(
    name: &str,
    mut known: impl Iterator<Item = &'a str> + Clone,
    given: impl Fn(&str) -> bool,
) -> Option<&'a str> {
    let same = known.clone().find(|known| *known == name);
    same.or_else(|| nearest(name, known.by_ref()).filter(|known| !given(known)))
}

/// `presetter connection add NAME ...`: what was given, and a placeholder for every other field and secret of the kind.
pub(crate) fn add_command(name: &str, kind_reference: &str, kind: &ConnectionKind, given: &Given<'_>) -> Vec<String> {
    let mut lines = vec![format!("presetter connection add {} --kind {}", quoted(name), quoted(kind_reference))];
    match (given.base_url, &kind.base_url) {
        (Some(url), _) => lines.push(format!("    --base-url {}", quoted(url))),
        (None, None) => lines.push("    --base-url https://HOST/PATH".to_owned()),
        (None, Some(_)) => {}
    }
    for (flag, is) in [("--allow-private", given.allow_private), ("--read-only", given.read_only)] {
        if is {
            lines.push(format!("    {flag}"));
        }
    }
    lines.extend(given.network.iter().map(|(flag, value)| format!("    {flag} {}", quoted(value))));
    for (field, declared) in &kind.fields {
        match given.fields.iter().find(|(name, _)| name == field) {
            Some((_, value)) => lines.push(format!("    --field {}", quoted(&format!("{field}={value}")))),
            None if declared.required => lines.push(format!("    --field {}={}", quoted(field), shout(field))),
            None => {}
        }
    }
    for secret in kind.secrets.keys() {
        let given = given.secrets.iter().find(|(name, _)| name == secret).map(|(_, reference)| reference.clone());
        let reference = given.unwrap_or_else(|| format!("env:{}_{}", shout(name), shout(secret)));
        lines.push(format!("    --secret {}", quoted(&format!("{secret}={reference}"))));
    }
    lines.extend(
        given.settings.iter().map(|(name, value)| format!("    --setting {}", quoted(&format!("{name}={value}")))),
    );
    let last = lines.len() - 1;
    for line in &mut lines[..last] {
        line.push_str(" \\");
    }
    lines
}

/// `access_token` as `ACCESS_TOKEN`.
fn shout(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use presetter_bundle::Bundle;
    use presetter_connection::{Reference, Source};

    use crate::args::{Cli, ConnectionVerb, Verb};

    use super::*;

    fn offered(words: &str, fields: &[(&str, &str)], secrets: &[(&str, &str)]) -> String {
        let words = format!("presetter connection add my-school --kind mosyle/session {words}");
        let Verb::Connection(ConnectionVerb::Add(args)) = Cli::try_parse_from(words.split(' ')).unwrap().verb else {
            unreachable!()
        };
        let bundle = Bundle::built_in("mosyle").unwrap().unwrap();
        let kind = &bundle.manifest().connections["session"];
        let source = Source::BuiltIn { bundle: "mosyle".into() };
        let connection = Connection {
            allow_private: args.allow_private,
            read_only: args.read_only,
            fields: fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            secrets: secrets
                .iter()
                .map(|(name, from)| ((*name).to_owned(), from.parse::<Reference>().unwrap()))
                .collect(),
            ..Connection::new("my-school", "session", source, "https://h")
        };
        add_command("my-school", "mosyle/session", kind, &Given::of(&args, &connection, kind)).join("\n")
    }

    #[test]
    fn all_that_was_given_is_kept() {
        assert_eq!(
            offered(
                "--base-url http://127.0.0.1:8080/v1 --allow-private --read-only --proxy http://p:3128 --setting page_size=50",
                &[("emial", "a b@example.com")],
                &[("pasword", "env:P")],
            ),
            "presetter connection add my-school --kind mosyle/session \\\n    \
             --base-url http://127.0.0.1:8080/v1 \\\n    \
             --allow-private \\\n    \
             --read-only \\\n    \
             --proxy http://p:3128 \\\n    \
             --field 'email=a b@example.com' \\\n    \
             --secret password=env:P \\\n    \
             --secret access_token=env:MY_SCHOOL_ACCESS_TOKEN \\\n    \
             --setting page_size=50"
        );
    }

    #[test]
    fn what_may_be_a_secret_is_not() {
        let shown = offered(
            "--base-url https://user:hunter2@h/v1 --proxy http://user:hunter2@p",
            &[("password", "hunter2"), ("pasword", "hunter2"), ("mail", "hunter2"), ("email", "a@example.com")],
            &[],
        );
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(
            shown.contains("--field email=a@example.com \\\n    --secret password=env:MY_SCHOOL_PASSWORD"),
            "{shown}"
        );
    }
}
