//! `presetter run`.
//!
//! Owns: the course of one run on the command line, from arguments to exit code. Keeps: its receipt begins
//! before anything is sent, and ends before the result is printed; the result is printed whatever happens after it was
//! known; with `--confirm` a write whose repeat needs a look is not sent before that look; Ctrl-C is heard whatever the
//! program waits for, be it a reader who does not read.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use presetter_bundle::Source;
use presetter_runtime::{CancellationToken, Kind, Report};

use crate::advice::{self, Ran};
use crate::args::{Format, RunArgs};
use crate::assumptions::used_by;
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::prepare::{self, Prepared, Sessions};
use crate::receipt::{self, Receipt};
use crate::record::Record;
use crate::rows::Rows;
use crate::watch::Watch;
use crate::world::World;

/// How long a run that was ended from outside waits for a reader who reads nothing.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the end of a run waits for this to be said.
const TO_SAY: Duration = Duration::from_millis(100);

/// Runs a preset and prints its result.
pub(crate) async fn run(world: &World, args: &RunArgs) -> Result<Exit, Failure> {
    if args.bulk.each.given() {
        return crate::bulk::run(world, args).await;
    }
    let record = args.record.as_ref().map(|file| Record::begin(file, world.network())).transpose()?;
    let prepared = match &record {
        Some(record) => prepare::prepare(world, &args.call, record.transport(), Sessions::InMemory)?,
        None => prepare::prepare(world, &args.call, world.network(), Sessions::Kept)?,
    };
    let retention = receipt::retention(world)?;
    if args.format == Format::Raw && prepared.lists() {
        return Err(Failure::usage(
            "raw prints one answer, and this preset reads a list page by page: use --format json",
        ));
    }
    if args.call.confirm
        && prepared.chosen.preset.manifest.effect.writes()
        && prepared.chosen.preset.manifest.probe.is_none()
    {
        world.console.warn("this preset has no probe, so --confirm cannot look whether the write took place", &[]);
    }
    if matches!(prepared.chosen.bundle.source(), Source::Folder { .. }) {
        world.console.say(&format!("{} runs from a folder, which nobody has signed", line(&args.call.preset)));
    }
    let cancel = CancellationToken::new();
    // Its thread starts while the component is loaded.
    let listening = world.signals.then(|| listen(world.clone(), cancel.clone(), prepared.writes()));
    let start = world.started.elapsed();
    let (component, sources) = prepare::load(&prepare::engine_for_one(world, &prepared.limits)?, &prepared.chosen)?;
    let load = world.started.elapsed() - start;
    let rows = Rows::new(args.format);
    let watch = Arc::new(Watch::new(world.console.clone(), args.call.verbose, rows, cancel.clone()));
    let watching = match &record {
        Some(record) => record.watching(watch.clone()),
        None => watch.clone(),
    };
    let receipt = Receipt::begin(world, &prepared, "run", args.call.confirm, retention, watching)?;
    let runner = prepared.runner(component, sources);
    let invocation = prepared.invocation(receipt.observer(), cancel.clone());

    if let Some(listening) = listening {
        listening.wait();
    }
    let mut report =
        if args.call.confirm { runner.run_confirmed(&invocation).await } else { runner.run(&invocation).await };
    report.before([("start", start), ("load", load)]);
    let writes = prepared.chosen.preset.manifest.effect.writes();
    let settings = used_by(&prepared.chosen.preset.manifest, Some(&prepared.connection.kind));
    advice::add(&mut report, Ran { writes, connection: &prepared.connection.name, settings: &settings });
    // The program ends soon, and the system takes back all of it at once.
    std::mem::forget(runner);
    receipt.end(world, &prepared, &report);
    watch.closing(&report);
    let recorded = record.map_or(Exit::Ok, |record| record.end(world, &prepared, &report, args.call.confirm));
    finish(world, args.format, &prepared, &watch, &receipt.run, &report).map(|exit| exit.or(recorded))
}

