//! The SaaS user role block: the vendor's users are listed once for the batch and joined with the records; everything is collected
//! first, and then applied in one transaction.
//!
//! Invariants: a listing that failed, is not complete, or is empty changes nothing; who seems gone is looked for in a second
//! listing before it counts; only who is in neither is `not_found`.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use presetter_journal::seam::{Attempt, Failure};
use presetter_records::{Action, Change, Object, Record, Value as Field};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Hands, aside, cause, matcher, refused, unreadable};
use crate::definition::Role;
use crate::steps::{Apply, CallStep, Collected, Settled};
use crate::{Called, Kind, Package, RowSink};

/// How many of those who are deactivated are told by name.
const TOLD: usize = 20;

/// What would become of a record, as it is kept until it is applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Proposal {
    record: presetter_records::RecordId,
    role: Option<String>,
    active: Option<bool>,
    archive: bool,
    /// By what it was matched: it must be so still.
    by: Option<(String, String)>,
}

/// A row of the listing: what a record needs of it.
#[derive(Debug, Clone)]
struct Row {
    role: Option<String>,
    active: Option<bool>,
}

/// The vendor's users, found by each of the fields that are matched.
#[derive(Debug, Default)]
struct Listing {
    rows: Vec<Row>,
    /// By the row's field: its value, and the rows that have it.
    by: HashMap<String, HashMap<String, Vec<usize>>>,
    /// Fields that some row does not have: by them nobody's absence is proven.
    holes: HashSet<String>,
}

struct Sink {
    role: Role,
    listing: Mutex<Listing>,
}

impl RowSink for Sink {
    fn row(&self, row: Map<String, Value>) {
        let mut listing = self.listing.lock().unwrap_or_else(PoisonError::into_inner);
        let at = listing.rows.len();
        for name in self.role.matching.keys() {
            match row.get(name).and_then(text) {
                Some(value) => listing.by.entry(name.clone()).or_default().entry(folded(&value)).or_default().push(at),
                None => _ = listing.holes.insert(name.clone()),
            }
        }
        let role = row.get(self.role.role.as_str()).and_then(text);
        let active = row.get("active").and_then(Value::as_bool);
        listing.rows.push(Row { role, active });
    }
}

/// A value of a row as text; nothing if it is empty.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// E-mail addresses have no case here; an id is what it is.
fn folded(value: &str) -> String {
    if value.contains('@') { value.to_lowercase() } else { value.to_owned() }
}

/// What a record is at the vendor.
enum Found {
    /// This row.
    Row(usize),
    /// No row has what it was looked for by.
    Nobody(String, String),
    /// Several have.
    Several,
    /// It has nothing to be looked for by.
    Unmatched,
}

impl Listing {
    fn find(&self, role: &Role, record: &Record) -> Found {
        for (row, field) in &role.matching {
            let value = record.get(field.as_str()).map(Field::to_text).filter(|text| !text.trim().is_empty());
            let Some(value) = value else { continue };
            return match self.by.get(row).and_then(|by| by.get(&folded(&value))).map(Vec::as_slice) {
                Some([one]) => Found::Row(*one),
                None | Some([]) if self.holes.contains(row) => Found::Unmatched,
                None | Some([]) => Found::Nobody(field.as_str().to_owned(), value),
                Some(_) => Found::Several,
            };
        }
        Found::Unmatched
    }
}

impl Hands {
    pub(super) async fn collect(self: &Arc<Self>, attempt: &Attempt) -> Result<Collected, Failure> {
        let package = self.package(&attempt.run).await?;
        let role = role(&package)?;
        let (collected, proposals) = self.proposals(attempt, &package, &role).await?;
        let (store, run) = (self.store.clone(), attempt.run.0.clone());
        aside(move || store.propose(&run, &proposals).map_err(|error| Failure::new("records", error.to_string())))
            .await?;
        Ok(collected)
    }

