//! CSV, for a spreadsheet: a line for each row, and a column for each output that is known beforehand.

use serde_json::Value;

use super::{About, Form, Told, Totals};
use crate::output::cell;
use crate::runs::csv;

/// Fields of a line that have a column, in this order.
const FIELDS: [&str; 9] =
    ["outcome", "class", "message", "hint", "evidence", "response_status", "requests", "duration_ms", "resumed"];

pub(super) struct Csv {
    records: bool,
    outputs: Vec<String>,
    mapped: Vec<String>,
}

impl Csv {
    pub(super) fn new(about: &About) -> Self {
        Self { records: about.records, outputs: about.outputs.clone(), mapped: about.mapped.clone() }
    }

    fn place(&self) -> &'static [&'static str] {
        if self.records { &["record"] } else { &["row", "line"] }
    }
}

impl Form for Csv {
    fn head(&self, _: &Totals) -> String {
        let mut columns: Vec<String> = self.place().iter().chain(&FIELDS).map(|name| (*name).to_owned()).collect();
        // A preset of its own code need not say what it returns.
        if self.outputs.is_empty() {
            columns.push("outputs".to_owned());
        }
        columns.extend(self.outputs.iter().map(|name| csv(&format!("outputs.{name}"))));
        columns.extend(self.mapped.iter().map(|name| csv(&format!("mapped.{name}"))));
        columns.join(",") + "\n"
    }

    fn row(&mut self, told: &Told<'_>) -> String {
        let fields = told.fields;
        let mut cells: Vec<String> = self.place().iter().chain(&FIELDS).map(|name| plain(&fields[*name])).collect();
        if self.outputs.is_empty() {
            cells.push(told.values("outputs").map(|all| plain(&Value::Object(all.clone()))).unwrap_or_default());
        }
        cells.extend(self.outputs.iter().map(|name| plain(&fields["outputs"][name])));
        cells.extend(self.mapped.iter().map(|name| plain(&fields["mapped"][name])));
        cells.join(",") + "\n"
    }

    fn foot(&self, _: &Totals) -> String {
        String::new()
    }
}

/// Texts as they are, but for what a spreadsheet would take for a formula; numbers are none; nothing is nothing.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => csv(text),
        Value::Number(_) | Value::Bool(_) => cell(value),
        Value::Array(_) | Value::Object(_) => csv(&cell(value)),
    }
}
