//! From `--set`, `--set-json` and `--inputs` to the inputs of a preset.
//!
//! Owns: reading and merging what was given. Types and required inputs are the manifest's to check. Keeps: nothing is
//! guessed and nothing is silently dropped; an input that is given twice is an error, also inside one JSON object.

use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use presetter_manifest::{Diagnostics, Preset, check_inputs, parse_text_value};
use presetter_template::Problem;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::args::CallArgs;
use crate::exact;
use crate::exit::Exit;
use crate::failure::Failure;

/// The largest file of inputs or body template that is read, in bytes; a request cannot be larger.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// The checked inputs of a preset.
pub(crate) fn gather(args: &CallArgs, preset: &Preset) -> Result<Map<String, Value>, Failure> {
    check_inputs(preset, given(args, preset)?).map_err(|problems| Failure::problems(Exit::Invalid, problems))
}

/// What was given, each of its type; whether it is all that the preset needs is not asked.
pub(crate) fn given(args: &CallArgs, preset: &Preset) -> Result<Map<String, Value>, Failure> {
    let mut given = Given::default();
    if let Some(file) = &args.inputs {
        for (name, value) in object(file)? {
            given.add(name, value, "--inputs")?;
        }
    }
    let mut problems = Vec::new();
    for (name, text) in &args.set {
        match parse_text_value(preset, name, text) {
            Ok(value) => given.add(name.clone(), value, "--set")?,
            Err(problem) => problems.push(problem),
        }
    }
    for (name, text) in &args.set_json {
        given.add(name.clone(), json(&format!("--set-json {name}"), text)?, "--set-json")?;
    }
    if !problems.is_empty() {
        return Err(Failure::problems(Exit::Invalid, problems));
    }
    Ok(given.list.into_iter().map(|(name, value, _)| (name, value)).collect())
}

/// Standard input can be read once.
pub(crate) fn one_reader(args: &CallArgs) -> Result<(), Failure> {
    let stdin = |file: &Option<PathBuf>| file.as_deref() == Some(Path::new("-"));
    if stdin(&args.inputs) && stdin(&args.body) {
        return Err(
            Failure::usage("--inputs and --body cannot both read standard input").help("name a file for one of them")
        );
    }
    Ok(())
}

/// The fields of `--body-set`.
pub(crate) fn body_set(args: &CallArgs) -> Result<Vec<(String, Value)>, Failure> {
    let mut fields = Vec::new();
    for (pointer, text) in &args.body_set {
        if !pointer.starts_with('/') {
            return Err(Failure::usage(format!("\"{pointer}\" is not a JSON pointer"))
                .help(format!("a field of the body is named from its top: --body-set '/{pointer}={text}'")));
        }
        if fields.iter().any(|(known, _)| known == pointer) {
            return Err(Failure::usage(format!("--body-set {pointer} is given twice")).help("leave one of them out"));
        }
        let value = json(&format!("--body-set {pointer}"), text).map_err(|failure| {
            failure.help(format!("a text stands in quotes, also for JSON: --body-set '{pointer}=\"VALUE\"'"))
        })?;
        fields.push((pointer.clone(), value));
    }
    Ok(fields)
}

/// The first field of `--body-set` with a text that looks like a template.
pub(crate) fn template_in(fields: &[(String, Value)]) -> Option<&str> {
    fn looks(value: &Value) -> bool {
        match value {
            Value::String(text) => text.contains("{{") || text.contains("<<"),
            Value::Array(items) => items.iter().any(looks),
            Value::Object(members) => members.values().any(looks),
            _ => false,
        }
    }
    fields.iter().find(|(_, value)| looks(value)).map(|(pointer, _)| pointer.as_str())
}

/// The template of `--body`, with its file's name.
pub(crate) fn body(file: &Path) -> Result<(String, String), Failure> {
    if file.to_string_lossy().trim_start().starts_with('{') && !file.exists() {
        return Err(Failure::usage("--body takes the name of a file with a template, or - for standard input")
            .help("write the template into a file, and name that"));
    }
    read(file)
}

