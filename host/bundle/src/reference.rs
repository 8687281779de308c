//! What a person types for a preset or a connection kind.

use std::path::PathBuf;
use std::str::FromStr;

/// A preset or a connection kind, by the name of its bundle or by the bundle's folder.
///
/// `mosyle/create-user` is a name, and so is `acme/jamf/users`, where the bundle has a scope: `acme/jamf`. What begins with `./`, `../` or `/` (or `.\`, `..\`, `C:\`) is a path whose last part
/// is the preset or kind: `./presets/mosyle/create-user`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// By the bundle's name.
    Named {
        /// The bundle.
        bundle: String,
        /// The preset or kind.
        item: String,
    },
    /// By the bundle's folder.
    Path {
        /// The bundle's folder, as typed.
        folder: PathBuf,
        /// The preset or kind.
        item: String,
    },
}

impl FromStr for Reference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if is_path(text) {
            let trimmed = text.trim_end_matches(['/', '\\']);
            let cut = trimmed.rfind(['/', '\\']).filter(|at| *at > 0);
            return match cut.map(|at| (&trimmed[..at], &trimmed[at + 1..])) {
                Some((folder, item)) if !item.starts_with('.') && !item.is_empty() => {
                    Ok(Self::Path { folder: PathBuf::from(folder), item: item.to_owned() })
                }
                _ => Err(format!(
                    "\"{text}\" names no preset: the last part of the path is its name, as in ./presets/mosyle/create-user"
                )),
            };
        }
        // The last part is the preset; before it stands the bundle, with its scope if it has one.
        match text.rsplit_once('/') {
            Some((bundle, item)) if text.split('/').count() <= 3 && text.split('/').all(|part| !part.is_empty()) => {
                Ok(Self::Named { bundle: bundle.to_owned(), item: item.to_owned() })
            }
            _ => Err(format!("\"{text}\" is not of the form BUNDLE/NAME; a path begins with ./ as in ./{text}")),
        }
    }
}

impl Reference {
    /// The preset or kind.
    #[must_use]
    pub fn item(&self) -> &str {
        match self {
            Self::Named { item, .. } | Self::Path { item, .. } => item,
        }
    }

    /// The same bundle, another preset or kind.
    #[must_use]
    pub fn sibling(&self, item: &str) -> Self {
        let mut other = self.clone();
        match &mut other {
            Self::Named { item: name, .. } | Self::Path { item: name, .. } => item.clone_into(name),
        }
        other
    }
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Named { bundle, item } => write!(f, "{bundle}/{item}"),
            Self::Path { folder, item } => write!(f, "{}/{item}", folder.display()),
        }
    }
}

/// Whether a person means a path. A drive letter counts on every system, so that a script means the same everywhere.
fn is_path(text: &str) -> bool {
    let mut start = text.chars();
    let drive = start.next().is_some_and(|c| c.is_ascii_alphabetic()) && start.next() == Some(':');
    drive
        || text.starts_with(['/', '\\'])
        || ["./", "../", ".\\", "..\\"].iter().any(|p| text.starts_with(p))
        || text == "."
        || text == ".."
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(folder: &str, item: &str) -> Reference {
        Reference::Path { folder: folder.into(), item: item.into() }
    }

    #[test]
    fn names_and_paths() {
        assert_eq!("mosyle/users".parse(), Ok(Reference::Named { bundle: "mosyle".into(), item: "users".into() }));
        assert_eq!(
            "acme/jamf/users".parse(),
            Ok(Reference::Named { bundle: "acme/jamf".into(), item: "users".into() })
        );
        assert_eq!("./presets/mosyle/users".parse(), Ok(path("./presets/mosyle", "users")));
        assert_eq!("../m/users/".parse(), Ok(path("../m", "users")));
        assert_eq!("/m/users".parse(), Ok(path("/m", "users")));
        assert_eq!(".\\m\\users".parse(), Ok(path(".\\m", "users")));
        assert_eq!("C:\\m\\users".parse(), Ok(path("C:\\m", "users")));
        for bad in ["users", "", "/", "./..", "a/b/c/d", "a//b", "a/b/", "/users", "."] {
            assert!(bad.parse::<Reference>().is_err(), "{bad}");
        }
    }
}
