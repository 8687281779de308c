//! YAML as JSON, within bounds.
//!
//! Owns the way from a parser's events to a value: YAML 1.2's core schema, anchors, and the merge key `<<`. Invariant: what an
//! alias repeats counts each time, so that a small document cannot become a large value.

use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle};
use serde_json::{Map, Number, Value};

/// The most values of a document, with those that aliases repeat.
const MOST: usize = 2_000_000;
/// Lists and objects inside one another, as `serde_json` reads them.
const DEEPEST: usize = 127;

/// Why a text is not read, and where: an offset in characters.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Bad {
    pub(crate) message: String,
    pub(crate) at: usize,
}

/// A value that is being read.
enum Open {
    List(Vec<Value>),
    Object { members: Map<String, Value>, key: Option<String>, merged: Vec<Value> },
}

#[derive(Default)]
struct Reader {
    open: Vec<(usize, Open)>,
    /// Values with an anchor, and how many values each has in it.
    anchors: HashMap<usize, (Value, usize)>,
    root: Option<Value>,
    count: usize,
}

/// Reads the first document of a text.
pub(crate) fn read(text: &str) -> Result<Value, Bad> {
    let mut reader = Reader::default();
    for event in Parser::new_from_str(text) {
        let (event, span) =
            event.map_err(|error| Bad { message: error.info().to_owned(), at: error.marker().index() })?;
        if matches!(event, Event::DocumentEnd) {
            break;
        }
        reader.take(event, &span.start)?;
    }
    Ok(reader.root.unwrap_or(Value::Null))
}

impl Reader {
    fn take(&mut self, event: Event<'_>, at: &Marker) -> Result<(), Bad> {
        let bad = |message: &str| Bad { message: message.to_owned(), at: at.index() };
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let text_tag = tag.is_some_and(|tag| tag.suffix == "str");
                let value = match style == ScalarStyle::Plain && !text_tag {
                    true => plain(&text),
                    false => Value::from(text.as_ref()),
                };
                self.value(value, anchor, at)?;
            }
            Event::SequenceStart(anchor, _) => self.begin(anchor, Open::List(Vec::new()), at)?,
            Event::MappingStart(anchor, _) => {
                self.begin(anchor, Open::Object { members: Map::new(), key: None, merged: Vec::new() }, at)?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some((anchor, open)) = self.open.pop() else { return Err(bad("this ends nothing")) };
                let value = match open {
                    Open::List(list) => Value::Array(list),
                    Open::Object { members, merged, .. } => Value::Object(with_merged(members, merged)),
                };
                self.value(value, anchor, at)?;
            }
            Event::Alias(anchor) => {
                let known = self.anchors.get(&anchor);
                let (value, size) = known.cloned().ok_or_else(|| bad("this alias is inside of what it names"))?;
                self.count(size, at)?;
                // What is read event by event was bounded when it began; an alias brings its depth at once.
                if self.open.len() + measure(&value).1 > DEEPEST {
                    return Err(bad(&format!("this is nested deeper than {DEEPEST} levels")));
                }
                self.value(value, 0, at)?;
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {}
        }
        Ok(())
    }

    fn count(&mut self, more: usize, at: &Marker) -> Result<(), Bad> {
        self.count += more;
        if self.count > MOST {
            return Err(Bad { message: format!("the document has more than {MOST} values"), at: at.index() });
        }
        Ok(())
    }

    fn begin(&mut self, anchor: usize, open: Open, at: &Marker) -> Result<(), Bad> {
        if self.open.len() >= DEEPEST {
            return Err(Bad { message: format!("this is nested deeper than {DEEPEST} levels"), at: at.index() });
        }
        self.open.push((anchor, open));
        Ok(())
    }

    /// Puts a whole value where it belongs.
    fn value(&mut self, value: Value, anchor: usize, at: &Marker) -> Result<(), Bad> {
        self.count(1, at)?;
        if anchor != 0 {
            let size = measure(&value).0;
            self.count(size, at)?;
            self.anchors.insert(anchor, (value.clone(), size));
        }
        match self.open.last_mut() {
            None => self.root = Some(value),
            Some((_, Open::List(list))) => list.push(value),
            Some((_, Open::Object { members, key, merged })) => match key.take() {
                None => *key = Some(name(value)),
                Some(name) if name == "<<" && matches!(value, Value::Object(_) | Value::Array(_)) => merged.push(value),
                Some(name) => drop(members.insert(name, value)),
            },
        }
        Ok(())
    }
}

