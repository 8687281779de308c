//! Bringing a vendor's users into the records: `NAME.sync.toml`.
//!
//! ```toml
//! title = "Users of Mosyle"
//! preset = "mosyle/users"
//! connection = "m"
//! software = "mosyle"
//! create = ["saas_users"]
//! update = ["saas_users", "users"]
//!
//! [users]
//! email = "email"
//! mosyle_user_id = "mosyle_user_id"
//!
//! [saas_users]
//! external_id = "mosyle_user_id"
//! email = "email"
//! ```
//!
//! Owns: what a sync says and does. Never: archives anyone; who left is the role block's to find.
//! Invariants: a listing that failed or is empty changes nothing; the same listing again changes nothing.

use std::ops::{ControlFlow, Range};
use std::sync::{Arc, Mutex, PoisonError};

use indexmap::IndexMap;
use jiff::Timestamp;
use presetter_journal::seam::{Attempt, Failure, FlowName, Schedule, Submission};
use presetter_manifest::{Diagnostics, Text, suggest};
use presetter_records::{
    Action, Cause, Change, Fields, Filter, Format, ImportEvent, ImportOptions, Mode, Object, Operator, Records,
    RowChange, State, Value as Field, WhenArchived,
};
use presetter_template::Problem;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::calendar::{When, Wrong};
use crate::executor::{Hands, refused, unreadable};
use crate::steps::CallStep;
use crate::triggers::whole;
use crate::{Kind, Mappings, PresetInfo, RowSink};

/// The ending of a sync's file.
pub const ENDING: &str = ".sync.toml";

/// How a vendor's users are brought in.
#[derive(Debug, Clone)]
pub struct Sync {
    /// Its name: that of its file.
    pub name: String,
    /// The file's name and text.
    pub file: String,
    /// The file's text.
    pub source: Arc<str>,
    /// For people.
    pub title: String,
    /// A preset that lists.
    pub preset: Text,
    /// The connection.
    pub connection: Text,
    /// The software that SaaS users belong to; none if only users are brought in.
    pub software: Option<Text>,
    /// Whether users, and SaaS users, are created and updated; none if they are left alone.
    pub users: Option<(Mode, IndexMap<String, Text>)>,
    /// As `users`.
    pub saas_users: Option<(Mode, IndexMap<String, Text>)>,
    /// The field of users by which a row finds its user.
    pub key: Text,
    /// Whether an archived record whose account is there is put in use again; otherwise its row is refused.
    pub reactivate: bool,
    /// When it runs by itself.
    pub when: Option<When>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: Text,
    preset: Text,
    connection: Text,
    software: Option<Text>,
    #[serde(default)]
    create: Vec<Text>,
    #[serde(default)]
    update: Vec<Text>,
    key: Option<Text>,
    #[serde(default)]
    reactivate: bool,
    cron: Option<Text>,
    zone: Option<Text>,
    #[serde(default)]
    users: IndexMap<String, Text>,
    #[serde(default)]
    saas_users: IndexMap<String, Text>,
}

