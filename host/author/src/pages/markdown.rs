//! Markdown (CommonMark with GitHub's tables) around texts of strangers.
//!
//! Owns the escapes. Invariant: a text ends where it is put: it opens no markup, no HTML, no table cell and no code, and has no
//! character that steers a terminal or turns the direction of writing.

/// A text in a paragraph, a heading or a cell of a table, on one line.
pub(super) fn text(stranger: &str) -> String {
    let stranger = line(stranger);
    let mut shown = String::new();
    let mut before = ' ';
    for (at, c) in stranger.char_indices() {
        let next = stranger[at + c.len_utf8()..].chars().next().unwrap_or(' ');
        match c {
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '&' => shown.push_str("&amp;"),
            // Within a word it is no emphasis.
            '_' if before.is_alphanumeric() && next.is_alphanumeric() => shown.push('_'),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' => {
                shown.push('\\');
                shown.push(c);
            }
            c => shown.push(c),
        }
        before = c;
    }
    // At the begin of a paragraph these would make a heading, a list or a rule.
    if shown.starts_with(['#', '-', '+', '=']) {
        shown.insert(0, '\\');
    }
    match shown.find(|c: char| !c.is_ascii_digit()) {
        Some(at) if at > 0 && shown[at..].starts_with(['.', ')']) => shown.insert(at, '\\'),
        _ => {}
    }
    shown
}

/// A text as code in a line.
pub(super) fn code(stranger: &str) -> String {
    let shown = line(stranger);
    if shown.is_empty() {
        return String::new();
    }
    let ticks = "`".repeat(longest_run(&shown) + 1);
    // A backtick or a space at either end needs a space beside it, which is taken away again.
    let gap = if shown.starts_with(['`', ' ']) || shown.ends_with(['`', ' ']) { " " } else { "" };
    format!("{ticks}{gap}{shown}{gap}{ticks}")
}

/// The same in a cell of a table, where a bar would end the cell even in code.
pub(super) fn cell_code(stranger: &str) -> String {
    code(stranger).replace('|', "\\|")
}

/// A text as a block of code.
pub(super) fn block(language: &str, stranger: &str) -> String {
    let shown: String = stranger.replace("\r\n", "\n").chars().map(|c| if c == '\n' { c } else { plain(c) }).collect();
    let ticks = "`".repeat(longest_run(&shown).max(2) + 1);
    format!("{ticks}{language}\n{}\n{ticks}", shown.trim_end_matches('\n'))
}

/// A table; cells are Markdown already. Columns in which no row has anything are left out.
pub(super) fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let kept: Vec<usize> = (0..heads.len()).filter(|at| rows.iter().any(|row| !row[*at].is_empty())).collect();
    let row = |cells: Vec<&str>| format!("| {} |", cells.join(" | "));
    let mut lines = vec![row(kept.iter().map(|at| heads[*at]).collect()), format!("|{}", "---|".repeat(kept.len()))];
    lines.extend(rows.iter().map(|cells| row(kept.iter().map(|at| cells[*at].as_str()).collect())));
    lines.join("\n")
}

/// A list; items are Markdown already.
pub(super) fn list(items: &[String]) -> String {
    items.iter().map(|item| format!("- {item}")).collect::<Vec<_>>().join("\n")
}

fn line(stranger: &str) -> String {
    stranger.split_whitespace().collect::<Vec<_>>().join(" ").chars().map(plain).collect()
}

fn plain(c: char) -> char {
    let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if c == '\t' {
        ' '
    } else if c.is_control() || turns {
        '?'
    } else {
        c
    }
}

/// The longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_opens_nothing() {
        assert_eq!(
            text("a|b `c` <script>\n\n# x & *y* _z_ [l](u)"),
            "a\\|b \\`c\\` &lt;script&gt; # x &amp; \\*y\\* \\_z\\_ \\[l\\](u)"
        );
        assert_eq!(text("update_user _x_ a_"), "update_user \\_x\\_ a\\_");
        assert_eq!(text("# a"), "\\# a");
        assert_eq!(text("- a"), "\\- a");
        assert_eq!(text("1. a"), "1\\. a");
        assert_eq!(text("2024 users"), "2024 users");
        assert_eq!(text("\u{1b}[2J\u{202e}x"), "?\\[2J?x");
        assert_eq!(text("![i](u) ~~s~~"), "!\\[i\\](u) \\~\\~s\\~\\~");
    }

    #[test]
    fn code_ends_where_it_ends() {
        assert_eq!(code("a `b` ``c``"), "``` a `b` ``c`` ```");
        assert_eq!(code("x\ny"), "`x y`");
        assert_eq!(code(""), "");
        assert_eq!(cell_code("a || b"), "`a \\|\\| b`");
        assert_eq!(block("json", "```\n<b>\u{1b}\n"), "````json\n```\n<b>?\n````");
    }

    #[test]
    fn a_table_leaves_out_what_is_empty() {
        let rows =
            [vec!["a".to_owned(), String::new(), "c".to_owned()], vec!["d".to_owned(), String::new(), String::new()]];
        assert_eq!(table(&["x", "y", "z"], &rows), "| x | z |\n|---|---|\n| a | c |\n| d |  |");
    }
}
