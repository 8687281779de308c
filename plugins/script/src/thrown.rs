//! What a script has thrown, in words for its author.
//!
//! Owns: reading an error of the engine: its name and message, its place in the author's file, its stack.

use boa_engine::error::{EngineError, RuntimeLimitError};
use boa_engine::{Context, JsError, JsString, JsValue, js_string};
use interpreter::{Finished, Problem};

use crate::limits;
use crate::place::Place;
use crate::{code, loader::Loader};

/// The longest message that is passed on, in characters.
const MESSAGE_CHARS: usize = 500;
/// The places that are listed.
const PLACES: usize = 5;
/// The lines of a stack that are shown.
const STACK_LINES: usize = 10;

/// What was thrown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Thrown {
    /// `TypeError: x is not a function`.
    pub(crate) what: String,
    /// Why the run failed: `preset`, unless the host refused something, or the engine ended the script.
    pub(crate) class: Box<str>,
    /// Where.
    pub(crate) place: Option<Place>,
    /// How the script came there, the innermost first: `at run (thing/run.js:3:9)`.
    pub(crate) stack: Box<[String]>,
    /// The host's own words, which need no place.
    from_host: bool,
    /// What it is about, where the engine knows only the function that it is in.
    about: About,
}

/// What a place is to be looked for in a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum About {
    /// The engine's place is the place.
    Itself,
    /// A loop.
    Loop,
    /// An `await`.
    Await,
    /// A name.
    Name(Box<str>),
}

impl About {
    fn of(said: &str) -> Self {
        let name = said.strip_prefix("ReferenceError: ").and_then(|said| said.strip_suffix(" is not defined"));
        name.map_or(Self::Itself, |name| Self::Name(name.into()))
    }
}

impl Thrown {
    /// The script's own fault.
    pub(crate) fn fault(what: impl Into<String>, place: Option<Place>) -> Self {
        Self {
            what: what.into(),
            class: "preset".into(),
            place,
            stack: Box::default(),
            from_host: false,
            about: About::Itself,
        }
    }

    /// The engine ended the script.
    pub(crate) fn ended(what: impl Into<String>, place: Option<Place>) -> Self {
        let what = format!("the script was ended: {}", what.into());
        Self { class: "limit".into(), ..Self::fault(what, place) }
    }

    /// Reads an error.
    pub(crate) fn read(error: &JsError, context: &mut Context) -> Self {
        let stack = stack(error);
        let place = stack.iter().find_map(|line| Place::of_frame(line));
        let thrown = match (error.as_engine(), error.as_opaque(), error.as_native()) {
            (Some(EngineError::RuntimeLimit(RuntimeLimitError::LoopIteration)), ..) => {
                Self::ended(limits::rounds(), place).about(About::Loop)
            }
            (Some(EngineError::RuntimeLimit(_)), ..) => Self::ended(limits::depth(), place),
            (Some(other), ..) => Self::fault(other.to_string(), place),
            (None, Some(value), _) => Self { place, ..Self::value(value, context) },
            (None, None, Some(native)) => {
                let said = short(&native.to_string());
                let about = About::of(&said);
                Self::fault(said, place).about(about)
            }
            (None, None, None) => Self::fault("an error without a value", place),
        };
        Self { stack: stack.into(), ..thrown }
    }

    /// Reads a value that was thrown. What it says of itself is the script's own to say.
    fn value(value: &JsValue, context: &mut Context) -> Self {
        let Some(object) = value.as_object() else {
            let what = format!("what was thrown is no Error: {}", short(&value.display().to_string()));
            return Self::fault(what, None).about(About::Name("throw".into()));
        };
        let mut text = |name: JsString| -> Option<String> {
            let value = object.get(name, context).ok()?;
            Some(value.as_string()?.to_std_string_lossy())
        };
        let (name, message) = (text(js_string!("name")), text(js_string!("message")));
        let message = message.unwrap_or_default();
        if name.as_deref() == Some("HostError")
            && let Some(class) = text(js_string!("class"))
        {
            return Self { class: class.into(), from_host: true, ..Self::fault(short(&message), None) };
        }
        match (name, message.is_empty()) {
            (Some(name), false) => {
                let said = short(&format!("{name}: {message}"));
                let about = About::of(&said);
                Self::fault(said, None).about(about)
            }
            (Some(name), true) => Self::fault(short(&name), None),
            (None, _) => Self::fault("what was thrown is no Error but an object".to_owned(), None),
        }
    }

