//! What is wrong with scripts before they run: their syntax, their imports, what they export.
//!
//! Owns: asking the interpreter. Keeps: nothing of a preset runs but the top level of its modules, which can ask for nothing.

use presetter_bundle::Bundle;
use presetter_manifest::{Diagnostic, Diagnostics};
use presetter_runtime::{AcceptError, Component, Engine};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::prepare;

/// What the interpreter says of the scripts of these presets; nothing if it accepts them, or there are none. `engine` is asked for
/// only if there are.
///
/// Each preset is looked at alone, with the files that its run is given: what it imports of another preset is not there.
///
/// # Errors
/// A file cannot be read; the interpreter does not come to an end.
pub(super) async fn wrong(
    bundle: &Bundle,
    presets: &[String],
    engine: impl FnOnce() -> Result<Engine, Failure>,
) -> Result<Option<Diagnostics>, Failure> {
    let mut scripts: Vec<&String> = Vec::new();
    for name in presets {
        if bundle.preset(name)?.manifest.script.is_some() {
            scripts.push(name);
        }
    }
    // A bundle that brings a component brings what reads its scripts.
    if scripts.is_empty() || bundle.component()?.is_some() {
        return Ok(None);
    }
    let interpreter = engine()?.load(presetter_pack::SCRIPT.component);
    let interpreter = interpreter.map_err(|error| told(bundle, &error.into()))?;
    let mut all: Vec<Diagnostic> = Vec::new();
    for name in scripts {
        let wrong = refused(bundle, &interpreter, &bundle.sources_for(name)?).await?;
        for one in wrong {
            // What is wrong in a file that several presets share is told once.
            if !all.iter().any(|known| is_same(known, &one)) {
                all.push(one);
            }
        }
    }
    Ok((!all.is_empty()).then_some(Diagnostics(all)))
}

/// What the interpreter says of the sources of one preset.
async fn refused(
    bundle: &Bundle,
    interpreter: &Component,
    sources: &[(String, String)],
) -> Result<Vec<Diagnostic>, Failure> {
    let document = presetter_pack::source_document(sources);
    let limits = prepare::bundle_limits(bundle);
    match presetter_runtime::accepts(interpreter, &document, &limits).await {
        Ok(()) => Ok(Vec::new()),
        Err(AcceptError::Refused(list)) => {
            let diagnostics = presetter_bundle::complaints(&list, sources, |file| bundle.shown(file));
            diagnostics.map(|told| told.0).map_err(|list| told(bundle, &AcceptError::Refused(list)))
        }
        Err(error) => Err(told(bundle, &error)),
    }
}

fn told(bundle: &Bundle, error: &AcceptError) -> Failure {
    Failure::new(Exit::Invalid, format!("{}: {error}", bundle.file()))
}

fn is_same(one: &Diagnostic, other: &Diagnostic) -> bool {
    (&one.file, &one.problem) == (&other.file, &other.problem)
}
