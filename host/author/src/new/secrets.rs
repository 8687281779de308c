//! What is secret in a command that a person pastes.
//!
//! Owns the guess: by the name of a header, parameter or field, and by the look of a value. It would rather take something
//! harmless for a secret: then a sample stands in its place. Must never: print, or keep a text longer than the making takes.

use std::fmt;

use percent_encoding::percent_decode_str;

use super::names::words;

/// Shorter ones are not looked for: they would be found in harmless words.
const SHORT: usize = 6;

/// The secrets of one command.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Vec<String>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secrets", self.0.len())
    }
}

impl Secrets {
    /// Adds one, as it stands and percent-decoded. A word such as `password`, as it stands in a vendor's examples, keeps nothing
    /// secret, and is in every manifest.
    pub(crate) fn add(&mut self, secret: &str) {
        let secret = secret.trim();
        let decoded = percent_decode_str(secret).decode_utf8_lossy().into_owned();
        for form in [secret.to_owned(), decoded] {
            let example = NAMES.contains(&form.to_lowercase().as_str());
            if form.chars().count() >= SHORT && !example && !self.0.contains(&form) {
                self.0.push(form);
            }
        }
    }

    /// Whether a text has one of them in it.
    pub(crate) fn in_text(&self, text: &str) -> bool {
        self.0.iter().any(|secret| text.contains(secret.as_str()))
    }
}

/// Words that name credentials.
const NAMES: [&str; 17] = [
    "apikey",
    "auth",
    "authorization",
    "bearer",
    "cookie",
    "credential",
    "credentials",
    "csrf",
    "jwt",
    "passphrase",
    "passwd",
    "password",
    "pwd",
    "secret",
    "session",
    "token",
    "xsrf",
];
/// Pairs of words that do.
const PAIRS: [[&str; 2]; 6] =
    [["api", "key"], ["access", "key"], ["private", "key"], ["subscription", "key"], ["auth", "key"], ["app", "key"]];

/// Whether a header, parameter, cookie or field of this name holds a credential.
pub(crate) fn by_name(name: &str) -> bool {
    let words = words(name);
    // `page_token` and `next_token` lead to a page, `session_id` of a booking leads nowhere without the rest.
    let paging = words.iter().any(|word| ["page", "next", "continuation", "sync", "cursor"].contains(&word.as_str()));
    let pair = |pair: &[&str; 2]| words.windows(2).any(|two| two[0] == pair[0] && two[1] == pair[1]);
    let glued = |word: &String| NAMES.contains(&word.as_str()) || word.ends_with("token") || word.ends_with("apikey");
    !paging && (words.iter().any(glued) || PAIRS.iter().any(pair))
        || ["sid", "sig", "signature", "key"].contains(&words.join("_").as_str())
}

/// Whether a value looks like a credential, wherever it stands.
pub(crate) fn by_look(value: &str) -> bool {
    let words = value.split(|c: char| !(c.is_ascii_alphanumeric() || "+/_-=.:".contains(c)));
    words.into_iter().any(|word| {
        let count = |of: fn(&u8) -> bool| word.bytes().filter(of).count();
        let (digits, lower, upper) =
            (count(u8::is_ascii_digit), count(u8::is_ascii_lowercase), count(u8::is_ascii_uppercase));
        let jwt = word.starts_with("eyJ") && word.matches('.').count() == 2;
        let vendors = [
            "sk_",
            "rk_",
            "pk_",
            "ghp_",
            "gho_",
            "ghs_",
            "github_pat_",
            "glpat-",
            "xox",
            "AKIA",
            "AIza",
            "SG.",
            "shpat_",
        ];
        let vendor = word.len() >= 16 && digits > 0 && vendors.iter().any(|prefix| word.starts_with(prefix));
        let hex = word.len() >= 32 && word.bytes().all(|b| b.is_ascii_hexdigit()) && digits >= 4 && lower + upper >= 4;
        let random = word.len() >= 24 && digits >= 3 && lower >= 3 && upper >= 3 && !is_address(word);
        jwt || vendor || hex || random
    }) || value.contains("PRIVATE KEY-----")
}

/// Whether a word is part of an address, whose parts may be long.
fn is_address(word: &str) -> bool {
    word.contains("//") || word.starts_with('/')
}

/// What stands in for a secret.
pub(crate) fn sample(name: &str) -> String {
    format!("sample-{}", super::names::kebab(name, "secret"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_known_by_name() {
        for name in [
            "Authorization",
            "X-Api-Key",
            "apikey",
            "api_key",
            "X-Auth-Token",
            "access_token",
            "client_secret",
            "PRIVATE-TOKEN",
            "X-Shopify-Access-Token",
            "Ocp-Apim-Subscription-Key",
            "password",
            "newPassword",
            "JSESSIONID_token",
            "sid",
            "key",
            "x-csrf-token",
            "accessToken",
            "authtoken",
        ] {
            assert!(by_name(name), "{name}");
        }
        for name in [
            "name",
            "X-Request-Id",
            "Idempotency-Key",
            "pageToken",
            "next_token",
            "keyword",
            "Accept",
            "author",
            "monkey",
        ] {
            assert!(!by_name(name), "{name}");
        }
    }

    #[test]
    fn credentials_are_known_by_look() {
        let word = "aB3dE5gH7jK9mN1pQrS2tU4v";
        let vendor = format!("{}_live_{}", "sk", "1234567890ab");
        for value in
            [word, &format!("x {word}"), &vendor, &format!("eyJ{word}.e30.{word}"), "0123456789abcdef0123456789abcdef"]
        {
            assert!(by_look(value), "{value}");
        }
        for value in [
            "u1001",
            "sarah@example.com",
            "123e4567-e89b-12d3-a456-426614174000",
            "2026-01-01T00:00:00Z",
            "the quick brown fox jumps",
            "https://example.com/Some/Long/Path2/With34/Parts5",
        ] {
            assert!(!by_look(value), "{value}");
        }
    }

    #[test]
    fn a_secret_is_found_also_percent_encoded() {
        let mut secrets = Secrets::default();
        secrets.add("abc%2Fdef9");
        assert!(secrets.in_text("x abc/def9 y") && secrets.in_text("abc%2Fdef9") && !secrets.in_text("abc"));
        secrets.add("a");
        assert!(!secrets.in_text("banana"));
        assert_eq!(format!("{secrets:?}"), "2 secrets");
        for word in ["password", "PASSWORD", "secret"] {
            secrets.add(word);
            assert!(!secrets.in_text("secrets.password PASSWORD"), "{word}");
        }
        secrets.add("password1");
        assert!(secrets.in_text("the password1"));
    }
}
