//! What templates of a request can refer to, and who is told which of their blocks were rendered.
//!
//! Owns both scopes. Keeps: a rendering never depends on who is told.

use std::cell::OnceCell;
use std::ops::Range;

use presetter_manifest::Text;
use presetter_template::Scope;
use serde_json::{Map, Value};

/// The values of a request: those that the component gave, and the settings.
pub(crate) struct Given<'a> {
    pub(crate) values: &'a Map<String, Value>,
    pub(crate) settings: &'a Value,
    /// The preset's inputs with their help.
    pub(crate) inputs: &'a [(String, String)],
}

impl Scope for Given<'_> {
    fn root(&self, name: &str) -> Option<&Value> {
        if name == "settings" { Some(self.settings) } else { self.values.get(name) }
    }

    fn origin(&self, name: &str) -> Option<String> {
        let (_, help) = self.inputs.iter().find(|(input, _)| input == name)?;
        let help = if help.is_empty() { String::new() } else { format!("; it is: {help}") };
        Some(format!("give it with --set {name}=VALUE{help}"))
    }
}

/// Who is told of a block: its place in the manifest, in bytes, and whether its first part was rendered.
pub(crate) type Tell<'a> = &'a dyn Fn(usize, bool);

/// The same values, for one text of a manifest.
pub(crate) struct Telling<'a> {
    given: &'a Given<'a>,
    text: &'a Text,
    source: &'a str,
    /// Where the text begins in the file, looked for once: a loop comes to a block many times.
    start: OnceCell<Option<usize>>,
    tell: Tell<'a>,
}

impl<'a> Telling<'a> {
    pub(crate) fn new(given: &'a Given<'a>, text: &'a Text, source: &'a str, tell: Tell<'a>) -> Self {
        Self { given, text, source, start: OnceCell::new(), tell }
    }
}

impl Scope for Telling<'_> {
    fn root(&self, name: &str) -> Option<&Value> {
        self.given.root(name)
    }

    fn origin(&self, name: &str) -> Option<String> {
        self.given.origin(name)
    }

    fn took(&self, tag: &Range<usize>, then: bool) {
        let start = *self.start.get_or_init(|| self.text.start(self.source));
        (self.tell)(start.map_or(self.text.span().start, |start| start + tag.start), then);
    }
}
