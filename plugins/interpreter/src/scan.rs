//! A list, read page by page: every item is listed as a row, or compared with what is searched for.
//!
//! "Not found" needs a complete scan: the last page is proven by the manifest's rules, no page came twice, and at least one
//! row was seen. A list that is empty from the start proves nothing, and neither does one whose rows lack the field that
//! they are compared by. Where the server filters, its "nothing" is checked without the filter (`widen`).

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use presetter_expr::EvalError;
use presetter_manifest::Point;
use serde_json::{Map, Value};

use crate::answer::{Answer, Judgement};
use crate::output;
use crate::recipe::{Paging, Recipe};
use crate::run::{Finished, Run, Verdict};
use crate::search::{self, Key};
use crate::trace::Trace;

/// A scan of one preset's list.
pub(crate) struct Scan<'a> {
    pub(crate) run: &'a Run<'a>,
    pub(crate) name: &'a str,
    pub(crate) recipe: &'a Recipe,
    pub(crate) pages: &'a Paging,
    pub(crate) inputs: &'a Map<String, Value>,
    pub(crate) trace: &'a Trace,
}

/// What the scan has come to so far.
#[derive(Default)]
struct Progress {
    pages: u32,
    rows: u64,
    seen_pages: HashSet<u64>,
    found: Option<(Value, Answer)>,
    /// Whether an item has one of several keys, and not the others.
    partial: bool,
    /// Fields that no item has had so far, of those that items are compared by.
    unseen: Vec<String>,
}

impl Progress {
    fn evidence(&self) -> String {
        let s = |n: u64| if n == 1 { "" } else { "s" };
        format!("scan of {} page{}, {} row{}", self.pages, s(self.pages.into()), self.rows, s(self.rows))
    }
}

/// Whether the scan goes on after a page.
enum Step {
    Next,
    Complete,
    End(Verdict),
}

