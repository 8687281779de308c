//! `preset.toml`: one action on one API, written as data.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Bundle, Diagnostics, Input, Text, check, source};

/// One action on one API.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// For people: `Update user (session based)`.
    pub title: String,
    /// One or two sentences.
    #[serde(default)]
    pub summary: String,
    /// The kind of record that it is about: `users`.
    #[serde(default)]
    pub object: String,
    /// What it does to the account.
    pub effect: Effect,
    /// How a repeat is safe. Reads repeat naturally; a write must say.
    pub repeat: Option<Repeat>,
    /// The connection kinds that it works with; without it, all of the bundle's.
    pub connections: Option<Vec<Text>>,
    /// How many redirects in a row are followed, 1 to 5; none unless stated. For a preset that reads, and of its GET and HEAD
    /// requests without a body. Each needs a grant, and no credential goes to another server.
    pub redirects: Option<u32>,
    /// What the person or workflow that runs it gives.
    #[serde(default)]
    pub inputs: IndexMap<String, Input>,
    /// Inputs of which at least one must be given.
    #[serde(default)]
    pub needs_one_of: Vec<Text>,
    /// JavaScript that runs the preset, a file below the preset's folder: `run.js`. Without it the preset is a recipe.
    pub script: Option<Text>,
    /// The request; a recipe has one. A script sends it with `host.call`.
    pub request: Option<Request>,
    /// Rules on the answer, after those that the bundle shares.
    #[serde(default)]
    pub answer: Answer,
    /// How a list is read page by page.
    pub pages: Option<Pages>,
    /// Which of the listed items is meant.
    pub find: Option<Find>,
    /// How many rows go together in one request, and which element of the answer is whose.
    pub batch: Option<Batch>,
    /// How to see whether a write took place.
    pub probe: Option<Probe>,
    /// What to look at before `not_found` is said.
    pub mixup: Option<Mixup>,
    /// Values of the answer, by name: templates over `response`, `response_status`, `response_headers`, `item`, the inputs and `settings`.
    #[serde(default)]
    pub outputs: IndexMap<String, Text>,
    /// Outputs that are `true` or `false`: CEL over what `outputs` know.
    #[serde(default)]
    pub outputs_when: IndexMap<String, Text>,
    /// For a preset that lists: the fields of each row, templates over `item`. Without it there are no rows.
    pub rows: Option<IndexMap<String, Text>>,
    /// Fields of a row that are `true` or `false`: CEL.
    #[serde(default)]
    pub rows_when: IndexMap<String, Text>,
    /// What a script or a component returns, by name, in words for people; a recipe has `outputs`.
    #[serde(default)]
    pub returns: IndexMap<String, Text>,
    /// The fields of each row that a script or a component emits, in words for people; a recipe has `rows`.
    #[serde(default)]
    pub emits: IndexMap<String, Text>,
    /// Warnings of `presetter check` that are meant so here, by name.
    #[serde(default)]
    pub allow: Vec<Text>,
    /// What differs for one kind of connection.
    #[serde(default, rename = "for")]
    pub variants: IndexMap<String, Variant>,
}

/// What a preset does to the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Changes nothing.
    Read,
    /// Makes something new.
    Create,
    /// Changes something.
    Update,
    /// Removes something.
    Delete,
}

impl Effect {
    /// Whether it may change something.
    #[must_use]
    pub fn writes(self) -> bool {
        self != Self::Read
    }

    /// The word in manifests and receipts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// How a repeat of a write is safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Repeat {
    /// Doing it twice is the same as doing it once.
    Natural,
    /// The request bears a key by which the vendor knows a repeat.
    Key,
    /// The preset named in `[probe]` tells whether it took place.
    Probe,
    /// It is not.
    None,
}

