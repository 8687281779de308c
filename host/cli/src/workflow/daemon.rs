//! `presetter daemon`: what begins by itself, and what waits, in one process.
//!
//! Owns: the loop, its log, and its end. Keeps: nothing is lost when it is killed, and several on one folder do nothing twice: that
//! is the journal's promise, and everything here goes through it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use presetter_journal::seam::{Cancellation, DurableContext, Engine, Flow, FlowError, Submission, Until};
use presetter_workflow::{Daemon, Interpreter, Store, tick};
use serde_json::{Value, json};

use super::door;
use super::machine::{Machine, broken, failed};
use super::run::state;
use super::status::{COUNTED, OPEN, counted};
use crate::args::{DaemonArgs, LogForm};
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::run_id;
use crate::world::World;

/// How often it looks for what begins.
const TICK: Duration = Duration::from_secs(1);
/// How often it says that it is there.
const BEAT: Duration = Duration::from_secs(3);
/// A daemon that was not heard of for so long is gone.
pub(super) const SILENT: SignedDuration = SignedDuration::from_secs(15);
/// A daemon that has not looked for work for so long is not well: one look may take its time.
const STUCK: SignedDuration = SignedDuration::from_secs(60);

/// What a daemon tells of itself.
pub(super) struct Pulse {
    console: Arc<crate::console::Console>,
    form: LogForm,
    begun: AtomicU64,
    ended: Mutex<BTreeMap<&'static str, u64>>,
    looked: Mutex<Timestamp>,
    told: Mutex<BTreeMap<String, String>>,
    engine: Mutex<Option<Arc<dyn Engine>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pulse {
    fn new(world: &World, form: LogForm) -> Self {
        Self {
            console: world.console.clone(),
            form,
            begun: AtomicU64::new(0),
            ended: Mutex::default(),
            looked: Mutex::new(Timestamp::now()),
            told: Mutex::default(),
            engine: Mutex::default(),
        }
    }

    fn log(&self, level: &str, event: &str, more: &[(&str, String)]) {
        let at = Timestamp::now();
        match self.form {
            LogForm::Json => {
                let mut entry = json!({ "at": at.to_string(), "level": level, "event": event });
                for (name, value) in more {
                    entry[*name] = value.clone().into();
                }
                self.console.say(&crate::console::json_text(&entry));
            }
            LogForm::Text => {
                let more: Vec<String> = more.iter().map(|(name, value)| format!("{name}={}", line(value))).collect();
                let at = at.strftime("%Y-%m-%d %H:%M:%S UTC");
                self.console.say(format!("{at} {level:<5} {event} {}", more.join(" ")).trim_end());
            }
        }
    }

    /// Why it is not well: it has not looked for a while.
    pub(super) fn trouble(&self) -> Option<String> {
        let since = Timestamp::now().duration_since(*lock(&self.looked));
        (since > STUCK).then(|| format!("it has not looked for work for {} s", since.as_secs()))
    }

    /// In the form that Prometheus reads.
    pub(super) async fn metrics(&self) -> String {
        let mut lines = vec![
            "# HELP presetter_runs_begun_total Runs that this daemon has begun.".to_owned(),
            "# TYPE presetter_runs_begun_total counter".to_owned(),
            format!("presetter_runs_begun_total {}", self.begun.load(Ordering::Relaxed)),
            "# HELP presetter_runs_ended_total Runs that ended in this daemon.".to_owned(),
            "# TYPE presetter_runs_ended_total counter".to_owned(),
        ];
        for (how, count) in lock(&self.ended).iter() {
            lines.push(format!("presetter_runs_ended_total{{state=\"{how}\"}} {count}"));
        }
        let engine = lock(&self.engine).clone();
        if let Some(engine) = engine {
            lines.push(format!("# HELP presetter_runs Runs that have not ended, up to {COUNTED} of a state."));
            lines.push("# TYPE presetter_runs gauge".to_owned());
            for open in OPEN {
                let count = counted(&engine, open).await.unwrap_or_default();
                lines.push(format!("presetter_runs{{state=\"{}\"}} {count}", state(open)));
            }
        }
        lines.push(String::new());
        lines.join("\n")
    }

    fn end(&self, submission: &Submission, run: &str, how: &'static str, message: &str) {
        *lock(&self.ended).entry(how).or_default() += 1;
        let on = submission.input.pointer("/record/record").and_then(Value::as_str).unwrap_or("all");
        let mut more = vec![
            ("workflow", submission.flow.name.clone()),
            ("run", run.to_owned()),
            ("on", on.to_owned()),
            ("state", how.to_owned()),
        ];
        if !message.is_empty() {
            more.push(("message", message.to_owned()));
        }
        self.log(if how == "failed" { "warn" } else { "info" }, "run ended", &more);
    }

    /// What went wrong with one workflow is told when it is new.
    fn wrong(&self, name: &str, message: &str) {
        let known = lock(&self.told).insert(name.to_owned(), message.to_owned());
        if known.as_deref() != Some(message) {
            self.log("error", "cannot begin", &[("workflow", name.to_owned()), ("message", message.to_owned())]);
        }
    }
}

/// An interpreter that tells how runs end.
struct Telling(Arc<Pulse>);

#[async_trait]
impl Flow for Telling {
    async fn run(&self, context: &mut dyn DurableContext, submission: &Submission) -> Result<Value, FlowError> {
        let ended = Interpreter.run(context, submission).await;
        match &ended {
            Ok(_) => self.0.end(submission, &context.run().0, "done", ""),
            Err(FlowError::Failed(failure)) => self.0.end(submission, &context.run().0, "failed", &failure.message),
            Err(FlowError::Interrupted(_)) => {}
        }
        ended
    }
}

/// Follows `presetter daemon`.
pub(crate) async fn daemon(world: &World, args: &DaemonArgs) -> Result<Exit, Failure> {
    let pulse = Arc::new(Pulse::new(world, args.log));
    let machine = Machine::with_flow(world, Arc::new(Telling(pulse.clone()))).await?;
    *lock(&pulse.engine) = Some(machine.engine.clone());
    let address = match args.port {
        Some(port) => {
            let opened = door::open(port, pulse.clone()).await;
            let unopened = |error| {
                Failure::usage(format!("port {port} cannot be used: {error}")).help("--port 0 takes a free one")
            };
            opened.map_err(unopened)?.to_string()
        }
        None => String::new(),
    };
    let now = Timestamp::now();
    let me = Daemon { id: run_id::new(), pid: std::process::id(), address, started: now, seen: now };
    let mut more = vec![("pid", me.pid.to_string())];
    if !me.address.is_empty() {
        more.push(("address", format!("http://{}", me.address)));
    }
    machine.store.beat(&me).map_err(|error| failed(&error.to_string()))?;
    pulse.log("info", "daemon started", &more);
    let (gone, going) = Cancellation::pair();
    let beating = tokio::spawn(beat(machine.store.clone(), me.clone(), pulse.clone(), going));

    let (stop, stopping) = Cancellation::pair();
    let engine = machine.engine.clone();
    let mut working = tokio::spawn(async move { engine.work(Until::Stopped(stopping)).await });
    let mut asked = Box::pin(asked_to_stop());
    loop {
        let now = Timestamp::now();
        look(world, &machine, &pulse, now).await;
        *lock(&pulse.looked) = now;
        tokio::select! {
            () = tokio::time::sleep(TICK) => {}
            () = &mut asked => break,
            ended = &mut working => {
                let error = ended.map_err(|error| error.to_string()).and_then(|ended| ended.map_err(|e| e.to_string()));
                return Err(failed(&error.err().unwrap_or_else(|| "the workers ended".to_owned())));
            }
        }
    }
    pulse.log("info", "stopping: what is under way is brought to its end", &[]);
    stop.cancel();
    let mut again = Box::pin(asked_to_stop());
    tokio::select! {
        ended = &mut working => {
            if let Ok(ended) = ended {
                ended.map_err(|error| broken(&error))?;
            }
        }
        // Asked twice, it leaves at once: the journal knows what was under way.
        () = &mut again => {}
    }
    gone.cancel();
    let _ = beating.await;
    machine.store.gone(&me.id).map_err(|error| failed(&error.to_string()))?;
    pulse.log("info", "daemon stopped", &[]);
    Ok(Exit::Ok)
}

/// Says that the daemon is there, whatever else it does. That it could not be said is told, and tried again.
async fn beat(store: Arc<Store>, me: Daemon, pulse: Arc<Pulse>, going: Cancellation) {
    loop {
        let (store, me) = (store.clone(), Daemon { seen: Timestamp::now(), ..me.clone() });
        let beaten = tokio::task::spawn_blocking(move || store.beat(&me)).await;
        if let Ok(Err(error)) = beaten {
            pulse.wrong("daemon", &error.to_string());
        }
        tokio::select! {
            () = tokio::time::sleep(BEAT) => {}
            () = going.cancelled() => return,
        }
    }
}

async fn look(world: &World, machine: &Machine, pulse: &Pulse, now: Timestamp) {
    let syncs = |name: &str| super::sync::due(world, machine, name, now);
    match tick(&machine.engine, &machine.store, &machine.records, now, &syncs).await {
        Ok((begun, told)) => {
            if begun > 0 {
                pulse.begun.fetch_add(begun, Ordering::Relaxed);
                pulse.log("info", "begun", &[("runs", begun.to_string())]);
            }
            for told in told {
                pulse.wrong(&told.name, &told.message);
            }
        }
        Err(message) => pulse.wrong("daemon", &message),
    }
}

/// Returns at Ctrl-C, or when the system asks the program to end.
#[cfg(unix)]
async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupted), Ok(mut terminated)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupted.recv() => {}
        _ = terminated.recv() => {}
    }
}

/// Returns at Ctrl-C.
#[cfg(windows)]
async fn asked_to_stop() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
