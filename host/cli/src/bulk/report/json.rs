//! One JSON object: the rows as their lines are, then the totals.

use serde_json::{Map, Value, json};

use super::{About, Form, Told, Totals};
use crate::console::json_text;
use crate::output::milliseconds;

pub(super) struct Json {
    about: About,
    /// A row was written.
    any: bool,
}

impl Json {
    pub(super) fn new(about: &About) -> Self {
        Self { about: about.clone(), any: false }
    }
}

impl Form for Json {
    fn head(&self, _: &Totals) -> String {
        let About { preset, connection, rows, begun, .. } = &self.about;
        let about = json!({ "preset": preset, "connection": connection, "source": rows, "begun": begun });
        let about = json_text(&about);
        format!("{},\"rows\":[", about.strip_suffix('}').unwrap_or(&about))
    }

    fn row(&mut self, told: &Told<'_>) -> String {
        let between = if std::mem::replace(&mut self.any, true) { ",\n" } else { "\n" };
        format!("{between}{}", json_text(told.fields))
    }

    fn foot(&self, totals: &Totals) -> String {
        let mut counts = Map::new();
        counts.insert("rows".to_owned(), totals.rows().into());
        counts.extend(totals.kinds.iter().map(|(kind, count)| (kind.name().to_owned(), Value::from(*count))));
        let more = json!({
            "totals": counts,
            "classes": totals.classes,
            "duration_ms": milliseconds(totals.took),
            "stopped": totals.stopped,
        });
        let more = json_text(&more);
        format!("\n],{}\n", more.strip_prefix('{').unwrap_or(&more))
    }
}
