//! Whether a connection fits its kind: what is missing, what is unknown, and the address.
//!
//! Owns the comparison and its words. It looks at nothing but the two.

use presetter_manifest::ConnectionKind;

use presetter_manifest::nearest;

use crate::{Connection, store, target};

/// One thing that is wrong with a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What to do about it: words to add to the command line where that is all. Empty if the message says it.
    pub hint: String,
}

impl std::fmt::Display for Complaint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let gap = if self.hint.is_empty() { "" } else { "; " };
        write!(f, "{}{gap}{}", self.message, self.hint)
    }
}

impl Connection {
    /// Whether the connection has what its kind asks for. `kind_ref` names the kind for people: `mosyle/session`. Settings
    /// are checked by the bundle, which declares them.
    ///
    /// # Errors
    /// Everything that is wrong, at least one thing.
    pub fn check(&self, kind: &ConnectionKind, kind_ref: &str) -> Result<(), Vec<Complaint>> {
        let mut found = self.strangers(kind, kind_ref);
        found.extend(self.check_network());
        let mut complain = |message: String, hint: String| found.push(Complaint { message, hint });
        if let Err(error) = store::check_name(&self.name) {
            complain(error.message, error.advice);
        }
        if let Err(why) = target::base(&self.base_url, self.allow_private) {
            complain(
                format!("the base URL {:?} cannot be used: {why}", without_user(&self.base_url)),
                target::meant(&self.base_url, self.allow_private)
                    .map(|url| format!("did you mean {url} ?"))
                    .unwrap_or_default(),
            );
        }
        for (name, field) in &kind.fields {
            if field.required && self.fields.get(name).is_none_or(|value| value.is_empty()) {
                complain(
                    format!("the field \"{name}\" is missing: {}", field.help),
                    format!("add --field {name}=VALUE"),
                );
            }
        }
        for (name, secret) in &kind.secrets {
            if !self.secrets.contains_key(name) {
                complain(
                    format!("the secret \"{name}\" is missing: {}", secret.help),
                    format!("add --secret {name}=REFERENCE"),
                );
            }
        }
        if found.is_empty() { Ok(()) } else { Err(found) }
    }

    /// The fields and secrets that the kind does not know, with what was probably meant. A value is never repeated: it may
    /// be a secret in the wrong place.
    #[must_use]
    pub fn strangers(&self, kind: &ConnectionKind, kind_ref: &str) -> Vec<Complaint> {
        let fields: Vec<&str> = kind.fields.keys().map(String::as_str).collect();
        let secrets: Vec<&str> = kind.secrets.keys().map(String::as_str).collect();
        let as_secret = |name: &str| format!("give it as --secret {name}=env:NAME");
        let as_field = |name: &str| format!("give it as --field {name}=VALUE");
        let given = self.fields.keys().filter(|name| !fields.contains(&name.as_str()));
        let mut found: Vec<Complaint> =
            given.map(|name| stranger(("field", &fields), ("secret", &secrets), name, kind_ref, as_secret)).collect();
        let given = self.secrets.keys().filter(|name| !secrets.contains(&name.as_str()));
        found.extend(given.map(|name| stranger(("secret", &secrets), ("field", &fields), name, kind_ref, as_field)));
        found
    }
}

/// What to say of a name that is not known where it was given. It may be one of the other sort.
fn stranger(
    (what, known): (&str, &[&str]),
    (other, others): (&str, &[&str]),
    name: &str,
    kind_ref: &str,
    as_other: impl Fn(&str) -> String,
) -> Complaint {
    if others.contains(&name) {
        return Complaint { message: format!("\"{name}\" is a {other}: {}", as_other(name)), hint: String::new() };
    }
    let mut message = format!("there is no {what} \"{name}\"");
    if let Some(meant) = nearest(name, known.iter().copied()) {
        message.push_str(&format!("; did you mean \"{meant}\"?"));
    } else if let Some(meant) = nearest(name, others.iter().copied()) {
        message.push_str(&format!("; did you mean the {other} \"{meant}\"? Then {}", as_other(meant)));
    }
    let hint = match known {
        [] => format!("{kind_ref} has no {what}s"),
        known => format!("{kind_ref} knows: {}", known.join(", ")),
    };
    Complaint { message, hint }
}

/// A base URL as messages show it: a password in it is not repeated.
fn without_user(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if scheme + 3 <= at => format!("{}...{}", &url[..scheme + 3], &url[at..]),
        _ => url.to_owned(),
    }
}