/// The name of a member: `200:` is read as a number, and meant as a name.
fn name(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// What `<<` brings stands behind what an object says itself.
fn with_merged(members: Map<String, Value>, merged: Vec<Value>) -> Map<String, Value> {
    let objects = merged.into_iter().flat_map(|value| match value {
        Value::Array(list) => list,
        other => vec![other],
    });
    objects.fold(members, |mut members, object| {
        if let Value::Object(object) = object {
            for (name, value) in object {
                members.entry(name).or_insert(value);
            }
        }
        members
    })
}

/// How many values, and how deep.
fn measure(value: &Value) -> (usize, usize) {
    let of = |values: &mut dyn Iterator<Item = &Value>| {
        values.map(measure).fold((1, 0), |(size, depth), (s, d)| (size + s, depth.max(d)))
    };
    match value {
        Value::Array(list) => {
            let (size, depth) = of(&mut list.iter());
            (size, depth + 1)
        }
        Value::Object(members) => {
            let (size, depth) = of(&mut members.values());
            (size, depth + 1)
        }
        _ => (1, 0),
    }
}

/// A plain scalar by the core schema of YAML 1.2.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        let number = text.parse::<i64>().map(Number::from).or_else(|_| text.parse::<u64>().map(Number::from));
        if let Ok(number) = number {
            return Value::Number(number);
        }
    }
    let radix = |prefix: &str, radix| text.strip_prefix(prefix).and_then(|rest| i64::from_str_radix(rest, radix).ok());
    if let Some(number) = radix("0x", 16).or_else(|| radix("0o", 8)) {
        return number.into();
    }
    let numeric = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits.bytes().all(|b| b.is_ascii_digit() || b".eE+-".contains(&b));
    let number = numeric.then(|| text.parse::<f64>().ok().and_then(Number::from_f64)).flatten();
    number.map_or_else(|| text.into(), Value::Number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn yaml_is_read_as_json() {
        let text = "a: 1\nb: [x, 'true', true, ~, 1.5, 0x1F, -3, 1e3, 2026-01-01, 1.2.3]\n200: !!str 7\nc: &c\n  d: e\nf:\n  <<: *c\n  g: |\n    line\n---\nsecond: 1\n";
        let wanted = json!({
            "a": 1, "b": ["x", "true", true, null, 1.5, 31, -3, 1000.0, "2026-01-01", "1.2.3"], "200": "7",
            "c": { "d": "e" }, "f": { "g": "line\n", "d": "e" },
        });
        assert_eq!(read(text).unwrap(), wanted);
        assert_eq!(read("").unwrap(), Value::Null);
    }

    #[test]
    fn a_mistake_has_its_place() {
        let bad = read("a: [1,\nb: }").unwrap_err();
        assert!(bad.at > 0 && !bad.message.is_empty(), "{bad:?}");
    }

    #[test]
    fn a_hostile_document_stays_small() {
        let mut laughs = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for n in 1..30 {
            let last = format!("*a{}", n - 1);
            laughs += &format!("a{n}: &a{n} [{}]\n", [last.as_str(); 10].join(","));
        }
        assert!(read(&laughs).unwrap_err().message.contains("values"));
        assert!(read(&"[".repeat(200)).unwrap_err().message.contains("deeper"));
        assert!(read(&"[".repeat(100_000)).is_err() && read(&"- ".repeat(100_000)).is_err());
        assert!(read("a: &a [*a]").is_err());
        let mut deep = "a0: &a0 [x]\n".to_owned();
        (1..200).for_each(|n| deep += &format!("a{n}: &a{n} [*a{}]\n", n - 1));
        assert!(read(&deep).unwrap_err().message.contains("deeper"));
    }
}
