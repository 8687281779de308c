//! `presetter run --each`: many rows through one preset.
//!
//! Owns: the course of a bulk run on the command line, and what is said and left at its end. Keeps: what changes something is never begun
//! anew where a run of the same rows did not come to its end, or not all of them ended well, unless a person says so; one receipt tells of
//! all rows, the ledger of each.

mod before;
mod each;
mod packing;
mod plan;
mod report;
mod rows;
mod show;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use presetter_bulk::{
    Concurrency, Drive, Ended, Kind, Ledger, LedgerError, OnError, Order, Pace, Row, Sink, Summary, drive,
};
use presetter_runtime::{CancellationToken, Kind as OutcomeKind, Outcome, Quiet, Report};
use serde_json::Value;

use self::before::{Many, unledgered};
use self::each::{Each, Look};
use self::packing::Packing;
pub(crate) use self::plan::plan;
use self::report::{About, Reports};
use self::rows::{Common, Rows};
use self::show::{Bar, Printer, Troubles, summary};
use crate::args::{BulkArgs, CallArgs, EachArgs, Format, OnErrorArg, RunArgs};
use crate::assumptions::used_by;
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::inputs;
use crate::mapping::declared;
use crate::output::count;
use crate::prepare::{self, Prepared, Sessions};
use crate::receipt::{self, Receipt};
use crate::workflow::gap;
use crate::world::World;

/// What is adapted goes no further, unless the bundle says another number.
const AT_ONCE: usize = 64;
/// Rows run on as many threads as there are cores, but on no more: each has connections of its own, which its rows share.
const LANES: usize = 8;

/// Runs a preset for each row.
pub(crate) async fn run(world: &World, args: &RunArgs) -> Result<Exit, Failure> {
    let bulk = &args.bulk;
    refuse_mixed(args)?;
    let prepared = prepare::prepare_with(world, &args.call, world.network(), Sessions::Kept, inputs::given)?;
    let manifest = Arc::new(prepared.chosen.preset.manifest.clone());
    if prepared.lists() {
        return Err(lists_itself());
    }
    if bulk.skip_existing && manifest.probe.is_none() {
        return Err(Failure::usage("this preset has no probe, so it cannot look what is there already")
            .help("leave --skip-existing out"));
    }
    let common = Common { preset: manifest.clone(), inputs: prepared.inputs.clone() };
    let rows = Rows::of(world, &bulk.each, &common)?;
    let many = Many { world, prepared: &prepared, rows: &rows, common: &common };
    let what = many.what()?;
    let journal = many.journal(bulk, &what)?;
    let earlier = many.earlier(bulk, journal.as_deref(), &what)?;
    let all = many.ask(bulk, earlier.as_ref(), world.console.draws())?;
    let coming = rows.read(&common)?;
    let needed: Vec<&Path> = rows.file().into_iter().chain(journal.as_deref()).collect();
    let reports = Reports::begin(&bulk.report, &about(&prepared, &rows, args), &needed, world.console.redactor())?;

    let prepared = Arc::new(prepared);
    let packing = Packing::load(&prepare::engine(world, &prepared.limits)?, &prepared)?;
    let retention = receipt::retention(world)?;
    let receipt = Receipt::begin(world, &prepared, "run --each", args.call.confirm, retention, Arc::new(Quiet))?;
    let ledger = match (earlier, &journal) {
        (Some(earlier), _) => Some(earlier),
        (None, None) => None,
        (None, Some(path)) => Some(begin(path, &what, bulk).map_err(|error| {
            let failure = unledgered(&error, bulk);
            receipt.end(world, &prepared, &Report::ended(outcome(OutcomeKind::Failed, failure.in_line())));
            failure
        })?),
    };
    let stop = CancellationToken::new();
    if world.signals {
        crate::run::listen(world.clone(), stop.clone(), prepared.writes()).wait();
    }
    let stated = prepared.chosen.bundle.manifest().pace.unwrap_or_default();
    let own = bulk.rate.map_or(Duration::ZERO, presetter_bulk::Rate::gap);
    let most = stated.at_once.map_or(AT_ONCE, |at_once| at_once.get() as usize);
    let each = Arc::new(Each {
        world: world.clone(),
        prepared: prepared.clone(),
        packing,
        pace: Arc::new(Pace::new(own.max(gap(stated)))),
        look: match (args.call.confirm, bulk.skip_existing) {
            (true, _) => Look::Confirm,
            (_, true) => Look::Before,
            _ => Look::InDoubt,
        },
        settings: used_by(&manifest, Some(&prepared.connection.kind)),
        // The server may make an end as well, which is no person's word.
        stop: stop.child_token(),
        requests: AtomicU64::new(0),
    });
    let how = Drive {
        concurrency: match bulk.concurrency {
            Some(number) => Concurrency::fixed(number.get()),
            None => Concurrency::adaptive(most),
        },
        on_error: match bulk.on_error {
            OnErrorArg::Stop => OnError::Stop,
            OnErrorArg::Continue => OnError::Continue,
        },
        order: if bulk.unordered { Order::Ended } else { Order::Input },
        limit: bulk.limit,
        retry_unknown: bulk.retry_unknown,
        retry_failed: bulk.retry_failed,
        ledger,
        stop,
        threads: std::thread::available_parallelism().map_or(1, usize::from).min(LANES),
    };
    let troubles = Arc::new(Mutex::new(Troubles::default()));
    let bar = Bar::new(world.console.clone(), all);
    let reports = Arc::new(Mutex::new(Some(reports)));
    let sink = Paper { printer: Printer(world.console.clone()), troubles: troubles.clone(), reports: reports.clone() };
    let ended = drive(coming, each.clone(), how, sink, |tally| bar.at(tally)).await;
    drop(bar);
    let requests = each.requests.load(Ordering::Relaxed);
    receipt.end(world, &prepared, &report(&ended, requests, journal.as_deref()));
    troubles.lock().unwrap_or_else(PoisonError::into_inner).tell(&world.console);
    summary(&world.console, &ended, requests, args.call.verbose > 0);
    let unwritten = reports.lock().unwrap_or_else(PoisonError::into_inner).take().map(|reports| reports.end(&ended));
    let mut exit = close(world, args, &ended, journal);
    for failure in unwritten.into_iter().flatten() {
        world.console.fail(&failure);
        exit = exit.or(failure.exit);
    }
    Ok(exit)
}

