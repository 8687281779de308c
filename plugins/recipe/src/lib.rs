//! The component that runs recipes: presets that are written only as data.
//!
//! Owns: its exports, and what `load` has read. How a recipe runs is in `interpreter`.

use std::cell::OnceCell;

use interpreter::contract::{self, Host, interpreter as loading, preset, types};
use interpreter::{Context, Files, Finished, Recipes, Run};

thread_local! {
    /// What `load` has read. A component has one thread.
    static RECIPES: OnceCell<Box<Recipes>> = const { OnceCell::new() };
}

struct Interpreter;

impl loading::Guest for Interpreter {
    fn load(source: String) -> Result<(), String> {
        let recipes = Box::new(Recipes::compile(&Files::read(&source)?)?.gathered());
        RECIPES.with(|cell| cell.set(recipes)).map_err(|_| contract::loaded_already())?;
        Ok(())
    }
}

impl preset::Guest for Interpreter {
    fn run(name: String, inputs: Vec<String>, context: String) -> types::Outcome {
        RECIPES.with(|cell| match cell.get() {
            Some(recipes) => {
                let context = Context::read(&context);
                let run = Run { recipes, door: &Host, context: &context, scripts: None };
                contract::each(&inputs, |inputs| run.preset(&name, inputs))
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
