//! Texts without case: the one place that decides which texts are the same to a rule, and to the key of an e-mail address.
//!
//! Each character is made upper case and then lower case, by Unicode's full mappings and without regard to a language: so `ß` is
//! `ss`, and the three sigmas are one. What is composed differently (`é` as one character or as two) stays different.

/// The text without case.
#[must_use]
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn case_is_gone_in_any_script() {
        for (one, other) in [("ADA", "ada"), ("Straße", "STRASSE"), ("ΣΊΣΥΦΟΣ", "σίσυφος"), ("Жук", "жУК"), ("ſ", "S")]
        {
            assert_eq!(fold(one), fold(other));
        }
        assert_ne!(fold("é"), fold("e"));
        assert_ne!(fold("i"), fold("ı\u{307}"));
    }
}
