//! Texts of strangers in XML and HTML.

/// A text for an attribute or an element. Whatever stands in it, the document is well-formed: what XML 1.0 has no way to write is
/// replaced.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            // XML 1.0 has no way to write the other control characters and these two.
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('?'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_breaks_out() {
        assert_eq!(escaped("a\"b'<c>&\n\t\u{1b}\u{0}\u{85}\u{ffff}é"), "a&quot;b&apos;&lt;c&gt;&amp;&#10;&#9;????é");
    }
}
