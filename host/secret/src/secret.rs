//! A text that cannot be displayed, serialised or copied by accident.
//!
//! Owns the bytes of one secret until they are wiped. It must never gain `Display`, `Serialize`, `Clone`, `Deref` or
//! `PartialEq`: each would be a second door beside [`Secret::expose`].

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A password, key or token. Wiped when dropped; its `Debug` text is `[secret]`.
///
/// Wiping reaches the buffer that is held here. Copies that others made before or after (an environment, a TLS
/// library's buffers) are theirs.
///
/// ```compile_fail
/// let secret = presetter_secret::Secret::new("hunter2".to_owned());
/// println!("{secret}");
/// ```
/// ```compile_fail
/// let secret = presetter_secret::Secret::new("hunter2".to_owned());
/// let copy = secret.clone();
/// ```
/// ```compile_fail
/// let secret = presetter_secret::Secret::new("hunter2".to_owned());
/// let text = serde_json::to_string(&secret);
/// ```
/// ```compile_fail
/// let secret = presetter_secret::Secret::new("hunter2".to_owned());
/// if secret == secret {}
/// ```
/// ```compile_fail
/// let secret = presetter_secret::Secret::new("hunter2".to_owned());
/// let text: &str = &secret;
/// ```
pub struct Secret {
    text: Zeroizing<String>,
}

impl Secret {
    /// Takes a text over, without copying it.
    pub fn new(text: String) -> Secret {
        Secret { text: Zeroizing::new(text) }
    }

    /// The secret itself: the only door.
    ///
    /// To be called where a secret leaves for its one purpose, by the code that does it: `connection` where it fills a
    /// slot of a request that the guest no longer sees, or seals a session; and never to print, compare or store it.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// A second copy, for a second owner. Spelled out, since each copy is one more place to wipe.
    #[must_use]
    pub fn duplicate(&self) -> Secret {
        Secret::new(String::from(self.text.as_str()))
    }

    /// Whether nothing is in it: an empty secret is a mistake of whoever set it up.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Its length in bytes.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether two secrets are equal, in a time that depends on their lengths only.
    pub fn ct_eq(&self, other: &Secret) -> bool {
        self.text.as_bytes().ct_eq(other.text.as_bytes()).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_says_nothing_about_it() {
        let short = format!("{:?}", Secret::new("a".into()));
        assert_eq!(short, format!("{:#?}", Secret::new("hunter2 hunter2".into())));
        assert_eq!(short, "[secret]");
    }

    #[test]
    fn equality_is_by_content() {
        let secret = Secret::new("hunter2".into());
        assert!(secret.ct_eq(&secret.duplicate()));
        assert!(!secret.ct_eq(&Secret::new("hunter3".into())) && !secret.ct_eq(&Secret::new("hunter".into())));
        assert!(secret.len() == 7 && !secret.is_empty() && Secret::new(String::new()).is_empty());
    }
}
