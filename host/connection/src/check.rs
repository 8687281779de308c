//! Whether a connection fits its kind: what is missing, what is unknown, and the address.
//!
//! Owns the comparison and its words. It looks at nothing but the two.

use presetter_manifest::ConnectionKind;

use crate::{Connection, store, target};

/// One thing that is wrong with a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What to do about it: words to add to the command line where that is all.
    pub hint: String,
}

impl std::fmt::Display for Complaint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}; {}", self.message, self.hint)
    }
}

impl Connection {
    /// Whether the connection has what its kind asks for. `kind_ref` names the kind for people: `mosyle/session`. Settings
    /// are checked by the bundle, which declares them.
    ///
    /// # Errors
    /// Everything that is wrong, at least one thing.
    pub fn check(&self, kind: &ConnectionKind, kind_ref: &str) -> Result<(), Vec<Complaint>> {
        let mut found = Vec::new();
        let mut complain = |message: String, hint: String| found.push(Complaint { message, hint });
        if let Err(error) = store::check_name(&self.name) {
            complain(error.message, error.advice);
        }
        if let Err(why) = target::base(&self.base_url, self.allow_private) {
            complain(
                format!("the base URL {:?} cannot be used: {why}", without_user(&self.base_url)),
                "give it with --base-url URL".into(),
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
        let unknown = |what: &str, name: &str, known: Vec<&str>| {
            let hint = match known.as_slice() {
                [] => format!("{kind_ref} has no {what}s"),
                known => format!("{kind_ref} knows: {}", known.join(", ")),
            };
            (format!("there is no {what} \"{name}\""), hint)
        };
        for name in self.fields.keys().filter(|name| !kind.fields.contains_key(*name)) {
            let (message, hint) = unknown("field", name, kind.fields.keys().map(String::as_str).collect());
            complain(message, hint);
        }
        for name in self.secrets.keys().filter(|name| !kind.secrets.contains_key(*name)) {
            let (message, hint) = unknown("secret", name, kind.secrets.keys().map(String::as_str).collect());
            complain(message, hint);
        }
        if found.is_empty() { Ok(()) } else { Err(found) }
    }
}

/// A base URL as messages show it: a password in it is not repeated.
fn without_user(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if scheme + 3 <= at => format!("{}...{}", &url[..scheme + 3], &url[at..]),
        _ => url.to_owned(),
    }
}