impl Scan<'_> {
    /// Reads the list; once more without the filter if the filter found nothing.
    pub(crate) fn read(&self) -> Finished {
        let keys = match &self.recipe.find {
            None => None,
            Some(find) => match search::keys(find, self.inputs, self.run.settings()) {
                Ok(keys) => Some(keys),
                Err(message) => return Finished::failed("input", &message),
            },
        };
        let filtered = self.pass(keys.as_deref(), true);
        let widen = self.recipe.find.as_ref().is_some_and(|find| find.widen);
        if !widen || filtered.verdict.kind != "not-found" {
            return filtered;
        }
        self.trace.reached(Point::Widened);
        self.pass(keys.as_deref(), false)
    }

    /// One pass through all pages. `narrow` is what the request's templates know by that name.
    fn pass(&self, keys: Option<&[Key]>, narrow: bool) -> Finished {
        let unseen = keys.iter().flat_map(|keys| keys.iter()).map(|key| key.field.clone()).collect();
        let mut progress = Progress { unseen, ..Progress::default() };
        let mut values = self.inputs.clone();
        if keys.is_some() {
            values.insert("narrow".into(), narrow.into());
        }
        let mut last = None;
        for page in self.pages.start..self.pages.start.saturating_add(self.pages.max) {
            if page > self.pages.start {
                self.trace.reached(Point::NextPage);
            }
            values.insert("page".into(), page.into());
            let answer = match self.run.door.call(self.name, &values) {
                Ok(raw) => Answer::new(raw),
                Err(refusal) => return Finished::refused(&refusal),
            };
            let step = self.page(keys, page, &answer, &mut progress);
            last = Some(answer);
            match step {
                Step::Next => {}
                Step::Complete => return self.complete(keys, progress, last.as_ref()),
                Step::End(verdict) => return self.ended(verdict, last.as_ref()),
            }
        }
        self.trace.reached(Point::MostPages);
        let message = format!("the list is longer than the {} pages that are read (max in [pages])", self.pages.max);
        self.ended(Verdict::failed("incomplete", &message), last.as_ref())
    }

    fn page(&self, keys: Option<&[Key]>, page: u32, answer: &Answer, progress: &mut Progress) -> Step {
        let (inputs, settings) = (self.inputs, self.run.settings());
        let end = |class: &str, message: String| Step::End(Verdict::failed(class, &message));
        let undecided = |e: EvalError| end("answer", format!("the page cannot be judged: {e}"));
        let (listed, list) = match self.pages.items.render_value(&answer.names(inputs, settings)) {
            Ok(Value::Array(list)) => (true, Value::Array(list)),
            // `{{optional ...}}`: the author says that an empty list may be left out.
            Ok(Value::Null) => (true, Value::Array(Vec::new())),
            _ => (false, Value::Array(Vec::new())),
        };
        let page_value = Value::from(page);
        let vars = || answer.vars(inputs, settings).with("items", &list).with("page", &page_value);

        // Judged first: an answer that failed is never the end of a list, however empty it looks.
        let shown = self.shown(answer, None);
        let judged = answer.judge(&self.recipe.rules, inputs, settings, &shown, self.trace);
        if let Judgement::Failed(class, message) = judged {
            return end(class, message);
        }
        let ends = match self.pages.end.test(&vars()) {
            Ok(ends) => ends,
            Err(e) => return undecided(e),
        };
        match judged {
            Judgement::NotFound(_) if ends => return self.past_the_end(),
            // For a list of everything, "there is nobody" is an answer like any other.
            Judgement::NotFound(evidence) if page == self.pages.start && keys.is_none() => {
                return Step::End(Verdict::ok(evidence));
            }
            Judgement::NotFound(evidence) if page == self.pages.start => {
                return Step::End(Verdict::not_found(evidence).saying(search::nobody(keys)));
            }
            Judgement::NotFound(evidence) => {
                return end(
                    "incomplete",
                    format!("page {page} ended the list in a way that [pages] does not state ({evidence})"),
                );
            }
            _ if !listed => return end("answer", format!("page {page} has no list where [pages] expects one")),
            _ if ends => return self.past_the_end(),
            _ => {}
        }
        let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
        progress.pages += 1;
        if !items.is_empty() && !progress.seen_pages.insert(hash(&list)) {
            return end(
                "incomplete",
                format!("page {page} is the same as an earlier one: the server does not page as expected"),
            );
        }
        for item in items {
            progress.rows += 1;
            if let Err(verdict) = self.item(keys, item, answer, progress) {
                return Step::End(verdict);
            }
        }
        if progress.found.is_some() && self.takes_first() {
            return Step::Complete;
        }
        match self.pages.last.as_ref().map(|last| last.test(&vars())) {
            Some(Ok(true)) => {
                self.trace.reached(Point::LastPage);
                Step::Complete
            }
            Some(Err(e)) => undecided(e),
            _ => Step::Next,
        }
    }

    fn past_the_end(&self) -> Step {
        self.trace.reached(Point::EndOfPages);
        Step::Complete
    }

    fn item(
        &self,
        keys: Option<&[Key]>,
        item: &Value,
        answer: &Answer,
        progress: &mut Progress,
    ) -> Result<(), Verdict> {
        if let Some(fields) = &self.recipe.rows {
            let row = output::fields(fields, answer, Some(item), self.inputs, self.run.settings())
                .map_err(|m| Verdict::failed("answer", &m))?;
            let handed = self.run.door.emit(&Value::Object(row));
            handed.map_err(|refusal| Verdict::failed(refusal.class(), &refusal.message))?;
        }
        let Some(keys) = keys else { return Ok(()) };
        progress.unseen.retain(|field| item.get(field).is_none());
        let matching = keys.iter().filter(|key| key.fits(item)).count();
        if matching < keys.len() {
            progress.partial |= matching > 0;
            return Ok(());
        }
        match &progress.found {
            // A list that moves while it is read may show a row twice.
            Some((before, _)) if before == item => Ok(()),
            Some(_) if self.takes_first() => Ok(()),
            Some(_) => {
                self.trace.reached(Point::FoundSeveral);
                Err(Verdict::failed("ambiguous", &format!("more than one has {}", search::words(keys))))
            }
            None => {
                progress.found = Some((item.clone(), answer.clone()));
                Ok(())
            }
        }
    }

    /// The end of a scan that saw everything.
    fn complete(&self, keys: Option<&[Key]>, progress: Progress, last: Option<&Answer>) -> Finished {
        let evidence = progress.evidence();
        let failed = |class: &str, message: &str| self.ended(Verdict::failed(class, message), last);
        let (found, answer) = match (keys, &progress.found) {
            (None, _) => (None, last),
            (Some(_), Some((item, answer))) => {
                self.trace.reached(Point::FoundOne);
                (Some(item), Some(answer))
            }
            (Some(_), None) if progress.rows == 0 => {
                return failed("incomplete", "the list is empty from the start, which proves nothing");
            }
            (Some(_), None) if !progress.unseen.is_empty() => {
                let fields: Vec<String> = progress.unseen.iter().map(|field| format!("\"{field}\"")).collect();
                let fields = fields.join(" or ");
                return failed(
                    "incomplete",
                    &format!("no row of the list has the field {fields}, so nothing could be compared"),
                );
            }
            (Some(keys), None) if progress.partial => {
                let words = search::words(keys);
                return failed("ambiguous", &format!("nothing has {words} together, but something has one of them"));
            }
            (Some(_), None) => {
                self.trace.reached(Point::FoundNone);
                return self.ended(Verdict::not_found(evidence).saying(search::nobody(keys)), last);
            }
        };
        let Some(answer) = answer else { return Finished::new(Verdict::ok(evidence)) };
        let outputs = output::fields(&self.recipe.outputs, answer, found, self.inputs, self.run.settings());
        let (verdict, outputs) = match outputs {
            Ok(outputs) => (Verdict::ok(evidence), outputs),
            Err(message) => (Verdict::failed("answer", &message), Map::new()),
        };
        Finished { outputs, ..Finished::new(verdict).with(answer, self.shown(answer, found)) }
    }

    /// An end without anything found: what was read stays here.
    fn ended(&self, verdict: Verdict, answer: Option<&Answer>) -> Finished {
        let finished = Finished::new(verdict);
        match answer {
            Some(answer) => finished.with(answer, self.shown(answer, None)),
            None => finished,
        }
    }

    /// What may be shown of an answer: after a search, nobody but the one found.
    fn shown(&self, answer: &Answer, found: Option<&Value>) -> Value {
        match self.recipe.find {
            Some(_) => output::narrowed(answer, self.pages.place.as_ref(), found),
            None => answer.response.clone(),
        }
    }

    fn takes_first(&self) -> bool {
        self.recipe.find.as_ref().is_some_and(|find| find.first)
    }
}

fn hash(list: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    list.to_string().hash(&mut hasher);
    hasher.finish()
}
