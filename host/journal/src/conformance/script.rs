//! A flow language for tests: a definition is a JSON list of things to do; its result is the list of their answers.
//!
//! `{"step": name, "repeat": …, …}` (the whole node is the payload), `{"all": [list, …]}`, `{"sleep": seconds}` after now,
//! `{"wait": event, "within": seconds}`, `{"now": true}`, `{"progress": value}`, `{"fail": class}`, `{"panic": true}`,
//! `{"swallow": list}` (goes on whatever happens), `{"versions": [list, …]}` (that of the program's version: not deterministic).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};

use crate::seam::{Branch, DurableContext, Failure, Flow, FlowError, FlowName, Step, Submission};

/// Interprets such definitions.
#[derive(Debug, Default)]
pub struct Script {
    /// The version of the program.
    pub version: Arc<AtomicUsize>,
}

/// A run of such a definition.
#[must_use]
pub fn submission(definition: &Value) -> Submission {
    Submission {
        flow: FlowName { name: "script".to_owned(), digest: "sha256:of-the-script".to_owned() },
        definition: definition.to_string(),
        components: BTreeMap::from([("vendor".to_owned(), "sha256:of-the-vendor".to_owned())]),
        input: json!({ "who": "Ada" }),
        key: None,
        ordering: None,
    }
}

struct Part<'s> {
    script: &'s Script,
    nodes: &'s [Value],
}

#[async_trait]
impl Flow for Script {
    async fn run(&self, context: &mut dyn DurableContext, submission: &Submission) -> Result<Value, FlowError> {
        let definition: Value = serde_json::from_str(&submission.definition).unwrap();
        Part { script: self, nodes: list(&definition) }.run(context).await
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

#[async_trait]
impl Branch for Part<'_> {
    async fn run(&self, context: &mut dyn DurableContext) -> Result<Value, FlowError> {
        let mut answers = Vec::new();
        for node in self.nodes {
            answers.push(self.node(context, node).await?);
        }
        Ok(Value::Array(answers))
    }
}

impl Part<'_> {
    async fn node(&self, context: &mut dyn DurableContext, node: &Value) -> Result<Value, FlowError> {
        let (what, value) = node.as_object().unwrap().iter().next().unwrap();
        match what.as_str() {
            "step" => {
                let repeat = serde_json::from_value(node["repeat"].clone()).unwrap();
                let name = value.as_str().unwrap().to_owned();
                context.step(Step { name, payload: node.clone(), repeat }).await
            }
            "all" => {
                let parts = list(value)
                    .iter()
                    .map(|nodes| Box::new(Part { script: self.script, nodes: list(nodes) }) as Box<dyn Branch + '_>);
                let results = context.all(parts.collect()).await?.into_iter();
                Ok(results.map(|result| result.unwrap_or_else(|failure| json!({ "failed": failure.class }))).collect())
            }
            "sleep" => {
                let until = context.now().await?.checked_add(Duration::from_secs(value.as_u64().unwrap())).unwrap();
                context.sleep_until(until).await?;
                Ok(Value::Null)
            }
            "wait" => {
                let deadline = match node["within"].as_u64() {
                    None => None,
                    Some(within) => Some(context.now().await?.checked_add(Duration::from_secs(within)).unwrap()),
                };
                Ok(context.wait_event(value.as_str().unwrap(), deadline).await?.unwrap_or(Value::Null))
            }
            "now" => Ok(json!(context.now().await?)),
            "progress" => Ok(context.progress(value.clone()).await.map(|()| Value::Null)?),
            "fail" => Err(Failure::new(value.as_str().unwrap(), "the flow says so").into()),
            "panic" => panic!("a flow that breaks down on purpose"),
            "swallow" => {
                let part = Part { script: self.script, nodes: list(value) };
                Ok(part.run(context).await.unwrap_or(json!("swallowed")))
            }
            "versions" => {
                let nodes = list(&value[self.script.version.load(Ordering::SeqCst)]);
                Part { script: self.script, nodes }.run(context).await
            }
            other => panic!("{other:?} is not in this language"),
        }
    }
}
