//! The templates and rules of a manifest, and the names that they use.
//!
//! Owns the list of all places where an author writes a template or a rule. A text that does not compile uses nothing: the
//! manifest's own check has told of it.

use std::ops::Range;

use presetter_expr::{Dialect, Program};
use presetter_manifest::{Answer, Find, Pages, Preset, Request, Text};
use presetter_template::{Context, Options, Problem, Step, Template, Variable};

use crate::subject::Source;

/// How a text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A template; `unsafe_raw` is allowed or not.
    Template(Context, bool),
    /// CEL.
    Rule,
}

/// What a text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Request,
    /// A rule on an answer, by its key.
    Answer(&'static str),
    /// A vendor's words.
    Message,
    Items,
    /// A rule on a page, by its key.
    Pages(&'static str),
    Find,
    Output,
    Row,
    Probe,
    Mixup,
    MixupMessage,
}

/// One template or rule.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Written<'a> {
    pub(crate) text: &'a Text,
    pub(crate) form: Form,
    pub(crate) place: Place,
    /// It knows the rows of a batch in place of the inputs.
    pub(crate) rows: bool,
}

/// A name that a text uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) root: String,
    /// The key right below the root; nothing if the whole of it is used, or a key that is not known here.
    pub(crate) key: Option<String>,
    /// In the file.
    pub(crate) span: Range<usize>,
    /// It may be absent.
    pub(crate) optional: bool,
}

/// All templates and rules of a preset.
pub(crate) fn of_preset(preset: &Preset) -> Vec<Written<'_>> {
    let mut all = List { rows: preset.batch.is_some(), ..List::default() };
    all.request(preset.request.as_ref());
    all.answer(&preset.answer);
    all.pages(preset.pages.as_ref());
    all.find(preset.find.as_ref());
    let elements = preset.batch.iter().filter_map(|batch| batch.elements.as_ref());
    all.values(Place::Items, elements);
    all.values(Place::Output, preset.outputs.values());
    all.rules(Place::Output, preset.outputs_when.values());
    all.values(Place::Row, preset.rows.iter().flat_map(|rows| rows.values()));
    all.rules(Place::Row, preset.rows_when.values());
    if let Some(probe) = &preset.probe {
        all.values(Place::Probe, probe.inputs.values());
    }
    if let Some(mixup) = &preset.mixup {
        all.values(Place::Mixup, mixup.inputs.values());
        all.template(Place::MixupMessage, Context::Text, &mixup.message);
    }
    for variant in preset.variants.values() {
        all.request(variant.request.as_ref());
        if let Some(answer) = &variant.answer {
            all.answer(answer);
        }
        all.pages(variant.pages.as_ref());
        all.find(variant.find.as_ref());
        all.values(Place::Output, variant.outputs.iter().flat_map(|outputs| outputs.values()));
        all.values(Place::Row, variant.rows.iter().flat_map(|rows| rows.values()));
    }
    all.list
}

/// The templates of one request.
pub(crate) fn of_request(request: &Request) -> Vec<Written<'_>> {
    let mut all = List::default();
    all.request(Some(request));
    all.list
}

/// The templates and rules that a bundle's presets share.
pub(crate) fn of_answer(answer: &Answer) -> Vec<Written<'_>> {
    let mut all = List::default();
    all.answer(answer);
    all.list
}

#[derive(Default)]
struct List<'a> {
    list: Vec<Written<'a>>,
    /// Its requests know rows.
    rows: bool,
}

impl<'a> List<'a> {
    fn add(&mut self, place: Place, form: Form, text: &'a Text) {
        let rows = self.rows && place == Place::Request;
        self.list.push(Written { text, form, place, rows });
    }

    fn template(&mut self, place: Place, context: Context, text: &'a Text) {
        self.add(place, Form::Template(context, false), text);
    }

    fn values(&mut self, place: Place, texts: impl Iterator<Item = &'a Text>) {
        texts.for_each(|text| self.template(place, Context::Value, text));
    }

    fn rules(&mut self, place: Place, texts: impl Iterator<Item = &'a Text>) {
        texts.for_each(|text| self.add(place, Form::Rule, text));
    }

    fn request(&mut self, request: Option<&'a Request>) {
        let Some(request) = request else { return };
        let parts = request.path.iter().map(|text| (Context::PathSegment, text));
        let parts = parts.chain(request.query.values().map(|text| (Context::Query, text)));
        let parts = parts.chain(request.headers.values().map(|text| (Context::Header, text)));
        let parts = parts.chain(request.form.iter().flat_map(|f| f.values()).map(|text| (Context::Form, text)));
        parts.for_each(|(context, text)| self.template(Place::Request, context, text));
        if let Some(body) = &request.body {
            self.add(Place::Request, Form::Template(Context::Json, request.unsafe_raw), body);
        }
    }

    fn answer(&mut self, answer: &'a Answer) {
        for (key, rule) in [
            ("not_found_when", &answer.not_found_when),
            ("failed_when", &answer.failed_when),
            ("ok_when", &answer.ok_when),
        ] {
            self.rules(Place::Answer(key), rule.iter());
        }
        answer.message.iter().for_each(|text| self.template(Place::Message, Context::Text, text));
    }

