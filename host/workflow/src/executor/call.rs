//! A preset's call, and what is taken from its answer.

use std::sync::Arc;

use indexmap::IndexMap;
use presetter_journal::seam::{Attempt, Failure, Probe, Repeat, StepEnd};
use presetter_template::{Context, Template};
use serde_json::{Map, Value};

use super::{Hands, TRIES, told};
use crate::steps::{Answer, CallStep, Taken};
use crate::{Answered, Call, Called, Kind, NoRows, named_headers};

impl Hands {
    pub(super) async fn call(self: &Arc<Self>, attempt: &Attempt, step: CallStep) -> StepEnd {
        let call = match self.fixed(attempt, &step) {
            Ok(call) => call,
            Err(failure) => return StepEnd::Failed(failure),
        };
        let mut called = self.presets.call(&call, Arc::new(NoRows)).await;
        if called.kind == Kind::NotFound && (call.body.is_some() || self.own_body(&step.preset)) {
            called.kind = Kind::Failed;
            "preset".clone_into(&mut called.class);
            called.message = "it found nothing by a body of your own, which proves nothing".to_owned();
        }
        if called.kind == Kind::Unknown {
            return StepEnd::Unknown(called.message);
        }
        // A read is done again a few times before it counts as failed; the journal waits between.
        let again = attempt.step.repeat == Repeat::Read && attempt.attempt < TRIES;
        if called.kind == Kind::Failed && super::passing(&called.class) && again {
            return StepEnd::Unknown(called.message);
        }
        super::ended(Ok(answer(&called, &step)))
    }

    pub(super) async fn probe_call(self: &Arc<Self>, attempt: &Attempt, step: CallStep) -> Probe {
        let call = match self.fixed(attempt, &step) {
            Ok(call) => call,
            Err(failure) => return Probe::Undecided(failure.message),
        };
        match self.presets.probe(&call).await {
            Probe::Done(outputs) => {
                let mut called = Called::failed("", "");
                called.kind = Kind::Ok;
                called.evidence = "its probe found it".to_owned();
                called.outputs = outputs.as_object().cloned().unwrap_or_default();
                let mut answer = answer(&called, &step);
                // The answer itself was never seen: what only it has is not asked for.
                answer.missing.clear();
                match serde_json::to_value(answer) {
                    Ok(answer) => Probe::Done(answer),
                    Err(error) => Probe::Undecided(error.to_string()),
                }
            }
            other => other,
        }
    }

    /// The call of a preset that lists. What a person's own body lists is not known to be all, and proves nothing.
    pub(crate) fn listing_call(&self, attempt: &Attempt, step: &CallStep) -> Result<Call, Failure> {
        let call = self.fixed(attempt, step)?;
        if self.own_body(&step.preset) {
            let text = format!(
                "{preset} runs with a body of your own here, and what that lists proves nothing; no record was changed; \
                 presetter override remove {preset}",
                preset = step.preset
            );
            return Err(Failure::new("preset", text));
        }
        Ok(call)
    }

    /// Whether a person keeps a body for the preset.
    fn own_body(&self, preset: &str) -> bool {
        self.presets.describe(preset).is_ok_and(|info| info.overridden)
    }

    /// The call, if the preset is the one that the run began with.
    pub(crate) fn fixed(&self, attempt: &Attempt, step: &CallStep) -> Result<Call, Failure> {
        let info = self.presets.describe(&step.preset).map_err(|trouble| Failure::new("preset", told(&trouble)))?;
        if info.digest != step.digest {
            let text = format!(
                "{} is not the preset that this run began with: it was changed or upgraded since; activate or run the workflow again",
                step.preset
            );
            return Err(Failure::new("changed", text));
        }
        Ok(Call {
            preset: step.preset.clone(),
            digest: step.digest.clone(),
            connection: step.connection.clone(),
            inputs: step.inputs.clone(),
            body: step.body.clone(),
            confirm: step.confirm,
            run: attempt.run.clone(),
            workflow: step.workflow.clone(),
            cancellation: attempt.cancellation.clone(),
        })
    }
}

fn answer(called: &Called, step: &CallStep) -> Answer {
    let none = Taken::default();
    let Taken { fields, variables } = step.take.get(&called.kind).unwrap_or(&none);
    let Took { fields, variables, missing } = take(called, &step.inputs, fields, variables);
    Answer {
        kind: called.kind,
        class: called.class.clone(),
        message: called.message.clone(),
        evidence: called.evidence.clone(),
        receipt: called.receipt.clone(),
        changed: called.changed,
        fields,
        variables,
        missing,
    }
}

/// What was taken from an answer.
#[derive(Debug, Default)]
pub(crate) struct Took {
    pub(crate) fields: Map<String, Value>,
    pub(crate) variables: Map<String, Value>,
    /// What an answer that is ok has no value for.
    pub(crate) missing: Vec<String>,
}

/// Takes values from an answer, by templates.
pub(crate) fn take(
    called: &Called,
    inputs: &Map<String, Value>,
    fields: &IndexMap<String, String>,
    variables: &IndexMap<String, String>,
) -> Took {
    let mut took = Took::default();
    let (inputs, outputs) = (Value::Object(inputs.clone()), Value::Object(called.outputs.clone()));
    for (map, into) in [(fields, &mut took.fields), (variables, &mut took.variables)] {
        for (name, source) in map {
            let Ok(template) = Template::compile(source, Context::Value) else { continue };
            let values = Answered {
                response: called.response.as_ref(),
                status: called.response_status.map(Value::from),
                headers: named_headers(&called.response_headers, &template),
                outputs: &outputs,
                inputs: &inputs,
            };
            match template.render_value(&values) {
                Ok(value) => _ = into.insert(name.clone(), value),
                // A failure seldom has all that a success has.
                Err(_) if called.kind != Kind::Ok => {}
                Err(_) => took.missing.push(format!("{name} = {source:?}")),
            }
        }
    }
    took
}
