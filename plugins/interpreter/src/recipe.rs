//! A recipe, compiled: everything that can be done once is done here.

use indexmap::IndexMap;
use presetter_expr::{Dialect, Program};
use presetter_manifest::{self as manifest, Answer, BatchKey, Origin, Pages, Preset, Several, Text};
use presetter_template::{Context, Path, Problem, Template};

/// A preset for one kind of connection.
#[derive(Clone)]
pub struct Recipe {
    /// It runs a script; the rules hold for it as well.
    pub(crate) script: bool,
    /// It may change something.
    pub writes: bool,
    /// Its rules on an answer, with those of the bundle.
    pub rules: Rules,
    pub(crate) pages: Option<Paging>,
    pub(crate) find: Option<Search>,
    pub(crate) batch: Option<Batch>,
    pub(crate) outputs: Fields,
    pub(crate) rows: Option<Fields>,
    pub(crate) probe: Option<Lookup>,
    pub(crate) mixup: Option<(Lookup, Template)>,
}

/// Rules on an answer: the bundle's and the preset's.
#[derive(Clone)]
pub struct Rules {
    pub(crate) not_found: Vec<Rule>,
    pub(crate) failed: Vec<Rule>,
    pub(crate) ok: Option<Rule>,
    pub(crate) message: Vec<Template>,
}

/// A rule, and whose it is.
#[derive(Clone)]
pub(crate) struct Rule {
    pub(crate) of: Origin,
    pub(crate) program: Program,
}

/// How a list is read.
#[derive(Clone)]
pub(crate) struct Paging {
    pub(crate) items: Template,
    /// Where the list is below `response`, to narrow it; nothing if it is put together from more than one value.
    pub(crate) place: Option<Path>,
    pub(crate) end: Program,
    pub(crate) last: Option<Program>,
    pub(crate) start: u32,
    pub(crate) max: u32,
}

/// Which item is meant.
#[derive(Clone)]
pub(crate) struct Search {
    pub(crate) fields: Vec<Wanted>,
    pub(crate) first: bool,
    /// "Nothing" under the server's filter is checked without it.
    pub(crate) widen: bool,
}

/// Many rows in one request.
#[derive(Clone)]
pub(crate) struct Batch {
    pub(crate) elements: Template,
    /// Where they are below `response`, as for a list.
    pub(crate) place: Option<Path>,
    /// Which element is whose; without it the order tells.
    pub(crate) key: Option<BatchKey>,
}

/// A field and the value it must have.
#[derive(Clone)]
pub(crate) struct Wanted {
    pub(crate) field: String,
    pub(crate) value: Template,
    pub(crate) ignore_case: bool,
}

/// Named values: templates, and what is true or false.
#[derive(Clone)]
pub(crate) struct Fields {
    pub(crate) values: Vec<(String, Template)>,
    pub(crate) flags: Vec<(String, Program)>,
}

/// Another preset that is looked at on the side.
#[derive(Clone)]
pub(crate) struct Lookup {
    pub(crate) preset: String,
    pub(crate) inputs: Vec<(String, Template)>,
    pub(crate) outputs: Vec<String>,
}

type Compiled<T> = Result<T, Problem>;

