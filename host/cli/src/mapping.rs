//! `--map FIELD=TEMPLATE`: Advanced Mode's Response tab.
//!
//! Owns: compiling mappings before anything is sent, and filling them from the report afterwards. Keeps: a mapping that
//! finds nothing never hides the run's result; its field is null and it is told.

use presetter_manifest::nearest;
use presetter_manifest::{Diagnostics, Preset};
use presetter_runtime::Report;
use presetter_template::path::Step;
use presetter_template::{Context, Problem, Scope, Template, Variable};
use presetter_workflow::{Answered, named_headers};
use serde_json::{Map, Value};

use crate::exit::Exit;
use crate::failure::Failure;

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
    /// Compiles all. `outputs` are those that the preset can have, where that is known.
    ///
    /// # Errors
    /// All that is wrong with them, with its place.
    pub(crate) fn compile(pairs: &[(String, String)], outputs: Option<&[&str]>) -> Result<Self, Failure> {
        let mut list: Vec<Mapping> = Vec::new();
        let mut wrong: Option<Failure> = None;
        for (field, source) in pairs {
            if list.iter().any(|known| known.field == *field) {
                return Err(Failure::usage(format!("--map {field} is given twice")).help("leave one of them out"));
            }
            let result = Template::compile(source, Context::Value).and_then(|template| {
                let strange: Vec<Problem> =
                    template.variables().iter().filter_map(|variable| strange(variable, outputs)).collect();
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

    /// Whether nothing is mapped.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The fields whose template holds no tag, so that they are always the same text.
    pub(crate) fn plain(&self) -> impl Iterator<Item = &str> {
        let plain = self.0.iter().filter(|m| !m.source.contains("{{") && !m.source.contains("<<"));
        plain.map(|mapping| mapping.field.as_str())
    }

    /// The mapped fields, and what could not be found.
    pub(crate) fn fill(&self, report: &Report, inputs: &Map<String, Value>) -> (Map<String, Value>, Option<Failure>) {
        let mut mapped = Map::new();
        if self.0.is_empty() {
            return (mapped, None);
        }
        let mut wrong: Option<Failure> = None;
        let (outputs, inputs) = (Value::from(report.outputs.clone()), Value::from(inputs.clone()));
        for Mapping { field, source, template } in &self.0 {
            let values = Values(Answered {
                response: report.response.as_ref(),
                status: report.response_status.map(Value::from),
                headers: named_headers(&report.response_headers, template),
                outputs: &outputs,
                inputs: &inputs,
            });
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

/// The outputs that a preset can have: its own, also those for some kinds of connection, and its probe's.
pub(crate) fn declared(preset: &Preset) -> Vec<&str> {
    let variants = preset.variants.values().flat_map(|v| &v.outputs).flat_map(|outputs| outputs.keys());
    let own = preset.output_names().chain(variants.map(String::as_str));
    let probes = preset.probe.iter().flat_map(|probe| &probe.outputs);
    let mut all: Vec<&str> = Vec::new();
    for name in own.chain(probes.map(|name| name.as_str())) {
        if !all.contains(&name) {
            all.push(name);
        }
    }
    all
}

/// What is wrong with a name in a mapping.
fn strange(variable: &Variable, outputs: Option<&[&str]>) -> Option<Problem> {
    let root = variable.path.root.as_str();
    if !Answered::NAMES.contains(&root) {
        let problem = Problem::new(format!("there is no \"{root}\" here"), variable.span.clone());
        return Some(problem.with_hint(format!("a mapping knows {}", Answered::NAMES.join(", "))));
    }
    let (Some(outputs), Some(Step::Key(name)), "outputs") = (outputs, variable.path.steps.first(), root) else {
        return None;
    };
    if outputs.contains(&name.as_str()) {
        return None;
    }
    let hint = match (nearest(name, outputs.iter().copied()), outputs) {
        (Some(meant), _) => format!("did you mean \"outputs.{meant}\"?"),
        (None, []) => "it has none; the whole answer is {{response}}".to_owned(),
        (None, known) => format!("its outputs: {}", known.join(", ")),
    };
    Some(Problem::new(format!("the preset has no output \"{name}\""), variable.span.clone()).with_hint(hint))
}

/// The values that one mapping sees, and where a missing one should have come from.
struct Values<'a>(Answered<'a>);

impl Scope for Values<'_> {
    fn root(&self, name: &str) -> Option<&Value> {
        self.0.root(name)
    }

    fn origin(&self, name: &str) -> Option<String> {
        Some(match name {
            "response" | "response_status" if self.0.response.is_none() => "no answer was seen, so there is nothing to map".to_owned(),
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
        Mappings::compile(&pairs, Some(&["role", "mosyle_user_id"]))
    }

    #[test]
    fn an_output_that_cannot_be_is_told_before_anything_is_sent() {
        let failure = mappings(&[("a", "{{outputs.rol}}")]).unwrap_err();
        assert_eq!(failure.exit, Exit::Invalid);
        let shown = failure.render(false);
        assert!(shown.contains("no output \"rol\"") && shown.contains("did you mean \"outputs.role\"?"), "{shown}");
        let unknown = mappings(&[("a", "{{optional outputs.x}}")]).unwrap_err().render(false);
        assert!(unknown.contains("its outputs: role, mosyle_user_id"), "{unknown}");
        assert!(mappings(&[("a", "{{outputs}} {{outputs.role}}")]).is_ok());
        let free = [("a".to_owned(), "{{outputs.x}}".to_owned())];
        assert!(Mappings::compile(&free, None).is_ok(), "a component may have any output");
    }

    #[test]
    fn a_probes_outputs_are_outputs() {
        let bundle = presetter_bundle::Bundle::built_in("mosyle").unwrap().unwrap();
        let preset = bundle.preset("create-user").unwrap().manifest;
        let probe = preset.probe.as_ref().unwrap();
        assert!(probe.outputs.iter().all(|name| declared(&preset).contains(&name.as_str())));
    }

    #[test]
    fn a_text_without_a_tag_is_noticed() {
        let all = mappings(&[("a", "outputs.role"), ("b", "{{outputs.role}}"), ("c", "<<outputs.role>>")]).unwrap();
        assert_eq!(all.plain().collect::<Vec<_>>(), ["a"]);
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
