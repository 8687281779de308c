//! A run on one record: from Begin along the paths to the End.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use presetter_expr::Vars;
use presetter_journal::seam::{DurableContext, Failure, FlowError, Repeat};
use presetter_manifest::Text;
use presetter_records::{Object, RecordId, State};
use presetter_template::Template;
use serde_json::{Map, Value, json};

use super::ask;
use super::{approval, question};
use crate::definition::{Action, Api, Approval, Block, Condition, Next, Notify, Path, Update, Via, Wait};
use crate::steps::{Answer, Apply, Ask, CallStep, Seen, Taken};
use crate::values::Known;
use crate::{Kind, Package};

/// A run walks at most so many blocks: ways may lead back.
const WALKED: usize = 1_000;
/// The class of what was broken off at a bound.
const LIMIT: &str = "limit";
/// The class of a person's no.
const DECLINED: &str = "declined";

/// How a block ended.
enum Ended {
    Well,
    NotFound(Failure),
    Badly(Failure),
}

/// What proves that nothing is there.
#[derive(Clone)]
struct Absent {
    preset: String,
    evidence: String,
    receipt: String,
    /// A person has said yes since.
    approved: bool,
    /// Time has passed since.
    stale: bool,
}

struct Run<'p> {
    package: &'p Package,
    record: RecordId,
    /// As it was seen last; none if it must be looked at again.
    seen: Option<Seen>,
    variables: Map<String, Value>,
    approved_by: Option<String>,
    /// That nothing was found, until the same preset finds something.
    absent: Option<Absent>,
    /// Something went wrong and a failure path was taken, and nobody has said yes since.
    failed: bool,
    /// How many questions a person was asked.
    questions: u64,
    rule: String,
    id: String,
}

pub(super) async fn run(
    context: &mut dyn DurableContext,
    package: &Package,
    record: RecordId,
    start: usize,
) -> Result<Value, FlowError> {
    let id = context.run().0.clone();
    let rule = package.workflow.begin.rules.told();
    let mut run = Run {
        package,
        record,
        seen: None,
        variables: Map::new(),
        approved_by: None,
        absent: None,
        failed: false,
        questions: 0,
        rule,
        id,
    };
    let seen = run.look(context).await?;
    // A role block before it may have changed what the rules ask; then it was chosen by them before.
    if seen.cancelled {
        return Ok(json!({ "skipped": "its batch was cancelled" }));
    }
    if seen.record.is_none() || (start == 0 && !seen.matches) {
        return Ok(json!({ "skipped": "the record does not match any more" }));
    }
    let (mut at, mut walked) = (Some(start), 0);
    let mut last = String::new();
    while let Some(now) = at {
        let Some(block) = package.workflow.blocks.get(now) else { break };
        walked += 1;
        if walked > WALKED {
            return Err(Failure::new(
                "limit",
                format!("the run went through more than {WALKED} blocks; its ways lead back for ever"),
            )
            .into());
        }
        last.clone_from(&block.name);
        let next = match run.block(context, block).await? {
            Ended::Well => block.success.next.clone(),
            Ended::NotFound(failure) => way(block, block.not_found.as_ref().or(block.failure.as_ref()), failure)?,
            Ended::Badly(failure) => {
                // That a condition does not hold and that a person says no are answers. A question that nobody answered is none.
                run.failed |= !matches!(block.action, Action::Condition(_)) && failure.class != DECLINED;
                way(block, block.failure.as_ref(), failure)?
            }
        };
        if next == Next::Fail {
            return Err(
                Failure::new("failed", format!("block {:?}: its path says that the run fails", block.name)).into()
            );
        }
        at = package.workflow.after(now, &next);
    }
    Ok(json!({ "last": last, "variables": run.variables }))
}

/// Where a run goes on after something went wrong: nowhere, unless the block says so.
fn way(block: &Block, path: Option<&Path>, failure: Failure) -> Result<Next, FlowError> {
    match path {
        Some(path) => Ok(path.next.clone()),
        None => Err(in_block(block, failure).into()),
    }
}

fn in_block(block: &Block, mut failure: Failure) -> Failure {
    failure.message = format!("block {:?}: {}", block.name, failure.message);
    failure
}

