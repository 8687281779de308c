//! Rows for a preset, from a file or from the records.
//!
//! Keeps: one row at a time is held; a cell becomes the input's declared type, strictly; an empty cell is nothing given.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use jiff::tz::TimeZone;
use presetter_bulk::Row;
use presetter_manifest::{Preset, check_inputs, parse_text_value};
use presetter_records::{Filter, Object, Records, Rule, State, Value as Field};
use presetter_rows::{Content, Format, Naming, Row as Cells, Source};
use presetter_template::Problem;
use serde_json::{Map, Value};

use crate::args::EachArgs;
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::records::form;
use crate::world::World;

/// So many records are read ahead.
const AHEAD: usize = 64;

/// Where rows come from.
pub(crate) enum Rows {
    /// A file, or standard input.
    File(FileRows),
    /// Records that match.
    Records(RecordRows),
}

/// Rows of a file.
pub(crate) struct FileRows {
    path: PathBuf,
    format: Format,
    separator: Option<u8>,
    columns: Vec<(String, String)>,
    ignore_unknown: bool,
}

/// Rows of records.
pub(crate) struct RecordRows {
    file: PathBuf,
    object: Object,
    rules: Vec<String>,
    /// Inputs, and the fields that they are.
    fields: Vec<(String, String)>,
}

/// What all rows have in common.
#[derive(Clone)]
pub(crate) struct Common {
    pub(crate) preset: Arc<Preset>,
    /// What was given for all of them.
    pub(crate) inputs: Map<String, Value>,
}

/// Rows as they come; an error is the last.
pub(crate) type Coming = Box<dyn Iterator<Item = Result<Row, String>> + Send>;

impl Rows {
    /// Checks what can be checked without reading.
    pub(crate) fn of(world: &World, args: &EachArgs, common: &Common) -> Result<Self, Failure> {
        let inputs = &common.preset.inputs;
        for (input, _) in &args.column {
            if !inputs.contains_key(input.as_str()) {
                let known: Vec<&str> = inputs.keys().map(String::as_str).collect();
                return Err(Failure::usage(format!("there is no input \"{}\"", line(input)))
                    .help(presetter_manifest::suggest(input, &known)));
            }
            if common.inputs.contains_key(input) {
                return Err(Failure::usage(format!(
                    "input \"{}\" is given for all rows, and has a column",
                    line(input)
                )));
            }
        }
        if let Some(path) = &args.each {
            let separator = args.separator.as_deref().map(separator).transpose()?;
            let format = match (path == Path::new("-"), args.form) {
                (true, None) => {
                    return Err(Failure::usage("say which form standard input has: --as csv, json or jsonl"));
                }
                _ => form(path, args.form)?,
            };
            let (columns, ignore_unknown) = (args.column.clone(), args.ignore_unknown);
            return Ok(Self::File(FileRows { path: path.clone(), format, separator, columns, ignore_unknown }));
        }
        let file = world.dirs.data.join("records.db");
        let records =
            Records::open(&file).map_err(|error| Failure::new(Exit::Invalid, format!("records.db: {error}")))?;
        let known = records.fields(args.object).map_err(|error| Failure::new(Exit::Invalid, error.to_string()))?;
        for rule in &args.each_record {
            rule.parse::<Rule>().map_err(|error| Failure::usage(error.to_string()))?;
        }
        let mut fields = Vec::new();
        for input in inputs.keys().filter(|input| !common.inputs.contains_key(*input)) {
            let named = args.column.iter().find(|(name, _)| name == input).map(|(_, field)| field.as_str());
            match (known.get(named.unwrap_or(input)), named) {
                (Ok(field), _) => fields.push((input.clone(), field.name.clone())),
                (Err(error), Some(_)) => return Err(Failure::usage(error.to_string())),
                // A field of another name is no input of it.
                (Err(_), None) => {}
            }
        }
        let (object, rules) = (args.object, args.each_record.clone());
        Ok(Self::Records(RecordRows { file, object, rules, fields }))
    }

    /// Whether they can be read a second time.
    pub(crate) fn again(&self) -> bool {
        self.file() != Some(Path::new("-"))
    }

    /// Whether they are known by their place, and not by a number that is always theirs.
    pub(crate) fn numbered(&self) -> bool {
        matches!(self, Self::File(_))
    }

    /// What they are, for a ledger and for people.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::File(_) if !self.again() => "standard input".to_owned(),
            Self::File(file) => {
                std::path::absolute(&file.path).unwrap_or_else(|_| file.path.clone()).display().to_string()
            }
            Self::Records(records) => format!("{}: {}", records.object, records.rules.join(" and ")),
        }
    }

    /// What they are, as they were named.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::File(file) if self.again() => file.path.display().to_string(),
            _ => self.name(),
        }
    }

    /// The file that they are read from.
    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            Self::File(file) => Some(&file.path),
            Self::Records(_) => None,
        }
    }

    /// Reads them from the beginning.
    pub(crate) fn read(&self, common: &Common) -> Result<Coming, Failure> {
        match self {
            Self::File(file) => file.read(common),
            Self::Records(records) => Ok(records.read(common)),
        }
    }
}

fn separator(text: &str) -> Result<u8, Failure> {
    match text {
        "," => Ok(b','),
        ";" => Ok(b';'),
        "tab" | "\\t" | "\t" => Ok(b'\t'),
        _ => Err(Failure::usage("cells are separated by , or ; or a tab: --separator ';'")),
    }
}

