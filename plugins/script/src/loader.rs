//! The modules of a bundle, by their paths.
//!
//! Keeps: a script imports files that belong to the bundle, by relative paths, and nothing else.

use std::cell::{Ref, RefCell};
use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;

use boa_engine::module::{Module, ModuleLoader, ModuleRequest, Referrer};
use boa_engine::{Context, JsError, JsNativeError, JsResult, Source};
use interpreter::{Files, Problem};

use crate::place::Place;
use crate::thrown::Thrown;

/// The loader.
pub(crate) struct Loader {
    files: Files,
    modules: RefCell<HashMap<String, Module>>,
    /// What was wrong in a file, by file.
    problems: RefCell<Vec<(String, Problem)>>,
}

impl Loader {
    pub(crate) fn new(files: Files) -> Self {
        Self { files, modules: RefCell::default(), problems: RefCell::default() }
    }

    /// What was wrong in files so far.
    pub(crate) fn problems(&self) -> Ref<'_, Vec<(String, Problem)>> {
        self.problems.borrow()
    }

    /// The text of a file.
    pub(crate) fn text(&self, file: &str) -> &str {
        self.files.text(file).unwrap_or_default()
    }

    /// The module of a file, parsed once.
    pub(crate) fn module(&self, file: &str, context: &mut Context) -> JsResult<Module> {
        if let Some(module) = self.modules.borrow().get(file) {
            return Ok(module.clone());
        }
        let source = Source::from_bytes(self.text(file)).with_path(Path::new(file));
        let module = Module::parse(source, None, context).inspect_err(|error| {
            let problem = Thrown::syntax(error, self.text(file));
            self.problems.borrow_mut().push((file.to_owned(), problem));
        })?;
        self.modules.borrow_mut().insert(file.to_owned(), module.clone());
        Ok(module)
    }

    /// The file that an import means.
    fn resolve(&self, importer: &str, specifier: &str) -> Result<String, Problem> {
        let text = self.text(importer);
        let span = ['"', '\''].iter().find_map(|quote| {
            let start = text.find(&format!("{quote}{specifier}{quote}"))?;
            Some(start..start + specifier.len() + 2)
        });
        let problem = |message: String, hint: String| Problem::new(message, span.unwrap_or(0..0)).with_hint(hint);
        if !specifier.starts_with("./") && !specifier.starts_with("../") {
            return Err(problem(
                format!("{importer} imports \"{specifier}\", which is no relative path"),
                "a script imports files of its bundle: \"./x.js\" beside it, \"../lib/x.js\" from lib; there are no packages".into(),
            ));
        }
        let mut parts: Vec<&str> = importer.split('/').collect();
        parts.pop();
        for part in specifier.split('/') {
            match part {
                "" | "." => {}
                ".." if parts.pop().is_none() => break,
                ".." => {}
                part => parts.push(part),
            }
        }
        let file = parts.join("/");
        if self.files.text(&file).is_some() && is_script(&file) {
            return Ok(file);
        }
        let known: Vec<&str> = self.files.iter().map(|(file, _)| file).filter(|file| is_script(file)).collect();
        Err(problem(
            format!("{importer} imports \"{specifier}\", and there is no file {file} that it can import"),
            format!("files of JavaScript in the preset's folder and in lib: {}", known.join(", ")),
        ))
    }
}

fn is_script(file: &str) -> bool {
    file.ends_with(".js") || file.ends_with(".mjs")
}

impl ModuleLoader for Loader {
    async fn load_imported_module(
        self: Rc<Self>,
        referrer: Referrer,
        request: ModuleRequest,
        context: &RefCell<&mut Context>,
    ) -> JsResult<Module> {
        let importer = referrer.path().and_then(Path::to_str).unwrap_or_default();
        let specifier = request.specifier().to_std_string_lossy();
        match self.resolve(importer, &specifier) {
            Ok(file) => self.module(&file, &mut context.borrow_mut()),
            Err(problem) => {
                let error: JsError = JsNativeError::typ().with_message(problem.message.clone()).into();
                self.problems.borrow_mut().push((importer.to_owned(), problem));
                Err(error)
            }
        }
    }
}

/// Where a file says what it exports by default; its beginning if it does not.
pub(crate) fn default_export(file: &str, text: &str) -> Place {
    let at = text.find("export default").or_else(|| text.find("as default")).unwrap_or(0);
    Place::at(file, text, at)
}
