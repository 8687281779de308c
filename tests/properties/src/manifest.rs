//! Manifests: any `bundle.toml` with any `preset.toml`.
//!
//! Errors must point into the file and be fit for a terminal; what is accepted must have templates and expressions that
//! compile, and agree with itself on what its inputs take.

use std::sync::LazyLock;

use presetter_expr::{Dialect, Program};
use presetter_manifest::{Bundle, Diagnostics, Preset, Text, check_inputs, parse_text_value};
use presetter_template::{Context, Options, Template};
use serde_json::Map;

use crate::{check_problems, parts};

/// The bundle of presets whose own bundle is refused.
static VENDOR: LazyLock<Bundle> = LazyLock::new(|| {
    Bundle::parse("bundle.toml", include_str!("../../../fuzz/seeds/manifest/vendor")).expect("a seed")
});

/// An input is a bundle, a preset, and a text for its inputs.
pub fn check(data: &[u8]) {
    let [bundle_text, preset_text, typed] = parts(data);
    let bundle = Bundle::parse("bundle.toml", &bundle_text);
    match &bundle {
        Ok(bundle) => check_bundle(bundle, &bundle_text),
        Err(diagnostics) => check_diagnostics(&bundle_text, diagnostics),
    }
    let bundle = bundle.as_ref().unwrap_or(&VENDOR);
    match Preset::parse("preset.toml", &preset_text, bundle) {
        Ok(preset) => check_preset(&preset, &preset_text, bundle, &typed),
        Err(diagnostics) => check_diagnostics(&preset_text, &diagnostics),
    }
}

fn check_diagnostics(source: &str, diagnostics: &Diagnostics) {
    assert!(!diagnostics.0.is_empty(), "refused without a reason");
    for diagnostic in &diagnostics.0 {
        check_problems(source, std::slice::from_ref(&diagnostic.problem));
        let (line, column) = diagnostic.position();
        assert!(line >= 1 && line <= source.matches('\n').count() + 1 && column >= 1, "{line}:{column}");
    }
    let shown = diagnostics.render(false);
    let steers = |c: char| c.is_control() && c != '\n' && c != '\t';
    assert!(!shown.contains(steers), "a terminal would be steered by {shown:?}");
}

fn check_bundle(bundle: &Bundle, source: &str) {
    in_place(&bundle.name, source);
    for setting in bundle.settings.values() {
        assert!(setting.kind.accepts(&setting.default), "{setting:?}");
    }
    for kind in bundle.connections.values() {
        for slot in &kind.slots {
            compiles(&slot.value, Context::Text, source);
        }
        if let Some(body) = kind.login.as_ref().and_then(|login| login.body.as_ref()) {
            compiles(body, Context::Json, source);
        }
        if let Some(rule) = kind.expired.as_ref().and_then(|expired| expired.invalid_when.as_ref()) {
            decides(rule, Dialect::NoMacros, source);
        }
    }
}

fn check_preset(preset: &Preset, source: &str, bundle: &Bundle, typed: &str) {
    for kind in bundle.connections.keys().map(String::as_str).chain([""]) {
        let preset = preset.for_kind(kind);
        if let Some(request) = &preset.request {
            request.path.iter().for_each(|text| compiles(text, Context::PathSegment, source));
            request.query.values().for_each(|text| compiles(text, Context::Query, source));
            request.headers.values().for_each(|text| compiles(text, Context::Header, source));
            request.form.iter().flat_map(|form| form.values()).for_each(|text| compiles(text, Context::Form, source));
            if let Some(body) = &request.body {
                in_place(body, source);
                let options = Options { unsafe_raw: request.unsafe_raw };
                assert!(Template::compile_with(body.as_str(), Context::Json, options).is_ok(), "{body:?}");
            }
        }
        preset.outputs.values().for_each(|text| compiles(text, Context::Value, source));
        for rule in [&preset.answer.not_found_when, &preset.answer.failed_when, &preset.answer.ok_when] {
            rule.iter().for_each(|rule| decides(rule, Dialect::Full, source));
        }
        preset.pages.iter().for_each(|pages| decides(&pages.end_when, Dialect::Full, source));
    }
    for name in preset.inputs.keys() {
        let Ok(value) = parse_text_value(preset, name, typed) else { continue };
        let given: Map<_, _> = [(name.clone(), value.clone())].into_iter().collect();
        match check_inputs(preset, given) {
            Ok(checked) => assert_eq!(checked.get(name), Some(&value), "what is given is kept"),
            Err(problems) => {
                let wrong_kind = |message: &str| message.starts_with(&format!("input \"{name}\" takes "));
                assert!(!problems.iter().any(|problem| wrong_kind(&problem.message)), "{problems:?} of {typed:?}");
            }
        }
    }
}

fn compiles(text: &Text, context: Context, source: &str) {
    in_place(text, source);
    assert!(Template::compile(text.as_str(), context).is_ok(), "accepted, but does not compile: {text:?}");
}

fn decides(rule: &Text, dialect: Dialect, source: &str) {
    in_place(rule, source);
    assert!(Program::compile(rule.as_str(), dialect).is_ok(), "accepted, but does not compile: {rule:?}");
}

fn in_place(text: &Text, source: &str) {
    assert!(source.get(text.span()).is_some_and(|written| !written.is_empty()), "{text:?} has no place");
}

#[cfg(test)]
mod tests {
    use presetter_template::Problem;

    use super::*;

    #[test]
    fn a_place_outside_of_the_file_is_noticed() {
        let wrong = Diagnostics::of("a", "é", vec![Problem::new("m", 1..99)]);
        assert!(std::panic::catch_unwind(|| check_diagnostics("é", &wrong)).is_err());
        check_diagnostics("é", &Diagnostics::of("a", "é", vec![Problem::new("m", 0..2)]));
    }
}