impl Recipe {
    /// Compiles a preset; `shared` are the bundle's rules.
    pub(crate) fn compile(preset: &Preset, shared: &Answer) -> Compiled<Self> {
        let lookup = |preset: &Text, inputs: &IndexMap<String, Text>, outputs: &[Text]| -> Compiled<Lookup> {
            let outputs = outputs.iter().map(ToString::to_string).collect();
            Ok(Lookup { preset: preset.to_string(), inputs: values(inputs)?, outputs })
        };
        let find = match &preset.find {
            None => None,
            Some(find) => {
                let wanted = |(field, text): (&String, &Text)| -> Compiled<Wanted> {
                    let ignore_case = find.ignore_case.iter().any(|f| f.as_str() == field);
                    Ok(Wanted { field: field.clone(), value: value(text)?, ignore_case })
                };
                let fields = find.matches.iter().map(wanted).collect::<Compiled<_>>()?;
                Some(Search { fields, first: find.several == Several::First, widen: find.widen })
            }
        };
        let rows = match &preset.rows {
            None => None,
            Some(rows) => Some(Fields { values: values(rows)?, flags: flags(&preset.rows_when)? }),
        };
        let probe = preset.probe.as_ref().map(|p| lookup(&p.preset, &p.inputs, &p.outputs)).transpose()?;
        let mixup = match &preset.mixup {
            None => None,
            Some(m) => Some((lookup(&m.preset, &m.inputs, &[])?, template(&m.message, Context::Text)?)),
        };
        Ok(Self {
            script: preset.script.is_some(),
            writes: preset.effect.writes(),
            rules: Rules::compile(shared, &preset.answer)?,
            pages: preset.pages.as_ref().map(Paging::compile).transpose()?,
            find,
            batch: preset.batch.as_ref().and_then(Batch::compile).transpose()?,
            outputs: Fields { values: values(&preset.outputs)?, flags: flags(&preset.outputs_when)? },
            rows,
            probe,
            mixup,
        })
    }
}

impl Rules {
    fn compile(shared: &Answer, own: &Answer) -> Compiled<Self> {
        let both = |pick: fn(&Answer) -> &Option<Text>| -> Compiled<Vec<Rule>> {
            let written = [(Origin::Preset, own), (Origin::Bundle, shared)].into_iter();
            let written = written.filter_map(|(of, answer)| Some((of, pick(answer).as_ref()?)));
            written.map(|(of, text)| Ok(Rule { of, program: rule(text)? })).collect()
        };
        // The preset's stands in place of the bundle's.
        let ok = both(|a| &a.ok_when)?.into_iter().next();
        let message =
            own.message.iter().chain(&shared.message).map(|t| template(t, Context::Text)).collect::<Compiled<_>>()?;
        Ok(Self { not_found: both(|a| &a.not_found_when)?, failed: both(|a| &a.failed_when)?, ok, message })
    }
}

/// Where a list is below `response`.
fn place(list: &Template) -> Option<Path> {
    match list.variables() {
        [only] if only.path.root == "response" => Some(only.path.clone()),
        _ => None,
    }
}

impl Batch {
    /// Nothing for a component, which tells itself whose an element is.
    fn compile(batch: &manifest::Batch) -> Option<Compiled<Self>> {
        let elements = match value(batch.elements.as_ref()?) {
            Ok(elements) => elements,
            Err(problem) => return Some(Err(problem)),
        };
        Some(Ok(Self { place: place(&elements), elements, key: batch.key.clone() }))
    }
}

impl Paging {
    fn compile(pages: &Pages) -> Compiled<Self> {
        let items = value(&pages.items)?;
        let place = place(&items);
        let last = pages.last_when.as_ref().map(rule).transpose()?;
        Ok(Self { items, place, end: rule(&pages.end_when)?, last, start: pages.start, max: pages.max })
    }
}

fn template(text: &Text, context: Context) -> Compiled<Template> {
    Template::compile(text.as_str(), context).map_err(|problems| {
        let first = problems.into_iter().next();
        first.unwrap_or_else(|| Problem::new("a template is wrong", text.span()))
    })
}

fn value(text: &Text) -> Compiled<Template> {
    template(text, Context::Value)
}

fn values(texts: &IndexMap<String, Text>) -> Compiled<Vec<(String, Template)>> {
    texts.iter().map(|(name, text)| Ok((name.clone(), value(text)?))).collect()
}

fn rule(text: &Text) -> Compiled<Program> {
    Program::compile(text.as_str(), Dialect::Full)
}

fn flags(texts: &IndexMap<String, Text>) -> Compiled<Vec<(String, Program)>> {
    texts.iter().map(|(name, text)| Ok((name.clone(), rule(text)?))).collect()
}
