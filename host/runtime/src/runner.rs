//! A preset made ready, and run as often as one likes.
//!
//! Owns: what all runs of a preset have in common, made once: templates, the context, the preset that looks. Keeps: nothing of one run
//! is here, so that no run can leave anything for the next.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use presetter_bundle::{Bundle, PresetFile};
use presetter_connection::{Access, Clock, Redirects};
use presetter_manifest::{Diagnostics, Limits, Repeat};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use crate::Component;
use crate::observer::RunObserver;
use crate::request::{self, Prepared};

/// A body template in place of the preset's: Advanced Mode's Body tab.
#[derive(Debug, Clone)]
pub struct BodyOverride {
    /// The file, for messages.
    pub file: String,
    /// The template.
    pub text: String,
}

/// What all runs of a preset have in common.
#[derive(Clone)]
pub struct Setup {
    /// The bundle's component, or the interpreter of its recipes.
    pub component: Component,
    /// For an interpreter: the sources, as its `load` takes them.
    pub source_document: Option<Arc<str>>,
    /// The bundle.
    pub bundle: Arc<Bundle>,
    /// The preset.
    pub preset: PresetFile,
    /// The bundle's settings, with the operator's corrections.
    pub settings: Map<String, Value>,
    /// The connection.
    pub access: Arc<Access>,
    /// What a run may use up.
    pub limits: Limits,
    /// Advanced Mode: another body.
    pub body: Option<BodyOverride>,
    /// Advanced Mode: single fields of the body, by JSON pointer.
    pub body_set: Vec<(String, Value)>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Whether somebody reads the answers. Else the report of a run that ended well has the answer's status, and neither its body
    /// nor its headers.
    pub answers: bool,
}

/// What is particular to one run.
#[derive(Clone)]
pub struct Invocation {
    /// The inputs, checked against the preset's schema.
    pub inputs: Map<String, Value>,
    /// Who watches.
    pub observer: Arc<dyn RunObserver>,
    /// Ends the run from outside.
    pub cancel: CancellationToken,
}

/// A preset that is ready to run. Cheap to clone; each run has an instance of its own, and no run sees anything of another.
#[derive(Clone)]
pub struct Runner(pub(crate) Arc<Ready>);

/// What was made once.
pub(crate) struct Ready {
    pub(crate) setup: Setup,
    /// The templates of the preset that runs, and of those that it names, by name.
    pub(crate) requests: HashMap<String, Prepared>,
    /// Why there are none.
    pub(crate) wrong: Option<Diagnostics>,
    /// The settings, as templates take them.
    pub(crate) settings: Value,
    /// What the component is told of the run, as JSON.
    pub(crate) context: String,
    /// How a repeat is safe.
    pub(crate) repeat: Repeat,
    /// Whether the run may change something.
    pub(crate) writes: bool,
    /// What the preset says of redirects.
    pub(crate) redirects: Option<Redirects>,
    probe: OnceLock<Result<Runner, String>>,
}

impl Runner {
    /// Makes a preset ready. What is wrong with its templates is told by its runs.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        let (requests, wrong) = match setup.requests() {
            Ok(requests) => (requests, None),
            Err(wrong) => (HashMap::new(), Some(wrong)),
        };
        let settings = Value::Object(setup.settings.clone());
        let kind = &setup.access.connection().kind;
        Self(Arc::new(Ready {
            requests,
            wrong,
            context: serde_json::json!({ "settings": settings, "connection": { "kind": kind } }).to_string(),
            settings,
            repeat: setup.repeat(),
            writes: setup.preset.manifest.effect.writes() || setup.body_is_changed(),
            redirects: request::redirects(&setup.preset.manifest, &setup.preset.file),
            probe: OnceLock::new(),
            setup,
        }))
    }

    /// The preset that looks, ready too; nothing if this one has none.
    pub(crate) fn probe(&self) -> Option<&Result<Runner, String>> {
        let setup = &self.0.setup;
        let probe = setup.preset.manifest.probe.as_ref()?;
        Some(self.0.probe.get_or_init(|| {
            let preset = setup.bundle.preset(probe.preset.as_str()).map_err(|error| error.to_string())?;
            // A look rests on what the answer holds, whether or not anything is mapped from it.
            Ok(Self::new(Setup { preset, body: None, body_set: Vec::new(), answers: true, ..setup.clone() }))
        }))
    }
}

impl Setup {
    /// The request templates of the preset and of those that it names.
    fn requests(&self) -> Result<HashMap<String, Prepared>, Diagnostics> {
        let kind = self.access.connection().kind.as_str();
        let mut prepared = HashMap::new();
        let own = self.preset.manifest.for_kind(kind);
        if let Some(request) =
            Prepared::new(&own, &self.preset.file, &self.preset.text, self.body.as_ref(), &self.body_set)?
        {
            prepared.insert(self.preset.name.clone(), request);
        }
        let named = own.probe.iter().map(|p| p.preset.as_str()).chain(own.mixup.iter().map(|m| m.preset.as_str()));
        for name in named {
            // That they exist and compile was checked when the preset was opened.
            if let Ok(file) = self.bundle.preset(name)
                && let Some(request) = Prepared::new(&file.manifest.for_kind(kind), &file.file, &file.text, None, &[])?
            {
                prepared.insert(name.to_owned(), request);
            }
        }
        Ok(prepared)
    }

    pub(crate) fn body_is_changed(&self) -> bool {
        self.body.is_some() || !self.body_set.is_empty()
    }

    /// How a repeat is safe. What a preset says of itself is not said of a body that a person has put into it.
    fn repeat(&self) -> Repeat {
        match self.preset.manifest.repeat() {
            Repeat::Natural | Repeat::Key if self.body_is_changed() => Repeat::None,
            repeat => repeat,
        }
    }
}