/// A request, each text of it a template.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// `GET`, `POST`, `PUT`, `PATCH`, `DELETE` or `HEAD`.
    pub method: Text,
    /// Path segments below the base URL.
    pub path: Vec<Text>,
    /// Query parameters; one whose template is a single `{{optional x}}` is left out if `x` is absent.
    #[serde(default)]
    pub query: IndexMap<String, Text>,
    /// Headers; the same holds for `{{optional x}}`.
    #[serde(default)]
    pub headers: IndexMap<String, Text>,
    /// A JSON body.
    pub body: Option<Text>,
    /// A form body (`application/x-www-form-urlencoded`), instead of `body`.
    pub form: Option<IndexMap<String, Text>>,
    /// Allows `{{{x}}}` and `{{&x}}` in `body`, which put a value in without encoding it. Never needed for JSON.
    #[serde(default)]
    pub unsafe_raw: bool,
}

/// Rules on an answer: CEL over `response`, `response_status`, `response_headers`, `codes`, `settings` and the inputs.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Proof that the thing does not exist.
    pub not_found_when: Option<Text>,
    /// It failed, whatever else it says.
    pub failed_when: Option<Text>,
    /// It worked. Without it a 2xx did.
    pub ok_when: Option<Text>,
    /// Where the vendor puts its words on a failure: templates over the answer, the first that is there counts.
    #[serde(default)]
    pub message: Vec<Text>,
}

/// How a list is read page by page. The request's templates know `page`, and `narrow` where there is a [`Find`].
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Pages {
    /// The list in an answer: a template that is one value.
    pub items: Text,
    /// CEL over what [`Answer`] knows, `items` and `page`: this answer is past the last page, and its items do not count.
    pub end_when: Text,
    /// The same: this answer is the last page, and its items count. Saves the request for the page after it.
    pub last_when: Option<Text>,
    /// The number of the first page.
    #[serde(default = "one")]
    pub start: u32,
    /// The most pages that are read, 1 to 10,000. Ended by it, a search is `incomplete`, never `not_found`.
    pub max: u32,
}

/// Which of the listed items is meant. Right whether or not the server honours a filter: every item is compared.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Find {
    /// Fields of an item and the values they must have, templates. A single `{{optional x}}` without a value drops out.
    #[serde(rename = "where")]
    pub matches: IndexMap<String, Text>,
    /// Fields that are compared without regard to the case of ASCII letters.
    #[serde(default)]
    pub ignore_case: Vec<Text>,
    /// What several matches mean.
    #[serde(default)]
    pub several: Several,
    /// For requests that ask the server to filter, `{{#if narrow}}...{{/if}}`: if nothing is found so, the list is read
    /// once more with `narrow` false, since a filter may take a name, or the case of letters, for something else.
    #[serde(default)]
    pub widen: bool,
}

/// What several matches mean.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Several {
    /// `failed` with class `ambiguous`.
    #[default]
    Fail,
    /// The first is taken.
    First,
}

/// Many rows in one request. Its templates know `rows`, a list of the inputs of each row, in place of the inputs:
/// `{{#each rows}}{ "id": {{user_id}} }{{#unless @last}},{{/unless}}{{/each}}`. A single run is a batch of one.
///
/// Each element of the answer is judged by itself: for the rules, `message`, `[outputs]` and `[outputs_when]` it is the `response`.
/// An answer without the list, or one whose status is no 2xx, is judged as a whole, and holds for all rows.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// The most rows of one request, 1 to 1,000: the vendor's limit.
    pub most: u32,
    /// The list in an answer that has an element for each row: a template that is one value. A component needs none.
    pub elements: Option<Text>,
    /// Which element is whose. Without it they stand in the order of the rows, and there must be as many.
    pub key: Option<BatchKey>,
}

/// Which element of an answer is whose.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BatchKey {
    /// A required input. Rows with the same value never go together.
    pub input: Text,
    /// The field of an element that has the same value.
    pub field: Text,
}

/// How to see whether a write took place: another preset of the bundle, a read.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// Its name.
    pub preset: Text,
    /// Its inputs, templates over this preset's inputs, outputs and `settings`.
    pub inputs: IndexMap<String, Text>,
    /// Inputs of this preset that must equal the outputs of the same name of the probe, where given.
    #[serde(default)]
    pub equal: Vec<Text>,
    /// Outputs that the probe supplies where the answer to the write has none.
    #[serde(default)]
    pub outputs: Vec<Text>,
}

