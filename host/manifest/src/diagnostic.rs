//! Errors that point into a file: one bold line, `file:line:column`, the source line with carets, and the fix.

use std::fmt;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use presetter_template::Problem;

/// One mistake in one file.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// The file as the person named it.
    pub file: String,
    /// The file's whole text.
    pub source: Arc<str>,
    /// What is wrong, and where in `source`.
    pub problem: Problem,
}

impl Diagnostic {
    /// Line and column, both counted from 1; the column counts characters.
    #[must_use]
    pub fn position(&self) -> (usize, usize) {
        let before = &self.source[..self.clamp(self.problem.span.start)];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        (line, column)
    }

    /// The message as a terminal shows it; `color` adds ANSI styles.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        let start = self.clamp(self.problem.span.start);
        let end = self.clamp(self.problem.span.end).max(start);
        let message = visible(&self.problem.message);
        let source = visible(&self.source);
        let file = visible(&self.file);
        let snippet =
            Snippet::source(source.as_str()).path(file.as_str()).annotation(AnnotationKind::Primary.span(start..end));
        let mut group = Level::ERROR.primary_title(message.as_str()).element(snippet);
        let hint = self.problem.hint.as_deref().map(visible);
        if let Some(hint) = &hint {
            group = group.element(Level::HELP.message(hint.as_str()));
        }
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        renderer.render(&[group])
    }

    /// The nearest character boundary inside the source.
    fn clamp(&self, offset: usize) -> usize {
        let mut offset = offset.min(self.source.len());
        while !self.source.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

/// All that is wrong in a file, at least one.
#[derive(Debug, Clone)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    /// Problems in one text.
    #[must_use]
    pub fn of(file: &str, source: &str, problems: Vec<Problem>) -> Self {
        let source: Arc<str> = source.into();
        Self(
            problems
                .into_iter()
                .map(|problem| Diagnostic { file: file.to_owned(), source: source.clone(), problem })
                .collect(),
        )
    }

    /// All messages, one after the other with a blank line between.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        self.0.iter().map(|d| d.render(color)).collect::<Vec<_>>().join("\n\n")
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}

/// Whether a character could steer a terminal, or show one text for another: control characters (C0, DEL, C1), marks that turn the
/// direction of writing, and the separators of lines and paragraphs.
#[must_use]
pub fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

/// A text from a stranger's file, without what could steer a terminal. The length in bytes stays the same, so that
/// offsets stay true.
fn visible(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let hide = steers(c) && c != '\n' && c != '\t' && c != '\r';
            let (first, count) = if hide { ('?', c.len_utf8()) } else { (c, 1) };
            std::iter::repeat_n(first, count)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_at_line_and_column_and_hides_escapes() {
        let all = Diagnostics::of(
            "a.toml",
            "x = 1\nyé\u{1b}[31m = 2\n",
            vec![Problem::new("no", 9..10).with_hint("do \u{1b}this")],
        );
        assert_eq!(all.0[0].position(), (2, 3));
        let text = all.render(false);
        assert!(text.contains("a.toml:2:3"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
        assert!(text.contains("do ?this"), "{text}");
        // Of one length in bytes, and so at the same place.
        let all = Diagnostics::of("a.toml", "x = \u{200f}\u{2028}1", vec![Problem::new("no", 10..11)]);
        let text = all.render(false);
        assert!(text.contains("x = ??????1") && !text.chars().any(|c| c == '\u{200f}' || c == '\u{2028}'), "{text}");
    }

    #[test]
    fn a_span_outside_the_text_is_clamped() {
        let all = Diagnostics::of("a", "é", vec![Problem::new("m", 1..99)]);
        assert!(all.render(false).contains("a:1:1"));
    }
}
