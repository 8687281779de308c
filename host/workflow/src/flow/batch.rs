//! A batch: the role block for all records together, then a run for each record that matches.

use jiff::Timestamp;
use presetter_journal::seam::{DurableContext, Failure, FlowError, Repeat};
use serde_json::{Value, json};

use super::ask;
use crate::Package;
use crate::definition::Role;
use crate::steps::{Ask, Collected, Settled, Spreaded};

/// The event by which a person says yes or no; the block's name and the number of the question in the run follow.
const APPROVAL: &str = "approval:";

/// The id and name of the event by which a question is answered.
pub(super) fn approval(block: &str, number: u64) -> String {
    format!("{APPROVAL}{block}:{number}")
}

/// The id and name of the event that answers what a run asks a person, by its progress; none if it asks nothing.
///
/// One question has one answer: whoever is second is told so by the engine, and what comes late answers nothing else.
#[must_use]
pub fn asked(progress: &Value) -> Option<String> {
    let block = progress["block"].as_str().filter(|_| progress["waits_for"] == "approval")?;
    Some(approval(block, progress["question"].as_u64()?))
}

/// What a run tells while it waits for a person.
pub(super) fn question(block: &str, number: u64, message: &Value, until: Option<Timestamp>) -> Value {
    let mut told = json!({ "waits_for": "approval", "block": block, "question": number, "message": message });
    if let Some(until) = until {
        told["until"] = until.to_string().into();
    }
    told
}

pub(super) async fn run(context: &mut dyn DurableContext, package: &Package) -> Result<Value, FlowError> {
    let mut result = json!({});
    let mut start = 0;
    if let Some((block, role)) = package.workflow.role() {
        let (collected, settled) = roles(context, package, &block.name, role).await?;
        result["roles"] = super::json(&collected);
        result["changed"] = settled.changed.into();
        result["deactivated"] = settled.deactivated.into();
        result["skipped"] = settled.skipped.into();
        match package.workflow.after(0, &block.success.next) {
            Some(at) => start = at,
            None => return Ok(result),
        }
    }
    let (mut after, mut runs) = (None, 0);
    loop {
        let spread: Spreaded = ask(context, "spread", &Ask::Spread { after, start }, Repeat::Natural).await?;
        runs += spread.runs;
        context.progress(json!({ "runs": runs })).await?;
        if spread.done {
            break;
        }
        after = spread.last;
    }
    result["runs"] = runs.into();
    Ok(result)
}

/// Collects everything first; then one step changes all of it.
async fn roles(
    context: &mut dyn DurableContext,
    package: &Package,
    block: &str,
    role: &Role,
) -> Result<(Collected, Settled), FlowError> {
    let mut collected: Collected = ask(context, block, &Ask::Collect { approved: None }, Repeat::Read).await?;
    let mut approved_by = None;
    if collected.asks(role.approve_above) {
        context.progress(question(block, 1, &told(&package.workflow.name, &collected).into(), None)).await?;
        let word = context.wait_event(&approval(block, 1), None).await?.unwrap_or_default();
        let by = word["by"].as_str().unwrap_or("somebody").to_owned();
        if word["yes"] != true {
            return Err(Failure::new("declined", format!("{by} did not approve; nothing was changed")).into());
        }
        approved_by = Some(by);
        // A word may come days later: who has come back since, or was changed, is left alone.
        context.progress(json!({ "block": block })).await?;
        let again = Ask::Collect { approved: Some(collected.digest) };
        collected = ask(context, block, &again, Repeat::Read).await?;
    }
    let settle = Ask::Settle { collected: collected.clone(), approved_by };
    let settled = ask(context, block, &settle, Repeat::Natural).await?;
    context.progress(json!({ "roles": super::json(&collected) })).await?;
    Ok((collected, settled))
}

fn told(workflow: &str, collected: &Collected) -> String {
    let earlier = match collected.earlier {
        0 => String::new(),
        earlier => format!(", after {earlier} within a day"),
    };
    let (deactivate, records, some) = (collected.deactivate, collected.records, collected.some.join(", "));
    format!("{workflow} would deactivate {deactivate} of {records} records{earlier}: {some}")
}