    fn pages(&mut self, pages: Option<&'a Pages>) {
        let Some(pages) = pages else { return };
        self.template(Place::Items, Context::Value, &pages.items);
        self.rules(Place::Pages("end_when"), std::iter::once(&pages.end_when));
        self.rules(Place::Pages("last_when"), pages.last_when.iter());
    }

    fn find(&mut self, find: Option<&'a Find>) {
        self.values(Place::Find, find.iter().flat_map(|find| find.matches.values()));
    }
}

impl Written<'_> {
    /// The compiled template.
    pub(crate) fn template(&self) -> Option<Template> {
        let Form::Template(context, unsafe_raw) = self.form else { return None };
        Template::compile_with(self.text.as_str(), context, Options { unsafe_raw }).ok()
    }

    /// Whether it uses whole rows, and so each input: `{{rows}}`, or `{{this}}` in a loop over them.
    pub(crate) fn uses_whole_rows(&self) -> bool {
        let whole = |template: Template| {
            let itself = |v: &&Variable| v.path.root == "rows" && v.path.steps.len() < 2;
            template.variables().iter().filter(itself).any(|v| !v.optional)
                || template.elements().iter().filter(itself).any(|v| v.path.steps.is_empty())
        };
        self.rows && self.template().is_some_and(whole)
    }

    /// The names that it uses; those of a row stand for the inputs.
    pub(crate) fn names(&self, source: &Source) -> Vec<Name> {
        let Some(template) = self.template() else { return self.rule_names() };
        let key = |step: Option<&Step>| match step {
            Some(Step::Key(key)) => Some(key.clone()),
            _ => None,
        };
        let name = |variable: &Variable, root: String, below: usize| Name {
            root,
            key: key(variable.path.steps.get(below)),
            span: self.text.locate(&source.text, Problem::new("", variable.span.clone())).span,
            optional: variable.optional,
        };
        let own = template.variables().iter().map(|v| name(v, v.path.root.clone(), 0));
        let rows = template.elements().iter().filter(|v| self.rows && v.path.root == "rows");
        own.chain(rows.filter_map(|v| Some(name(v, key(v.path.steps.first())?, 1)))).collect()
    }

    fn rule_names(&self) -> Vec<Name> {
        let rule = self.text.as_str();
        let Ok(program) = Program::compile(rule, Dialect::Full) else { return Vec::new() };
        let name = |root: String, key: Option<String>| Name { root, key, span: self.text.span(), optional: false };
        let mut names = Vec::new();
        for root in program.variables() {
            match keys_below(rule, &root) {
                Some(keys) => names.extend(keys.into_iter().map(|key| name(root.clone(), Some(key)))),
                None => names.push(name(root, None)),
            }
        }
        names
    }
}

/// The keys by which a rule reaches into a variable; nothing if it also takes the whole of it, or by a key that it computes.
fn keys_below(rule: &str, root: &str) -> Option<Vec<String>> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut keys = Vec::new();
    for (at, _) in rule.match_indices(root) {
        let (before, after) = (&rule[..at], &rule[at + root.len()..]);
        if before.ends_with(|c| word(c) || c == '.') || after.starts_with(word) {
            continue;
        }
        let after = after.trim_start();
        let key = match after.strip_prefix('.') {
            Some(rest) => rest.trim_start().split(|c| !word(c)).next().filter(|key| !key.is_empty())?,
            None => {
                let inner = after.strip_prefix('[')?.trim_start();
                let quote = inner.chars().next().filter(|c| matches!(c, '"' | '\''))?;
                inner[1..].split(quote).next().filter(|key| !key.contains('\\'))?
            }
        };
        keys.push(key.to_owned());
    }
    Some(keys).filter(|keys| !keys.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_a_variable_in_a_rule() {
        let keys = |rule: &str| keys_below(rule, "settings");
        assert_eq!(keys("settings.a == 1 && my.settings.c && settings[ 'b' ] > 2"), Some(vec!["a".into(), "b".into()]));
        assert_eq!(keys("settings.a == 1 || settings[page]"), None);
        assert_eq!(keys("size(settings) > 1"), None);
        assert_eq!(keys("xsettings.a == settings2.b"), None);
    }

    #[test]
    fn names_have_their_place_in_the_file() {
        let text = "x = '''\n{\"a\": {{optional a}}, \"b\": {{settings.b}}}'''\n";
        let doc: std::collections::BTreeMap<String, Text> = presetter_manifest::read_toml("f", text).unwrap();
        let written =
            Written { text: &doc["x"], form: Form::Template(Context::Json, false), place: Place::Request, rows: false };
        let names = written.names(&Source::new("f".into(), text));
        assert_eq!(names.len(), 2);
        assert_eq!((&text[names[0].span.clone()], names[0].optional), ("{{optional a}}", true));
        assert_eq!((names[1].key.as_deref(), names[1].optional), (Some("b"), false));
    }
}
