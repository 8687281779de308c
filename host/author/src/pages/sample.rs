//! A case that was run, as a page shows it: what went out, and what came back.
//!
//! Owns the plain data, and which recorded answer belongs to which request. Keeps: what went out has masks in the places of
//! secrets already; logins are not shown.

use bytes::Bytes;
use presetter_egress::{Compared, Exchange};
use presetter_trial::{Case, Trial};
use serde_json::{Map, Value};

/// A case with what came of it.
#[derive(Debug, Clone)]
pub struct Sample {
    /// What the case shows.
    pub title: String,
    /// How it ended: `ok`, `not_found`, `failed`, `unknown`.
    pub outcome: String,
    /// The class of the outcome; empty where it has none.
    pub class: String,
    /// What a person was told.
    pub message: String,
    /// Whether other presets looked before and after, as `--confirm` has it.
    pub confirm: bool,
    /// The kind of connection.
    pub connection: String,
    /// The inputs.
    pub inputs: Map<String, Value>,
    /// What was sent, in its order, each with its answer. Without `confirm` the first is the preset's own.
    pub sent: Vec<Sent>,
}

/// A request that went out.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The method.
    pub method: String,
    /// The whole address.
    pub url: String,
    /// The headers that the preset or its connection gave.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<Bytes>,
    /// What came back; nothing if there was no answer.
    pub answer: Option<Answered>,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answered {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Bytes,
}

impl Sample {
    /// What a case came to.
    #[must_use]
    pub fn of(case: &Case, trial: &Trial) -> Self {
        let played = &trial.played;
        let mut answers: Vec<&Exchange> = case.exchanges().collect();
        let mut take = |sent: &presetter_trial::Sent| {
            let wanted = Compared::new(&sent.method, &sent.url, &sent.headers, sent.body.as_ref());
            let fits = |exchange: &&Exchange| {
                let recorded =
                    Compared::new(&exchange.method, &exchange.url, &exchange.headers, exchange.body.as_ref());
                recorded.differences(&wanted).is_empty()
            };
            let at = answers.iter().position(fits)?;
            answers.remove(at).answer.as_ref().ok()
        };
        let mut sent = Vec::new();
        for request in &played.sent {
            let answer = take(request);
            if !request.login {
                sent.push(Sent {
                    method: request.method.clone(),
                    url: request.url.to_string(),
                    headers: request.headers.iter().filter(|(name, _)| told(name)).cloned().collect(),
                    body: request.body.clone(),
                    answer: answer.map(|response| Answered { status: response.status, body: response.body.clone() }),
                });
            }
        }
        Self {
            title: case.title.clone(),
            outcome: played.outcome.kind.to_string(),
            class: played.outcome.class.clone(),
            message: played.outcome.message.clone(),
            confirm: case.confirm,
            connection: case.connection.clone(),
            inputs: case.inputs.clone(),
            sent,
        }
    }
}

/// Whether a header says something of the preset; the others are the same in every request of the program.
fn told(name: &str) -> bool {
    !["user-agent", "accept", "accept-encoding", "host", "content-length", "connection"]
        .iter()
        .any(|usual| name.eq_ignore_ascii_case(usual))
}
