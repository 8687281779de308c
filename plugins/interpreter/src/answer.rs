//! An answer, and what the rules say of it.

use presetter_expr::{Program, Vars, codes};
use presetter_manifest::Point;
use presetter_template::Names;
use serde_json::{Map, Value};

use crate::door::Raw;
use crate::recipe::Rules;
use crate::trace::Trace;

/// The longest words of a vendor that are passed on, in characters.
pub(crate) const MESSAGE_CHARS: usize = 300;

/// An answer as rules and templates see it.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers, names in lower case, in the order received.
    pub headers: Vec<(String, String)>,
    /// The body: what its JSON says, or a text.
    pub response: Value,
    status_value: Value,
    headers_value: Value,
    codes: Value,
}

/// The names that a template knows before there is an answer.
pub(crate) fn names<'a>(inputs: &'a Map<String, Value>, settings: &'a Value) -> Names<'a> {
    let names = inputs.iter().fold(Names::new(), |names, (name, value)| names.with(name, value));
    names.with("settings", settings)
}

/// What the rules say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// It worked.
    Ok,
    /// There is proof of absence; with its evidence.
    NotFound(String),
    /// It did not work; with class and message.
    Failed(&'static str, String),
}

impl Answer {
    /// Reads an answer; a body that is not JSON becomes a JSON string.
    #[must_use]
    pub fn new(raw: Raw) -> Self {
        let response =
            serde_json::from_slice(&raw.body).unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&raw.body)));
        let mut headers = Map::new();
        for (name, value) in &raw.headers {
            // A header that comes twice means the list of both (RFC 9110, 5.3).
            let joined = match headers.get(name).and_then(Value::as_str) {
                Some(before) => format!("{before}, {value}"),
                None => value.clone(),
            };
            headers.insert(name.clone(), joined.into());
        }
        Self {
            status: raw.status,
            codes: codes(&response).into(),
            status_value: raw.status.into(),
            headers_value: headers.into(),
            headers: raw.headers,
            response,
        }
    }

    /// One element of it as an answer of its own.
    pub(crate) fn element(&self, element: &Value) -> Self {
        Self { codes: codes(element).into(), response: element.clone(), ..self.clone() }
    }

    /// The names that a template over this answer knows.
    pub(crate) fn names<'a>(&'a self, inputs: &'a Map<String, Value>, settings: &'a Value) -> Names<'a> {
        names(inputs, settings)
            .with("response", &self.response)
            .with("response_status", &self.status_value)
            .with("response_headers", &self.headers_value)
    }

    /// The names that a rule over this answer knows.
    pub(crate) fn vars<'a>(&'a self, inputs: &'a Map<String, Value>, settings: &'a Value) -> Vars<'a> {
        let vars = inputs.iter().fold(Vars::new(), |vars, (name, value)| vars.with(name, value));
        vars.with("settings", settings)
            .with("response", &self.response)
            .with("response_status", &self.status_value)
            .with("response_headers", &self.headers_value)
            .with("codes", &self.codes)
    }

    /// The first code that is not OK, for messages and evidence.
    fn code(&self) -> Option<&str> {
        self.codes.as_array()?.iter().filter_map(Value::as_str).find(|code| *code != "OK")
    }

    /// Applies the rules: proof of absence, then what HTTP says, then what the envelope says. An OK in the envelope
    /// never outweighs a bad status.
    ///
    /// `shown` is what may be told of the body: after a search, nothing of other people. `trace` is told what decided.
    pub fn judge(
        &self,
        rules: &Rules,
        inputs: &Map<String, Value>,
        settings: &Value,
        shown: &Value,
        trace: &Trace,
    ) -> Judgement {
        let vars = self.vars(inputs, settings);
        let says = |program: &Program| match program.test(&vars) {
            Ok(verdict) => Ok(verdict),
            Err(e) => Err(Judgement::Failed("answer", format!("the answer cannot be judged: {e}"))),
        };
        let trouble = match self.status {
            401 | 403 | 407 => Some((Point::StatusAuth, "auth")),
            429 => Some((Point::StatusRate, "rate")),
            500.. => Some((Point::StatusServer, "server")),
            _ => None,
        };
        if let Some((point, class)) = trouble {
            trace.reached(point);
            return Judgement::Failed(class, self.words(rules, inputs, settings, shown));
        }
        let decided = || -> Result<Judgement, Judgement> {
            for rule in &rules.not_found {
                if says(&rule.program)? {
                    trace.reached(Point::NotFound(rule.of));
                    let proof =
                        self.code().map_or_else(|| format!("HTTP {}", self.status), |code| format!("code {code}"));
                    return Ok(Judgement::NotFound(proof));
                }
            }
            let refused = || Judgement::Failed("refused", self.words(rules, inputs, settings, shown));
            if !(200..300).contains(&self.status) {
                trace.reached(Point::StatusOther);
                return Ok(refused());
            }
            for rule in &rules.failed {
                if says(&rule.program)? {
                    trace.reached(Point::Failed(rule.of));
                    return Ok(refused());
                }
            }
            let Some(rule) = &rules.ok else { return Ok(Judgement::Ok) };
            let holds = says(&rule.program)?;
            trace.reached(if holds { Point::Ok(rule.of) } else { Point::OkElse(rule.of) });
            Ok(if holds { Judgement::Ok } else { refused() })
        };
        decided().unwrap_or_else(|undecided| undecided)
    }

    /// The vendor's words on a failure, with code and status where they say more.
    fn words(&self, rules: &Rules, inputs: &Map<String, Value>, settings: &Value, shown: &Value) -> String {
        // `{{response}}` is for vendors whose answer is a mere text; a whole document is no message.
        let names = self.names(inputs, settings).with("response", shown);
        let plain = |text: String| Some(text).filter(|t| !t.trim().is_empty() && !t.starts_with(['{', '[']));
        let found = rules.message.iter().filter_map(|t| t.render(&names).ok()).find_map(plain);
        let mut words: String = found.unwrap_or_default().trim().chars().take(MESSAGE_CHARS).collect();
        if let Some(code) = self.code().filter(|code| !words.contains(code)) {
            words = if words.is_empty() { code.to_owned() } else { format!("{code}: {words}") };
        }
        match (self.status, words.is_empty()) {
            (200..300, false) => words,
            (status, false) => format!("HTTP {status}: {words}"),
            (status, true) => format!("the API answered HTTP {status} without a reason"),
        }
    }
}
