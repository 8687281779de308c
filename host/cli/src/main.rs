//! The program `presetter`.
//!
//! Owns: the start. The environment is read in this file alone and handed down as a [`World`]; so is everything else that
//! comes from the machine: folders, terminal, the way to secrets. Must never: hold a rule about presets.
//!
//! Keeps: data on standard output, talk on standard error.
#![forbid(unsafe_code)]

mod add_command;
mod advice;
mod args;
mod ask;
mod assumptions;
mod author;
mod bulk;
mod connection;
mod connection_files;
mod connection_show;
mod connection_sources;
mod connection_test;
mod console;
mod demo;
mod exact;
mod exit;
mod failure;
mod feed;
mod files;
mod grants;
mod inputs;
mod junit;
mod mapping;
mod markup;
mod output;
mod overrides;
mod packages;
mod panics;
mod plan;
mod policy;
mod prepare;
mod presets;
#[cfg(test)]
mod rebinding;
mod receipt;
mod receipts;
mod record;
mod recorder;
mod records;
mod rows;
mod run;
mod run_id;
mod runs;
mod select;
mod slips;
mod verbs;
mod watch;
mod workflow;
mod world;

use std::env;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use etcetera::app_strategy::{AppStrategy as _, AppStrategyArgs};
use mimalloc::MiMalloc;
use presetter_connection::Surroundings;
use presetter_egress::SystemResolver;
use presetter_secret::{Redactor, Secret};

use crate::args::Cli;
use crate::console::{Console, Style, line};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::world::{Dirs, World};

/// Many rows allocate on several threads what others free; the system's allocator has them wait for each other.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let started = Instant::now();
    // Before any secret is read.
    presetter_disk::no_core_file();
    let redactor = Redactor::new();
    panics::confess(redactor.clone());
    let words: Vec<_> = env::args_os().collect();
    let cli = Cli::read(&words).unwrap_or_else(|error| slips::explained(error).exit());
    let style = style();
    let console = Arc::new(Console::new(Box::new(io::stdout()), Box::new(io::stderr()), style, redactor));
    let result = world(&cli, console.clone(), started).and_then(|world| {
        // One thread: more would take longer to start than they save a run, and many rows have threads of their own.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|e| {
            Failure::new(Exit::Internal, format!("this machine gives the program no timer or sockets: {e}"))
        })?;
        let result = runtime.block_on(verbs::follow(&world, cli));
        // A thread that waits for a terminal or a lock must not keep the program from ending.
        runtime.shutdown_background();
        result
    });
    result
        .unwrap_or_else(|failure| {
            console.fail(&failure);
            failure.exit
        })
        .into()
}

/// The machine, as the commands see it.
fn world(cli: &Cli, console: Arc<Console>, started: Instant) -> Result<World, Failure> {
    Ok(World {
        started,
        cwd: env::current_dir().unwrap_or_default(),
        dirs: dirs()?,
        machine_policy: Some(policy::machine_file()),
        user: ["USER", "LOGNAME", "USERNAME"]
            .iter()
            .find_map(|name| env::var(name).ok())
            .filter(|user| !user.trim().is_empty()),
        surroundings: Arc::new(Environment { notes: (cli.verb.verbose() >= 2).then(|| console.clone()) }),
        resolver: Arc::new(SystemResolver),
        docker: docker(),
        console,
        editor: ["VISUAL", "EDITOR"]
            .iter()
            .find_map(|name| env::var(name).ok())
            .filter(|editor| !editor.trim().is_empty()),
        interactive: io::stdin().is_terminal() && io::stderr().is_terminal(),
        signals: true,
    })
}

/// Where Docker's configuration is: the logins of registries.
fn docker() -> Option<PathBuf> {
    let set = env::var_os("DOCKER_CONFIG").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    set.or_else(|| Some(env::home_dir()?.join(".docker")))
}

/// `PRESETTER_HOME`, else the platform's folders.
fn dirs() -> Result<Dirs, Failure> {
    if let Some(home) = env::var_os("PRESETTER_HOME").filter(|home| !home.is_empty()) {
        let home = PathBuf::from(home);
        // Messages name files below it, and a command may be run from elsewhere next.
        return Ok(Dirs::below(&std::path::absolute(&home).unwrap_or(home)));
    }
    let app =
        AppStrategyArgs { top_level_domain: "org".into(), author: "Presetter".into(), app_name: "presetter".into() };
    let found = etcetera::app_strategy::choose_native_strategy(app).map_err(|_| {
        Failure::new(Exit::Internal, "this machine tells no home folder for you")
            .help("set the variable PRESETTER_HOME to a folder of your own")
    })?;
    let state = found.state_dir().unwrap_or_else(|| found.data_dir());
    Ok(Dirs { config: found.config_dir(), data: found.data_dir(), state, cache: found.cache_dir() })
}

/// Colours only on a terminal, and never where `NO_COLOR` is set to anything (no-color.org).
fn style() -> Style {
    let colors = env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && env::var_os("TERM").is_none_or(|term| term != "dumb");
    let (out, err) = (io::stdout().is_terminal(), io::stderr().is_terminal());
    Style { out: out && colors, err: err && colors, terminal: out, talks_to_terminal: err }
}

/// Where secrets are looked up: the environment and the terminal.
struct Environment {
    /// Where details are told, if they are asked for.
    notes: Option<Arc<Console>>,
}

impl Surroundings for Environment {
    fn var(&self, name: &str) -> Option<String> {
        env::var(name).ok()
    }

    fn prompt(&self, what: &str) -> Result<Secret, String> {
        if !io::stdin().is_terminal() {
            return Err(
                "there is no terminal to ask at; refer to the secret by env:, file:, keyring: or cmd:".to_owned()
            );
        }
        let secret = rpassword::prompt_password(format!("{}: ", line(what)));
        secret.map(Secret::new).map_err(|error| format!("the terminal could not be asked: {error}"))
    }

    fn note(&self, message: &str) {
        if let Some(console) = &self.notes {
            console.say(&line(message));
        }
    }
}