/// What reports say of the run.
fn about(prepared: &Prepared, rows: &Rows, args: &RunArgs) -> About {
    About {
        preset: prepared.name(),
        connection: prepared.connection.name.clone(),
        rows: rows.shown(),
        begun: World::now().to_string(),
        records: !rows.numbered(),
        outputs: declared(&prepared.chosen.preset.manifest).into_iter().map(str::to_owned).collect(),
        mapped: args.call.map.iter().map(|(field, _)| field.clone()).collect(),
    }
}

/// What cannot be said of many rows.
fn refuse_mixed(args: &RunArgs) -> Result<(), Failure> {
    if args.format == Format::Raw {
        return Err(Failure::usage("results of many rows are JSON Lines; leave --format out"));
    }
    if args.record.is_some() {
        return Err(Failure::usage("--record is for one run").help("run one row of them with --set"));
    }
    refuse_two_readers(&args.call, &args.bulk.each)
}

fn refuse_two_readers(call: &CallArgs, each: &EachArgs) -> Result<(), Failure> {
    let stdin = |file: &Option<PathBuf>| file.as_deref() == Some(Path::new("-"));
    if stdin(&each.each) && (stdin(&call.inputs) || stdin(&call.body)) {
        return Err(Failure::usage("standard input is read once: for --each, --inputs or --body"));
    }
    Ok(())
}

fn lists_itself() -> Failure {
    Failure::usage("this preset lists rows itself; it is run once")
}

/// Prints results, keeps what did not end well, and writes reports until these are taken away.
struct Paper {
    printer: Printer,
    troubles: Arc<Mutex<Troubles>>,
    reports: Arc<Mutex<Option<Reports>>>,
}

impl Sink for Paper {
    fn results(&mut self, results: &[(Row, Ended)]) -> std::io::Result<()> {
        {
            // Before they are printed: a reader may be gone.
            let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
            let mut reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
            for (row, ended) in results {
                troubles.add(row, ended);
                if let Some(reports) = reports.as_mut() {
                    reports.row(row, ended);
                }
            }
        }
        self.printer.results(results)
    }
}

