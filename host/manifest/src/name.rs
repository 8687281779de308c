//! Names of bundles and presets: the one rule, and what becomes of a name where it cannot stand as it is.
//!
//! A name has lower-case letters, digits and `-`, begins with a letter, and has at most 64 characters. A bundle's name may have a
//! scope before it, which is a name too: `acme/jamf`. So no name has a dot, a capital or two slashes, and none leaves a folder.

/// The longest name, in characters; a scope has as many again.
const LONGEST: usize = 64;

/// Whether a text is a name of a preset, or of a bundle without a scope.
#[must_use]
pub fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.len() <= LONGEST
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// Whether a text is a bundle's name: `jamf`, or with a scope `acme/jamf`.
#[must_use]
pub fn is_bundle_name(text: &str) -> bool {
    match text.split_once('/') {
        Some((scope, name)) => is_name(scope) && is_name(name),
        None => is_name(text),
    }
}

/// A bundle's name without its scope: `jamf` of `acme/jamf`.
#[must_use]
pub fn short_name(bundle: &str) -> &str {
    bundle.rsplit('/').next().unwrap_or(bundle)
}

/// A bundle's name as part of a file's name: `acme-jamf`. For people to read: another bundle may be called so.
#[must_use]
pub fn file_name(bundle: &str) -> String {
    bundle.replace('/', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_may_have_a_scope() {
        let longest = "a".repeat(64);
        for name in ["jamf", "acme/jamf", "a/b", "a-1/b-2", &format!("{longest}/{longest}")] {
            assert!(is_bundle_name(name), "{name}");
        }
        for name in [
            "",
            "/",
            "a/",
            "/a",
            "a//b",
            "a/b/c",
            "./a",
            "../a",
            "a/..",
            "a/.",
            "A/b",
            "a/B",
            "a b",
            "a\\b",
            "a.b",
            "a/b\n",
            "1/a",
            "-/a",
            "a_b",
            "é",
            "a/é",
            "a:b",
            "a%2Fb",
            "a\0b",
            &"a".repeat(65),
            &format!("{longest}a/b"),
        ] {
            assert!(!is_bundle_name(name), "{name:?}");
        }
        assert!(is_name("jamf") && !is_name("acme/jamf"));
    }

    #[test]
    fn where_a_slash_cannot_stand_the_name_has_another_form() {
        assert_eq!([short_name("acme/jamf"), short_name("jamf")], ["jamf", "jamf"]);
        assert_eq!([file_name("acme/jamf"), file_name("jamf")], ["acme-jamf", "jamf"]);
    }
}