    pub(super) async fn proposals(
        self: &Arc<Self>,
        attempt: &Attempt,
        package: &Package,
        role: &Role,
    ) -> Result<(Collected, Vec<String>), Failure> {
        let (listing, first) = self.listing(attempt, package, role).await?;
        let (workflow, today, asked) = (package.workflow.clone(), self.today(), role.clone());
        let (mut collected, mut proposals, gone) = self
            .with_own_records(move |records| {
                let matcher = matcher(records, Object::SaasUsers, &workflow.filter(), today)?;
                let mut collected = Collected { vendor: listing.rows.len() as u64, ..Collected::default() };
                let (mut proposals, mut gone) = (Vec::new(), Vec::new());
                for record in records.list(Object::SaasUsers, workflow.begin.state, &matcher) {
                    let record = record.map_err(unreadable)?;
                    collected.records += 1;
                    let proposal =
                        |role, active| Proposal { record: record.id(), role, active, archive: false, by: None };
                    match listing.find(&asked, &record) {
                        Found::Row(at) => {
                            let row = &listing.rows[at];
                            collected.found += 1;
                            let had = record.get("role").map(Field::to_text).unwrap_or_default();
                            if row.role.as_ref().is_some_and(|role| *role != had) {
                                collected.roles += 1;
                            }
                            proposals.push(proposal(row.role.clone(), row.active.or(Some(true))));
                        }
                        Found::Nobody(field, value) => gone.push((record, field, value)),
                        Found::Several | Found::Unmatched => collected.unmatched += 1,
                    }
                }
                Ok((collected, proposals, gone))
            })
            .await?;
        collected.evidence = format!("complete scan of {} users ({})", collected.vendor, first.evidence);
        collected.receipt = first.receipt;
        if !gone.is_empty() {
            // A page that fell out, or that moved while the list was read, is no proof: they are looked for once more.
            let (again, second) = self.listing(attempt, package, role).await?;
            for (record, field, value) in gone {
                if !matches!(again.find(role, &record), Found::Nobody(..)) {
                    collected.unmatched += 1;
                    continue;
                }
                collected.gone += 1;
                if role.deactivate_user {
                    collected.deactivate += 1;
                    if collected.some.len() < TOLD {
                        collected.some.push(format!("{} ({value})", record.id()));
                    }
                }
                proposals.push(Proposal {
                    record: record.id(),
                    role: None,
                    // Without the box nothing is said of whether it is in use.
                    active: role.deactivate_user.then_some(false),
                    archive: role.deactivate_user,
                    by: Some((field, value)),
                });
            }
            collected.proof = format!(
                "not_found: in neither of two complete scans, of {} and {} users ({}; {})",
                collected.vendor,
                again.rows.len(),
                first.evidence,
                second.evidence
            );
        }
        let proposals = proposals.iter().map(|proposal| serde_json::to_string(proposal).unwrap_or_default());
        Ok((collected, proposals.collect()))
    }

    /// The vendor's users, all of them; or why nothing may be concluded.
    async fn listing(
        self: &Arc<Self>,
        attempt: &Attempt,
        package: &Package,
        role: &Role,
    ) -> Result<(Listing, Called), Failure> {
        let workflow = package.workflow.name.clone();
        let step = CallStep::listing(workflow, role.preset.as_str(), role.connection.as_str(), &package.components);
        let call = self.fixed(attempt, &step)?;
        let sink = Arc::new(Sink { role: role.clone(), listing: Mutex::default() });
        let called = self.presets.call(&call, sink.clone()).await;
        let listing = std::mem::take(&mut *sink.listing.lock().unwrap_or_else(PoisonError::into_inner));
        let nothing = |class: &str, why: String| Failure::new(class, format!("{why}; no record was changed"));
        match called.kind {
            Kind::Ok if listing.rows.is_empty() => {
                Err(nothing("empty", format!("{} lists nobody, which proves nothing", role.preset.as_str())))
            }
            Kind::Ok => Ok((listing, called)),
            Kind::NotFound => Err(nothing("empty", "the vendor knows no users, which proves nothing".to_owned())),
            Kind::Failed | Kind::Unknown => Err(nothing(&called.class, called.message.clone())),
        }
    }