/// Begins a journal.
fn begin(path: &Path, what: &Value, bulk: &BulkArgs) -> Result<Ledger, LedgerError> {
    if bulk.restart {
        Ledger::forget(path)?;
    }
    if let (None, Some(folder)) = (&bulk.journal, path.parent()) {
        presetter_disk::folder(folder).map_err(|error| LedgerError::Io { path: folder.to_owned(), error })?;
    }
    Ledger::create(path, what)
}

/// The run as a receipt tells it.
fn report(summary: &Summary, requests: u64, journal: Option<&Path>) -> Report {
    let tally = &summary.tally;
    let counts: Vec<String> = tally.kinds().map(|(kind, count)| format!("{count} {}", kind.name())).collect();
    let kind = match exit(summary) {
        Exit::Ok => OutcomeKind::Ok,
        Exit::Unknown => OutcomeKind::Unknown,
        _ => OutcomeKind::Failed,
    };
    let stopped = summary.stopped.iter().map(|why| format!("; {why}")).collect::<String>();
    let message = format!("{} rows: {}{stopped}", tally.rows(), counts.join(", "));
    let evidence = journal.map(|path| format!("each row: {}", path.display())).unwrap_or_default();
    let requests = u32::try_from(requests).unwrap_or(u32::MAX);
    let outcome = Outcome { evidence, ..outcome(kind, message) };
    Report { requests, duration: summary.took, ..Report::ended(outcome) }
}

fn outcome(kind: OutcomeKind, message: String) -> Outcome {
    Outcome { kind, class: String::new(), message, evidence: String::new(), hint: None }
}

/// The code of a run, by the rows that were run or told.
fn exit(summary: &Summary) -> Exit {
    let tally = &summary.tally;
    let mut exit = Exit::Ok;
    for (kind, code) in
        [(Kind::Unknown, Exit::Unknown), (Kind::NotFound, Exit::NotFound), (Kind::Invalid, Exit::Invalid)]
    {
        if tally.of(kind) > 0 {
            exit = exit.or(code);
        }
    }
    if tally.of(Kind::Failed) > 0 {
        let classes = tally.classes().filter(|(class, _)| *class != "input");
        exit = classes.fold(exit.or(Exit::Failed), |exit, (class, _)| exit.or(Exit::of_class(class, true)));
    }
    if summary.stopped.is_some() { exit.or(Exit::Failed) } else { exit }
}

/// Says what is left to do, and takes a journal away that nobody needs any more.
fn close(world: &World, args: &RunArgs, summary: &Summary, journal: Option<PathBuf>) -> Exit {
    let (exit, tally) = (exit(summary), &summary.tally);
    let Some(path) = journal else {
        if let Some(why) = &summary.stopped {
            world.console.fail(&Failure::new(exit, line(why)));
        }
        return exit;
    };
    if let Some(why) = &summary.stopped {
        world.console.fail(&Failure::new(exit, line(why)).help("go on: the same command with --resume"));
        return exit;
    }
    let unknown = tally.of(Kind::Unknown);
    if unknown > 0 {
        let failure = Failure::new(exit, format!("of {} nobody knows whether it was sent", count(unknown, "row")));
        let looks = "the same command with --resume looks at them once more, if the preset can";
        world.console.fail(&failure.help(looks).help("what is not there is sent again by --resume --retry-unknown"));
    }
    let invalid = tally.of(Kind::Invalid);
    let bad = invalid + tally.of(Kind::Failed) + tally.of(Kind::NotFound);
    // With nothing but wrong rows nothing was sent, and nothing is noted: it may be begun anew.
    let sent = args.bulk.resume || invalid < tally.rows();
    if bad > 0 && sent {
        let failure = Failure::new(exit, format!("{} did not end well", count(bad, "row")));
        let correct =
            "correct them where they stand, and run the same command with --resume: the others are not sent again";
        world
            .console
            .fail(&failure.help(correct).help("what failed is sent again as it is by --resume --retry-failed"));
    }
    if args.bulk.limit.is_some() && bad + unknown == 0 {
        world.console.say("the rest: the same command with --resume");
    }
    // Whatever did not end well may be corrected, and what did must not be sent a second time then.
    let done = bad + unknown == 0 && args.bulk.limit.is_none();
    if args.bulk.journal.is_none() && (done || !sent) {
        let _ = presetter_disk::remove(&path);
    }
    exit
}