/// A file, or standard input for `-`, as text.
pub(crate) fn read(file: &Path) -> Result<(String, String), Failure> {
    let stdin = file == Path::new("-");
    let name = if stdin { "standard input".to_owned() } else { file.display().to_string() };
    let wrong = |why: String| Failure::new(Exit::Invalid, format!("cannot read {name}: {why}"));
    let mut bytes = Vec::new();
    let result = if stdin {
        std::io::stdin().lock().take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).and_then(|f| f.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
    };
    result.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound if file.is_absolute() => {
            Failure::new(Exit::Invalid, format!("there is no file {name}"))
        }
        std::io::ErrorKind::NotFound => Failure::new(Exit::Invalid, format!("there is no file {name} here")),
        std::io::ErrorKind::IsADirectory => wrong("it is a folder".to_owned()),
        _ => wrong(error.to_string()),
    })?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(wrong(format!("it is larger than {MAX_FILE_BYTES} bytes")));
    }
    let text = String::from_utf8(bytes).map_err(|e| {
        wrong(format!("it is not UTF-8 text (byte {})", e.utf8_error().valid_up_to())).help("save it as UTF-8")
    })?;
    // Editors on Windows may write a byte order mark.
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    Ok((name, text))
}

fn object(file: &Path) -> Result<Map<String, Value>, Failure> {
    let (name, text) = read(file)?;
    if text.trim().is_empty() {
        let what = if file == Path::new("-") { name } else { format!("the file {name}") };
        return Err(Failure::new(Exit::Invalid, format!("{what} is empty"))
            .help("write the inputs as an object: { \"email\": \"a@example.com\" }"));
    }
    match json(&name, &text)? {
        Value::Object(object) => Ok(object),
        _ => Err(Failure::new(Exit::Invalid, format!("{name} holds no JSON object"))
            .help("write the inputs as an object: { \"email\": \"a@example.com\" }")),
    }
}

/// JSON in which no name stands twice in one object and every value can be kept as it is; an error points at its place.
pub(crate) fn json(name: &str, text: &str) -> Result<Value, Failure> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let result = Strict.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    let problem = match (result, exact::lost(text)) {
        (Ok(value), None) => return Ok(value),
        (Ok(_), Some(lost)) => lost,
        (Err(error), lost) => {
            let at = offset(text, error.line(), error.column());
            // What comes after a mistake may be read wrongly: then the mistake is what to tell.
            lost.filter(|lost| lost.span.start < at).unwrap_or_else(|| {
                let message = error.to_string();
                // The position stands in the message too; the caret says it better.
                let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
                let message = match message {
                    "key must be a string" => "names stand in quotes: \"name\"",
                    other => other,
                };
                Problem::new(format!("this is not JSON as it should be: {message}"), at..at + 1)
            })
        }
    };
    Err(Failure::at(Exit::Invalid, Diagnostics::of(name, text, vec![problem])))
}

/// serde_json counts lines from 1, and columns in bytes; the column is that of the last byte it has read.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (start + column.saturating_sub(1)).min(text.len())
}