    /// What its place is to be looked for.
    pub(crate) fn about(self, about: About) -> Self {
        Self { about, ..self }
    }

    /// With its place looked for, where the engine knows only the function that it is in: there if there is one such
    /// thing, else with a list of them.
    pub(crate) fn located(mut self, loader: &Loader) -> Self {
        let Some(place) = &self.place else { return self };
        let text = loader.text(&place.file);
        let from = place.offset(text);
        if from > 0 && !text[from..].starts_with('{') {
            return self;
        }
        let (found, what) = match &self.about {
            About::Itself => return self,
            About::Loop => (code::loops(text, from), "its loops"),
            About::Await => (code::places(text, from, "await"), "its awaits"),
            About::Name(name) => (code::places(text, from, name).into_iter().take(1).collect(), ""),
        };
        let found: Vec<Place> = found.into_iter().map(|at| Place::at(&place.file, text, at)).collect();
        match found.as_slice() {
            [] => {}
            [only] => self.place = Some(only.clone()),
            several => {
                let several: Vec<String> =
                    several.iter().take(PLACES).map(|at| format!("{}:{}", at.line, at.column)).collect();
                self.what = format!("{} (in this function, {what}: {})", self.what, several.join(", "));
            }
        }
        self
    }

    /// A place for what has none of its own.
    pub(crate) fn or_at(mut self, place: Option<Place>) -> Self {
        self.place = self.place.or(place);
        self
    }

    /// The reason of a promise that was rejected at the place, and that nothing awaits.
    pub(crate) fn unawaited(self, place: Option<Place>) -> Self {
        let what = format!("a promise was rejected, and nothing awaits it: {}", self.what);
        Self { what, from_host: false, ..self.or_at(place) }
    }

    /// `thing/run.js:3:9: TypeError: x is not a function`; of what the host refused only its words, as a recipe tells them.
    pub(crate) fn message(&self, file: &str) -> String {
        match &self.place {
            _ if self.from_host => self.what.clone(),
            Some(place) => format!("{place}: {}", self.what),
            None => format!("{file}: {}", self.what),
        }
    }

    /// The run that ends with it.
    pub(crate) fn finished(&self, file: &str) -> Finished {
        Finished::failed(&self.class, &self.message(file))
    }

    /// A syntax error as a problem of its file.
    pub(crate) fn syntax(error: &JsError, text: &str) -> Problem {
        let message = error.as_native().map(|native| native.message().to_owned());
        let message = message.unwrap_or_else(|| error.to_string());
        // The parser says `... at line 3, col 9`.
        let found = message.rsplit_once(" at line ").and_then(|(what, place)| {
            let (line, column) = place.split_once(", col ")?;
            let place = Place { file: String::new(), line: line.parse().ok()?, column: column.parse().ok()? };
            Some((what.to_owned(), place.span(text)))
        });
        match found {
            Some((what, span)) if what.ends_with("in async function declaration") => Problem::new(what, span)
                .with_hint("an async arrow function cannot stand right behind export default here: export default async function run(inputs, host)"),
            Some((what, span)) => Problem::new(what, span),
            None if message == "abrupt end" => {
                let end = text.trim_end().len();
                Problem::new("the file ends in the middle of something", end..end)
                    .with_hint("a bracket, a brace or a quote is not closed")
            }
            None => Problem::new(message, 0..0),
        }
    }
}

/// The stack that an error came with.
fn stack(error: &JsError) -> Vec<String> {
    let whole = error.to_string();
    let own = match (error.as_native(), error.as_engine(), error.as_opaque()) {
        (Some(native), ..) => native.to_string(),
        (_, Some(engine), _) => engine.to_string(),
        (_, _, Some(value)) => value.display().to_string(),
        _ => String::new(),
    };
    // The engine writes the stack behind the error's own words.
    let lines = whole.strip_prefix(&own).unwrap_or_default().lines().map(str::trim);
    lines.filter(|line| !line.is_empty()).take(STACK_LINES).map(str::to_owned).collect()
}

fn short(text: &str) -> String {
    text.chars().take(MESSAGE_CHARS).collect()
}
