//! The scripts of a bundle, loaded: parsed, linked and evaluated once.
//!
//! Keeps: nothing is asked of the host here, for what is loaded may be written down as a snapshot that many runs begin with.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use boa_engine::builtins::promise::PromiseState;
use boa_engine::module::Module;
use boa_engine::object::builtins::{JsFunction, JsPromise};
use boa_engine::{JsError, JsResult, js_string};
use interpreter::{Context, Door, Files, Finished, Problem, Recipes, Run, complaint, complaints};
use serde_json::{Map, Value};

use crate::engine::Engine;
use crate::loader::default_export;
use crate::place::Place;
use crate::run::Script;
use crate::state::Current;

/// The form of a script, for hints.
const FORM: &str = "export default async function run(inputs, host) { ... return host.ok({ ... }) }";

/// The presets of a bundle: scripts and recipes.
pub(crate) struct Scripts {
    recipes: Rc<Recipes>,
    scripts: HashMap<String, Script>,
    engine: RefCell<Engine>,
}

impl Scripts {
    /// Reads the document that `load` gets. The error is the JSON list that the contract asks for.
    pub(crate) fn load(source: &str) -> Result<Self, String> {
        let files = Files::read(source)?;
        let recipes = Recipes::compile(&files)?;
        let mut engine = Engine::new(files).map_err(|error| complaint("", &error.to_string()))?;
        let (mut scripts, mut wrong) = (HashMap::new(), Vec::new());
        for (preset, script) in recipes.scripts() {
            match engine.load(format!("{preset}/{script}")) {
                Ok(script) => drop(scripts.insert(preset.to_owned(), script)),
                Err(problem) => wrong.push(problem),
            }
        }
        wrong.dedup();
        if !wrong.is_empty() {
            return Err(complaints(wrong.iter().map(|(file, problem)| (file.as_str(), problem))));
        }
        Ok(Self { recipes: Rc::new(recipes), scripts, engine: RefCell::new(engine) })
    }

    /// Runs a preset for each row of inputs.
    pub(crate) fn preset(
        &self,
        name: &str,
        rows: &[Map<String, Value>],
        context: &Context,
        door: Rc<dyn Door>,
    ) -> Vec<Finished> {
        let running = Running { scripts: self, context, door };
        let (recipes, door) = (&*self.recipes, &*running.door);
        Run { recipes, door, context, scripts: Some(&running) }.preset(name, rows)
    }
}

/// Runs scripts where the flow of a run comes to one.
struct Running<'a> {
    scripts: &'a Scripts,
    context: &'a Context,
    door: Rc<dyn Door>,
}

impl interpreter::Scripts for Running<'_> {
    fn run(&self, preset: &str, inputs: &Map<String, Value>) -> Finished {
        let Some(script) = self.scripts.scripts.get(preset) else {
            return Finished::failed("preset", &format!("the script of preset \"{preset}\" is not loaded"));
        };
        let current = Current {
            door: self.door.clone(),
            recipes: self.scripts.recipes.clone(),
            preset: preset.to_owned(),
            kind: self.context.kind.clone(),
            settings: self.context.settings.clone(),
            inputs: inputs.clone(),
            trace: interpreter::Trace::default(),
            last: RefCell::default(),
        };
        self.scripts.engine.borrow_mut().run(script, current)
    }
}

/// A problem, and the file that it is in.
type Wrong = (String, Problem);

impl Engine {
    /// Loads a script.
    fn load(&mut self, file: String) -> Result<Script, Wrong> {
        let module = self.loader.module(&file, &mut self.context).map_err(|error| self.wrong(&file, &error))?;
        self.state.asked_the_time.set(false);
        self.hooks.restart();
        self.jobs.restart();
        self.evaluate(&module).map_err(|error| self.wrong(&file, &error))?;
        if self.state.asked_the_time.get() {
            let text = self.loader.text(&file);
            let span = text.find("Date").map_or(0..0, |at| at..at + "Date".len());
            let message = "there is no time yet while a script is loaded";
            let hint = "Date.now() and new Date() work inside run(inputs, host)";
            return Err((file, Problem::new(message, span).with_hint(hint)));
        }
        self.exported(&module, file)
    }

    /// Loads what a module imports, links it and evaluates its top level.
    fn evaluate(&mut self, module: &Module) -> JsResult<()> {
        let loading = module.load(&mut self.context);
        self.wait_for(&loading)?;
        module.link(&mut self.context)?;
        let evaluating = module.evaluate(&mut self.context)?;
        self.wait_for(&evaluating)
    }

    fn wait_for(&mut self, promise: &JsPromise) -> JsResult<()> {
        self.context.run_jobs()?;
        match promise.state() {
            PromiseState::Fulfilled(_) => Ok(()),
            PromiseState::Rejected(reason) => Err(JsError::from_opaque(reason)),
            PromiseState::Pending => {
                Err(crate::json::type_error("the top level never ends: it waits for a promise that nothing settles"))
            }
        }
    }

    /// The function that a module exports.
    fn exported(&mut self, module: &Module, file: String) -> Result<Script, Wrong> {
        let place = default_export(&file, self.loader.text(&file));
        let namespace = module.namespace(&mut self.context);
        let has = namespace.has_property(js_string!("default"), &mut self.context);
        let exported = namespace.get(js_string!("default"), &mut self.context);
        let exported = exported.map_err(|error| self.wrong(&file, &error))?;
        if let Some(run) = exported.as_object().and_then(JsFunction::from_object) {
            return Ok(Script { file, run, place });
        }
        let problem = if has.unwrap_or_default() {
            Problem::new("what the script exports by default is no function", place.span(self.loader.text(&file)))
        } else {
            Problem::new("the script exports nothing by default", 0..0)
        };
        Err((file, problem.with_hint(FORM)))
    }

    /// What is wrong: in the file that could not be loaded, else where it was thrown.
    fn wrong(&mut self, file: &str, error: &JsError) -> Wrong {
        if let Some(wrong) = self.loader.problems().last() {
            return wrong.clone();
        }
        // Of the top level the engine knows no place.
        let top = Place { file: file.to_owned(), line: 1, column: 1 };
        let thrown = self.thrown(error).or_at(self.hooks.ended_after()).or_at(Some(top)).located(&self.loader);
        let (file, span) = match &thrown.place {
            Some(place) => (place.file.clone(), place.span(self.loader.text(&place.file))),
            None => (file.to_owned(), 0..0),
        };
        let problem = Problem::new(thrown.what.clone(), span);
        let host = thrown.what.contains("host is not defined");
        let hint = "the host can be asked only inside run(inputs, host), which is given it";
        (file, if host { problem.with_hint(hint) } else { problem })
    }
}