/// Inputs with the options that gave them.
#[derive(Default)]
struct Given {
    list: Vec<(String, Value, &'static str)>,
}

impl Given {
    fn add(&mut self, name: String, value: Value, by: &'static str) -> Result<(), Failure> {
        if let Some((_, _, before)) = self.list.iter().find(|(known, ..)| *known == name) {
            let how = if *before == by { format!("twice by {by}") } else { format!("by {before} and by {by}") };
            return Err(Failure::usage(format!("input \"{name}\" is given {how}")).help("leave one of them out"));
        }
        self.list.push((name, value, by));
        Ok(())
    }
}

/// Reads any JSON value and refuses a name that stands twice in one object.
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Strict)? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                return Err(A::Error::custom(format!("\"{name}\" stands twice in one object")));
            }
            let value = members.next_value_seed(Strict)?;
            object.insert(name, value);
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use presetter_manifest::Bundle;
    use serde_json::json;

    use crate::args::{Cli, Verb};

    use super::*;

    const BUNDLE: &str = "name = 'acme'\nversion = '1.0.0'\ncontract = '0.1'\ntitle = 'Acme'\n";
    const PRESET: &str = "title = 'T'\neffect = 'read'\n[inputs]\nid = { type = 'string', required = true }\ncount = { type = 'integer' }\n[request]\nmethod = 'GET'\npath = ['a']\n";

    fn run(words: &[&str]) -> Result<Value, Failure> {
        let bundle = Bundle::parse("bundle.toml", BUNDLE).unwrap();
        let preset = Preset::parse("preset.toml", PRESET, &bundle).unwrap();
        let cli = Cli::try_parse_from(["presetter", "run", "acme/t"].iter().chain(words)).unwrap();
        let Verb::Run(args) = cli.verb else { unreachable!() };
        gather(&args.call, &preset).map(Value::Object)
    }

    fn complaint(words: &[&str]) -> (u8, String) {
        let failure = run(words).unwrap_err();
        (failure.exit.code(), failure.render(false))
    }

    #[test]
    fn texts_become_the_declared_type_strictly() {
        assert_eq!(run(&["--set", "id=0123", "--set", "count=3"]).unwrap(), json!({"id": "0123", "count": 3}));
        assert_eq!(run(&["--set-json", "id=\"x\"", "--set-json", "count=4"]).unwrap(), json!({"id": "x", "count": 4}));
        let (code, shown) = complaint(&["--set", "id=a", "--set", "count=3.5"]);
        assert_eq!(code, 3);
        assert!(shown.starts_with("error: input \"count\" takes a whole number, not \"3.5\""), "{shown}");
    }

    #[test]
    fn missing_and_unknown_inputs_are_told_together() {
        let (code, shown) = complaint(&["--set-json", "other=1"]);
        assert_eq!(code, 3);
        assert!(shown.contains("no input \"other\"") && shown.contains("input \"id\" is missing"), "{shown}");
    }

    #[test]
    fn an_input_given_twice_is_an_error() {
        let (code, shown) = complaint(&["--set", "id=a", "--set", "id=b"]);
        assert_eq!((code, shown.lines().next()), (2, Some("error: input \"id\" is given twice by --set")));
        let (code, shown) = complaint(&["--set", "id=a", "--set-json", "id=\"b\""]);
        assert_eq!((code, shown.lines().next()), (2, Some("error: input \"id\" is given by --set and by --set-json")));
    }

    #[test]
    fn bad_json_is_pointed_at() {
        let (code, shown) = complaint(&["--set-json", "id=\"a"]);
        assert_eq!(code, 3);
        assert!(shown.contains("--set-json id:1:"), "{shown}");
        let twice = json("f.json", "{\n  \"a\": 1,\n  \"a\": 2\n}").unwrap_err().render(false);
        assert!(twice.contains("\"a\" stands twice in one object") && twice.contains("f.json:3:"), "{twice}");
        assert!(json("f", "[1] x").is_err());
        assert!(json("f", &"[".repeat(100_000)).is_err(), "depth is bounded");
    }

    #[test]
    fn what_cannot_be_kept_is_pointed_at() {
        let shown = |text: &str| json("f.json", text).unwrap_err().render(false);
        let half = shown("{\n  \"a\": \"x\\ud800y\"\n}");
        let message = "this text has half a character (a lone surrogate, \\ud800); write the whole character";
        assert!(half.contains(message) && half.contains("f.json:2:10"), "{half}");
        let digits = "this number has more digits than can be kept exactly; write it as a text in quotes";
        for number in ["18446744073709551616", "1e999", "0.123456789012345678"] {
            let long = shown(&format!("{{\"a\":\n {number}}}"));
            assert!(long.contains(digits) && long.contains("f.json:2:2"), "{long}");
        }
        let (code, long) = complaint(&["--set-json", "count=18446744073709551616"]);
        assert!(code == 3 && long.contains(digits) && long.contains("--set-json count:1:1"), "{long}");
        assert_eq!(json("f", "18446744073709551615").unwrap(), json!(u64::MAX));
        // A quote that is missing before it is the mistake to tell.
        let open = shown("{\"a: \"18446744073709551616\"}");
        assert!(open.contains("not JSON as it should be"), "{open}");
    }

    #[test]
    fn standard_input_has_one_reader() {
        for (words, fine) in [
            (&["--inputs", "-", "--body", "-"][..], false),
            (&["--inputs", "-", "--body", "b.json"], true),
            (&["--body", "-"], true),
            (&[], true),
        ] {
            let cli = Cli::try_parse_from(["presetter", "run", "acme/t"].iter().chain(words)).unwrap();
            let Verb::Run(args) = cli.verb else { unreachable!() };
            let result = one_reader(&args.call);
            assert_eq!(result.is_ok(), fine, "{words:?}");
            assert!(result.err().is_none_or(|failure| failure.exit == Exit::Usage));
        }
    }

    #[test]
    fn a_file_of_inputs_is_an_object() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("in.json");
        std::fs::write(&file, "\u{feff}{\"id\": \"é\"}").unwrap();
        assert_eq!(
            run(&["--inputs", file.to_str().unwrap(), "--set", "count=1"]).unwrap(),
            json!({"id": "é", "count": 1})
        );
        std::fs::write(&file, "[]").unwrap();
        assert!(complaint(&["--inputs", file.to_str().unwrap()]).1.contains("holds no JSON object"));
        std::fs::write(&file, b"\xff").unwrap();
        assert!(complaint(&["--inputs", file.to_str().unwrap()]).1.contains("not UTF-8"));
        std::fs::write(&file, "{id: 1}").unwrap();
        assert!(complaint(&["--inputs", file.to_str().unwrap()]).1.contains("names stand in quotes: \"name\""));
        std::fs::write(&file, " \n").unwrap();
        assert!(complaint(&["--inputs", file.to_str().unwrap()]).1.contains("in.json is empty"));
        assert_eq!(complaint(&["--inputs", "/no/such/file"]), (3, "error: there is no file /no/such/file".to_owned()));
        assert_eq!(complaint(&["--inputs", "no-such"]), (3, "error: there is no file no-such here".to_owned()));
    }

    #[test]
    fn a_body_is_a_file() {
        let failure = body(Path::new(" {\"a\": 1}")).unwrap_err();
        assert!(failure.exit == Exit::Usage && failure.render(false).contains("--body takes the name of a file"));
        assert!(body(Path::new("no-such")).unwrap_err().render(false).contains("there is no file"));
    }

    #[test]
    fn body_fields_are_pointers() {
        let set = |field: &str| {
            let cli = Cli::try_parse_from(["presetter", "run", "a/b", "--body-set", field]).unwrap();
            let Verb::Run(args) = cli.verb else { unreachable!() };
            body_set(&args.call)
        };
        assert_eq!(set("/a/b=[1]").unwrap(), [("/a/b".to_owned(), json!([1]))]);
        assert_eq!(set("a=1").unwrap_err().exit, Exit::Usage);
        for (field, found) in
            [("/a={\"b\": [\"x {{email}}\"]}", Some("/a")), ("/a=\"<<email>>\"", Some("/a")), ("/a=\"{email}\"", None)]
        {
            assert_eq!(template_in(&set(field).unwrap()), found, "{field}");
        }
        assert!(set("/a=word").unwrap_err().render(false).contains("--body-set '/a=\"VALUE\"'"));
    }
}