/// What people take one thing for another: before `not_found` is said, another preset looks, and if it finds
/// something the run has failed with this message instead.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Mixup {
    /// The other preset of the bundle, a read.
    pub preset: Text,
    /// Its inputs, templates over this preset's inputs and `settings`. One that has no value: nothing is looked up.
    pub inputs: IndexMap<String, Text>,
    /// What to tell, a template over this preset's inputs and, as `found`, the other's outputs.
    pub message: Text,
}

/// What differs for one kind of connection; each part replaces the preset's own.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// See [`Preset::request`].
    pub request: Option<Request>,
    /// See [`Preset::answer`].
    pub answer: Option<Answer>,
    /// See [`Preset::pages`].
    pub pages: Option<Pages>,
    /// See [`Preset::find`].
    pub find: Option<Find>,
    /// See [`Preset::outputs`].
    pub outputs: Option<IndexMap<String, Text>>,
    /// See [`Preset::rows`].
    pub rows: Option<IndexMap<String, Text>>,
}

impl BatchKey {
    /// The value by which a row's element is known. Vendors send numbers as texts, so scalars are the same as their texts.
    #[must_use]
    pub fn of(&self, inputs: &Map<String, Value>) -> Option<String> {
        match inputs.get(self.input.as_str())? {
            Value::String(text) => Some(text.clone()),
            number @ Value::Number(_) => Some(number.to_string()),
            _ => None,
        }
    }
}

impl Preset {
    /// Reads a `preset.toml` of a bundle. `file` is the name used in errors.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its place.
    pub fn parse(file: &str, text: &str, bundle: &Bundle) -> Result<Self, Diagnostics> {
        let preset = Self::read_checked(file, text)?;
        check::preset(&preset, text, bundle).map_err(|problems| Diagnostics::of(file, text, problems))?;
        Ok(preset)
    }

    /// Reads one of which [`Preset::parse`] is known to accept the text, as [`Bundle::read_checked`] does.
    ///
    /// # Errors
    /// It is not well formed after all.
    pub fn read_checked(file: &str, text: &str) -> Result<Self, Diagnostics> {
        source::read(file, text)
    }

    /// The preset as it is for one kind of connection.
    #[must_use]
    pub fn for_kind(&self, kind: &str) -> Self {
        let mut preset = self.clone();
        if let Some(variant) = self.variants.get(kind).cloned() {
            preset.request = variant.request.or(preset.request);
            preset.answer = variant.answer.unwrap_or(preset.answer);
            preset.pages = variant.pages.or(preset.pages);
            preset.find = variant.find.or(preset.find);
            preset.outputs = variant.outputs.unwrap_or(preset.outputs);
            preset.rows = variant.rows.or(preset.rows);
        }
        preset
    }

    /// How a repeat is safe: what the manifest says, else `natural` for a read and `none` for a write.
    #[must_use]
    pub fn repeat(&self) -> Repeat {
        self.repeat.unwrap_or(if self.effect.writes() { Repeat::None } else { Repeat::Natural })
    }

    /// The names of its outputs.
    pub fn output_names(&self) -> impl Iterator<Item = &str> {
        self.outputs.keys().chain(self.outputs_when.keys()).chain(self.returns.keys()).map(String::as_str)
    }

    /// The names of the fields of its rows.
    pub fn row_names(&self) -> impl Iterator<Item = &str> {
        self.rows
            .iter()
            .flatten()
            .map(|(name, _)| name)
            .chain(self.rows_when.keys())
            .chain(self.emits.keys())
            .map(String::as_str)
    }

    /// Whether it lists rows.
    #[must_use]
    pub fn lists(&self) -> bool {
        self.rows.is_some() || !self.emits.is_empty()
    }

    /// How many rows one run takes.
    #[must_use]
    pub fn most(&self) -> usize {
        self.batch.as_ref().map_or(1, |batch| batch.most as usize)
    }

    /// Whether it works with a kind of connection.
    #[must_use]
    pub fn works_with(&self, kind: &str) -> bool {
        self.connections.as_ref().is_none_or(|kinds| kinds.iter().any(|k| k.as_str() == kind))
    }
}

fn one() -> u32 {
    1
}