    pub(super) async fn settle(
        self: &Arc<Self>,
        attempt: &Attempt,
        approved_by: Option<String>,
    ) -> Result<Settled, Failure> {
        let package = self.package(&attempt.run).await?;
        let collected = self.collected(attempt).await?;
        let absent = Apply {
            rule: package.workflow.begin.rules.told(),
            evidence: collected.proof,
            receipt: collected.receipt.clone(),
            approved_by: approved_by.clone(),
            ..Apply::default()
        };
        let apply = Apply {
            rule: package.workflow.begin.rules.told(),
            evidence: collected.evidence,
            receipt: collected.receipt,
            approved_by,
            ..Apply::default()
        };
        let (found, mut gone) = (cause(&package, attempt, &apply)?, cause(&package, attempt, &absent)?);
        // The step is the batch's, and is named once; for the history it is told all the same.
        if let Some(step) = gone.step.take() {
            gone.detail["run"] = step.run.into();
        }
        let (store, run) = (self.store.clone(), attempt.run.0.clone());
        let (name, now) = (package.workflow.name.clone(), self.clock.now());
        let settled = self
            .with_own_records(move |records| {
                let proposed = store.proposed(&run).map_err(|error| Failure::new("records", error.to_string()))?;
                let Changes { present, absent, deactivated } = changes(&proposed, &name, now)?;
                let applied =
                    records.apply_all(&[(&present, &found), (&absent, &gone)]).map_err(|error| refused(&error))?;
                let changed = applied.results.iter().filter(|result| result.sequence.is_some());
                let changed = changed.map(|result| result.record).collect::<HashSet<_>>().len() as u64;
                store.forget(&run).map_err(|error| Failure::new("records", error.to_string()))?;
                Ok(Settled { changed, deactivated })
            })
            .await?;
        Ok(settled)
    }

    /// What the run's own collecting step has answered.
    async fn collected(&self, attempt: &Attempt) -> Result<Collected, Failure> {
        let page = presetter_journal::seam::Page::default();
        let steps = self.engine()?.steps(&attempt.run, None, page).await;
        let steps = steps.map_err(|error| Failure::new("journal", error.to_string()))?;
        let answer = steps.into_iter().find(|step| step.data["do"] == "collect").and_then(|step| step.answer);
        let answer = answer.ok_or_else(|| Failure::new("definition", "nothing was collected"))?;
        serde_json::from_value(answer).map_err(|error| Failure::new("definition", error.to_string()))
    }
}

pub(super) fn role(package: &Package) -> Result<Role, Failure> {
    let role = package.workflow.role().map(|(_, role)| role.clone());
    role.ok_or_else(|| Failure::new("definition", "the workflow has no role block"))
}

/// The changes of a batch.
pub(super) struct Changes {
    /// Of records whose user was found.
    pub(super) present: Vec<Change>,
    /// Of records whose user is provably gone.
    pub(super) absent: Vec<Change>,
    /// How many are deactivated.
    deactivated: u64,
}

/// The changes that were proposed.
pub(super) fn changes(proposed: &[String], workflow: &str, now: jiff::Timestamp) -> Result<Changes, Failure> {
    let mut changes = Changes { present: Vec::new(), absent: Vec::new(), deactivated: 0 };
    for text in proposed {
        let proposal: Proposal =
            serde_json::from_str(text).map_err(|error| Failure::new("records", error.to_string()))?;
        let mut edit = Change::new(Action::Edit(proposal.record))
            .set("last_checked", Field::Time(now))
            .set("last_workflow", Field::text(workflow));
        if let Some(role) = proposal.role {
            edit = edit.set("role", Field::text(role));
        }
        if let Some(active) = proposal.active {
            edit = edit.set("active", Field::Checkbox(active));
        }
        let list = if proposal.by.is_some() { &mut changes.absent } else { &mut changes.present };
        if let Some((field, value)) = proposal.by {
            // A record that was given another id meanwhile is another user.
            edit = edit.only_if(&field, Field::text(value));
        }
        list.push(edit);
        if proposal.archive {
            changes.deactivated += 1;
            list.push(Change::new(Action::Archive(proposal.record)));
        }
    }
    Ok(changes)
}