impl Sync {
    /// Reads a file's text.
    ///
    /// # Errors
    /// All that is wrong, each with its place.
    pub fn parse(name: &str, file: &str, source: &str) -> Result<Self, Diagnostics> {
        let read: File = presetter_manifest::read_toml(file, source)?;
        let mut problems = Vec::new();
        let mut wrong = |span: Range<usize>, message: &str, hint: String| {
            problems.push(Problem::new(message, span).with_hint(hint));
        };
        for text in read.create.iter().chain(&read.update) {
            if !["users", "saas_users"].contains(&text.as_str()) {
                let hint = suggest(text.as_str(), &["users", "saas_users"]);
                wrong(text.span(), "a sync creates and updates users and saas_users", hint);
            }
        }
        let wanted = |list: &[Text], object: &str| list.iter().any(|text| text.as_str() == object);
        let mode = |object: &str| match (wanted(&read.create, object), wanted(&read.update, object)) {
            (true, true) => Some(Mode::CreateAndUpdate),
            (true, false) => Some(Mode::CreateOnly),
            (false, true) => Some(Mode::UpdateOnly),
            (false, false) => None,
        };
        if read.create.is_empty() && read.update.is_empty() {
            wrong(read.title.span(), "a sync creates or updates something", "add update = [\"users\"]".to_owned());
        }
        if mode("saas_users").is_some() {
            if read.software.is_none() {
                let hint = "add software = \"NAME\", the software that they belong to".to_owned();
                wrong(read.title.span(), "SaaS users belong to a software", hint);
            }
            if !read.saas_users.contains_key("external_id") {
                let hint = "add external_id = \"FIELD OF A ROW\" below [saas_users]".to_owned();
                wrong(read.title.span(), "SaaS users are found by external_id", hint);
            }
        }
        let key = read.key.clone().unwrap_or_else(|| Text::whole("email"));
        if mode("users").is_some() && !read.users.contains_key(key.as_str()) {
            let hint = format!("add {} = \"FIELD OF A ROW\" below [users], or another key", key.as_str());
            wrong(read.title.span(), "users are found by their key", hint);
        }
        let when = match (&read.cron, &read.zone) {
            (None, None) => None,
            (None, Some(zone)) => {
                wrong(zone.span(), "a zone is of a cron line", "add cron = \"0 5 * * *\"".to_owned());
                None
            }
            (Some(cron), zone) => match When::cron(cron.as_str(), zone.as_ref().map_or("UTC", Text::as_str)) {
                Ok(when) => Some(when),
                Err(Wrong::Zone(message)) => {
                    let span = zone.as_ref().map_or(cron.span(), Text::span);
                    wrong(span, &message, "a zone is named as in Europe/Berlin".to_owned());
                    None
                }
                Err(Wrong::When(message, hint)) => {
                    wrong(cron.span(), &message, hint);
                    None
                }
            },
        };
        if !problems.is_empty() {
            return Err(Diagnostics::of(file, source, problems));
        }
        Ok(Self {
            name: name.to_owned(),
            file: file.to_owned(),
            source: source.into(),
            title: read.title.as_str().to_owned(),
            users: mode("users").map(|mode| (mode, read.users)),
            saas_users: mode("saas_users").map(|mode| (mode, read.saas_users)),
            preset: read.preset,
            connection: read.connection,
            software: read.software,
            key,
            reactivate: read.reactivate,
            when,
        })
    }

    /// What is wrong with it, given the preset and the fields that there are.
    #[must_use]
    pub fn check(&self, preset: &PresetInfo, users: &Fields, saas_users: &Fields) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !preset.manifest.lists() {
            let problem = Problem::new(format!("{} lists nothing", preset.name), self.preset.span());
            problems.push(problem.with_hint("take a preset that lists users, such as mosyle/users"));
        }
        if preset.overridden {
            let message = format!("{} runs with a body of your own here: what that lists may not be all", preset.name);
            let problem = Problem::new(message, self.preset.span());
            problems.push(problem.with_hint(format!("presetter override remove {}", preset.name)));
        }
        let rows: Vec<&str> = preset.manifest.row_names().collect();
        for (fields, map) in [(users, &self.users), (saas_users, &self.saas_users)] {
            for (name, row) in map.iter().flat_map(|(_, map)| map) {
                if let Err(error) = fields.get(name) {
                    problems.push(Problem::new(error.to_string(), row.span()));
                }
                if !rows.is_empty() && !rows.contains(&row.as_str()) {
                    let message = format!("the rows of {} have no \"{}\"", preset.name, row.as_str());
                    problems.push(Problem::new(message, row.span()).with_hint(suggest(row.as_str(), &rows)));
                }
            }
        }
        problems
    }

    fn when_archived(&self) -> WhenArchived {
        if self.reactivate { WhenArchived::Reactivate } else { WhenArchived::Refuse }
    }

    /// The name of its flow in the journal, and of its timer.
    #[must_use]
    pub fn flow(&self) -> String {
        format!("{}{}", crate::flow::SYNC, self.name)
    }

    /// Its timer, from now on; none if it has no schedule.
    #[must_use]
    pub fn timer(&self, now: Timestamp) -> Option<Schedule> {
        let next = whole(self.when.as_ref()?.next(now)?);
        Some(Schedule { name: self.flow(), next, payload: serde_json::json!({ "sync": self.name }) })
    }

    /// A run of it.
    #[must_use]
    pub fn submission(&self, digest: &str, mappings: &Mappings) -> Submission {
        let written = Written {
            name: self.name.clone(),
            file: self.file.clone(),
            source: self.source.to_string(),
            mappings_file: mappings.file().to_owned(),
            mappings: mappings.source().to_owned(),
        };
        Submission {
            flow: FlowName { name: self.flow(), digest: crate::package::digest_of(&self.source, mappings.source()) },
            definition: serde_json::to_string(&written).unwrap_or_default(),
            components: [(self.preset.as_str().to_owned(), digest.to_owned())].into(),
            input: Value::Null,
            key: None,
            ordering: Some(self.flow()),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Written {
    name: String,
    file: String,
    source: String,
    mappings_file: String,
    mappings: String,
}

/// What a sync did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Synced {
    /// Rows of the listing.
    pub rows: u64,
    /// What became of users.
    pub users: Counts,
    /// What became of SaaS users.
    pub saas_users: Counts,
    /// SaaS users that were connected with their user.
    pub linked: u64,
    /// Rows that could not be taken, the first of them.
    pub refused: Vec<String>,
    /// The receipt of the listing.
    pub receipt: String,
}

/// How many records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Came to be.
    pub created: u64,
    /// Changed.
    pub updated: u64,
    /// Were so already.
    pub unchanged: u64,
    /// Were not taken.
    pub refused: u64,
}

