//! JSON values, comments and long texts in TOML.
//!
//! Owns the forms, so that nothing is ever escaped by hand elsewhere. Invariant: what is written is read back as it was.

use serde_json::Value as Json;
use toml_edit::{Array, InlineTable, Key, Table, Value};

/// The longest line of a comment, in characters.
const WIDTH: usize = 110;

/// A JSON value; TOML has no null, which is left out of lists and objects.
pub(crate) fn json(value: &Json) -> Value {
    match value {
        Json::Null => "".into(),
        Json::Bool(truth) => (*truth).into(),
        Json::String(text) => text.as_str().into(),
        Json::Array(list) => list.iter().filter(|element| !element.is_null()).map(json).collect::<Array>().into(),
        Json::Object(members) => {
            let kept = members.iter().filter(|(_, member)| !member.is_null());
            kept.map(|(name, member)| (Key::new(name), json(member))).collect::<InlineTable>().into()
        }
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => whole.into(),
            (None, Some(number)) => number.into(),
            (None, None) => number.to_string().into(),
        },
    }
}

/// A value as TOML can hold it: a whole number beyond its bounds is one with a point there.
pub(crate) fn representable(value: &Json) -> Json {
    match value {
        Json::Number(number) if !number.is_i64() => number.as_f64().map_or(Json::Null, Json::from),
        Json::Array(list) => list.iter().map(representable).collect(),
        Json::Object(members) => {
            Json::Object(members.iter().map(|(name, member)| (name.clone(), representable(member))).collect())
        }
        other => other.clone(),
    }
}

/// A text on several lines, between `'''` if it can stand there.
pub(crate) fn block(text: &str) -> Value {
    let plain = !text.contains("'''") && !text.ends_with('\'') && !text.chars().any(|c| c.is_control() && c != '\n');
    let written = plain.then(|| format!("'''\n{text}'''").parse::<Value>().ok()).flatten();
    written.filter(|value| value.as_str() == Some(text)).unwrap_or_else(|| text.into())
}

/// A rule between `'`, which CEL does not use if it can be avoided.
pub(crate) fn rule(text: &str) -> Value {
    let written = format!("'{text}'").parse::<Value>().ok();
    written.filter(|value| value.as_str() == Some(text)).unwrap_or_else(|| text.into())
}

/// Lines of comment. A text of a stranger cannot end one early.
pub(crate) fn comment(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() || turns(c) { ' ' } else { c }).collect();
    let mut lines = vec![String::new()];
    for word in plain.split_whitespace() {
        let word: String = word.chars().take(WIDTH).collect();
        let line = lines.last().map_or(0, |line| line.chars().count());
        if line > 0 && line + 1 + word.chars().count() > WIDTH {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&word);
        }
    }
    lines.iter().filter(|line| !line.is_empty()).map(|line| format!("# {line}\n")).collect()
}

/// Puts comments before a key.
pub(crate) fn before(table: &mut Table, key: &str, comments: &str) {
    if let Some(mut key) = table.key_mut(key) {
        key.leaf_decor_mut().set_prefix(comments);
    }
}

/// A text of a stranger on one line, cut: for titles and help.
pub(crate) fn line(text: &str, most: usize) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control() || turns(c)).filter(|w| !w.is_empty()).collect();
    let whole = words.join(" ");
    match whole.char_indices().nth(most) {
        Some((at, _)) => format!("{}...", whole[..at].trim_end()),
        None => whole,
    }
}

/// Characters that turn the direction of writing, and so can show one text for another.
fn turns(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

/// The line by which an editor finds a schema.
pub(crate) fn schema(what: &str) -> String {
    format!("#:schema {}/raw/HEAD/docs/schemas/{what}.schema.json\n", env!("CARGO_PKG_REPOSITORY"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_back_as_they_were() {
        for text in ["a\nb", "a'", "'''", "a\r\nb", "\u{1}", "{\n  \"a\": {{a}}\n}", "", "\n\nx"] {
            for value in [block(text), rule(text)] {
                let document = format!("x = {value}");
                let read: toml::Table = toml::from_str(&document).unwrap_or_else(|e| panic!("{document}: {e}"));
                assert_eq!(read["x"].as_str(), Some(text), "{document}");
            }
        }
    }

    #[test]
    fn a_comment_cannot_be_ended() {
        let shown = comment("a\nname = 'x'\r\u{85}b \u{2028} c");
        assert!(shown.lines().all(|line| line.starts_with("# ")), "{shown}");
        assert!(comment(&"word ".repeat(100)).lines().count() > 3 && comment(" ").is_empty());
        assert_eq!(line("a\n  b\u{202e}c", 100), "a b c");
        assert_eq!(line("abc", 2), "ab...");
    }
}
