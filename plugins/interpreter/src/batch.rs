//! Many rows in one request: whose each element of the answer is, and what it says.
//!
//! Each element is judged as an answer of its own, and its row gets no other. An answer that is no success, or has no list, is
//! judged as a whole. Nothing is guessed: a row that no element speaks of, or more than one, has class `unanswered`.

use std::collections::{HashMap, HashSet};

use presetter_manifest::Point;
use serde_json::{Map, Value, json};

use crate::answer::{Answer, Judgement};
use crate::output;
use crate::recipe::{Batch, Recipe};
use crate::run::{Finished, Run, Verdict};
use crate::search::plain;
use crate::trace::Trace;

#[cfg(test)]
mod tests;

type Row = Map<String, Value>;

/// Rows that go together.
pub(crate) struct Together<'a> {
    pub(crate) run: &'a Run<'a>,
    pub(crate) name: &'a str,
    pub(crate) recipe: &'a Recipe,
    pub(crate) batch: &'a Batch,
    pub(crate) rows: &'a [Row],
}

impl Together<'_> {
    /// One request for all rows; a result for each, in their order.
    pub(crate) fn send(&self) -> Vec<Finished> {
        let all = |failed: Finished| vec![failed; self.rows.len()];
        let keys = match self.keys() {
            Ok(keys) => keys,
            Err(message) => return all(Finished::failed("input", &message)),
        };
        let values = Map::from_iter([("rows".to_owned(), json!(self.rows))]);
        let answer = match self.run.door.call(self.name, &values) {
            Ok(raw) => Answer::new(raw),
            Err(refusal) => return all(Finished::refused(&refusal)),
        };
        let list = self.batch.elements.render_value(&answer.names(&Map::new(), self.run.settings()));
        match list {
            Ok(Value::Array(list)) if (200..300).contains(&answer.status) => self.each(&answer, &list, keys.as_deref()),
            _ => self.rows.iter().map(|row| self.whole(&answer, row)).collect(),
        }
    }

    /// The key of each row, if rows have keys.
    fn keys(&self) -> Result<Option<Vec<String>>, String> {
        let Some(known) = &self.batch.key else { return Ok(None) };
        let input = &known.input;
        let mut seen = HashSet::new();
        let mut keys = Vec::new();
        for row in self.rows {
            let key = known.of(row);
            let key = key.ok_or_else(|| format!("a row has no \"{input}\", by which its element is known"))?;
            if !seen.insert(key.clone()) {
                return Err(format!("two rows have the same \"{input}\", \"{key}\"; nothing was sent"));
            }
            keys.push(key);
        }
        Ok(Some(keys))
    }

    /// An answer with a list: what its element says of each row.
    fn each(&self, answer: &Answer, list: &[Value], keys: Option<&[String]>) -> Vec<Finished> {
        let Some(field) = self.batch.key.as_ref().map(|key| key.field.as_str()) else {
            if list.len() == self.rows.len() {
                return self.rows.iter().zip(list).map(|(row, element)| self.element(answer, row, element)).collect();
            }
            let why = format!(
                "the answer has {} elements for {} rows, so nothing tells whose each is",
                list.len(),
                self.rows.len()
            );
            return self.rows.iter().map(|_| self.unanswered(answer, &why)).collect();
        };
        let mut of: HashMap<String, Vec<&Value>> = HashMap::new();
        for element in list {
            if let Some(key) = element.get(field).and_then(plain) {
                of.entry(key).or_default().push(element);
            }
        }
        let one = |(row, key): (&Row, &String)| match of.get(key).map(Vec::as_slice) {
            Some([element]) => self.element(answer, row, element),
            Some(_) => self.unanswered(answer, &format!("the answer has more than one element with {field} \"{key}\"")),
            None => self.unanswered(answer, &format!("the answer has no element with {field} \"{key}\"")),
        };
        self.rows.iter().zip(keys.unwrap_or_default()).map(one).collect()
    }

    fn element(&self, answer: &Answer, row: &Row, element: &Value) -> Finished {
        let trace = Trace::default();
        let finished = self.run.says(self.recipe, &answer.element(element), row, &trace);
        Finished { trace: trace.points(), ..finished }
    }

    /// An answer without a list: what it says of all rows holds for each.
    fn whole(&self, answer: &Answer, row: &Row) -> Finished {
        let trace = Trace::default();
        let judged = answer.judge(&self.recipe.rules, row, self.run.settings(), &answer.response, &trace);
        let finished = match judged {
            Judgement::Failed(class, message) => Finished::failed(class, &message),
            Judgement::NotFound(evidence) if self.rows.len() > 1 => {
                let message = format!(
                    "the API says of all {} rows together that something is not there ({evidence})",
                    self.rows.len()
                );
                Finished::failed("refused", &message)
            }
            Judgement::NotFound(evidence) => Finished::new(Verdict::not_found(evidence)),
            Judgement::Ok => return self.unanswered(answer, "the answer has no list where [batch] expects one"),
        };
        Finished { trace: trace.points(), ..finished.with(answer, self.shown(answer)) }
    }

    /// Nothing tells what became of a row.
    fn unanswered(&self, answer: &Answer, why: &str) -> Finished {
        let finished = Finished::failed("unanswered", why).with(answer, self.shown(answer));
        Finished { trace: vec![Point::NoElement], ..finished }
    }

    /// What a row may show of an answer to several: nothing of the others.
    fn shown(&self, answer: &Answer) -> Value {
        match self.rows {
            [_] => answer.response.clone(),
            _ => output::narrowed(answer, self.batch.place.as_ref(), None),
        }
    }
}
