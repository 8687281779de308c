//! A list, read page by page: every item is listed as a row, or compared with what is searched for.
//!
//! "Not found" needs a complete scan: the last page is proven by the manifest's rules, no page came twice, and at least one
//! row was seen. A list that is empty from the start proves nothing, and neither does one whose rows lack the field that
//! they are compared by.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Map, Value};

use crate::answer::{Answer, Judgement};
use crate::output;
use crate::recipe::{Paging, Recipe, Search};
use crate::run::{Finished, Run, Seen, Verdict};

/// What the scan has come to so far.
#[derive(Default)]
struct Progress {
    pages: u32,
    rows: u64,
    seen_pages: HashSet<u64>,
    found: Option<(Value, Answer)>,
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

/// Reads the list of a preset.
pub(crate) fn scan(
    run: &Run<'_>,
    name: &str,
    recipe: &Recipe,
    pages: &Paging,
    inputs: &Map<String, Value>,
) -> Finished {
    let wanted = match recipe.find.as_ref().map(|find| wanted(find, inputs, run.settings)).transpose() {
        Ok(wanted) => wanted,
        Err(message) => return Finished::failed("input", &message),
    };
    let unseen = wanted.iter().flatten().map(|(field, ..)| field.clone()).collect();
    let mut progress = Progress { unseen, ..Progress::default() };
    let mut values = inputs.clone();
    let mut last = None;
    for page in pages.start..pages.start.saturating_add(pages.max) {
        values.insert("page".into(), page.into());
        let answer = match run.door.call(name, &values) {
            Ok(raw) => Answer::new(raw),
            Err(refusal) => return Finished::refused(&refusal),
        };
        let step = one_page(run, recipe, pages, wanted.as_deref(), inputs, page, &answer, &mut progress);
        last = Some(answer);
        match step {
            Step::Next => {}
            Step::Complete => return complete(run, recipe, pages, inputs, progress, last),
            Step::End(verdict) => return narrow(Finished::new(verdict), recipe, pages, None, last.as_ref()),
        }
    }
    let verdict = Verdict::failed(
        "incomplete",
        &format!("the list is longer than the {} pages that are read (max in [pages])", pages.max),
    );
    narrow(Finished::new(verdict), recipe, pages, None, last.as_ref())
}

#[allow(clippy::too_many_arguments, reason = "one call; a struct would only name them again")]
fn one_page(
    run: &Run<'_>,
    recipe: &Recipe,
    pages: &Paging,
    wanted: Option<&[(String, Value, bool)]>,
    inputs: &Map<String, Value>,
    page: u32,
    answer: &Answer,
    progress: &mut Progress,
) -> Step {
    let (listed, list) = match pages.items.render_value(&answer.names(inputs, run.settings)) {
        Ok(Value::Array(list)) => (true, Value::Array(list)),
        // `{{optional ...}}`: the author says that an empty list may be left out.
        Ok(Value::Null) => (true, Value::Array(Vec::new())),
        _ => (false, Value::Array(Vec::new())),
    };
    let page_value = Value::from(page);
    let vars = || answer.vars(inputs, run.settings).with("items", &list).with("page", &page_value);
    let undecided =
        |e: presetter_expr::EvalError| Step::End(Verdict::failed("answer", &format!("the page cannot be judged: {e}")));

    // Judged first: an answer that failed is never the end of a list, however empty it looks.
    let judged = answer.judge(&recipe.rules, inputs, run.settings);
    if let Judgement::Failed(class, message) = judged {
        return Step::End(Verdict::failed(class, &message));
    }
    let ends = match pages.end.test(&vars()) {
        Ok(ends) => ends,
        Err(e) => return undecided(e),
    };
    match judged {
        Judgement::NotFound(_) if ends => return Step::Complete,
        Judgement::NotFound(evidence) if page == pages.start => return Step::End(Verdict::not_found(evidence)),
        Judgement::NotFound(evidence) => {
            let message = format!("page {page} ended the list in a way that [pages] does not state ({evidence})");
            return Step::End(Verdict::failed("incomplete", &message));
        }
        _ if !listed => {
            let message = format!("page {page} has no list where [pages] expects one");
            return Step::End(Verdict::failed("answer", &message));
        }
        _ if ends => return Step::Complete,
        _ => {}
    }
    let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
    progress.pages += 1;
    if !items.is_empty() && !progress.seen_pages.insert(hash(&list)) {
        let message = format!("page {page} is the same as an earlier one: the server does not page as expected");
        return Step::End(Verdict::failed("incomplete", &message));
    }
    for item in items {
        progress.rows += 1;
        if let Err(verdict) = one_item(run, recipe, wanted, inputs, item, answer, progress) {
            return Step::End(verdict);
        }
    }
    if progress.found.is_some() && recipe.find.as_ref().is_some_and(|find| find.first) {
        return Step::Complete;
    }
    match pages.last.as_ref().map(|last| last.test(&vars())) {
        Some(Ok(true)) => Step::Complete,
        Some(Err(e)) => undecided(e),
        _ => Step::Next,
    }
}

fn one_item(
    run: &Run<'_>,
    recipe: &Recipe,
    wanted: Option<&[(String, Value, bool)]>,
    inputs: &Map<String, Value>,
    item: &Value,
    answer: &Answer,
    progress: &mut Progress,
) -> Result<(), Verdict> {
    if let Some(fields) = &recipe.rows {
        let row = output::fields(fields, answer, Some(item), inputs, run.settings)
            .map_err(|m| Verdict::failed("answer", &m))?;
        let handed = run.door.emit(&Value::Object(row));
        handed.map_err(|refusal| Verdict::failed(refusal.class(), &refusal.message))?;
    }
    let Some(wanted) = wanted else { return Ok(()) };
    progress.unseen.retain(|field| item.get(field).is_none());
    if !wanted.iter().all(|(field, value, ignore_case)| same(item.get(field), value, *ignore_case)) {
        return Ok(());
    }
    match &progress.found {
        // A list that moves while it is read may show a row twice.
        Some((before, _)) if before == item => Ok(()),
        Some(_) if recipe.find.as_ref().is_some_and(|find| find.first) => Ok(()),
        Some(_) => {
            let keys: Vec<String> = wanted.iter().map(|(field, value, _)| format!("{field} {value}")).collect();
            Err(Verdict::failed("ambiguous", &format!("more than one item has {}", keys.join(" and "))))
        }
        None => {
            progress.found = Some((item.clone(), answer.clone()));
            Ok(())
        }
    }
}

/// The end of a scan that saw everything.
fn complete(
    run: &Run<'_>,
    recipe: &Recipe,
    pages: &Paging,
    inputs: &Map<String, Value>,
    progress: Progress,
    last: Option<Answer>,
) -> Finished {
    let evidence = progress.evidence();
    match (&recipe.find, progress.found) {
        (None, _) => match last
            .as_ref()
            .map(|answer| output::fields(&recipe.outputs, answer, None, inputs, run.settings))
        {
            Some(Err(message)) => narrow(Finished::failed("answer", &message), recipe, pages, None, last.as_ref()),
            outputs => {
                let outputs = outputs.and_then(Result::ok).unwrap_or_default();
                narrow(Finished { outputs, ..Finished::new(Verdict::ok(evidence)) }, recipe, pages, None, last.as_ref())
            }
        },
        (Some(_), Some((item, answer))) => {
            match output::fields(&recipe.outputs, &answer, Some(&item), inputs, run.settings) {
                Err(message) => narrow(Finished::failed("answer", &message), recipe, pages, Some(&item), Some(&answer)),
                Ok(outputs) => {
                    let finished = Finished { outputs, ..Finished::new(Verdict::ok(evidence)) };
                    narrow(finished, recipe, pages, Some(&item), Some(&answer))
                }
            }
        }
        (Some(_), None) if progress.rows == 0 => {
            let message = "the list is empty from the start, which proves nothing";
            narrow(Finished::failed("incomplete", message), recipe, pages, None, last.as_ref())
        }
        (Some(_), None) if !progress.unseen.is_empty() => {
            let fields: Vec<String> = progress.unseen.iter().map(|field| format!("\"{field}\"")).collect();
            let message =
                format!("no row of the list has the field {}, so nothing could be compared", fields.join(" or "));
            narrow(Finished::failed("incomplete", &message), recipe, pages, None, last.as_ref())
        }
        (Some(_), None) => narrow(Finished::new(Verdict::not_found(evidence)), recipe, pages, None, last.as_ref()),
    }
}

/// Puts the answer beside the result; after a search only what was found stays in its list.
fn narrow(
    mut finished: Finished,
    recipe: &Recipe,
    pages: &Paging,
    found: Option<&Value>,
    answer: Option<&Answer>,
) -> Finished {
    if let Some(answer) = answer {
        let response = match recipe.find {
            Some(_) => output::narrowed(&answer.response, pages.place.as_ref(), found),
            None => answer.response.clone(),
        };
        finished.seen = Some(Seen { status: answer.status, headers: answer.headers.clone(), response });
    }
    finished
}

/// What is searched for: field, value, whether case counts. An empty key sends nothing.
fn wanted(find: &Search, inputs: &Map<String, Value>, settings: &Value) -> Result<Vec<(String, Value, bool)>, String> {
    let names = inputs.iter().fold(presetter_template::Names::new(), |names, (name, value)| names.with(name, value));
    let names = names.with("settings", settings);
    let mut wanted = Vec::new();
    for field in &find.fields {
        let value = field
            .value
            .render_value(&names)
            .map_err(|e| e.problems.first().map(ToString::to_string).unwrap_or_default())?;
        let absent = value.is_null()
            || value == "" && field.value.variables().iter().all(|v| v.optional && v.path.resolve(&names).is_none());
        if absent {
            continue;
        }
        if value.as_str().is_some_and(|text| text.trim().is_empty()) {
            return Err(format!("the value to find by \"{}\" is empty; nothing was sent", field.field));
        }
        wanted.push((field.field.clone(), value, field.ignore_case));
    }
    if wanted.is_empty() { Err("there is no value to search by; nothing was sent".into()) } else { Ok(wanted) }
}

/// Whether an item's field has a value. Vendors send numbers as texts, so scalars are compared as texts.
fn same(field: Option<&Value>, value: &Value, ignore_case: bool) -> bool {
    let plain = |v: &Value| match v {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(v.to_string()),
        _ => None,
    };
    match (field.and_then(plain), plain(value)) {
        (Some(a), Some(b)) if ignore_case => a.eq_ignore_ascii_case(&b),
        (Some(a), Some(b)) => a == b,
        _ => false,
    }
}

fn hash(list: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    list.to_string().hash(&mut hasher);
    hasher.finish()
}
