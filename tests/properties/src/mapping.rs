//! Mappings, `--map FIELD=TEMPLATE`: how a value of an answer is named.
//!
//! Two oracles: a path that is made of known steps, in any of its spellings, must lead where a resolver of this module
//! goes; and `<<x>>` must be `{{x}}` in every way, whatever is between them.

use presetter_template::{Context, Names, Path, Step, Template};
use serde_json::Value;

use crate::{check_problems, parts};

/// An input is a path, an answer, and how to spell the path.
pub fn check(data: &[u8]) {
    let [path, answer, spelling] = parts(data);
    let answer = serde_json::from_str(&answer).unwrap_or(Value::String(answer));
    check_tags(&path, &answer);
    match Path::parse(&path) {
        Err(problem) => check_problems(&path, &[problem]),
        Ok(path) => check_path(&path, &answer, &spelling),
    }
}

/// `<<x>>` is `{{x}}`: the same value, or the same problems in the same places.
fn check_tags(inside: &str, answer: &Value) {
    if inside.contains(['{', '}', '<', '>', '\\']) {
        return;
    }
    let names = Names::new().with("response", answer);
    let rendered = |source: String| {
        let problems = |problems: Vec<presetter_template::Problem>| {
            check_problems(&source, &problems);
            problems.into_iter().map(|problem| (problem.message, problem.span)).collect::<Vec<_>>()
        };
        let template = Template::compile(&source, Context::Value).map_err(problems)?;
        template.render_value(&names).map_err(|error| problems(error.problems))
    };
    let [curly, angle] = [rendered(format!("{{{{{inside}}}}}")), rendered(format!("<<{inside}>>"))];
    // Messages quote what stands there.
    let plain = |text: &str| text.replace('<', "{").replace('>', "}");
    let [curly, angle] = [curly, angle].map(|result| {
        result.map_err(|problems| problems.into_iter().map(|(m, span)| (plain(&m), span)).collect::<Vec<_>>())
    });
    assert_eq!(curly, angle, "{inside:?}");
}

/// A path leads to the same value however it is written.
fn check_path(path: &Path, answer: &Value, spelling: &str) {
    assert_eq!(Path::parse(&path.to_string()).as_ref(), Ok(path), "a path is read as it is shown");
    let path = Path { root: "response".into(), steps: path.steps.clone() };
    let names = Names::new().with("response", answer);
    let expected = follow(answer, &path.steps);
    assert_eq!(path.resolve(&names), expected, "{path}");

    let spelled = spell(&path.steps, spelling);
    assert_eq!(Path::parse(&spelled).as_ref().map(|path| path.resolve(&names)), Ok(expected), "{spelled}");
    for source in [format!("{{{{{spelled}}}}}"), format!("<< {spelled} >>"), format!("{{{{~ {spelled} ~}}}}")] {
        let template = Template::compile(&source, Context::Value).expect("a path that was read");
        assert_eq!(template.render_value(&names).ok().as_ref(), expected, "{source}");
        let optional = source.replacen(&spelled, &format!("optional {spelled}"), 1);
        let template = Template::compile(&optional, Context::Value).expect("a path that was read");
        assert_eq!(template.render_value(&names).ok().as_ref(), Some(expected.unwrap_or(&Value::Null)), "{optional}");
    }
}

/// Where steps lead, by code of our own.
fn follow<'a>(mut value: &'a Value, steps: &[Step]) -> Option<&'a Value> {
    for step in steps {
        value = match (value, step) {
            (Value::Array(list), Step::Index(at)) => list.get(*at)?,
            (Value::Object(object), step) => {
                let wanted = match step {
                    Step::Key(key) => key.clone(),
                    Step::Index(at) => format!("{at}"),
                };
                object.iter().find(|(name, _)| **name == wanted)?.1
            }
            _ => return None,
        };
    }
    Some(value)
}

/// The steps in one of the many ways to write them; each character of `spelling` chooses one.
fn spell(steps: &[Step], spelling: &str) -> String {
    let mut choices = spelling.bytes();
    let mut text = String::from("response");
    for step in steps {
        let choice = choices.next().unwrap_or_default() % 4;
        match step {
            Step::Index(at) if choice.is_multiple_of(2) => text.push_str(&format!("[{at}]")),
            Step::Index(at) => text.push_str(&format!(".{at}")),
            Step::Key(key) if choice == 1 && is_word(key) => text.push_str(&format!(".{key}")),
            Step::Key(key) if choice == 2 && !key.contains(['\'', '\\']) && !key.contains(char::is_control) => {
                text.push_str(&format!("['{key}']"));
            }
            Step::Key(key) if choice == 3 && bare(key) => text.push_str(&format!(".[{key}]")),
            Step::Key(key) => text.push_str(&format!("[{}]", escaped(key))),
        }
    }
    text
}

fn is_word(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_alphabetic()) && key.chars().all(|c| c.is_ascii_alphanumeric())
}

/// Whether a key can stand in brackets without quotes.
fn bare(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_alphabetic()) && key.chars().all(|c| c.is_ascii_alphanumeric() || c == ' ')
}

/// A key in quotes with everything escaped that could be taken for a tag's end.
fn escaped(key: &str) -> String {
    let units = key.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
    format!("\"{}\"", units.collect::<String>())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn steps_are_followed() {
        let answer = json!({"a b": [{"0": "x"}]});
        let steps = [Step::Key("a b".into()), Step::Index(0), Step::Index(0)];
        assert_eq!(follow(&answer, &steps), Some(&json!("x")));
        assert_eq!(follow(&answer, &[Step::Key("a b".into()), Step::Key("0".into())]), None);
        assert_eq!(spell(&steps, "\u{2}"), "response['a b'][0][0]");
        assert_eq!(spell(&steps, "\u{3}\u{1}"), "response.[a b].0[0]");
    }
}
