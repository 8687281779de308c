//! A batch: the role block for all records together, then a run for each record that matches.

use presetter_journal::seam::{DurableContext, Failure, FlowError, Repeat};
use serde_json::{Value, json};

use super::ask;
use crate::Package;
use crate::definition::Role;
use crate::steps::{Ask, Collected, Settled, Spreaded};

/// The event by which a person says yes or no; the block's name follows.
pub(crate) const APPROVAL: &str = "approval:";

/// The id and name of the event by which this block's question is answered.
#[must_use]
pub fn approval(block: &str) -> String {
    format!("{APPROVAL}{block}")
}

pub(super) async fn run(context: &mut dyn DurableContext, package: &Package) -> Result<Value, FlowError> {
    let mut result = json!({});
    let mut start = 0;
    if let Some((block, role)) = package.workflow.role() {
        let (collected, settled) = roles(context, package, &block.name, role).await?;
        result["roles"] = super::json(&collected);
        result["changed"] = settled.changed.into();
        result["deactivated"] = settled.deactivated.into();
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
    let collected: Collected = ask(context, block, &Ask::Collect, Repeat::Read).await?;
    let mut approved_by = None;
    if role.approve_above.holds(collected.deactivate, collected.records) {
        let told = format!(
            "{} would deactivate {} of {} records: {}",
            package.workflow.name,
            collected.deactivate,
            collected.records,
            collected.some.join(", ")
        );
        context.progress(json!({ "waits_for": "approval", "block": block, "message": told })).await?;
        let word = context.wait_event(&approval(block), None).await?.unwrap_or_default();
        let by = word["by"].as_str().unwrap_or("somebody").to_owned();
        if word["yes"] != true {
            return Err(Failure::new("declined", format!("{by} did not approve; nothing was changed")).into());
        }
        approved_by = Some(by);
    }
    let settled = ask(context, block, &Ask::Settle { approved_by }, Repeat::Natural).await?;
    context.progress(json!({ "roles": super::json(&collected) })).await?;
    Ok((collected, settled))
}
