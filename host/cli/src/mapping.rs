//! `--map FIELD=TEMPLATE`: Advanced Mode's Response tab.
//!
//! Owns: compiling mappings before anything is sent, and filling them from the report afterwards. Keeps: a mapping that
//! finds nothing never hides the run's result; its field is null and it is told.

use presetter_manifest::Diagnostics;
use presetter_runtime::Report;
use presetter_template::path::Step;
use presetter_template::{Context, Problem, Scope, Template};
use serde_json::{Map, Value};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;

/// What a mapping's template knows.
const KNOWN: [&str; 5] = ["response", "response_status", "response_headers", "outputs", "inputs"];

/// Mappings, compiled.
#[derive(Debug)]
pub(crate) struct Mappings(Vec<Mapping>);

#[derive(Debug)]
struct Mapping {
    field: String,
    source: String,
    template: Template,
}

impl Mappings {
    /// Compiles all.
    ///
    /// # Errors
    /// All that is wrong with them, with its place.
    pub(crate) fn compile(pairs: &[(String, String)]) -> Result<Self, Failure> {
        let mut list: Vec<Mapping> = Vec::new();
        let mut wrong: Option<Failure> = None;
        for (field, source) in pairs {
            if list.iter().any(|known| known.field == *field) {
                return Err(Failure::usage(format!("--map {field} is given twice")).help("leave one of them out"));
            }
            let result = Template::compile(source, Context::Value).and_then(|template| {
                let strange: Vec<Problem> = template
                    .variables()
                    .iter()
                    .filter(|v| !KNOWN.contains(&v.path.root.as_str()))
                    .map(|v| {
                        Problem::new(format!("there is no \"{}\" here", v.path.root), v.span.clone())
                            .with_hint(format!("a mapping knows {}", KNOWN.join(", ")))
                    })
                    .collect();
                if strange.is_empty() { Ok(template) } else { Err(strange) }
            });
            match result {
                Ok(template) => list.push(Mapping { field: field.clone(), source: source.clone(), template }),
                Err(problems) => {
                    let failure =
                        Failure::at(Exit::Invalid, Diagnostics::of(&format!("--map {field}"), source, problems));
                    wrong = Some(match wrong {
                        Some(before) => before.and(failure),
                        None => failure,
                    });
                }
            }
        }
        wrong.map_or(Ok(Self(list)), Err)
    }

    /// The mapped fields, and what could not be found.
    pub(crate) fn fill(&self, report: &Report, inputs: &Map<String, Value>) -> (Map<String, Value>, Option<Failure>) {
        let mut mapped = Map::new();
        let mut wrong: Option<Failure> = None;
        let (outputs, inputs) = (Value::from(report.outputs.clone()), Value::from(inputs.clone()));
        for Mapping { field, source, template } in &self.0 {
            let values = Values {
                response: report.response.as_ref(),
                status: report.response_status.map(Value::from),
                headers: headers(report, template),
                outputs: &outputs,
                inputs: &inputs,
            };
            let value = template.render_value(&values).unwrap_or_else(|error| {
                let failure =
                    Failure::at(Exit::Failed, Diagnostics::of(&format!("--map {field}"), source, error.problems));
                wrong = Some(match wrong.take() {
                    Some(before) => before.and(failure),
                    None => failure,
                });
                Value::Null
            });
            mapped.insert(field.clone(), value);
        }
        (mapped, wrong)
    }
}

/// The values that one mapping sees.
struct Values<'a> {
    response: Option<&'a Value>,
    status: Option<Value>,
    headers: Value,
    outputs: &'a Value,
    inputs: &'a Value,
}

/// The headers of an answer under their own names, in lower case, and under the names that a template has for them:
/// header names have no case (RFC 9110, 5.1), so `response_headers.Vary` finds `vary`.
fn headers(report: &Report, template: &Template) -> Value {
    let mut headers = output::headers(&report.response_headers);
    for variable in template.variables().iter().filter(|v| v.path.root == "response_headers") {
        if let Some(Step::Key(name)) = variable.path.steps.first()
            && let Some(value) = headers.get(&name.to_ascii_lowercase()).cloned()
        {
            headers.insert(name.clone(), value);
        }
    }
    headers.into()
}

impl Scope for Values<'_> {
    fn root(&self, name: &str) -> Option<&Value> {
        match name {
            "response" => self.response,
            "response_status" => self.status.as_ref(),
            "response_headers" => Some(&self.headers),
            "outputs" => Some(self.outputs),
            "inputs" => Some(self.inputs),
            _ => None,
        }
    }

    fn origin(&self, name: &str) -> Option<String> {
        Some(match name {
            "response" | "response_status" if self.response.is_none() => "no answer was seen, so there is nothing to map".to_owned(),
            "response" => "the answer has no such value: look at it with --format json; where it may be absent write {{optional NAME}}".to_owned(),
            "response_headers" => "the answer has no such header; where it may be absent write {{optional NAME}}".to_owned(),
            "outputs" => "the preset has no such output: see `presetter show`".to_owned(),
            _ => "it was not given".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use presetter_runtime::Kind;
    use serde_json::json;

    use crate::output::tests::report;

    use super::*;

    fn mappings(pairs: &[(&str, &str)]) -> Result<Mappings, Failure> {
        let pairs: Vec<(String, String)> = pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        Mappings::compile(&pairs)
    }

    #[test]
    fn values_keep_their_type() {
        let all = mappings(&[
            ("whole", "{{response}}"),
            ("status", "{{response.status}}"),
            ("code", "{{response_status}}"),
            ("vary", "{{response_headers.Vary}}"),
            ("role", "is {{outputs.role}} of {{inputs.id}}"),
            ("maybe", "{{optional response.no}}"),
        ]);
        let mut inputs = Map::new();
        inputs.insert("id".into(), json!("x"));
        let (mapped, wrong) = all.unwrap().fill(&report(Kind::Ok, ""), &inputs);
        assert!(wrong.is_none(), "{wrong:?}");
        assert_eq!(mapped["whole"], json!({"status": "OK"}));
        assert_eq!(mapped["status"], "OK");
        assert_eq!(mapped["code"], 200);
        assert_eq!(mapped["vary"], "a, b");
        assert_eq!(mapped["role"], "is ADMIN of x");
    }

    #[test]
    fn what_finds_nothing_is_null_and_told() {
        let all = mappings(&[("a", "{{response.users[0].id}}"), ("b", "{{response.status}}")]).unwrap();
        let (mapped, wrong) = all.fill(&report(Kind::Ok, ""), &Map::new());
        assert_eq!((&mapped["a"], &mapped["b"]), (&Value::Null, &json!("OK")));
        let wrong = wrong.unwrap();
        assert_eq!(wrong.exit, Exit::Failed);
        assert!(wrong.render(false).contains("--map a:1:"), "{}", wrong.render(false));
    }

    #[test]
    fn a_wrong_template_is_told_before_anything_is_sent() {
        let failure = mappings(&[("a", "{{respons.x}}"), ("b", "{{#if")]).unwrap_err();
        assert_eq!(failure.exit, Exit::Invalid);
        let shown = failure.render(false);
        assert!(shown.contains("there is no \"respons\" here") && shown.contains("--map b:1:"), "{shown}");
        assert_eq!(mappings(&[("a", "x"), ("a", "y")]).unwrap_err().exit, Exit::Usage);
    }
}
