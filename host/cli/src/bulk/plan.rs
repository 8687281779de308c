//! `presetter plan --each`: what would become of each row, before any is sent.
//!
//! Owns: what is counted and listed of rows. Keeps: all rows are read, one at a time is held, and nothing is sent; of a row stay two
//! digests and its place, by which a second one like it is found.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use presetter_bulk::{Again, Kind, Ledger, LedgerError, Next, Row, Turn};
use presetter_manifest::{InputKind, Preset};
use presetter_template::{Context, Template};
use serde_json::{Map, Value, json};

use super::before::Many;
use super::each::of_row;
use super::rows::{Common, Rows};
use super::show::told;
use crate::args::{PlanArgs, PlanFormat};
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::inputs;
use crate::output::{cell, count};
use crate::plan;
use crate::prepare::{self, Prepared, Sessions};
use crate::world::World;

/// So many rows of each list are told to people.
const TOLD: usize = 10;

/// Tells what a run of many rows would do.
pub(crate) async fn plan(world: &World, args: &PlanArgs) -> Result<Exit, Failure> {
    super::refuse_two_readers(&args.call, &args.each)?;
    let mut prepared = prepare::prepare_with(world, &args.call, plan::closed(), Sessions::Kept, inputs::given)?;
    if prepared.lists() {
        return Err(super::lists_itself());
    }
    let preset = Arc::new(prepared.chosen.preset.manifest.clone());
    let common = Common { preset: preset.clone(), inputs: prepared.inputs.clone() };
    let rows = Rows::of(world, &args.each, &common)?;
    let many = Many { world, prepared: &prepared, rows: &rows, common: &common };
    let earlier = earlier(&many, args)?;
    let most = if args.format == PlanFormat::Json { usize::MAX } else { TOLD };
    let mut found = Found::new(&preset, most);
    let all = many.walk(earlier.as_ref(), Again::default(), |row, next| found.see(row, next))?;
    let mut request = None;
    if let Some(Row { inputs: Ok(inputs), .. }) = &found.first {
        prepared.inputs.clone_from(inputs);
        request = plan::first(world, &prepared).await?;
    }
    let then = plan::afterwards(&prepared, args.call.confirm);
    if args.format == PlanFormat::Json {
        let mut object = plan::object(&prepared, request.as_ref(), &then);
        if let (Some(object), Value::Object(more)) = (object.as_object_mut(), found.object(&preset, all)) {
            object.extend(more);
        }
        // A closed pipe is the reader's choice, not an error.
        let _ = world.console.json(&object);
    } else {
        if let Some(request) = &request {
            plan::print(world, args.format, request);
        }
        plan::talk(world, &prepared, &then);
        found.lines(&prepared, all, earlier.is_some()).iter().for_each(|told| world.console.say(&line(told)));
    }
    Ok(if found.invalid.all > 0 { Exit::Invalid } else { Exit::Ok })
}

/// What an earlier run of these rows noted.
fn earlier(many: &Many<'_>, args: &PlanArgs) -> Result<Option<Ledger>, Failure> {
    let what = many.what()?;
    let Some(path) = args.journal.clone().or_else(|| many.own_journal(&what)) else { return Ok(None) };
    match Ledger::peek(&path, &what) {
        Ok(ledger) => Ok(Some(ledger)),
        Err(LedgerError::Missing(_)) if args.journal.is_none() => Ok(None),
        // A run could not go on with it; it may begin anew.
        Err(error) => {
            many.world
                .console
                .warn(&line(&error.to_string()), &["the plan is that of a run with --restart".to_owned()]);
            Ok(None)
        }
    }
}

/// What was found of all rows.
struct Found {
    sent: u64,
    /// Of those that would be sent, the ones that are looked for first.
    doubt: u64,
    invalid: List,
    ended: List,
    same: List,
    /// The first that would be sent.
    first: Option<Row>,
    choices: Vec<Choice>,
    /// Where inputs were first seen, by their digest.
    seen: HashMap<u64, u64>,
    /// The inputs by which the probe finds a thing again, and where they were first seen.
    keys: Vec<String>,
    keyed: HashMap<u64, u64>,
}

