//! Everything that `run`, `plan` and `connection test` do before a component starts.
//!
//! Owns: the order of checks, so that a person's mistake is told before anything is sent, and before the engine is set up.
//! Keeps: nothing here opens a socket or resolves a secret.

use std::sync::Arc;

use presetter_bundle::{Bundle, PresetFile};
use presetter_connection::{Access, AccessContext, Connection, SystemClock, exchange_limits};
use presetter_egress::Transport;
use presetter_manifest::{Diagnostics, Preset};
use presetter_runtime::{
    BodyOverride, CancellationToken, Component, Engine, EngineOptions, Invocation, Limit, Limits, RunObserver, Runner,
    Setup,
};
use presetter_template::{Context, Problem, Template, Variable};
use serde_json::{Map, Value};

use crate::args::CallArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::inputs;
use crate::mapping::{self, Mappings};
use crate::overrides;
use crate::policy::Policies;
use crate::select::{self, Chosen};
use crate::world::World;

/// What becomes of sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sessions {
    /// They are kept, sealed, for the runs that come after.
    Kept,
    /// None is taken up and none is kept.
    InMemory,
}

/// A run that can begin.
pub(crate) struct Prepared {
    pub(crate) chosen: Chosen,
    pub(crate) connection: Connection,
    pub(crate) settings: Map<String, Value>,
    pub(crate) inputs: Map<String, Value>,
    pub(crate) mappings: Mappings,
    pub(crate) body: Option<BodyOverride>,
    /// Whether that body is one that the operator keeps, not one of this run alone.
    pub(crate) overridden: bool,
    pub(crate) body_set: Vec<(String, Value)>,
    pub(crate) access: Arc<Access>,
    pub(crate) limits: Limits,
}

/// Checks all that can be checked.
pub(crate) fn prepare(
    world: &World,
    args: &CallArgs,
    transport: Arc<dyn Transport>,
    sessions: Sessions,
) -> Result<Prepared, Failure> {
    prepare_with(world, args, transport, sessions, inputs::gather)
}

/// As [`prepare`], with another way to the inputs.
pub(crate) fn prepare_with(
    world: &World,
    args: &CallArgs,
    transport: Arc<dyn Transport>,
    sessions: Sessions,
    gather: impl FnOnce(&CallArgs, &Preset) -> Result<Map<String, Value>, Failure>,
) -> Result<Prepared, Failure> {
    inputs::one_reader(args)?;
    let chosen = select::preset(world, &args.preset)?;
    let manifest = &chosen.preset.manifest;
    let free = chosen.bundle.manifest().component.is_some() || manifest.script.is_some();
    // A component or a script that does not say what it returns may return anything.
    let outputs = (!free || !manifest.returns.is_empty()).then(|| mapping::declared(manifest));
    let mappings = Mappings::compile(&args.map, outputs.as_deref())?;
    let body_set = inputs::body_set(args)?;
    let body = args.body.as_deref().map(inputs::body).transpose()?;
    let given = body.map(|(file, text)| checked_body(file, text, &chosen.preset.manifest)).transpose()?;
    let kept = if given.is_some() { None } else { overrides::of(world, &chosen)? };
    let overridden = kept.is_some();
    let body = given.or(kept);
    Policies::load(world)?.admit_run(&chosen, body.is_some() || !body_set.is_empty())?;
    let inputs = gather(args, &chosen.preset.manifest)?;
    let connection = select::connection(world, &chosen, args.connection.as_deref())?;
    let settings = select::settings(&chosen.bundle, &connection)?;
    let access = open(world, &chosen, &connection, transport, sessions)?;
    for field in mappings.plain() {
        world
            .console
            .warn(&format!("--map {field}: there is no {{{{ }}}} in it, so \"{field}\" is this plain text"), &[]);
    }
    if let Some(pointer) = inputs::template_in(&body_set) {
        let message = format!(
            "--body-set {pointer}: templates do not work in --body-set; the text is sent as it stands (use --body)"
        );
        world.console.warn(&message, &[]);
    }
    let limits = limits(&chosen, &connection);
    Ok(Prepared { chosen, connection, settings, inputs, mappings, body, overridden, body_set, access, limits })
}

/// A template in place of the preset's body, as the preset's own is checked: it compiles, and the names in it exist.
pub(crate) fn checked_body(file: String, text: String, preset: &Preset) -> Result<BodyOverride, Failure> {
    let known: Vec<&str> = match preset.batch {
        Some(_) => vec!["rows", "settings"],
        None => preset.inputs.keys().map(String::as_str).chain(["settings", "page"]).collect(),
    };
    let compiled = Template::compile(&text, Context::Json).and_then(|template| {
        let strange = template.variables().iter().filter(|v| !known.contains(&v.path.root.as_str()));
        let problem = |v: &Variable| {
            Problem::new(format!("there is no \"{}\" here", v.path.root), v.span.clone())
                .with_hint(format!("possible here: {}", known.join(", ")))
        };
        let problems: Vec<Problem> = strange.map(problem).collect();
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    });
    match compiled {
        Ok(()) => Ok(BodyOverride { file, text }),
        Err(problems) => Err(Failure::at(Exit::Invalid, Diagnostics::of(&file, &text, problems))),
    }
}

/// What a run may use up: the operator's word, else the bundle's, else the default.
pub(crate) fn limits(chosen: &Chosen, connection: &Connection) -> Limits {
    Limits::of(&chosen.bundle.manifest().limits, &connection.limits)
}