/// How many refused rows are told.
const TOLD: usize = 20;

/// Takes rows as they come.
#[derive(Default)]
pub struct Collector(Mutex<Vec<Map<String, Value>>>);

impl RowSink for Collector {
    fn row(&self, row: Map<String, Value>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(row);
    }
}

impl Collector {
    /// The rows.
    #[must_use]
    pub fn rows(&self) -> Vec<Map<String, Value>> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Hands {
    pub(crate) async fn sync(self: &Arc<Self>, attempt: &Attempt) -> Result<Synced, Failure> {
        let submission = self.submission(&attempt.run).await?;
        let wrong = |why: String| Failure::new("definition", why);
        let written: Written =
            serde_json::from_str(&submission.definition).map_err(|error| wrong(error.to_string()))?;
        let sync = Sync::parse(&written.name, &written.file, &written.source).map_err(|e| wrong(e.to_string()))?;
        let mappings = match written.mappings.is_empty() {
            true => Mappings::default(),
            false => Mappings::parse(&written.mappings_file, &written.mappings).map_err(|e| wrong(e.to_string()))?,
        };
        let (preset, connection) = (sync.preset.as_str(), sync.connection.as_str());
        let step = CallStep::listing(sync.flow(), preset, connection, &submission.components);
        let call = self.listing_call(attempt, &step)?;
        let rows = Arc::new(Collector::default());
        let called = self.presets.call(&call, rows.clone()).await;
        let rows = rows.rows();
        match called.kind {
            Kind::Ok if !rows.is_empty() => {}
            Kind::Ok | Kind::NotFound => {
                return Err(Failure::new("empty", "the vendor lists nobody; no record was changed"));
            }
            _ => return Err(Failure::new(&called.class, format!("{}; no record was changed", called.message))),
        }
        let mut synced = self
            .with_own_records(move |records| bring(records, &sync, &mappings, &rows, false, &mut |_, _| {}))
            .await?;
        synced.receipt = called.receipt;
        Ok(synced)
    }
}

/// Brings rows into the records. `watch` is told of each change.
///
/// # Errors
/// The records, or a field that is not there.
pub fn bring(
    records: &mut Records,
    sync: &Sync,
    mappings: &Mappings,
    rows: &[Map<String, Value>],
    dry_run: bool,
    watch: &mut dyn FnMut(Object, &RowChange),
) -> Result<Synced, Failure> {
    let mut synced = Synced { rows: rows.len() as u64, ..Synced::default() };
    if let Some((mode, map)) = &sync.users {
        let mut map = map.clone();
        // What a mapping says that this integration brings, it brings.
        for field in mappings.brought_by(Object::Users, &sync.name) {
            if !map.contains_key(field) && rows.iter().any(|row| row.contains_key(field)) {
                map.insert(field.to_owned(), Text::whole(field));
            }
        }
        let mut options = ImportOptions::new(Object::Users, sync.key.as_str());
        (options.mode, options.dry_run, options.when_archived) = (*mode, dry_run, sync.when_archived());
        synced.users = import(records, sync, &map, rows, options, &mut synced.refused, watch)?;
    }
    if let (Some((mode, map)), Some(software)) = (&sync.saas_users, &sync.software) {
        if !entry(records, software.as_str(), sync, dry_run)? {
            // Nothing of it is there, so all of them are new.
            let id = map.get("external_id").map_or("", Text::as_str);
            let new = rows.iter().filter(|row| row.get(id).is_some_and(|id| !id.is_null())).count() as u64;
            synced.saas_users.created = if *mode == Mode::UpdateOnly { 0 } else { new };
            return Ok(synced);
        }
        let mut options = ImportOptions::new(Object::SaasUsers, "software");
        options.keys.push("external_id".to_owned());
        (options.mode, options.dry_run, options.when_archived) = (*mode, dry_run, sync.when_archived());
        options.constants.insert("software".to_owned(), Field::text(software.as_str()));
        synced.saas_users = import(records, sync, map, rows, options, &mut synced.refused, watch)?;
        if !dry_run {
            synced.linked = link(records, software.as_str(), sync)?;
        }
    }
    Ok(synced)
}

/// Whether the software entry is there; it is made if it is not, unless nothing is to be changed.
fn entry(records: &mut Records, software: &str, sync: &Sync, dry_run: bool) -> Result<bool, Failure> {
    let name = Field::text(software);
    let found = records.find(Object::Software, "name", &name);
    let found = found.map_err(|error| Failure::new("records", error.to_string()))?;
    if !found.is_empty() {
        return Ok(true);
    }
    if !dry_run {
        let change = Change::new(Action::Create(Object::Software)).set("name", name);
        records.apply(&[change], &Cause::sync(&sync.name)).map_err(|error| refused(&error))?;
    }
    Ok(!dry_run)
}

fn import(
    records: &mut Records,
    sync: &Sync,
    map: &IndexMap<String, Text>,
    rows: &[Map<String, Value>],
    mut options: ImportOptions,
    told: &mut Vec<String>,
    watch: &mut dyn FnMut(Object, &RowChange),
) -> Result<Counts, Failure> {
    let object = options.object;
    let fields = records.fields(object).map_err(unreadable)?;
    // What the vendor leaves out says nothing about what is known.
    options.keep_empty = true;
    let mut lines = Vec::new();
    for row in rows {
        let mut line = Map::new();
        for (name, from) in map {
            let field = fields.get(name).map_err(|error| Failure::new("mapping", error.to_string()))?;
            let value = row.get(from.as_str()).unwrap_or(&Value::Null);
            let own = own_spelling(records, object, field, value)?;
            let value = own.as_ref().unwrap_or(value);
            // A vendor's numbers come as texts and texts as numbers; the import itself guesses nothing.
            let value = match crate::values::field(&field.kind, value) {
                Ok(value) => value.to_json(),
                Err(_) => value.clone(),
            };
            line.insert(name.clone(), value);
        }
        serde_json::to_writer(&mut lines, &line).map_err(|error| Failure::new("mapping", error.to_string()))?;
        lines.push(b'\n');
    }
    let mut refusals = Vec::new();
    let report = records
        .import(lines.as_slice(), Format::JsonLines, &options, &Cause::sync(&sync.name), &mut |event| {
            match event {
                ImportEvent::Refused(refused) if refusals.len() < TOLD => {
                    let field = refused.field.as_deref().map(|field| format!("{field}: ")).unwrap_or_default();
                    refusals.push(format!("{object}, row {}: {field}{}", refused.line, refused.reason));
                }
                ImportEvent::Changed(change) => watch(object, change),
                _ => {}
            }
            ControlFlow::Continue(())
        })
        .map_err(|error| Failure::new("records", error.to_string()))?;
    told.extend(refusals);
    told.truncate(TOLD);
    Ok(Counts {
        created: report.created,
        updated: report.updated,
        unchanged: report.unchanged,
        refused: report.refused,
    })
}

/// An e-mail address as the user's record has it already: how a vendor writes it changes nothing.
fn own_spelling(
    records: &Records,
    object: Object,
    field: &presetter_records::Field,
    value: &Value,
) -> Result<Option<Value>, Failure> {
    let (Object::Users, presetter_records::Kind::Email, Value::String(text)) = (object, &field.kind, value) else {
        return Ok(None);
    };
    let found = records.find(object, &field.name, &Field::text(text.as_str()));
    let found = found.map_err(|error| Failure::new("records", error.to_string()))?;
    let Some(first) = found.first() else { return Ok(None) };
    let record = records.get(*first).map_err(unreadable)?;
    Ok(record.and_then(|record| record.get(&field.name).map(Field::to_json)))
}

/// Connects SaaS users that have no user with the one user who has their e-mail address.
fn link(records: &mut Records, software: &str, sync: &Sync) -> Result<u64, Failure> {
    let fields = records.fields(Object::SaasUsers).map_err(unreadable)?;
    let rules = vec![
        Filter::rule("software", Operator::Equals, Some(software)),
        Filter::rule("user", Operator::IsEmpty, None),
        Filter::rule("email", Operator::IsNotEmpty, None),
    ];
    // No rule here counts days.
    let matcher = Filter::All { all: rules }.compile(&fields, jiff::civil::Date::MIN);
    let matcher = matcher.map_err(|error| Failure::new("rules", error.to_string()))?;
    let mut alone = Vec::new();
    for record in records.list(Object::SaasUsers, Some(State::Active), &matcher) {
        let record = record.map_err(unreadable)?;
        alone.push((record.id(), record.changed(), record.get("email").cloned().unwrap_or(Field::Empty)));
    }
    let mut changes = Vec::new();
    for (record, changed, email) in alone {
        let found = records.find(Object::Users, "email", &email);
        let found = found.map_err(|error| Failure::new("records", error.to_string()))?;
        // Those in use come first. Who is out of use has this account no more, and is no owner that one would look for.
        let Some(user) = found.first() else { continue };
        let there = records.get(*user).map_err(unreadable)?;
        if there.is_some_and(|there| there.state() == State::Active) {
            let change = Change::new(Action::Edit(record)).as_of(changed);
            changes.push(change.set("user", Field::text(user.to_string())));
        }
    }
    let mut linked = 0;
    for part in changes.chunks(1_000) {
        let applied = records.apply(part, &Cause::sync(&sync.name)).map_err(|error| refused(&error))?;
        linked += applied.results.iter().filter(|result| result.sequence.is_some()).count() as u64;
    }
    Ok(linked)
}

/// Proposes which field of a row belongs to which field of a record, by their names: pairs of field and row's field.
#[must_use]
pub fn propose(fields: &Fields, rows: &[&str], software: &str) -> Vec<(String, String)> {
    let plain = |name: &str| name.to_lowercase().replace(['_', '-', ' ', '.'], "");
    let mut pairs: Vec<(String, String)> = Vec::new();
    for field in fields.iter() {
        let wanted = plain(&field.name);
        let own = format!("{}{wanted}", plain(software));
        let alike = |row: &&&str| {
            let row = plain(row);
            row == wanted || row == own || row.strip_prefix(&plain(software)).is_some_and(|rest| rest == wanted)
        };
        let found = rows.iter().find(alike).or_else(|| match field.name.as_str() {
            "external_id" => {
                let ids = [format!("{}userid", plain(software)), format!("{}id", plain(software)), "id".to_owned()];
                ids.iter().find_map(|id| rows.iter().find(|row| plain(row) == *id))
            }
            "email" => rows.iter().find(|row| ["mail", "emailaddress", "login"].contains(&plain(row).as_str())),
            "name" => rows.iter().find(|row| ["fullname", "displayname"].contains(&plain(row).as_str())),
            "role" => rows.iter().find(|row| ["type", "usertype"].contains(&plain(row).as_str())),
            _ => None,
        });
        if let Some(row) = found {
            pairs.push((field.name.clone(), (*row).to_owned()));
        }
    }
    pairs
}
