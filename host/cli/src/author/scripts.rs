//! What is wrong with scripts before they run: their syntax, their imports, what they export.
//!
//! Owns: asking the interpreter. Keeps: nothing of a preset runs but the top level of its modules, which can ask for nothing.

use presetter_bundle::Bundle;
use presetter_manifest::{Diagnostics, Limits};
use presetter_runtime::{AcceptError, Engine};

use crate::exit::Exit;
use crate::failure::Failure;

/// What the interpreter says of the scripts of these presets; nothing if it accepts them, or there are none. `engine` is asked for
/// only if there are.
///
/// # Errors
/// A file cannot be read; the interpreter does not come to an end.
pub(super) async fn wrong(
    bundle: &Bundle,
    presets: &[String],
    engine: impl FnOnce() -> Result<Engine, Failure>,
) -> Result<Option<Diagnostics>, Failure> {
    let mut sources: Vec<(String, String)> = Vec::new();
    for name in presets {
        if bundle.preset(name)?.manifest.script.is_some() {
            sources.extend(bundle.sources_for(name)?);
        }
    }
    // A bundle that brings a component brings what reads its scripts.
    if sources.is_empty() || bundle.component()?.is_some() {
        return Ok(None);
    }
    let document = presetter_pack::source_document(&sources);
    let interpreter = presetter_pack::interpreter(&sources);
    let accepted = match engine()?.load(interpreter.component) {
        Ok(component) => {
            let limits = Limits::of(&bundle.manifest().limits, &Default::default());
            presetter_runtime::accepts(&component, &document, &limits).await
        }
        Err(error) => Err(error.into()),
    };
    let told = |error: &AcceptError| Failure::new(Exit::Invalid, format!("{}: {error}", bundle.file()));
    match accepted {
        Ok(()) => Ok(None),
        Err(AcceptError::Refused(list)) => {
            let diagnostics = presetter_bundle::complaints(&list, &sources, |file| bundle.shown(file));
            diagnostics.map(Some).map_err(|list| told(&AcceptError::Refused(list)))
        }
        Err(error) => Err(told(&error)),
    }
}