/// A connection in use. Nothing is resolved and nothing is sent yet.
pub(crate) fn open(
    world: &World,
    chosen: &Chosen,
    connection: &Connection,
    transport: Arc<dyn Transport>,
    sessions: Sessions,
) -> Result<Arc<Access>, Failure> {
    let manifest = chosen.bundle.manifest();
    let kind = manifest.connections.get(&connection.kind).ok_or_else(|| {
        let known: Vec<&str> = manifest.connections.keys().map(String::as_str).collect();
        Failure::new(
            Exit::Invalid,
            format!(
                "{} has no connection kind \"{}\", which \"{}\" is of",
                chosen.bundle.file(),
                connection.kind,
                connection.name
            ),
        )
        .help(format!("its kinds: {}; add the connection anew", known.join(", ")))
    })?;
    let limits = limits(chosen, connection);
    let context = AccessContext {
        transport,
        surroundings: world.surroundings.clone(),
        state_dir: (sessions == Sessions::Kept).then(|| world.dirs.state.clone()),
        redactor: world.console.redactor().clone(),
        clock: Arc::new(SystemClock),
        bundle_file: chosen.bundle.file().to_owned(),
        limits: exchange_limits(&limits),
    };
    Access::open(connection.clone(), kind.clone(), &manifest.grants, context)
        .map(Arc::new)
        .map_err(|e| access_failure(&e))
}

/// An error of a connection, with its code.
pub(crate) fn access_failure(error: &presetter_connection::Error) -> Failure {
    use presetter_connection::Error;
    let exit = Exit::of_class(error.kind(), false);
    match error {
        Error::Denied { reason, advice } | Error::Auth { reason, advice } => Failure::new(exit, reason).help(advice),
        other => Failure::new(exit, other.to_string()),
    }
}

/// The component of a bundle, and for an interpreter the sources that it is to load. Compiles, or maps compiled code.
pub(crate) fn load(engine: &Engine, chosen: &Chosen) -> Result<(Component, Option<Arc<str>>), Failure> {
    let parts = presetter_pack::parts(&chosen.bundle, &chosen.preset.name)?;
    let component = engine.load_known(&parts.component, &parts.sha256).map_err(|error| {
        let exit =
            if matches!(error, presetter_runtime::LoadError::Engine(_)) { Exit::Internal } else { Exit::Invalid };
        Failure::new(exit, format!("{}{error}", parts.origin(&chosen.bundle))).help(error.hint())
    })?;
    let document = parts.document(&chosen.bundle, &chosen.preset.name, component.is_interpreter())?;
    Ok((component, document.map(Into::into)))
}

/// What a run of a bundle may use up before any connection says more.
pub(crate) fn bundle_limits(bundle: &Bundle) -> Limits {
    Limits::of(&bundle.manifest().limits, &Default::default())
}

/// The engine of this process, for many runs at once.
pub(crate) fn engine(world: &World, limits: &Limits) -> Result<Engine, Failure> {
    engine_with(EngineOptions::cached(world.dirs.cache.join("compiled")), limits)
}

/// The engine of a process that runs one preset.
pub(crate) fn engine_for_one(world: &World, limits: &Limits) -> Result<Engine, Failure> {
    engine_with(EngineOptions { runs: 1, ..EngineOptions::cached(world.dirs.cache.join("compiled")) }, limits)
}

fn engine_with(options: EngineOptions, limits: &Limits) -> Result<Engine, Failure> {
    let options = EngineOptions { stack_bytes: limits.size(Limit::Stack), ..options };
    Engine::new(options).map_err(|error| Failure::new(Exit::Internal, error.to_string()).help(error.hint()))
}

impl Prepared {
    /// A preset that is run for its own sake, without inputs: `connection test` does so.
    pub(crate) fn bare(
        chosen: Chosen,
        connection: Connection,
        settings: Map<String, Value>,
        access: Arc<Access>,
    ) -> Result<Self, Failure> {
        let mappings = Mappings::compile(&[], None)?;
        let limits = limits(&chosen, &connection);
        Ok(Self {
            chosen,
            connection,
            settings,
            inputs: Map::new(),
            mappings,
            body: None,
            overridden: false,
            body_set: Vec::new(),
            access,
            limits,
        })
    }

    /// The preset, ready to run.
    pub(crate) fn runner(&self, component: Component, source_document: Option<Arc<str>>) -> Runner {
        Runner::new(self.setup(component, source_document))
    }

    /// What its runner is made of.
    pub(crate) fn setup(&self, component: Component, source_document: Option<Arc<str>>) -> Setup {
        Setup {
            component,
            source_document,
            preset: PresetFile::clone(&self.chosen.preset),
            bundle: self.chosen.bundle.clone(),
            settings: self.settings.clone(),
            access: self.access.clone(),
            limits: self.limits.clone(),
            body: self.body.clone(),
            body_set: self.body_set.clone(),
            clock: Arc::new(SystemClock),
            answers: true,
        }
    }

    /// One run of it.
    pub(crate) fn invocation(&self, observer: Arc<dyn RunObserver>, cancel: CancellationToken) -> Invocation {
        Invocation { inputs: self.inputs.clone(), observer, cancel }
    }

    /// The name of the preset in results: `mosyle/create-user`, also where it was named by a path.
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.chosen.bundle.manifest().name, self.chosen.preset.name)
    }

    /// Whether it may change something: what the preset says, or any body that a person put in place of its own.
    pub(crate) fn writes(&self) -> bool {
        self.chosen.preset.manifest.effect.writes() || self.body.is_some() || !self.body_set.is_empty()
    }

    /// Whether it lists rows.
    pub(crate) fn lists(&self) -> bool {
        self.chosen.preset.manifest.lists()
    }
}
