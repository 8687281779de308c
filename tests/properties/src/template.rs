//! Templates: any source, any values, every context.
//!
//! The oracle is the template itself with harmless values: each text among the values is replaced by a placeholder,
//! the template is rendered, and the placeholders in the *result* are replaced by the texts, encoded for the place by
//! code of this module. That must be what rendering with the real values gives. So a value has no say in anything but
//! its own place, and comes out exactly.

use presetter_template::{Context, Options, RenderError, Template, bounds};
use serde_json::{Map, Value};

use crate::{check_problems, parts, values};

const ALL: [Context; 7] = [
    Context::Json,
    Context::PathSegment,
    Context::Query,
    Context::Header,
    Context::Form,
    Context::Text,
    Context::Value,
];

/// What every placeholder begins with.
const MARK: &str = "Zq";

/// An input is a template and its values.
pub fn check(data: &[u8]) {
    let [source, given] = parts(data);
    let given = values(&given);
    let harmless = Harmless::of(&given).filter(|_| !source.contains(MARK));
    for context in ALL {
        match Template::compile(&source, context) {
            Err(problems) => check_problems(&source, &problems),
            Ok(template) => {
                let result = template.render(&given);
                check_result(&source, context, &result, false);
                check_names(&template, &given, &result);
                if let Some(harmless) = &harmless {
                    check_structure(&template, &given, &result, harmless);
                }
            }
        }
        if let Ok(template) = Template::compile_with(&source, context, Options { unsafe_raw: true }) {
            check_result(&source, context, &template.render(&given), true);
        }
    }
}

/// What holds for a result by itself. `raw`: values may stand in it as they are.
fn check_result(source: &str, context: Context, result: &Result<String, RenderError>, raw: bool) {
    let text = match result {
        Ok(text) => text,
        Err(error) => return check_problems(source, &error.problems),
    };
    assert!(text.len() <= bounds::OUTPUT, "{} bytes of output", text.len());
    let of = |allowed: &str| text.chars().find(|c| !c.is_ascii_alphanumeric() && !allowed.contains(*c));
    match context {
        Context::Json => {
            let parsed: Result<Value, _> = serde_json::from_str(text);
            assert!(parsed.is_ok(), "{parsed:?} in {text:?}");
        }
        Context::PathSegment => {
            let allowed = if raw { "-._~!$&'()*+,;=:@%" } else { "-._~%" };
            assert_eq!(of(allowed), None, "{text:?} is no path segment");
            let dots = text.replace("%2e", ".").replace("%2E", ".");
            assert!(!["", ".", ".."].contains(&dots.as_str()), "{text:?} is no name");
        }
        Context::Query | Context::Form => {
            let allowed = if raw { "-._~!$&'()*+,;=:@%/?" } else { "-._~%*+" };
            assert_eq!(of(allowed), None, "{text:?} breaks its parameter");
        }
        Context::Header => assert!(!text.contains(char::is_control), "{text:?} breaks its header"),
        Context::Text | Context::Value => {}
    }
}

/// A template sees no name that it does not tell of.
fn check_names(template: &Template, given: &Map<String, Value>, result: &Result<String, RenderError>) {
    let told = |name: &String| template.variables().iter().any(|variable| variable.path.root == *name);
    let fewer: Map<String, Value> =
        given.iter().filter(|(name, _)| told(name)).map(|(name, value)| (name.clone(), value.clone())).collect();
    assert_eq!(template.render(&fewer).ok().as_ref(), result.as_ref().ok(), "{template:?} uses other names too");
}

/// The template gives the same with harmless values, but for the texts themselves.
fn check_structure(
    template: &Template,
    given: &Map<String, Value>,
    result: &Result<String, RenderError>,
    harmless: &Harmless,
) {
    let plain = template.render(&harmless.values);
    match template.context() {
        Context::Json => check_json(&plain, result, harmless),
        Context::Value => {
            let (plain, real) = (template.render_value(&harmless.values), template.render_value(given));
            if let (Ok(plain), Ok(real)) = (plain, real)
                && !(plain.is_string() && harmless.nested)
            {
                assert_eq!(harmless.restore(&plain), real, "{template:?}");
            }
        }
        // In a text, a list or an object stands as JSON, so its texts are escaped and others are not.
        Context::Text if harmless.nested => {}
        context => {
            if let (Ok(plain), Ok(real)) = (plain, result) {
                assert_eq!(harmless.replaced(&plain, |text| encoded(text, context)), *real, "{template:?}");
            }
        }
    }
}

fn check_json(plain: &Result<String, RenderError>, real: &Result<String, RenderError>, harmless: &Harmless) {
    let parse = |text: &String| -> Value { serde_json::from_str(text).expect("checked before") };
    match (plain, real) {
        (Ok(plain), Ok(real)) => {
            // As texts: the order of properties is the template's too.
            assert_eq!(harmless.restore(&parse(plain)).to_string(), parse(real).to_string());
        }
        // Names of properties may become equal, and long texts too long: nothing else depends on what a text says.
        (Ok(_), Err(error)) => {
            let known = |message: &str| message.contains("would be there twice") || message.contains("is larger than");
            assert!(error.problems.iter().all(|problem| known(&problem.message)), "{error:?}");
        }
        (Err(error), Ok(_)) => {
            assert!(error.problems.iter().all(|problem| problem.message.contains("is larger than")), "{error:?}");
        }
        (Err(_), Err(_)) => {}
    }
}