/// Ends the run at Ctrl-C, and the program at the next, for as long as the program lives. It has a thread and a runtime of
/// its own: the others may wait for a reader or a lock.
pub(crate) fn listen(world: World, cancel: CancellationToken, writes: bool) -> Listening {
    let (listening, heard) = channel::<()>();
    thread::spawn(move || {
        // Without it Ctrl-C does what it does to any program.
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        runtime.block_on(async {
            // One listener for both: of a second one, made after the first was heard, a press in between would be lost.
            let Ok(mut pressed) = interrupts() else { return };
            drop(listening);
            if pressed.recv().await.is_some() {
                // Standard error may have no reader either.
                let say = move || world.console.say("stopping; press Ctrl-C again to leave at once");
                let _ = tokio::time::timeout(TO_SAY, tokio::task::spawn_blocking(say)).await;
                cancel.cancel();
            }
            if pressed.recv().await.is_some() {
                std::process::exit(left(writes).code().into());
            }
        });
    });
    Listening(heard)
}

/// Ctrl-C is about to be listened for.
#[must_use]
pub(crate) struct Listening(Receiver<()>);

impl Listening {
    /// Waits until it is, or cannot be.
    pub(crate) fn wait(self) {
        // Nothing is said: the other end is dropped.
        let _ = self.0.recv();
    }
}

#[cfg(unix)]
fn interrupts() -> std::io::Result<tokio::signal::unix::Signal> {
    tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())
}

#[cfg(windows)]
fn interrupts() -> std::io::Result<tokio::signal::windows::CtrlC> {
    tokio::signal::windows::ctrl_c()
}

/// The code of a run that was left before its end: a write that was under way may have taken place.
fn left(writes: bool) -> Exit {
    if writes { Exit::Unknown } else { Exit::Failed }
}

/// Prints the result: data first, then what a person should know, then the code.
fn finish(
    world: &World,
    format: Format,
    prepared: &Prepared,
    watch: &Watch,
    run: &str,
    report: &Report,
) -> Result<Exit, Failure> {
    let console = &world.console;
    // What ended of itself is told to the end, as slow as its reader may be.
    let failed = |class| report.outcome.kind == Kind::Failed && report.outcome.class == class;
    let cancelled = failed("cancelled");
    let broken_off = cancelled || failed("limit") || report.outcome.kind == Kind::Unknown;
    let listed = watch.end_rows(broken_off.then_some(PATIENCE));
    if listed.unread && cancelled && !prepared.writes() {
        // The reader has seen enough, and nothing was changed: there is nothing to tell.
        return Ok(Exit::Ok);
    }
    let rows = listed.count;
    let (mapped, unmapped) = prepared.mappings.fill(report, &prepared.inputs);
    let name = prepared.name();
    // A closed pipe is the reader's choice, not an error.
    let _ = match format {
        _ if listed.stuck => {
            console.warn("standard output is not read: the rest of what was listed is not there, nor the result", &[]);
            Ok(())
        }
        Format::Json => console.json(&output::object(run, &name, report, &mapped)),
        Format::Table if prepared.lists() => {
            console.say(&output::table(&name, report, &mapped, false));
            Ok(())
        }
        Format::Table => console.data(&output::table(&name, report, &mapped, console.color())),
        Format::Raw => report.response.as_ref().map_or(Ok(()), |body| match body.as_str() {
            Some(text) => console.raw(text),
            None => console.json(body),
        }),
    };
    if prepared.lists() {
        console.say(&format!("{rows} row{}", if rows == 1 { "" } else { "s" }));
    }
    let exit = Exit::of(report);
    if exit != Exit::Ok {
        console.fail(&trouble(exit, report));
        return Ok(exit);
    }
    // What could not be mapped counts where there was an answer to map.
    if let Some(mut failure) = unmapped {
        if prepared.writes() {
            failure = failure.help("the run itself was ok and took place; do not repeat it for the mapping's sake");
        }
        console.fail(&failure);
        return Ok(exit.or(failure.exit));
    }
    Ok(exit)
}

/// Why a run did not end well.
fn trouble(exit: Exit, report: &Report) -> Failure {
    let hint = report.outcome.hint.clone().unwrap_or_default();
    match &report.diagnostics {
        Some(diagnostics) if !diagnostics.0.is_empty() => Failure::at(exit, diagnostics.clone()).help(hint),
        _ => Failure::new(exit, output::told(report)).help(hint),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_was_left_is_unknown_only_if_it_writes() {
        assert_eq!((left(true).code(), left(false).code()), (7, 1));
    }
}
