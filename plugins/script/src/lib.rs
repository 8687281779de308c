//! The component that runs scripts: presets that are written in JavaScript, and recipes beside them.
//!
//! Owns: its exports, the engine and its bounds, loading scripts, the API that a script is given (`presetter.d.ts` is its
//! documentation), and what a script's end means. How a recipe runs is in `interpreter`.
//! Never does: rendering or sending a request (the host does), seeing a credential, asking the host for anything while
//! scripts are loaded.
//!
//! Invariants: the same inputs and the same answers give the same result; an error names the place in the author's file;
//! a script that does not come to an end is ended.

mod answer;
mod api;
mod argument;
mod code;
mod engine;
mod hooks;
mod jobs;
mod json;
mod limits;
mod load;
mod loader;
mod outcome;
mod place;
#[cfg(target_family = "wasm")]
mod random;
mod run;
mod state;
#[cfg(test)]
mod tests;
mod thrown;

use std::cell::OnceCell;
use std::rc::Rc;

use interpreter::contract::{self, Host, interpreter as loading, preset, types};
use interpreter::{Context, Finished};
use load::Scripts;

thread_local! {
    /// What `load` has read. A component has one thread.
    static SCRIPTS: OnceCell<Scripts> = const { OnceCell::new() };
}

struct Interpreter;

impl loading::Guest for Interpreter {
    fn load(source: String) -> Result<(), String> {
        let scripts = Scripts::load(&source)?;
        SCRIPTS.with(|cell| cell.set(scripts).map_err(|_| contract::loaded_already()))?;
        interpreter::loaded();
        Ok(())
    }
}

impl preset::Guest for Interpreter {
    fn run(name: String, inputs: Vec<String>, context: String) -> types::Outcome {
        SCRIPTS.with(|cell| match cell.get() {
            Some(scripts) => {
                let context = Context::read(&context);
                contract::each(&inputs, |inputs| scripts.preset(&name, inputs, &context, Rc::new(Host)))
            }
            None => contract::outcome(vec![Finished::failed("preset", "no sources are loaded")]),
        })
    }
}

#[allow(unsafe_code, reason = "bindings need it at the border")]
mod export {
    use super::Interpreter;
    interpreter::contract::bindings::export!(Interpreter with_types_in interpreter::contract::bindings);
}
