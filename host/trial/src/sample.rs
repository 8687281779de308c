//! What stands in for an account: values of fields and secrets that are the same in every run, and the way to them.
//!
//! Owns both. Must never: look anything up. Invariant: a sample can stand wherever a real value can: in a header, an
//! address, a cookie, a form.

use std::sync::Arc;

use presetter_connection::Surroundings;
use presetter_egress::{Cassette, Tape};
use presetter_secret::{Redactor, Secret};
use url::Url;

/// What stands in for a token whose mask was recorded. A mask has spaces, which no cookie may have.
pub(crate) const TOKEN: &str = "sample-session-token";
/// What every sample of a secret begins with.
pub(crate) const SECRET: &str = "sample-secret-";
/// The mask of a session's token.
pub(crate) const TOKEN_MASK: &str = "[secret session token]";

/// A value for a connection's field.
#[must_use]
pub fn field(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let about = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if about(&["mail"]) {
        "sample@example.com".to_owned()
    } else if about(&["url", "host", "domain"]) {
        "sample.example".to_owned()
    } else {
        format!("sample-{name}")
    }
}

/// A value for a connection's secret.
pub(crate) fn secret(name: &str) -> Secret {
    Secret::new(format!("{SECRET}{name}"))
}

/// A base URL for a bundle whose name makes none.
pub(crate) fn base_url() -> Url {
    // An address that is written here parses.
    Url::parse("https://sample.example").unwrap_or_else(|_| unreachable!("it is an address"))
}

/// A transport that answers what was recorded, with a sample in place of a session's token.
#[must_use]
pub fn offline(tape: Arc<Tape>, redactor: Redactor) -> Cassette {
    Cassette::new(tape, redactor).with_stand_in(TOKEN_MASK, TOKEN)
}

/// Surroundings in which nothing is looked up: each secret is its sample, by its own name.
#[derive(Debug, Clone, Copy, Default)]
pub struct Samples;

impl Surroundings for Samples {
    fn var(&self, name: &str) -> Option<String> {
        Some(secret(name).expose().to_owned())
    }

    fn prompt(&self, _: &str) -> Result<Secret, String> {
        Err("nobody is asked in a test".to_owned())
    }
}