impl Run<'_> {
    fn object(&self) -> Object {
        self.package.workflow.object
    }

    async fn look(&mut self, context: &mut dyn DurableContext) -> Result<Seen, FlowError> {
        if let Some(seen) = &self.seen {
            return Ok(seen.clone());
        }
        let seen: Seen = ask(context, "look", &Ask::Look { record: self.record }, Repeat::Read).await?;
        self.seen = Some(seen.clone());
        Ok(seen)
    }

    /// As [`Run::look`], in the middle of the run: the record is there.
    async fn look_again(&mut self, context: &mut dyn DurableContext) -> Result<Seen, FlowError> {
        let seen = self.look(context).await?;
        match seen.record {
            Some(_) => Ok(seen),
            None => Err(Failure::new("records", format!("{} is not there any more", self.record)).into()),
        }
    }

    /// What templates know here.
    async fn known(&mut self, context: &mut dyn DurableContext) -> Result<Known, FlowError> {
        let seen = self.look_again(context).await?;
        let workflow = &self.package.workflow;
        Ok(Known::default()
            .with("record", Value::Object(seen.record.unwrap_or_default()))
            .with("variables", Value::Object(self.variables.clone()))
            .with("workflow", json!({ "name": workflow.name, "title": workflow.title }))
            .with("run", json!({ "id": self.id })))
    }

    async fn block(&mut self, context: &mut dyn DurableContext, block: &Block) -> Result<Ended, FlowError> {
        match &block.action {
            Action::Api(api) => self.api(context, block, api).await,
            // Done for all records together, before this run.
            Action::Role(_) => Ok(Ended::Well),
            Action::Update(update) => self.update(context, block, update).await,
            Action::Condition(condition) => self.condition(context, block, condition).await,
            Action::Wait(wait) => self.wait(context, wait).await,
            Action::Notify(notify) => self.notify(context, block, notify).await,
            Action::Approval(approval) => self.approval(context, block, approval).await,
        }
    }

    async fn api(&mut self, context: &mut dyn DurableContext, block: &Block, api: &Api) -> Result<Ended, FlowError> {
        let known = self.known(context).await?;
        let connection = match &api.connection {
            Via::Named(name) => name.as_str().to_owned(),
            Via::Field(field) => {
                let named = known_field(&known, field.as_str());
                match named {
                    Some(name) => name,
                    None => {
                        let origin = self.package.mappings.origin(self.object(), field.as_str());
                        return Ok(Ended::Badly(Failure::new(
                            "empty",
                            format!("{} names no connection: {origin}", field.as_str()),
                        )));
                    }
                }
            }
        };
        let inputs = match self.package.fill(&known, &api.inputs, "input") {
            Ok(inputs) => inputs,
            Err(failure) => return Ok(Ended::Badly(failure)),
        };
        let preset = api.preset.as_str().to_owned();
        let digest = self.package.components.get(&preset).cloned().unwrap_or_default();
        let repeat = match self.package.repeats.get(&preset) {
            // A body that a person has put in its place is none of which the preset speaks.
            _ if api.body.is_some() => Repeat::Never,
            Some(repeat) => *repeat,
            None => Repeat::Never,
        };
        let take = takes(block);
        let body = api.body.as_ref().map(|body| body.as_str().to_owned());
        let call = Ask::Call(CallStep {
            workflow: self.package.workflow.name.clone(),
            preset: preset.clone(),
            digest,
            connection,
            inputs,
            body,
            confirm: api.confirm.is_some(),
            take,
        });
        let answer: Answer = match ask(context, &block.name, &call, repeat).await {
            // A bound: its answer could not be kept, and it may well have taken place.
            Err(FlowError::Failed(failure)) if failure.class == LIMIT && repeat != Repeat::Read => {
                return Err(in_block(block, failure).into());
            }
            // What a person decided: it is known that nothing good came of it.
            Err(FlowError::Failed(failure)) => return Ok(Ended::Badly(failure)),
            other => other?,
        };
        let failure = Failure::new(&answer.class, answer.message.clone());
        // It was broken off after it was sent: what its failure path says is for calls that came to nothing.
        if answer.kind == Kind::Failed && (answer.changed || answer.class == LIMIT) && repeat != Repeat::Read {
            return Err(in_block(block, failure).into());
        }
        match answer.kind {
            Kind::NotFound => {
                self.absent = Some(Absent {
                    preset: preset.clone(),
                    evidence: answer.evidence.clone(),
                    receipt: answer.receipt.clone(),
                    approved: false,
                    stale: false,
                });
            }
            Kind::Ok if self.absent.as_ref().is_some_and(|absent| absent.preset == preset) => self.absent = None,
            _ => {}
        }
        self.variables.extend(answer.variables.clone());
        if !answer.fields.is_empty() {
            let applied = self.apply(
                context,
                block,
                Apply {
                    fields: answer.fields.clone(),
                    evidence: answer.evidence.clone(),
                    receipt: answer.receipt.clone(),
                    ..Apply::default()
                },
            );
            applied.await?;
        }
        if let (Kind::Ok, Some(missing)) = (answer.kind, answer.missing.first()) {
            let text = format!(
                "the preset ran and was ok, but its answer has no value for {missing}; do not repeat it for that"
            );
            return Err(in_block(block, Failure::new("mapping", text)).into());
        }
        Ok(match answer.kind {
            Kind::Ok => Ended::Well,
            Kind::NotFound => Ended::NotFound(Failure::new("not_found", format!("not found ({})", answer.evidence))),
            Kind::Failed | Kind::Unknown => Ended::Badly(failure),
        })
    }

    async fn apply(&mut self, context: &mut dyn DurableContext, block: &Block, apply: Apply) -> Result<(), FlowError> {
        let apply = Apply {
            record: Some(self.record),
            block: block.name.clone(),
            rule: self.rule.clone(),
            approved_by: self.approved_by.clone(),
            ..apply
        };
        // The records know a step that was applied.
        match ask(context, &block.name, &Ask::Apply(apply), Repeat::Natural).await {
            Ok(seen) => {
                self.seen = Some(seen);
                Ok(())
            }
            Err(FlowError::Failed(failure)) => Err(in_block(block, failure).into()),
            Err(other) => Err(other),
        }
    }

    async fn update(
        &mut self,
        context: &mut dyn DurableContext,
        block: &Block,
        update: &Update,
    ) -> Result<Ended, FlowError> {
        let known = self.known(context).await?;
        let mut fields = match self.package.fill(&known, &update.fields, "field") {
            Ok(fields) => fields,
            Err(failure) => return Ok(Ended::Badly(failure)),
        };
        // What renders to nothing empties the field.
        for name in update.fields.keys() {
            fields.entry(name.clone()).or_insert(Value::Null);
        }
        let mut apply = Apply { fields, state: update.state, ..Apply::default() };
        if update.state == Some(State::Archived) {
            if self.failed {
                let text =
                    "something went wrong before, which proves nothing: only a person's yes lets it archive then";
                return Err(in_block(block, Failure::new("approval", text)).into());
            }
            if let Some(absent) = self.absent.clone() {
                if absent.stale && !absent.approved {
                    let text = "what was not found before a wait may be there again: look again after it, or let a person say yes";
                    return Err(in_block(block, Failure::new("approval", text)).into());
                }
                (apply.absent, apply.evidence, apply.receipt) = (!absent.approved, absent.evidence, absent.receipt);
            }
        }
        self.apply(context, block, apply).await?;
        Ok(Ended::Well)
    }

    async fn condition(
        &mut self,
        context: &mut dyn DurableContext,
        block: &Block,
        condition: &Condition,
    ) -> Result<Ended, FlowError> {
        let holds = match condition {
            Condition::Rules(_) => {
                let ask_rules = Ask::Rules { record: self.record, block: block.name.clone() };
                ask(context, &block.name, &ask_rules, Repeat::Read).await?
            }
            Condition::When(text, program) => {
                let seen = self.look_again(context).await?;
                let (record, variables) =
                    (Value::Object(seen.record.unwrap_or_default()), Value::Object(self.variables.clone()));
                let today = Value::from(seen.today);
                let vars = Vars::new().with("record", &record).with("variables", &variables).with("today", &today);
                match program.test(&vars) {
                    Ok(holds) => holds,
                    Err(error) => {
                        let place = self.package.place(text.span().start);
                        let why = format!("when ({place}): {}", error.problem().message);
                        return Err(in_block(block, Failure::new("condition", why)).into());
                    }
                }
            }
        };
        let no = || Failure::new("condition", "the condition does not hold, and the block has no failure path");
        Ok(if holds { Ended::Well } else { Ended::Badly(no()) })
    }

    async fn wait(&mut self, context: &mut dyn DurableContext, wait: &Wait) -> Result<Ended, FlowError> {
        let until = match wait {
            Wait::For(duration) => context.now().await?.checked_add(*duration).unwrap_or(Timestamp::MAX),
            Wait::Until(field) => {
                let known = self.known(context).await?;
                let text = known_field(&known, field.as_str());
                match text.as_deref().and_then(moment) {
                    Some(until) => until,
                    None => {
                        let origin = self.package.mappings.origin(self.object(), field.as_str());
                        let text = format!("there is no day to wait for: {} is empty: {origin}", field.as_str());
                        return Ok(Ended::Badly(Failure::new("empty", text)));
                    }
                }
            }
        };
        context.sleep_until(until).await?;
        self.seen = None;
        if let Some(absent) = &mut self.absent {
            absent.stale = true;
        }
        Ok(Ended::Well)
    }

    async fn notify(
        &mut self,
        context: &mut dyn DurableContext,
        block: &Block,
        notify: &Notify,
    ) -> Result<Ended, FlowError> {
        let known = self.known(context).await?;
        let body = match &notify.body {
            None => json!({
                "workflow": self.package.workflow.name, "run": self.id, "record": self.record, "block": block.name,
            }),
            Some((text, template)) => match self.package.render(&known, template) {
                Ok(body) => body,
                Err(why) => {
                    let text = format!("body ({}): {why}", self.package.place(text.span().start));
                    return Ok(Ended::Badly(Failure::new("empty", text)));
                }
            },
        };
        let told = Ask::Notify { url: notify.url.as_str().to_owned(), allow_private: notify.allow_private, body };
        // It bears a key by which a receiver knows a repeat.
        match ask::<Value>(context, &block.name, &told, Repeat::Keyed).await {
            Ok(_) => Ok(Ended::Well),
            Err(FlowError::Failed(failure)) => Ok(Ended::Badly(failure)),
            Err(other) => Err(other),
        }
    }

    async fn approval(
        &mut self,
        context: &mut dyn DurableContext,
        block: &Block,
        asked: &Approval,
    ) -> Result<Ended, FlowError> {
        let known = self.known(context).await?;
        let message = match self.package.render(&known, &asked.template) {
            Ok(message) => message,
            Err(why) => {
                // Whom nobody can ask has not said no.
                let text = format!("message ({}): {why}", self.package.place(asked.message.span().start));
                return Err(in_block(block, Failure::new("empty", text)).into());
            }
        };
        self.questions += 1;
        let deadline = match asked.within {
            Some(within) => Some(context.now().await?.checked_add(within).unwrap_or(Timestamp::MAX)),
            None => None,
        };
        context.progress(question(&block.name, self.questions, &message, deadline)).await?;
        let word = context.wait_event(&approval(&block.name, self.questions), deadline).await?;
        context.progress(json!({ "block": block.name })).await?;
        self.seen = None;
        self.approved_by = None;
        let Some(word) = word else {
            return Ok(Ended::Badly(Failure::new("unanswered", "nobody approved it in time")));
        };
        let by = word["by"].as_str().unwrap_or("somebody").to_owned();
        if word["yes"] != true {
            return Ok(Ended::Badly(Failure::new(DECLINED, format!("{by} did not approve"))));
        }
        self.approved_by = Some(by);
        self.failed = false;
        if let Some(absent) = &mut self.absent {
            absent.approved = true;
        }
        Ok(Ended::Well)
    }
}

/// What is taken from an answer, by how it ended.
fn takes(block: &Block) -> BTreeMap<Kind, Taken> {
    let sources = |map: &IndexMap<String, (Text, Template)>| {
        map.iter().map(|(name, (text, _))| (name.clone(), text.as_str().to_owned())).collect()
    };
    let taken = |path: &Path| Taken { fields: sources(&path.fields), variables: sources(&path.variables) };
    let mut take = BTreeMap::from([(Kind::Ok, taken(&block.success))]);
    if let Some(failure) = &block.failure {
        take.insert(Kind::Failed, taken(failure));
    }
    if let Some(path) = block.not_found.as_ref().or(block.failure.as_ref()) {
        take.insert(Kind::NotFound, taken(path));
    }
    take
}

/// A field of the record as text, if it is not empty.
fn known_field(known: &Known, field: &str) -> Option<String> {
    use presetter_template::Scope as _;
    match known.root("record")?.get(field)? {
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        other => Some(other.to_string()),
    }
}

/// The moment that a text is: the beginning of a day in UTC, or a time.
fn moment(text: &str) -> Option<Timestamp> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    Some(text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp())
}
