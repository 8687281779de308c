//! The SaaS user role block: the vendor's users are listed once for the batch and joined with the records; everything is collected
//! first, and then applied in one transaction.
//!
//! Invariants: a listing that failed, is not complete, or is empty changes nothing; who seems gone is looked for in a second
//! listing before it counts; only who is in neither is `not_found`. What is applied is what was collected and, if so many asked for
//! it, what a person approved: a record that changed since it was read is left alone.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use presetter_journal::seam::{Attempt, Failure};
use presetter_records::{
    Action, Change, Effect, HistoryEntry, Object, Record, RecordId, Records, Value as Field, fold,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{Hands, aside, cause, matcher, refused, unreadable};
use crate::definition::Role;
use crate::steps::{Apply, CallStep, Collected, Settled};
use crate::triggers::NOTES;
use crate::{Called, Kind, Package, RowSink};

/// How many of those who are deactivated are told by name.
const TOLD: usize = 20;
/// How many changes of a record are read at once.
const HISTORY: u32 = 100;

/// What would become of a record, as it is kept until it is applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Proposal {
    record: RecordId,
    /// When the record was changed last: only then it is what was looked at.
    changed: Timestamp,
    /// The number of the last change of any record before it was looked at.
    seen: u64,
    role: Option<String>,
    active: Option<bool>,
    /// Its user is gone.
    gone: bool,
    /// And so it is deactivated.
    archive: bool,
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
    /// By the row's field: its values, as they look at a distance.
    near: HashMap<String, HashSet<String>>,
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
                Some(value) => {
                    listing.near.entry(name.clone()).or_default().insert(at_a_distance(&value));
                    listing.by.entry(name.clone()).or_default().entry(folded(&value)).or_default().push(at);
                }
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
        // The text of a whole number is that of an integer, however it was written.
        Value::Number(number) => {
            Some(match number.as_f64().filter(|number| number.fract() == 0.0 && number.abs() < 1e15) {
                Some(whole) => format!("{whole:.0}"),
                None => number.to_string(),
            })
        }
        _ => None,
    }
}

/// E-mail addresses have no case here; an id is what it is.
fn folded(value: &str) -> String {
    if value.contains('@') { value.to_lowercase() } else { value.to_owned() }
}

/// Marks that nobody sees: zero-width spaces and joiners, the byte order mark, the soft hyphen.
const INVISIBLE: [char; 6] = ['\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{feff}', '\u{ad}'];

/// A value without what is easily lost between two systems: case, white space, marks that nobody sees, zeros before a number.
fn at_a_distance(value: &str) -> String {
    let seen = |character: &char| !character.is_whitespace() && !INVISIBLE.contains(character);
    let value: String = value.chars().filter(seen).collect();
    fold(value.trim_start_matches('0'))
}

/// What a record is at the vendor.
enum Found {
    /// This row.
    Row(usize),
    /// No row has anything of what it could be found by; the first of that.
    Nobody(String),
    /// It cannot be told: it has nothing to be found by, or is nearly somebody, or several.
    Unclear,
}

impl Listing {
    /// The first of the fields that the record has a value for decides who it is. The others, and what is nearly the same, can only
    /// cast doubt on its absence.
    fn find(&self, role: &Role, record: &Record) -> Found {
        let mut first = None;
        for (row, field) in &role.matching {
            let value = record.get(field.as_str()).map(Field::to_text).filter(|text| !text.trim().is_empty());
            let Some(value) = value else { continue };
            match self.by.get(row).and_then(|by| by.get(&folded(&value))).map(Vec::as_slice) {
                Some([one]) if first.is_none() => return Found::Row(*one),
                None | Some([]) => {}
                Some(_) => return Found::Unclear,
            }
            let near = self.near.get(row).is_some_and(|near| near.contains(&at_a_distance(&value)));
            if near || (first.is_none() && self.holes.contains(row)) {
                return Found::Unclear;
            }
            first.get_or_insert(value);
        }
        first.map_or(Found::Unclear, Found::Nobody)
    }
}

impl Hands {
    pub(super) async fn collect(
        self: &Arc<Self>,
        attempt: &Attempt,
        approved: Option<String>,
    ) -> Result<Collected, Failure> {
        let package = self.package(&attempt.run).await?;
        let role = role(&package)?;
        let approved = match approved {
            Some(digest) => Some(self.approved(attempt, &digest).await?),
            None => None,
        };
        let (mut collected, proposals) = self.proposals(attempt, &package, &role, approved.as_ref()).await?;
        collected.digest = digest(&proposals);
        crate::triggers::sweep(&self.engine()?, &self.store).await.map_err(|error| Failure::new("records", error))?;
        let (store, run, digest) = (self.store.clone(), attempt.run.0.clone(), collected.digest.clone());
        aside(move || store.propose(&run, &digest, &proposals).map_err(|error| unkept(&error))).await?;
        Ok(collected)
    }

