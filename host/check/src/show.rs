//! How findings are shown: to people, to programs, to a GitHub workflow.
//!
//! Owns the forms. Must never print. A text of a stranger cannot steer a terminal or end an annotation early.

use annotate_snippets::{AnnotationKind, Level as Shown, Renderer, Snippet};
use presetter_manifest::{Diagnostic, Diagnostics};
use presetter_template::Problem;
use serde_json::{Value, json};

use crate::finding::{Finding, Level, Report};

impl Finding {
    /// The message as a terminal shows it, as `presetter-manifest` shows an error, with the lint's name in brackets; `color` adds
    /// ANSI styles.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        let message = match self.lint {
            Some(lint) => format!("{} [{lint}]", self.diagnostic.problem.message),
            None => self.diagnostic.problem.message.clone(),
        };
        let diagnostic = harmless(&self.diagnostic);
        let (start, end) = (diagnostic.problem.span.start, diagnostic.problem.span.end);
        let message = visible(&message);
        let level = if self.level == Level::Error { Shown::ERROR } else { Shown::WARNING };
        let snippet = Snippet::source(diagnostic.source.as_ref())
            .path(diagnostic.file.as_str())
            .annotation(AnnotationKind::Primary.span(start..end));
        let mut group = level.primary_title(message.as_str()).element(snippet);
        if let Some(hint) = &diagnostic.problem.hint {
            group = group.element(Shown::HELP.message(hint.as_str()));
        }
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        renderer.render(&[group])
    }

    /// Line and column of its end, counted as [`Diagnostic::position`] counts those of its begin.
    fn end(&self) -> (usize, usize) {
        let span = &self.diagnostic.problem.span;
        let problem = Problem::new("", span.end.max(span.start)..span.end.max(span.start));
        let end = Diagnostics::of(&self.diagnostic.file, &self.diagnostic.source, vec![problem]);
        end.0.first().map_or((1, 1), Diagnostic::position)
    }
}

/// All findings as one object: `errors` and `warnings`. Lines and columns count from 1, the end is behind the last character.
#[must_use]
pub fn json(report: &Report) -> Value {
    let list = |level: Level| -> Vec<Value> {
        let findings = report.findings.iter().filter(|finding| finding.level == level);
        findings
            .map(|finding| {
                let ((line, column), (end_line, end_column)) = (finding.diagnostic.position(), finding.end());
                json!({
                    "file": plain(&finding.diagnostic.file),
                    "line": line,
                    "column": column,
                    "end_line": end_line,
                    "end_column": end_column,
                    "message": finding.diagnostic.problem.message,
                    "hint": finding.diagnostic.problem.hint,
                    "name": finding.lint,
                    "mendable": finding.mend.is_some(),
                })
            })
            .collect()
    };
    json!({ "errors": list(Level::Error), "warnings": list(Level::Warning) })
}

/// All findings as commands of a GitHub workflow, a line each.
#[must_use]
pub fn github(report: &Report) -> String {
    let line = |finding: &Finding| {
        let Diagnostic { file, problem, .. } = &finding.diagnostic;
        let ((line, column), (end_line, end_column)) = (finding.diagnostic.position(), finding.end());
        let title = finding.lint.unwrap_or("presetter check");
        let hint = problem.hint.iter().map(|hint| format!("\nhelp: {hint}")).collect::<String>();
        // A column that ends in another line means nothing to GitHub.
        let place = if line == end_line {
            format!("line={line},col={column},endColumn={end_column}")
        } else {
            format!("line={line},endLine={end_line},col={column}")
        };
        format!(
            "::{} file={},{place},title={}::{}",
            finding.level.name(),
            property(plain(file)),
            property(title),
            data(&format!("{}{hint}", problem.message))
        )
    };
    report.findings.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A path as tools write it: without the `./` that a person may have typed.
fn plain(file: &str) -> &str {
    file.strip_prefix("./").unwrap_or(file)
}

/// The text of a workflow command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// The diagnostic with a span that fits, and without what could steer a terminal. Lengths in bytes stay the same, so that
/// offsets stay true.
fn harmless(diagnostic: &Diagnostic) -> Diagnostic {
    let source = visible(&diagnostic.source);
    let floor = |at: usize| source.floor_char_boundary(at.min(source.len()));
    let start = floor(diagnostic.problem.span.start);
    let span = start..floor(diagnostic.problem.span.end).max(start);
    let hint = diagnostic.problem.hint.as_deref().map(visible);
    let problem = Problem { message: visible(&diagnostic.problem.message), span, hint };
    Diagnostic { file: visible(&diagnostic.file), problem, source: source.into() }
}

fn visible(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let hide = c.is_control() && c != '\n' && c != '\t' && c != '\r' || turns(c);
            let (first, count) = if hide { ('?', c.len_utf8()) } else { (c, 1) };
            std::iter::repeat_n(first, count)
        })
        .collect()
}

/// Characters that turn the direction of writing, and so can show one text for another.
fn turns(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(level: Level, lint: Option<&'static str>) -> Finding {
        let problem = Problem::new("a: 100%\nb", 4..9).with_hint("do, this");
        let diagnostic = Diagnostic { file: "./a,b.toml".into(), source: "x = 1\nyé\u{1b}[31m = 2\n".into(), problem };
        Finding { level, lint, diagnostic, mend: None }
    }

    fn report() -> Report {
        Report { findings: vec![finding(Level::Error, None), finding(Level::Warning, Some("some-lint"))], presets: 1 }
    }

    #[test]
    fn a_warning_says_so_and_has_its_name() {
        let shown = finding(Level::Warning, Some("some-lint")).render(false);
        assert!(shown.starts_with("warning: a: 100%"), "{shown}");
        assert!(shown.contains("[some-lint]") && shown.contains("./a,b.toml:1:5"), "{shown}");
        assert!(shown.contains("help: do, this") && !shown.contains('\u{1b}'), "{shown}");
        assert!(finding(Level::Error, None).render(false).starts_with("error: a: 100%"));
        let mut turned = finding(Level::Error, None);
        turned.diagnostic.source = "x = 1 # \u{202e}evil".into();
        assert!(!turned.render(false).contains('\u{202e}'));
    }

    /// What is shown of an error is what `presetter-manifest` shows.
    #[test]
    fn an_error_looks_as_everywhere() {
        let finding = finding(Level::Error, None);
        assert_eq!(finding.render(false), finding.diagnostic.render(false));
        assert_eq!(finding.render(true), finding.diagnostic.render(true));
    }

    #[test]
    fn annotations_are_escaped() {
        let text = github(&report());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "::error file=a%2Cb.toml,line=1,endLine=2,col=5,title=presetter check::a: 100%25%0Ab%0Ahelp: do, this",
                "::warning file=a%2Cb.toml,line=1,endLine=2,col=5,title=some-lint::a: 100%25%0Ab%0Ahelp: do, this",
            ]
        );
        let mut one = finding(Level::Error, None);
        one.diagnostic.problem.span = 4..5;
        let one = Report { findings: vec![one], presets: 1 };
        assert!(github(&one).contains("line=1,col=5,endColumn=6,title"), "{}", github(&one));
    }

    #[test]
    fn json_has_both_lists() {
        let value = json(&report());
        assert_eq!(value["errors"][0]["name"], Value::Null);
        assert_eq!(value["warnings"][0]["name"], "some-lint");
        assert_eq!(
            value["warnings"][0]["end_line"].as_u64().zip(value["warnings"][0]["end_column"].as_u64()),
            Some((2, 3))
        );
    }
}
