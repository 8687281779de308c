//! For which bundles a rule is: one name, a whole scope, or all.
//!
//! Invariant: a scope is a whole segment; `acme/*` is for nothing of `acme-evil`.

use std::fmt;
use std::str::FromStr;

use presetter_manifest::{is_bundle_name, is_name};

/// What a rule matches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pattern {
    /// `jamf` or `acme/jamf`: this bundle.
    Bundle(String),
    /// `acme/*`: every bundle of the scope `acme`.
    Scope(String),
    /// `*`: every bundle.
    All,
}

/// A text that is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is neither a bundle's name (jamf, acme/jamf) nor a scope (acme/*) nor *")]
pub struct NoPattern;

impl Pattern {
    /// Whether it is for this bundle.
    #[must_use]
    pub fn matches(&self, bundle: &str) -> bool {
        match self {
            Self::Bundle(name) => name == bundle,
            Self::Scope(scope) => bundle.split_once('/').is_some_and(|(of, _)| of == scope),
            Self::All => true,
        }
    }

    /// How much it says: of the patterns that match a bundle, no two say equally much.
    #[must_use]
    pub(crate) const fn weight(&self) -> u8 {
        match self {
            Self::Bundle(_) => 2,
            Self::Scope(_) => 1,
            Self::All => 0,
        }
    }
}

impl FromStr for Pattern {
    type Err = NoPattern;

    fn from_str(text: &str) -> Result<Self, NoPattern> {
        match text.strip_suffix("/*") {
            _ if text == "*" => Ok(Self::All),
            Some(scope) if is_name(scope) => Ok(Self::Scope(scope.to_owned())),
            None if is_bundle_name(text) => Ok(Self::Bundle(text.to_owned())),
            _ => Err(NoPattern),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bundle(name) => f.write_str(name),
            Self::Scope(scope) => write!(f, "{scope}/*"),
            Self::All => f.write_str("*"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_a_whole_segment() {
        let scope: Pattern = "acme/*".parse().unwrap();
        assert!(scope.matches("acme/jamf"));
        for other in ["acme-evil/x", "acme", "acm/x", "xacme/x", "acme-/x", "jamf"] {
            assert!(!scope.matches(other), "{other}");
        }
        assert!(Pattern::All.matches("acme-evil/x") && Pattern::All.matches("jamf"));
        let name: Pattern = "acme/jamf".parse().unwrap();
        assert!(name.matches("acme/jamf") && !name.matches("acme/jamf-pro") && !name.matches("jamf"));
    }

    #[test]
    fn one_pattern_has_one_spelling() {
        for text in ["jamf", "acme/jamf", "a1-b/*", "*"] {
            assert_eq!(text.parse::<Pattern>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "/",
            "/*",
            "**",
            "*/*",
            "*/jamf",
            "acme/",
            "acme/**",
            "acme/j*",
            "acme*",
            "Acme/*",
            "acme/*/x",
            "acme/x/*",
            " acme/*",
            "acme/* ",
            "../*",
            "acme//*",
            "1a/*",
            "a\u{441}me/*",
            "-",
        ] {
            assert_eq!(text.parse::<Pattern>(), Err(NoPattern), "{text:?}");
        }
    }
}
