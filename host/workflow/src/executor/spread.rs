//! Submitting a run for each record that matches, a page at a time: memory stays flat however many there are.

use presetter_journal::seam::{Attempt, EngineError, Failure};
use presetter_records::RecordId;
use tokio::task::JoinSet;

use super::{Hands, matcher, unreadable};
use crate::steps::Spreaded;
use crate::{Begun, Input};

/// How many records' runs are submitted in a step.
const PAGE: usize = 500;
/// How many of them at once.
const AT_ONCE: usize = 64;

impl Hands {
    pub(super) async fn spread(
        &self,
        attempt: &Attempt,
        after: Option<RecordId>,
        start: usize,
    ) -> Result<Spreaded, Failure> {
        // A step that was under way is brought to its end though its run was cancelled: then it begins nothing.
        if self.was_cancelled(&attempt.run).await? {
            return Ok(Spreaded { last: None, runs: 0, done: true });
        }
        let engine = self.engine()?;
        let submission = self.submission(&attempt.run).await?;
        let begun: Begun = match serde_json::from_value(submission.input.clone()) {
            Ok(Input::Batch(begun)) => begun,
            _ => return Err(Failure::new("definition", "only a batch is spread")),
        };
        let package = crate::Package::read(&submission.definition, submission.components)?;
        let (whole, today) = (package.clone(), self.today());
        let page: Vec<RecordId> = self
            .with_own_records(move |records| {
                let workflow = &whole.workflow;
                let matcher = matcher(records, workflow.object, &workflow.filter(), today)?;
                let mut listing = records.list(workflow.object, workflow.begin.state, &matcher);
                if let Some(after) = after {
                    listing = listing.after(after);
                }
                let page = listing.take(PAGE).map(|record| record.map(|record| record.id()).map_err(unreadable));
                page.collect()
            })
            .await?;
        let done = page.len() < PAGE;
        let begun = Begun { batch: Some(attempt.run.0.clone()), ..begun };
        let mut submitting = JoinSet::new();
        for record in &page {
            let input = Input::Record { record: *record, begun: begun.clone(), start };
            // Again, it is the same run.
            let key = format!("{}:{record}", attempt.run);
            let submission = package.submission(&input, Some(key), Some(line(&package.workflow.name, *record)));
            if submitting.len() >= AT_ONCE {
                joined(submitting.join_next().await)?;
            }
            if attempt.cancellation.is_cancelled() {
                break;
            }
            let engine = engine.clone();
            submitting.spawn(async move { engine.submit(submission).await.map(drop) });
        }
        while let Some(ended) = submitting.join_next().await {
            joined(Some(ended))?;
        }
        Ok(Spreaded { last: page.last().copied(), runs: page.len() as u64, done })
    }
}

/// Runs of one workflow on one record go one after another; a wait of one workflow holds up no other.
#[must_use]
pub fn line(workflow: &str, record: RecordId) -> String {
    format!("record:{workflow}:{record}")
}

type Joined = Option<Result<Result<(), EngineError>, tokio::task::JoinError>>;

fn joined(ended: Joined) -> Result<(), Failure> {
    match ended {
        None | Some(Ok(Ok(()))) => Ok(()),
        // It was submitted before; the workflow's file may have been read in another way since.
        Some(Ok(Err(EngineError::KeyTaken { .. }))) => Ok(()),
        Some(Ok(Err(error))) => Err(Failure::new("journal", error.to_string())),
        Some(Err(_)) => Err(Failure::new("panicked", "the program broke down; this is a bug")),
    }
}