/// Values with a placeholder for each text.
struct Harmless {
    values: Map<String, Value>,
    texts: Vec<String>,
    /// Whether a text that JSON escapes stands inside a list or an object.
    nested: bool,
}

impl Harmless {
    /// Nothing if placeholders could be taken for something else.
    fn of(given: &Map<String, Value>) -> Option<Self> {
        if Value::Object(given.clone()).to_string().contains(MARK) {
            return None;
        }
        let mut harmless = Self { values: given.clone(), texts: Vec::new(), nested: false };
        let mut values = std::mem::take(&mut harmless.values);
        for value in values.values_mut() {
            harmless.replace(value, false);
        }
        harmless.values = values;
        Some(harmless)
    }

    /// Empty texts stay: they count as false.
    fn replace(&mut self, value: &mut Value, inside: bool) {
        match value {
            Value::String(text) if !text.is_empty() => {
                self.nested |= inside && Value::from(text.as_str()).to_string().len() != text.len() + 2;
                let placeholder = format!("{MARK}{:04}z", self.texts.len());
                self.texts.push(std::mem::replace(text, placeholder));
            }
            Value::Array(list) => list.iter_mut().for_each(|value| self.replace(value, true)),
            Value::Object(object) => object.values_mut().for_each(|value| self.replace(value, true)),
            _ => {}
        }
    }

    /// A text with the placeholders replaced.
    fn replaced(&self, text: &str, encode: impl Fn(&str) -> String) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(MARK) {
            out.push_str(before);
            let found = after.get(..5).and_then(|number| number.strip_suffix('z')?.parse::<usize>().ok());
            rest = match found.and_then(|number| self.texts.get(number)) {
                Some(text) => {
                    out.push_str(&encode(text));
                    &after[5..]
                }
                None => {
                    out.push_str(MARK);
                    after
                }
            };
        }
        out + rest
    }

    /// A value with the placeholders replaced, also in names.
    fn restore(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.replaced(text, str::to_owned).into(),
            Value::Array(list) => list.iter().map(|value| self.restore(value)).collect(),
            Value::Object(object) => {
                let pairs = object.iter();
                pairs.map(|(name, value)| (self.replaced(name, str::to_owned), self.restore(value))).collect()
            }
            other => other.clone(),
        }
    }
}

/// A text as it stands in a place, by an encoder of our own.
fn encoded(text: &str, context: Context) -> String {
    let kept = match context {
        Context::PathSegment | Context::Query => "-._~",
        Context::Form => "-._*",
        _ => return text.to_owned(),
    };
    let mut out = String::new();
    for byte in text.bytes() {
        match char::from(byte) {
            ' ' if context == Context::Form => out.push('+'),
            c if c.is_ascii_alphanumeric() || kept.contains(c) => out.push(c),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn hostile() -> Map<String, Value> {
        values(r#"{"x": "a\",\"admin\":true,\"b\":\"", "list": [1, "\""]}"#)
    }

    #[test]
    fn a_value_that_breaks_out_is_noticed() {
        let given = hostile();
        let harmless = Harmless::of(&given).expect("no marks");
        let plain = Ok(r#"{"a":"Zq0000z"}"#.to_owned());
        check_json(&plain, &Ok(json!({"a": given["x"]}).to_string()), &harmless);
        // What a template engine that pastes text would give.
        let pasted = Ok(format!(r#"{{"a":"{}"}}"#, given["x"].as_str().expect("a text")));
        assert!(std::panic::catch_unwind(|| check_json(&plain, &pasted, &harmless)).is_err());
    }

    #[test]
    fn a_broken_result_is_noticed() {
        for (context, text) in [
            (Context::Json, "{"),
            (Context::PathSegment, "a/b"),
            (Context::PathSegment, ".%2e"),
            (Context::Query, "a&b"),
            (Context::Header, "a\r\nb: c"),
        ] {
            let result = Ok(text.to_owned());
            assert!(std::panic::catch_unwind(|| check_result("", context, &result, false)).is_err(), "{text}");
        }
    }

    #[test]
    fn placeholders_come_back_as_the_texts() {
        let given = hostile();
        let harmless = Harmless::of(&given).expect("no marks");
        assert_eq!(harmless.restore(&Value::Object(harmless.values.clone())), Value::Object(given));
        assert!(harmless.nested);
        assert_eq!(harmless.replaced("Zq Zq0001z Zq9999z", |text| encoded(text, Context::Query)), "Zq %22 Zq9999z");
        assert!(Harmless::of(&values("Zq")).is_none());
    }
}
