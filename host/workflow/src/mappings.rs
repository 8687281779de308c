//! Custom mappings: where the value of a field comes from. `mappings.toml`:
//!
//! ```toml
//! [users.mosyle_user_id]
//! integration = "mosyle"
//!
//! [users.vendor_type]
//! value = "ENDUSER"
//!
//! [users.full_name]
//! template = "{{record.given_name}} {{record.family_name}}"
//! ```

use std::ops::Range;
use std::sync::Arc;

use indexmap::IndexMap;
use presetter_manifest::{Diagnostics, Text, suggest};
use presetter_records::{Fields, Object};
use presetter_template::{Context, Problem, Template};
use serde::Deserialize;
use serde_json::{Map, Value};
use toml::Spanned;

use crate::values::{Known, of_toml};

/// Where the values of fields come from.
#[derive(Debug, Clone, Default)]
pub struct Mappings {
    file: String,
    source: Arc<str>,
    users: IndexMap<String, (Origin, Range<usize>)>,
    saas_users: IndexMap<String, (Origin, Range<usize>)>,
}

/// Where a field's value comes from.
#[derive(Debug, Clone)]
pub enum Origin {
    /// The sync of that name brings it.
    Integration(String),
    /// It is always this.
    Value(Value),
    /// It is made from other fields.
    Template(Template),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct File {
    users: IndexMap<Spanned<String>, Entry>,
    saas_users: IndexMap<Spanned<String>, Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    integration: Option<Text>,
    value: Option<Spanned<toml::Value>>,
    template: Option<Text>,
}

impl Mappings {
    /// Reads the file's text.
    ///
    /// # Errors
    /// All that is wrong, each with its place.
    pub fn parse(file: &str, source: &str) -> Result<Self, Diagnostics> {
        let read: File = presetter_manifest::read_toml(file, source)?;
        let mut problems = Vec::new();
        let mut object = |entries: IndexMap<Spanned<String>, Entry>| {
            let mut mapped = IndexMap::new();
            for (name, entry) in entries {
                match origin(&entry, name.span(), source) {
                    Ok(origin) => _ = mapped.insert(name.get_ref().clone(), (origin, name.span())),
                    Err(wrong) => problems.extend(wrong),
                }
            }
            mapped
        };
        let (users, saas_users) = (object(read.users), object(read.saas_users));
        if problems.is_empty() {
            Ok(Self { file: file.to_owned(), source: source.into(), users, saas_users })
        } else {
            Err(Diagnostics::of(file, source, problems))
        }
    }

    /// The text that it was read from; empty if there is no file.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The file's name.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    fn of(&self, object: Object) -> Option<&IndexMap<String, (Origin, Range<usize>)>> {
        match object {
            Object::Users => Some(&self.users),
            Object::SaasUsers => Some(&self.saas_users),
            Object::Software => None,
        }
    }

    /// The fields that an integration brings.
    pub fn brought_by(&self, object: Object, integration: &str) -> impl Iterator<Item = &str> {
        let brought = move |origin: &Origin| matches!(origin, Origin::Integration(name) if name == integration);
        let all = self.of(object).into_iter().flatten();
        all.filter(move |(_, (origin, _))| brought(origin)).map(|(name, _)| name.as_str())
    }

    /// The integrations that it names, and where.
    pub fn integrations(&self) -> impl Iterator<Item = (&str, Range<usize>)> {
        self.users.values().chain(self.saas_users.values()).filter_map(|(origin, span)| match origin {
            Origin::Integration(name) => Some((name.as_str(), span.clone())),
            _ => None,
        })
    }

    /// What is wrong with it, given the fields that there are.
    #[must_use]
    pub fn check(&self, users: &Fields, saas_users: &Fields) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (fields, mapped) in [(users, &self.users), (saas_users, &self.saas_users)] {
            for (name, (_, span)) in mapped {
                if let Err(error) = fields.get(name) {
                    problems.push(
                        Problem::new(error.to_string(), span.clone())
                            .with_hint("declare it in a file of fields: presetter records fields --declare FILE"),
                    );
                }
            }
        }
        problems
    }

    /// Puts constants and templates into the view of a record.
    pub(crate) fn fill(&self, object: Object, view: &mut Map<String, Value>) {
        for (name, (origin, _)) in self.of(object).into_iter().flatten() {
            let value = match origin {
                Origin::Integration(_) => continue,
                Origin::Value(value) => Some(value.clone()),
                // Over the stored fields and the mappings before it.
                Origin::Template(template) => {
                    template.render_value(&Known::default().with("record", Value::Object(view.clone()))).ok()
                }
            };
            match value.filter(|value| !value.is_null()) {
                Some(value) => _ = view.insert(name.clone(), value),
                None => _ = view.shift_remove(name),
            }
        }
    }

    /// Where the value of a field should have come from, in words.
    #[must_use]
    pub fn origin(&self, object: Object, field: &str) -> String {
        let Some((origin, span)) = self.of(object).and_then(|mapped| mapped.get(field)) else {
            return format!("set it by `presetter records set`, or say where it comes from in {}", self.shown_file());
        };
        let line = self.source.get(..span.start).unwrap_or("").matches('\n').count() + 1;
        let place = format!("{}:{line}", self.shown_file());
        match origin {
            Origin::Integration(name) => {
                format!("{place} says that it comes from the integration {name}; run `presetter sync {name}`")
            }
            Origin::Value(_) => format!("{place} gives it an empty value"),
            Origin::Template(_) => format!("{place} makes it from fields that are empty"),
        }
    }

    fn shown_file(&self) -> &str {
        if self.file.is_empty() { "mappings.toml" } else { &self.file }
    }
}

fn origin(entry: &Entry, name: Range<usize>, source: &str) -> Result<Origin, Vec<Problem>> {
    let count = usize::from(entry.integration.is_some())
        + usize::from(entry.value.is_some())
        + usize::from(entry.template.is_some());
    if count != 1 {
        let problem = Problem::new("a field comes from an integration, is a value, or is made by a template", name);
        return Err(vec![problem.with_hint("give one of integration = \"...\", value = ..., template = \"...\"")]);
    }
    if let Some(integration) = &entry.integration {
        return Ok(Origin::Integration(integration.as_str().to_owned()));
    }
    if let Some(value) = &entry.value {
        let read = of_toml(value.get_ref());
        return read.map(Origin::Value).map_err(|error| vec![Problem::new(error.to_string(), value.span())]);
    }
    let Some(text) = &entry.template else { return Err(Vec::new()) };
    let located = |problems: Vec<Problem>| -> Vec<Problem> {
        problems.into_iter().map(|problem| text.locate(source, problem)).collect()
    };
    let template = Template::compile(text.as_str(), Context::Value).map_err(located)?;
    let strange = template.variables().iter().filter(|variable| variable.path.root != "record");
    let strange: Vec<Problem> = strange
        .map(|variable| {
            let root = &variable.path.root;
            let hint = suggest(root, &["record"]);
            let problem = Problem::new(format!("there is no \"{root}\" here"), variable.span.clone()).with_hint(hint);
            text.locate(source, problem)
        })
        .collect();
    if strange.is_empty() { Ok(Origin::Template(template)) } else { Err(strange) }
}