impl FileRows {
    fn read(&self, common: &Common) -> Result<Coming, Failure> {
        let shown = line(&self.path.display().to_string());
        let reader: Box<dyn Read + Send> = match self.path == Path::new("-") {
            true => Box::new(io::stdin()),
            false => Box::new(
                File::open(&self.path)
                    .map_err(|error| Failure::new(Exit::Invalid, format!("cannot read {shown}: {error}")))?,
            ),
        };
        let taken: HashSet<&String> = common.inputs.keys().collect();
        let names = common.preset.inputs.keys().filter(|name| !taken.contains(name)).cloned().collect();
        let columns = self.columns.iter().map(|(input, header)| (input.as_str(), header.as_str()));
        let naming = Naming::new("input", names, columns, self.ignore_unknown);
        let naming = naming.map_err(|taken| Failure::usage(taken.to_string()))?;
        let source = Source::open(reader, self.format, self.separator, naming);
        let mut source = source.map_err(|error| {
            Failure::new(Exit::Invalid, line(&format!("{shown}: {error}")))
                .help("a column with another name: --column INPUT=HEADER; columns that are no inputs: --ignore-unknown")
        })?;
        let (common, mut number, mut over) = (common.clone(), 0, false);
        Ok(Box::new(std::iter::from_fn(move || {
            if over {
                return None;
            }
            let read = match source.next() {
                Ok(read) => read?,
                Err(error) => {
                    over = true;
                    return Some(Err(format!("the rows could not be read on: {error}")));
                }
            };
            number += 1;
            let (line, inputs) = match read {
                Ok(row) => (row.line, common.of_cells(row)),
                Err(refused) => (refused.line, Err(refused.reason)),
            };
            Some(Ok(Row { number, line, name: None, inputs }))
        })))
    }
}

impl RecordRows {
    /// The records are read on a thread of their own: what is open there stays there.
    fn read(&self, common: &Common) -> Coming {
        let (give, coming) = sync_channel(AHEAD);
        let (file, object, rules) = (self.file.clone(), self.object, self.rules.clone());
        let (fields, common) = (self.fields.clone(), common.clone());
        std::thread::spawn(move || {
            let read = || -> Result<(), String> {
                let records = Records::open(&file).map_err(|error| error.to_string())?;
                let known = records.fields(object).map_err(|error| error.to_string())?;
                let rules = rules.iter().map(|rule| rule.parse::<Rule>().map(Filter::Rule));
                let all = rules.collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
                let today = World::now().to_zoned(TimeZone::system()).date();
                let matcher = Filter::All { all }.compile(&known, today).map_err(|error| error.to_string())?;
                for record in records.list(object, Some(State::Active), &matcher) {
                    let record = record.map_err(|error| error.to_string())?;
                    let value = |(input, field): &(String, String)| {
                        let value = record.get(field).filter(|value| !value.is_empty())?;
                        Some((input.clone(), value.clone()))
                    };
                    let inputs = common.of_fields(fields.iter().filter_map(value));
                    let number = record.id().number().unsigned_abs();
                    let row = Row { number, line: 0, name: Some(record.id().to_string()), inputs };
                    if give.send(Ok(row)).is_err() {
                        break;
                    }
                }
                Ok(())
            };
            if let Err(error) = read() {
                let _ = give.send(Err(error));
            }
        });
        Box::new(coming.into_iter())
    }
}

impl Common {
    fn of_cells(&self, row: Cells) -> Result<Map<String, Value>, String> {
        let (mut given, mut problems) = (Map::new(), Vec::new());
        for cell in row.cells {
            let value = match cell.content {
                // An empty cell is nothing given.
                Content::Text(text) if text.is_empty() => continue,
                Content::Text(text) => parse_text_value(&self.preset, &cell.field, &text),
                Content::Json(json) => serde_json::from_str(json.get())
                    .map_err(|error| Problem::new(format!("input \"{}\": {error}", cell.field), 0..0)),
            };
            match value {
                Ok(value) => _ = given.insert(cell.field.to_string(), value),
                Err(problem) => problems.push(problem),
            }
        }
        self.checked(given, problems)
    }

    fn of_fields(&self, fields: impl Iterator<Item = (String, Field)>) -> Result<Map<String, Value>, String> {
        let (mut given, mut problems) = (Map::new(), Vec::new());
        for (input, value) in fields {
            let json = value.to_json();
            // A text may be what the input takes another form of, and the other way about.
            let fits = self.preset.inputs.get(&input).is_some_and(|known| known.kind.accepts(&json));
            match if fits { Ok(json) } else { parse_text_value(&self.preset, &input, &value.to_text()) } {
                Ok(value) => _ = given.insert(input, value),
                Err(problem) => problems.push(problem),
            }
        }
        self.checked(given, problems)
    }

    fn checked(&self, given: Map<String, Value>, mut problems: Vec<Problem>) -> Result<Map<String, Value>, String> {
        let mut all = self.inputs.clone();
        all.extend(given);
        let checked = match check_inputs(&self.preset, all) {
            Ok(checked) => checked,
            Err(more) => {
                // What could not be read is not missing too.
                if problems.is_empty() {
                    problems = more;
                }
                Map::new()
            }
        };
        if problems.is_empty() {
            return Ok(checked);
        }
        let told = problems.iter().map(|problem| {
            // What a single run says of --set is not said of a row.
            let hint = problem.hint.as_deref().map(|hint| match hint.strip_prefix("give it with --set ") {
                Some(rest) => rest.split_once("; ").map_or("", |(_, help)| help),
                None => hint,
            });
            match hint.filter(|hint| !hint.is_empty()) {
                Some(hint) => format!("{} ({hint})", problem.message),
                None => problem.message.clone(),
            }
        });
        Err(told.collect::<Vec<_>>().join("; "))
    }
}
