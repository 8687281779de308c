//! What a batch preset must say, and what it cannot have.

use presetter_template::{Context, Options, Problem, Template};

use super::{ANSWER, Check, first_key, settings, texts};
use crate::{Batch, BatchKey, Bundle, InputKind, Preset, Request};

/// What the templates of a request call the list of all rows.
pub(super) const ROWS: &str = "rows";
/// The most rows of one request. Vendors allow 50 to 500.
const MOST: u32 = 1_000;

impl Check<'_> {
    pub(super) fn batch(&mut self, preset: &Preset, bundle: &Bundle) {
        let Some(batch) = &preset.batch else { return };
        if !(1..=MOST).contains(&batch.most) {
            self.anywhere("most", format!("most must be between 1 and {MOST}"));
            self.hint("it is the vendor's limit of elements in one request");
        }
        if preset.inputs.contains_key(ROWS) {
            self.anywhere(ROWS, format!("\"{ROWS}\" cannot be an input's name: templates know something else by it"));
        }
        self.elements(batch, bundle);
        if let Some(key) = &batch.key {
            self.key(key, preset);
        }
        self.alone(preset);
        let variants = preset.variants.values().filter_map(|variant| variant.request.as_ref());
        for request in preset.request.iter().chain(variants) {
            self.rows(request, preset);
            if bundle.component.is_none() && !uses_rows(request) {
                self.at(
                    &request.method,
                    "this request is the same for all rows".into(),
                    "the body of a batch preset goes through them: {{#each rows}}...{{/each}}".into(),
                );
            }
        }
    }

    fn elements(&mut self, batch: &Batch, bundle: &Bundle) {
        match &batch.elements {
            Some(elements) => {
                let known = [&ANSWER[..], &["settings"]].concat();
                self.template(elements, Context::Value, false, &known, &settings(bundle));
            }
            None if bundle.component.is_none() => {
                self.anywhere("batch", "[batch] says where the answer has an element for each row".into());
                self.hint("add elements = \"{{response.NAME}}\"");
            }
            None => {}
        }
    }

    fn key(&mut self, key: &BatchKey, preset: &Preset) {
        let inputs: Vec<&str> = preset.inputs.keys().map(String::as_str).collect();
        self.known(&key.input, &inputs, "input");
        let Some(input) = preset.inputs.get(key.input.as_str()) else { return };
        let name = &key.input;
        if !input.required {
            let hint = format!("write required = true at the input \"{name}\"");
            self.at(name, format!("\"{name}\" may be left out, and then nothing tells whose an element is"), hint);
        } else if !matches!(input.kind, InputKind::String | InputKind::Integer | InputKind::Number) {
            let message =
                format!("\"{name}\" takes {}, and elements are told apart by a text or a number", input.kind.name());
            self.at(name, message, "name another input".into());
        }
    }

    /// What does not go together with a batch.
    fn alone(&mut self, preset: &Preset) {
        if let Some(script) = &preset.script {
            self.at(script, "a script runs for one row; it has no [batch]".into(), "take one of them out".into());
        }
        let variants = || preset.variants.values();
        let has = [
            (
                preset.pages.is_some() || variants().any(|v| v.pages.is_some()),
                "pages",
                "a list that is read page by page has no element for each row",
            ),
            (
                preset.find.is_some() || variants().any(|v| v.find.is_some()),
                "find",
                "which element is whose is told by key in [batch]",
            ),
            (
                preset.rows.is_some() || variants().any(|v| v.rows.is_some()),
                "rows",
                "what each row gives is named under [outputs]",
            ),
            (!preset.rows_when.is_empty(), "rows_when", "what each row gives is named under [outputs_when]"),
            (preset.mixup.is_some(), "mixup", "it looks at one row; a preset of its own can have it"),
        ];
        for (_, key, hint) in has.into_iter().filter(|(there, ..)| *there) {
            self.anywhere(key, format!("a batch preset has no \"{key}\""));
            self.hint(hint);
        }
    }

    /// The names that a request uses of rows, and those that it has of one row where it stands for all.
    fn rows(&mut self, request: &Request, preset: &Preset) {
        let inputs: Vec<&str> = preset.inputs.keys().map(String::as_str).collect();
        for (text, context) in texts(request) {
            // What does not compile was told.
            let Some(template) = compiled(request, text.as_str(), context) else { continue };
            for variable in template.variables().iter().filter(|v| preset.inputs.contains_key(&v.path.root)) {
                let root = &variable.path.root;
                let problem = Problem::new(
                    format!("\"{root}\" is of one row, and here stands what is sent for all"),
                    variable.span.clone(),
                );
                let hint = format!("write {{{{#each rows}}}}...{{{{{root}}}}}...{{{{/each}}}}");
                self.problems.push(text.locate(self.source, problem.with_hint(hint)));
            }
            for variable in template.elements().iter().filter(|v| v.path.root == ROWS && !v.path.steps.is_empty()) {
                let name = first_key(&variable.path);
                if preset.inputs.contains_key(name) {
                    continue;
                }
                let hint = if name == "settings" { "write ../settings".to_owned() } else { self.meant(name, &inputs) };
                let problem = Problem::new(format!("a row has no \"{name}\""), variable.span.clone()).with_hint(hint);
                self.problems.push(text.locate(self.source, problem));
            }
        }
    }
}

fn uses_rows(request: &Request) -> bool {
    texts(request).any(|(text, context)| {
        // What does not compile was told, and may use anything.
        compiled(request, text.as_str(), context).is_none_or(|t| t.variables().iter().any(|v| v.path.root == ROWS))
    })
}

fn compiled(request: &Request, text: &str, context: Context) -> Option<Template> {
    let unsafe_raw = request.unsafe_raw && context == Context::Json;
    Template::compile_with(text, context, Options { unsafe_raw }).ok()
}