/// An input that takes few values, and how many rows have which: what a value causes stands in its help.
struct Choice {
    input: String,
    help: String,
    values: BTreeMap<String, (Value, u64)>,
}

/// Rows with something to tell: how many, and the first of them.
#[derive(Default)]
struct List {
    all: u64,
    most: usize,
    items: Vec<Item>,
}

struct Item {
    which: String,
    /// As results name the row.
    row: Value,
    what: What,
}

enum What {
    /// It is wrong.
    Invalid(String),
    /// It ended before.
    Ended(Kind),
    /// The same inputs, or the same of these, were seen at another row: the line of that, or the record.
    Same { of: Value, keys: Vec<String> },
}

impl Found {
    fn new(preset: &Preset, most: usize) -> Self {
        let list = || List { most, ..List::default() };
        let few = preset.inputs.iter().filter(|(_, input)| input.allowed.is_some() || input.kind == InputKind::Boolean);
        let choice = |(name, input): (&String, &presetter_manifest::Input)| Choice {
            input: name.clone(),
            help: input.help.clone(),
            values: BTreeMap::new(),
        };
        Self {
            sent: 0,
            doubt: 0,
            invalid: list(),
            ended: list(),
            same: list(),
            first: None,
            choices: few.map(choice).collect(),
            seen: HashMap::new(),
            keys: keys(preset),
            keyed: HashMap::new(),
        }
    }

    fn see(&mut self, row: &Row, next: Option<Next>) {
        let inputs = match &row.inputs {
            Ok(inputs) => inputs,
            Err(why) => return self.invalid.add(row, || What::Invalid(why.clone())),
        };
        self.compare(row, inputs);
        match next {
            Some(Next::Run(turn)) => {
                self.sent += 1;
                self.doubt += u64::from(turn == Turn::Doubt);
                self.choices.iter_mut().for_each(|choice| choice.see(inputs));
                self.first.get_or_insert_with(|| row.clone());
            }
            Some(Next::Told(kind)) => self.ended.add(row, || What::Ended(kind)),
            Some(Next::Unknown) => self.ended.add(row, || What::Ended(Kind::Unknown)),
            Some(Next::Changed) | None => {}
        }
    }

    /// Looks for an earlier row that is the same, or names the same thing.
    fn compare(&mut self, row: &Row, inputs: &Map<String, Value>) {
        let place = if row.name.is_some() { row.number } else { row.line };
        let of = |first: u64| match &row.name {
            // Records of one run are of one object.
            Some(name) => json!(format!("{}-{first}", name.split('-').next().unwrap_or_default())),
            None => json!(first),
        };
        let key: Map<String, Value> =
            self.keys.iter().filter_map(|name| Some((name.clone(), inputs.get(name)?.clone()))).collect();
        let keyed = (!key.is_empty()).then(|| *self.keyed.entry(Ledger::digest(&key)).or_insert(place));
        let first = *self.seen.entry(Ledger::digest(inputs)).or_insert(place);
        if first != place {
            self.same.add(row, || What::Same { of: of(first), keys: Vec::new() });
        } else if let Some(first) = keyed.filter(|first| *first != place) {
            self.same.add(row, || What::Same { of: of(first), keys: key.keys().cloned().collect() });
        }
    }

    fn object(&self, preset: &Preset, all: u64) -> Value {
        let choice = |choice: &Choice| {
            let values = choice.values.values().map(|(value, rows)| json!({ "value": value, "rows": rows }));
            json!({ "input": choice.input, "help": choice.help, "values": values.collect::<Vec<_>>() })
        };
        json!({
            "row": self.first.as_ref().map(of_row),
            "rows": {
                "all": all, "sent": self.sent, "in_doubt": self.doubt, "invalid": self.invalid.all, "ended_before": self.ended.all,
                "same": self.same.all,
            },
            "effects": { preset.effect.name(): self.sent },
            "choices": self.choices.iter().map(choice).collect::<Vec<_>>(),
            "invalid": self.invalid.objects(),
            "same": self.same.objects(),
            "ended_before": self.ended.objects(),
        })
    }

