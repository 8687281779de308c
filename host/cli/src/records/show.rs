//! Records on the terminal: a list, and one with its history.

use presetter_records::{Fields, HistoryEntry, Object, Record, Value};
use serde_json::{Value as Json, json};

use super::{broken, named, open, which, wrong};
use crate::args::{RecordsListArgs, RecordsShowArgs, TableFormat};
use crate::console::{Paint, line, painted};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{aligned, count, width};
use crate::world::World;

/// The widest column, in characters; what is longer is cut.
const WIDEST: usize = 40;
/// How many rows a table measures its columns by; those that follow keep to them.
const MEASURED: usize = 200;
/// How many changes are read at once.
const PAGE: u32 = 1000;

/// Follows `presetter records list`.
pub(crate) fn list(world: &World, args: &RecordsListArgs) -> Result<Exit, Failure> {
    let records = open(world)?;
    let fields = records.fields(args.object).map_err(|error| broken(&error))?;
    let (state, matcher) = which(&fields, &args.which)?;
    let columns = columns(&fields, args)?;
    let mut table = Table { world, columns: &columns, rows: Vec::new(), widths: None };
    let mut done = 0;
    for record in records.list(args.object, state, &matcher).take(args.limit.unwrap_or(usize::MAX)) {
        let record = record.map_err(|error| broken(&error))?;
        let written = match args.format {
            TableFormat::Json => world.console.json(&json!(record)),
            TableFormat::Table => table.row(&record),
        };
        if written.is_err() {
            // Nobody reads on.
            return Ok(Exit::Ok);
        }
        done += 1;
    }
    let _ = table.end();
    if args.format == TableFormat::Table {
        world.console.say(&count(done, "record"));
    }
    Ok(Exit::Ok)
}

fn columns(fields: &Fields, args: &RecordsListArgs) -> Result<Vec<String>, Failure> {
    if args.field.is_empty() {
        let usual: &[&str] = match args.object {
            Object::Users => &["email", "name", "department", "title", "end_date"],
            Object::SaasUsers => &["software", "email", "name", "role", "active"],
            Object::Software => &["name", "title"],
        };
        return Ok(usual.iter().map(|name| (*name).to_owned()).collect());
    }
    args.field
        .iter()
        .map(|name| fields.get(name).map(|field| field.name.clone()).map_err(|error| wrong(&error)))
        .collect()
}

/// A table that grows: its columns are as wide as its first rows need.
struct Table<'t> {
    world: &'t World,
    columns: &'t [String],
    rows: Vec<Vec<String>>,
    widths: Option<Vec<usize>>,
}

impl Table<'_> {
    fn row(&mut self, record: &Record) -> std::io::Result<()> {
        let cells = self.columns.iter().map(|name| cell(record.get(name)));
        let cells: Vec<String> = std::iter::once(record.id().to_string()).chain(cells).collect();
        match &self.widths {
            Some(widths) => self.print(&cells, widths),
            None => {
                self.rows.push(cells);
                if self.rows.len() == MEASURED { self.end() } else { Ok(()) }
            }
        }
    }

    /// Prints what was kept to measure it.
    fn end(&mut self) -> std::io::Result<()> {
        if self.widths.is_some() || self.rows.is_empty() {
            return Ok(());
        }
        let header: Vec<String> =
            std::iter::once("id").chain(self.columns.iter().map(String::as_str)).map(str::to_owned).collect();
        let rows = std::mem::take(&mut self.rows);
        let wide = |at: usize| rows.iter().chain([&header]).map(|row| width(&row[at])).max().unwrap_or(0);
        let widths: Vec<usize> = (0..header.len()).map(wide).collect();
        self.print(&header, &widths)?;
        rows.iter().try_for_each(|row| self.print(row, &widths))?;
        self.widths = Some(widths);
        Ok(())
    }

    fn print(&self, cells: &[String], widths: &[usize]) -> std::io::Result<()> {
        let padded = cells
            .iter()
            .zip(widths)
            .map(|(cell, wide)| format!("{cell}{}", " ".repeat(wide.saturating_sub(width(cell)))));
        self.world.console.data(padded.collect::<Vec<_>>().join("  ").trim_end())
    }
}

fn cell(value: Option<&Value>) -> String {
    let shown = value.map(|value| line(&value.to_text())).unwrap_or_default();
    match shown.char_indices().nth(WIDEST) {
        Some((at, _)) => format!("{}...", &shown[..at.min(shown.len())]),
        None => shown,
    }
}

/// Follows `presetter records show`.
pub(crate) fn show(world: &World, args: &RecordsShowArgs) -> Result<Exit, Failure> {
    let records = open(world)?;
    let id = named(&records, &args.record)?;
    let Some(record) = records.get(id).map_err(|error| broken(&error))? else {
        return Err(Failure::new(Exit::NotFound, format!("there is no record {id}")));
    };
    let mut history: Vec<HistoryEntry> = Vec::new();
    loop {
        let after = history.last().map_or(0, |entry| entry.sequence);
        let page = records.history(id, after, PAGE).map_err(|error| broken(&error))?;
        let last = page.len() < PAGE as usize;
        history.extend(page);
        if last {
            break;
        }
    }
    if args.format == TableFormat::Json {
        let mut object = json!(record);
        object["history"] = json!(history);
        let _ = world.console.json(&object);
        return Ok(Exit::Ok);
    }
    let color = world.console.color();
    let mut rows = vec![("id".to_owned(), id.to_string()), ("state".to_owned(), record.state().name().to_owned())];
    rows.extend(record.values().map(|(name, value)| (name.to_owned(), shown(Some(value)))));
    let mut lines = aligned(&rows, "", color);
    lines.push(String::new());
    lines.push(painted(Paint::Bold, "history", color));
    for entry in &history {
        // To the second; JSON has all of it.
        let at = entry.at.strftime("%Y-%m-%d %H:%M:%S UTC");
        lines.push(format!("  {at}  {} by {}", entry.effect.name(), cause(entry)));
        lines.extend(entry.fields.iter().map(|field| {
            let old = field.old.as_ref().map(|old| format!("{} -> ", shown(Some(old)))).unwrap_or_default();
            format!("    {}  {old}{}", field.field, shown(Some(&field.new)))
        }));
    }
    let _ = world.console.data(&lines.join("\n"));
    Ok(Exit::Ok)
}

fn shown(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Empty) => "(empty)".to_owned(),
        Some(value) => line(&value.to_text()),
    }
}

/// Who and why, in a few words.
fn cause(entry: &HistoryEntry) -> String {
    let cause = &entry.cause;
    let said = |name: &str| cause.detail.get(name).and_then(Json::as_str).map(|text| format!(", {}", line(text)));
    let more = ["file", "reason"].into_iter().filter_map(said).collect::<String>();
    format!("{} ({}{more})", line(&cause.by), cause.kind.name())
}
