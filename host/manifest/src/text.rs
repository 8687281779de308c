//! A text that an author wrote in a manifest, with its place in the file.

use std::fmt;
use std::ops::Range;

use presetter_template::Problem;
use serde::Deserialize;
use toml::Spanned;

/// A template, an expression or any other text whose mistakes must point into the file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Spanned<String>")]
pub struct Text {
    value: String,
    span: Range<usize>,
}

impl From<Spanned<String>> for Text {
    fn from(spanned: Spanned<String>) -> Self {
        Self { span: spanned.span(), value: spanned.into_inner() }
    }
}

impl Text {
    /// A text that stands in no manifest: a whole file or an argument.
    #[must_use]
    pub fn whole(value: &str) -> Self {
        Self { value: value.to_owned(), span: 0..value.len() }
    }

    /// The text, as TOML decoded it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.value
    }

    /// Where it stands in the file, with its quotes.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Moves a problem from this text to the file. Where the text was written with escapes, offsets differ, and
    /// the problem points at the whole text.
    #[must_use]
    pub fn locate(&self, source: &str, problem: Problem) -> Problem {
        match self.start(source) {
            Some(start) => problem.shifted(start),
            None => Problem { span: self.span(), ..problem },
        }
    }

    /// The offset of the text's first character in the file, if the text stands there letter by letter.
    #[must_use]
    pub fn start(&self, source: &str) -> Option<usize> {
        let written = source.get(self.span())?;
        let opening = ["'''", "\"\"\"", "'", "\""].iter().find(|q| written.starts_with(**q)).map_or(0, |q| q.len());
        let mut start = self.span.start + opening;
        if opening == 3 {
            // TOML drops a line break right after the opening quotes.
            let rest = source.get(start..)?;
            start += if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with('\n')) };
        }
        (source.get(start..start + self.value.len()) == Some(&self.value)).then_some(start)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Doc {
        a: Text,
    }

    fn at(source: &str, span: Range<usize>) -> String {
        let doc: Doc = toml::from_str(source).unwrap();
        let problem = doc.a.locate(source, Problem::new("", span));
        source[problem.span].to_owned()
    }

    #[test]
    fn problems_move_into_the_file() {
        assert_eq!(at("a = '''\nx {{y}}'''\n", 4..5), "y");
        assert_eq!(at("a = '''\r\nx {{y}}'''\n", 4..5), "y");
        assert_eq!(at("a = \"x {{y}}\"", 4..5), "y");
        assert_eq!(at("a = 'é {{y}}'", 5..6), "y");
    }

    #[test]
    fn a_text_with_escapes_is_pointed_at_as_a_whole() {
        assert_eq!(at(r#"a = "x \" {{y}}""#, 6..7), r#""x \" {{y}}""#);
    }
}