    fn lines(&self, prepared: &Prepared, all: u64, earlier: bool) -> Vec<String> {
        let effect = prepared.chosen.preset.manifest.effect;
        let own = prepared.writes() && !effect.writes();
        let effect = if own { "a body of your own, which may change something" } else { effect.name() };
        let mut parts = vec![format!("{} would be sent ({effect})", self.sent)];
        for (list, what) in [(&self.invalid, "invalid"), (&self.ended, "ended before"), (&self.same, "like one before")]
        {
            if list.all > 0 {
                parts.push(format!("{} {what}", list.all));
            }
        }
        let mut lines = Vec::new();
        lines.extend(self.first.as_ref().map(|row| format!("that is the request of {}", row.which())));
        lines.push(format!("{}: {}", count(all, "row"), parts.join(", ")));
        if self.doubt > 0 {
            lines.push(format!("{} may have been sent before: the preset looks first", count(self.doubt, "row")));
        }
        lines.extend(self.choices.iter().filter_map(Choice::line));
        for list in [&self.invalid, &self.ended, &self.same] {
            lines.extend(list.lines());
        }
        if earlier {
            lines.push("an earlier run of these rows has a journal: --resume goes on with it".to_owned());
        }
        lines
    }
}

impl Choice {
    fn see(&mut self, inputs: &Map<String, Value>) {
        let value = inputs.get(&self.input).unwrap_or(&Value::Null);
        self.values.entry(value.to_string()).or_insert_with(|| (value.clone(), 0)).1 += 1;
    }

    /// `welcome_email: 1 in 3 rows, not given in 1 row (1 sends a welcome e-mail, 0 does not)`.
    fn line(&self) -> Option<String> {
        let value = |(value, rows): &(Value, u64)| match value {
            Value::Null => format!("not given in {}", count(*rows, "row")),
            value => format!("{} in {}", cell(value), count(*rows, "row")),
        };
        let values: Vec<String> = self.values.values().map(value).collect();
        let help = if self.help.is_empty() { String::new() } else { format!(" ({})", self.help) };
        (!values.is_empty()).then(|| format!("{}: {}{help}", self.input, values.join(", ")))
    }
}

impl List {
    fn add(&mut self, row: &Row, what: impl FnOnce() -> What) {
        self.all += 1;
        if self.items.len() < self.most {
            self.items.push(Item { which: row.which(), row: of_row(row), what: what() });
        }
    }

    fn objects(&self) -> Vec<Value> {
        self.items.iter().map(Item::object).collect()
    }

    fn lines(&self) -> impl Iterator<Item = String> {
        let more = self.all - self.items.len() as u64;
        let more = (more > 0).then(|| format!("and {more} more of them: --format json lists all"));
        self.items.iter().map(Item::line).chain(more)
    }
}

impl Item {
    fn object(&self) -> Value {
        let mut object = self.row.clone();
        match &self.what {
            What::Invalid(why) => object["message"] = why.clone().into(),
            What::Ended(kind) => object["outcome"] = kind.name().into(),
            What::Same { of, keys } => {
                object["as"] = of.clone();
                object["inputs"] = keys.clone().into();
            }
        }
        object
    }

    fn line(&self) -> String {
        let which = &self.which;
        match &self.what {
            What::Invalid(why) => format!("{which}: invalid: {why}"),
            What::Ended(kind) => format!("{which}: ended before: {}", told(*kind)),
            What::Same { of, keys } => {
                let of = if of.is_number() { format!("line {of}") } else { cell(of) };
                match keys.is_empty() {
                    true => format!("{which}: the same as {of}"),
                    false => format!("{which}: the same {} as {of}", keys.join(" and ")),
                }
            }
        }
    }
}

/// The inputs by which the preset's probe finds a thing: two rows that have the same of them name the same thing.
fn keys(preset: &Preset) -> Vec<String> {
    let templates = preset.probe.iter().flat_map(|probe| probe.inputs.values());
    let templates = templates.filter_map(|text| Template::compile(text.as_str(), Context::Value).ok());
    let mut keys: Vec<String> = Vec::new();
    for template in templates {
        for variable in template.variables() {
            let name = &variable.path.root;
            if preset.inputs.contains_key(name) && !keys.contains(name) {
                keys.push(name.clone());
            }
        }
    }
    keys
}