    /// Who may be deactivated, by a person's word on these proposals.
    async fn approved(self: &Arc<Self>, attempt: &Attempt, digest: &str) -> Result<Approved, Failure> {
        let proposals = self.proposed(&attempt.run.0, digest).await?;
        self.with_own_records(move |records| {
            let mut approved = Approved::new();
            for proposal in proposals.into_iter().filter(|proposal| proposal.archive) {
                if untouched(records, proposal.record, proposal.seen)? {
                    approved.insert(proposal.record);
                }
            }
            Ok(approved)
        })
        .await
    }

    /// What was proposed, if it is what it was.
    async fn proposed(&self, run: &str, known: &str) -> Result<Vec<Proposal>, Failure> {
        let (store, run, known) = (self.store.clone(), run.to_owned(), known.to_owned());
        aside(move || {
            let proposed = store.proposed(&run, &known).map_err(|error| unkept(&error))?;
            if digest(&proposed) != known {
                let text = "what was collected is not there any more; no record was changed, run the workflow again";
                return Err(Failure::new("records", text));
            }
            let read = proposed.iter().map(|text| serde_json::from_str(text)).collect::<Result<_, _>>();
            read.map_err(|error| Failure::new("records", error.to_string()))
        })
        .await
    }

    /// What would change, now. Who is deactivated is among `approved`, if there is such a word.
    pub(super) async fn proposals(
        self: &Arc<Self>,
        attempt: &Attempt,
        package: &Package,
        role: &Role,
        approved: Option<&Approved>,
    ) -> Result<(Collected, Vec<String>), Failure> {
        let (listing, first) = self.listing(attempt, package, role).await?;
        let (workflow, today, asked) = (package.workflow.clone(), self.today(), role.clone());
        let (mut collected, mut proposals, gone) = self
            .with_own_records(move |records| {
                let matcher = matcher(records, Object::SaasUsers, &workflow.filter(), today)?;
                let mut collected = Collected { vendor: listing.rows.len() as u64, ..Collected::default() };
                let (mut proposals, mut gone) = (Vec::new(), Vec::new());
                let seen = records.latest().map_err(unreadable)?;
                for record in records.list(Object::SaasUsers, workflow.begin.state, &matcher) {
                    let record = record.map_err(unreadable)?;
                    collected.records += 1;
                    match listing.find(&asked, &record) {
                        Found::Row(at) => {
                            let row = &listing.rows[at];
                            collected.found += 1;
                            let had = record.get("role").map(Field::to_text).unwrap_or_default();
                            if row.role.as_ref().is_some_and(|role| *role != had) {
                                collected.roles += 1;
                            }
                            proposals.push(Proposal {
                                record: record.id(),
                                changed: record.changed(),
                                seen,
                                role: row.role.clone(),
                                active: row.active.or(Some(true)),
                                gone: false,
                                archive: false,
                            });
                        }
                        Found::Nobody(value) => gone.push((record, value, seen)),
                        Found::Unclear => collected.unmatched += 1,
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
            for (record, value, seen) in gone {
                if !matches!(again.find(role, &record), Found::Nobody(_)) {
                    collected.unmatched += 1;
                    continue;
                }
                collected.gone += 1;
                if role.deactivate_user {
                    if approved.is_some_and(|approved| !approved.contains(&record.id())) {
                        collected.left += 1;
                        continue;
                    }
                    collected.deactivate += 1;
                    if collected.some.len() < TOLD {
                        collected.some.push(format!("{} ({value})", record.id()));
                    }
                }
                proposals.push(Proposal {
                    record: record.id(),
                    changed: record.changed(),
                    seen,
                    role: None,
                    // Without the box nothing is said of whether it is in use.
                    active: role.deactivate_user.then_some(false),
                    gone: true,
                    archive: role.deactivate_user,
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
        if collected.deactivate > 0 {
            let (store, software) = (self.store.clone(), role.software.as_str().to_owned());
            let (run, now) = (attempt.run.0.clone(), self.clock.now());
            let earlier = aside(move || store.deactivated(&software, &run, now).map_err(|error| unkept(&error)));
            collected.earlier = earlier.await?;
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
        let call = self.listing_call(attempt, &step)?;
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
        collected: Collected,
        approved_by: Option<String>,
    ) -> Result<Settled, Failure> {
        let package = self.package(&attempt.run).await?;
        let proposals = self.proposed(&attempt.run.0, &collected.digest).await?;
        let role = role(&package)?;
        let archived = proposals.iter().filter(|proposal| proposal.archive).map(|proposal| proposal.record);
        let archived: Vec<RecordId> = archived.collect();
        let counted = archived.len() as u64 == collected.deactivate;
        if !counted || (approved_by.is_none() && collected.asks(role.approve_above)) {
            return Err(Failure::new("approval", "nobody has approved so many deactivations; no record was changed"));
        }
        let apply = |evidence, receipt| Apply {
            rule: package.workflow.begin.rules.told(),
            evidence,
            receipt,
            approved_by: approved_by.clone(),
            ..Apply::default()
        };
        let found = cause(&package, attempt, &apply(collected.evidence, collected.receipt.clone()))?;
        let mut gone = cause(&package, attempt, &apply(collected.proof, collected.receipt))?;
        // The step is the batch's, and is named once; for the history it is told all the same.
        if let Some(step) = gone.step.take() {
            gone.detail["run"] = step.run.into();
        }
        let (store, run) = (self.store.clone(), attempt.run.0.clone());
        let (name, now) = (package.workflow.name.clone(), self.clock.now());
        self.with_own_records(move |records| {
            let Changes { present, absent } = changes(&proposals, &name, now);
            // Before it is done: what cannot be counted is not done.
            if approved_by.is_none() {
                store.count(role.software.as_str(), &run, &archived, now).map_err(|error| unkept(&error))?;
            }
            let applied =
                records.apply_all(&[(&present, &found), (&absent, &gone)]).map_err(|error| refused(&error))?;
            let of =
                |effect: Effect| applied.results.iter().filter(move |result| result.effect == effect).count() as u64;
            Ok(Settled {
                changed: applied.results.iter().filter(|result| result.sequence.is_some()).count() as u64,
                deactivated: of(Effect::Archived),
                skipped: of(Effect::Skipped),
            })
        })
        .await
    }
}

/// Records that may be deactivated.
type Approved = HashSet<RecordId>;

/// Whether nothing happened to a record since, but that workflows looked at it.
fn untouched(records: &Records, record: RecordId, mut since: u64) -> Result<bool, Failure> {
    loop {
        let page = records.history(record, since, HISTORY).map_err(unreadable)?;
        let Some(last) = page.last().map(|entry| entry.sequence) else { return Ok(true) };
        let looked = |entry: &HistoryEntry| {
            let noted = entry.fields.iter().all(|field| NOTES.contains(&field.field.as_str()));
            entry.effect == Effect::Edited && noted
        };
        if !page.iter().all(looked) {
            return Ok(false);
        }
        since = last;
    }
}

fn unkept(error: &crate::StoreFault) -> Failure {
    Failure::new("records", error.to_string())
}

/// Tells one set of proposals from another.
fn digest(proposals: &[String]) -> String {
    hex::encode(Sha256::digest(proposals.join("\n")))
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
}

/// What proposals, as they are kept, would change.
pub(super) fn planned(proposals: &[String], workflow: &str, now: Timestamp) -> Result<Changes, Failure> {
    let proposals = proposals.iter().map(|text| serde_json::from_str(text)).collect::<Result<Vec<_>, _>>();
    let proposals = proposals.map_err(|error| Failure::new("records", error.to_string()))?;
    Ok(changes(&proposals, workflow, now))
}

fn changes(proposals: &[Proposal], workflow: &str, now: Timestamp) -> Changes {
    let mut changes = Changes { present: Vec::new(), absent: Vec::new() };
    for proposal in proposals {
        let action = match proposal.archive {
            true => Action::Archive(proposal.record),
            false => Action::Edit(proposal.record),
        };
        let mut change = Change::new(action)
            .as_of(proposal.changed)
            .set("last_checked", Field::Time(now))
            .set("last_workflow", Field::text(workflow));
        if let Some(role) = &proposal.role {
            change = change.set("role", Field::text(role.as_str()));
        }
        if let Some(active) = proposal.active {
            change = change.set("active", Field::Checkbox(active));
        }
        let list = if proposal.gone { &mut changes.absent } else { &mut changes.present };
        list.push(change);
    }
    changes
}
