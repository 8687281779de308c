//! What a block gives, filled in from a record and variables.

use indexmap::IndexMap;
use presetter_journal::seam::Failure;
use presetter_template::Template;
use serde_json::{Map, Value};

use crate::Package;
use crate::definition::{Filled, Source};
use crate::values::{Known, empty};

impl Package {
    /// Values of a block, or which are empty and where they should have come from.
    pub(crate) fn fill(
        &self,
        known: &Known,
        filled: &IndexMap<String, Filled>,
        what: &str,
    ) -> Result<Map<String, Value>, Failure> {
        let mut values = Map::new();
        let mut wrong = Vec::new();
        for (name, filled) in filled {
            match &filled.value {
                Source::Plain(value) => _ = values.insert(name.clone(), value.clone()),
                Source::Template(_, template) => match self.render(known, template) {
                    Ok(value) if value.is_null() => {}
                    Ok(value) => _ = values.insert(name.clone(), value),
                    Err(why) => wrong.push(format!("{what} {name} ({}): {why}", self.place(filled.span.start))),
                },
            }
        }
        if wrong.is_empty() { Ok(values) } else { Err(Failure::new("empty", wrong.join("; "))) }
    }

    pub(crate) fn render(&self, known: &Known, template: &Template) -> Result<Value, String> {
        let missing = empty(template, known, self.workflow.object, &self.mappings);
        if !missing.is_empty() {
            return Err(missing.join(", "));
        }
        template.render_value(known).map_err(|error| {
            error.problems.first().map_or_else(|| "it cannot be rendered".to_owned(), |problem| problem.message.clone())
        })
    }

    /// `FILE:LINE` of a place in the workflow.
    pub(crate) fn place(&self, at: usize) -> String {
        let workflow = &self.workflow;
        let line = workflow.source.get(..at).unwrap_or("").matches('\n').count() + 1;
        format!("{}:{line}", workflow.file)
    }
}
