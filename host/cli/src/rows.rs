//! Listed rows, printed as they come: JSON lines, or a table.
//!
//! Owns: the layout of the table. Keeps: memory stays flat however many rows come; a table's columns are as wide as the
//! first rows need.

use serde_json::Value;

use crate::args::Format;
use crate::console::{Console, Paint, line, painted};
use crate::output::{cell, width};

/// How many rows a table looks at before it settles its columns.
const LOOK_AHEAD: usize = 100;
/// The widest column; longer cells push the rest of their row to the right.
const MAX_COLUMN: usize = 40;

/// Prints rows.
pub(crate) struct Rows {
    format: Format,
    /// Rows that wait for the columns.
    waiting: Vec<Value>,
    columns: Option<Vec<(String, usize)>>,
    /// How many rows came.
    pub(crate) count: u64,
}

impl Rows {
    pub(crate) fn new(format: Format) -> Self {
        Self { format, waiting: Vec::new(), columns: None, count: 0 }
    }

    /// One more row. False if nobody reads any more.
    pub(crate) fn add(&mut self, row: Value, console: &Console) -> bool {
        self.count += 1;
        match self.format {
            Format::Raw => true,
            Format::Json => console.json(&row).is_ok(),
            Format::Table if self.columns.is_some() => self.print(&row, console),
            Format::Table => {
                self.waiting.push(row);
                self.waiting.len() < LOOK_AHEAD || self.settle(console)
            }
        }
    }

    /// No more rows come.
    pub(crate) fn end(&mut self, console: &Console) -> bool {
        self.waiting.is_empty() || self.settle(console)
    }

    fn settle(&mut self, console: &Console) -> bool {
        let waiting = std::mem::take(&mut self.waiting);
        let mut columns: Vec<(String, usize)> = Vec::new();
        for (name, value) in waiting.iter().filter_map(Value::as_object).flatten() {
            let wanted = width(&cell(value)).max(width(&line(name))).min(MAX_COLUMN);
            match columns.iter_mut().find(|(known, _)| known == name) {
                Some((_, known)) => *known = wanted.max(*known),
                None => columns.push((name.clone(), wanted)),
            }
        }
        let head: Vec<String> = columns.iter().map(|(name, width)| format!("{:<width$}", line(name))).collect();
        let head = painted(Paint::Bold, head.join("  ").trim_end(), console.color());
        self.columns = Some(columns);
        console.data(&head).is_ok() && waiting.iter().all(|row| self.print(row, console))
    }

    fn print(&self, row: &Value, console: &Console) -> bool {
        let columns = self.columns.as_deref().unwrap_or_default();
        let cells: Vec<String> =
            columns.iter().map(|(name, width)| format!("{:<width$}", cell(&row[name.as_str()]))).collect();
        console.data(cells.join("  ").trim_end()).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use presetter_secret::Redactor;
    use serde_json::json;

    use crate::console::tests::console;

    use super::*;

    #[test]
    fn a_table_settles_its_columns_and_streams_on() {
        let (console, out, _) = console(Redactor::new());
        let mut rows = Rows::new(Format::Table);
        for n in 0..LOOK_AHEAD {
            assert_eq!(out.read(), "", "nothing is printed before the columns are known");
            rows.add(json!({"id": n, "name": "x\u{1b}y"}), &console);
        }
        let shown = out.read();
        assert_eq!(shown.lines().take(2).collect::<Vec<_>>(), ["id  name", "0   x?y"]);
        assert_eq!(shown.lines().count(), LOOK_AHEAD + 1);
        rows.add(json!({"id": "a long one", "name": null}), &console);
        assert!(out.read().ends_with("\na long one  -\n"), "{}", out.read());
        assert!(rows.end(&console));
        assert_eq!(rows.count, 101);
    }

    #[test]
    fn a_short_list_is_printed_at_its_end() {
        let (console, out, _) = console(Redactor::new());
        let mut rows = Rows::new(Format::Table);
        rows.add(json!({"id": 1}), &console);
        rows.end(&console);
        assert_eq!(out.read(), "id\n1\n");
    }

    #[test]
    fn json_rows_are_lines() {
        let (console, out, _) = console(Redactor::new());
        let mut rows = Rows::new(Format::Json);
        rows.add(json!({"a": "é\n"}), &console);
        rows.add(json!({"a": 2}), &console);
        assert_eq!(out.read(), "{\"a\":\"é\\n\"}\n{\"a\":2}\n");
    }
}
