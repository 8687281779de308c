//! `presetter run --each`: many rows through one preset.
//!
//! Owns: the course of a bulk run on the command line: which rows, the question before many writes, the ledger, the numbers at the
//! end. Keeps: what changes something is never begun anew where a run of the same rows did not come to its end, unless a person says
//! so; one receipt tells of all rows, the ledger of each.

mod each;
mod rows;
mod show;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use presetter_bulk::{
    Concurrency, Drive, Ended, Kind, Ledger, LedgerError, OnError, Order, Pace, Row, Sink, Summary, drive,
};
use presetter_receipt::sha256;
use presetter_runtime::{CancellationToken, Kind as OutcomeKind, Outcome, Quiet, Report};
use serde_json::{Map, Value, json};

use self::each::{Each, Look};
use self::rows::{Common, Rows};
use self::show::{Bar, Printer, Troubles, summary};
use crate::args::{BulkArgs, Format, OnErrorArg, RunArgs};
use crate::ask;
use crate::assumptions::used_by;
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::inputs;
use crate::output::count;
use crate::prepare::{self, Prepared, Sessions};
use crate::receipt::{self, Receipt};
use crate::select::quoted;
use crate::workflow::gap;
use crate::world::World;

/// So many writes need no question.
const UNASKED: u64 = 50;
/// What is adapted goes no further, unless the bundle says another number.
const AT_ONCE: usize = 64;

/// Runs a preset for each row.
pub(crate) async fn run(world: &World, args: &RunArgs) -> Result<Exit, Failure> {
    let bulk = &args.bulk;
    refuse_mixed(args)?;
    let prepared = prepare::prepare_with(world, &args.call, world.network(), Sessions::Kept, inputs::given)?;
    let manifest = Arc::new(prepared.chosen.preset.manifest.clone());
    if prepared.lists() {
        return Err(Failure::usage("this preset lists rows itself; it is run once"));
    }
    if bulk.skip_existing && manifest.probe.is_none() {
        return Err(Failure::usage("this preset has no probe, so it cannot look what is there already")
            .help("leave --skip-existing out"));
    }
    let common = Common { preset: manifest.clone(), inputs: prepared.inputs.clone() };
    let rows = Rows::of(world, &bulk.each, &common)?;
    let plan = Plan { world, args, prepared: &prepared, rows: &rows, common: &common };
    let ledger = plan.ledger()?;
    let all = plan.ask(ledger.as_ref())?;
    let coming = rows.read(&common)?;

    let retention = receipt::retention(world)?;
    let receipt = Receipt::begin(world, &prepared, "run --each", args.call.confirm, retention, Arc::new(Quiet))?;
    let (component, document) = prepare::load(&prepare::engine(world, &prepared.limits)?, &prepared.chosen)?;
    let stop = CancellationToken::new();
    if world.signals {
        crate::run::listen(world.clone(), stop.clone(), prepared.writes());
    }
    let stated = prepared.chosen.bundle.manifest().pace.unwrap_or_default();
    let own = bulk.rate.map_or(Duration::ZERO, presetter_bulk::Rate::gap);
    let most = stated.at_once.map_or(AT_ONCE, |at_once| at_once.get() as usize);
    let prepared = Arc::new(prepared);
    let each = Arc::new(Each {
        world: world.clone(),
        prepared: prepared.clone(),
        runner: prepared.runner(component, document),
        pace: Arc::new(Pace::new(own.max(gap(stated)))),
        look: match (args.call.confirm, bulk.skip_existing) {
            (true, _) => Look::Confirm,
            (_, true) => Look::Before,
            _ => Look::InDoubt,
        },
        settings: used_by(&manifest, Some(&prepared.connection.kind)),
        requests: AtomicU64::new(0),
    });
    let journal = ledger.as_ref().map(|ledger| ledger.path().to_owned());
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
    };
    let troubles = Arc::new(Mutex::new(Troubles::default()));
    let bar = Bar::new(world.console.clone(), all);
    let sink = Both { printer: Printer(world.console.clone()), troubles: troubles.clone() };
    let ended = drive(coming, each.clone(), how, sink, &mut |tally| bar.at(tally)).await;
    drop(bar);
    let requests = each.requests.load(Ordering::Relaxed);
    receipt.end(world, &prepared, &report(&ended, requests, journal.as_deref()));
    troubles.lock().unwrap_or_else(PoisonError::into_inner).tell(&world.console);
    summary(&world.console, &ended, requests, args.call.verbose > 0);
    Ok(close(world, args, &ended, journal))
}

/// What cannot be said of many rows.
fn refuse_mixed(args: &RunArgs) -> Result<(), Failure> {
    let stdin = |file: &Option<PathBuf>| file.as_deref() == Some(Path::new("-"));
    if args.format == Format::Raw {
        return Err(Failure::usage("results of many rows are JSON Lines; leave --format out"));
    }
    if args.record.is_some() {
        return Err(Failure::usage("--record is for one run").help("run one row of them with --set"));
    }
    if stdin(&args.bulk.each.each) && (stdin(&args.call.inputs) || stdin(&args.call.body)) {
        return Err(Failure::usage("standard input is read once: for --each, --inputs or --body"));
    }
    Ok(())
}

/// Prints results, and keeps what did not end well.
struct Both {
    printer: Printer,
    troubles: Arc<Mutex<Troubles>>,
}

impl Sink for Both {
    fn result(&mut self, row: &Row, ended: &Ended) -> std::io::Result<()> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner).add(row, ended);
        self.printer.result(row, ended)
    }
}

/// What is known before anything is sent.
struct Plan<'p> {
    world: &'p World,
    args: &'p RunArgs,
    prepared: &'p Prepared,
    rows: &'p Rows,
    common: &'p Common,
}

impl Plan<'_> {
    fn bulk(&self) -> &BulkArgs {
        &self.args.bulk
    }

    /// What is run: the same for all rows, and the same when it is gone on with.
    fn what(&self) -> Result<Value, Failure> {
        let Prepared { chosen, connection, .. } = self.prepared;
        let given: Map<String, Value> = self.common.inputs.clone();
        let body = self.prepared.body.as_ref().map(|body| sha256(body.text.as_bytes()));
        let fields =
            (!self.prepared.body_set.is_empty()).then(|| sha256(json!(self.prepared.body_set).to_string().as_bytes()));
        Ok(json!({
            "preset": self.prepared.name(),
            "digest": chosen.bundle.digest(&chosen.preset.name)?,
            "connection": connection.name,
            "base_url": connection.base_url,
            "rows": self.rows.name(),
            // Not as they are: they may be secrets.
            "inputs": sha256(Value::from(given).to_string().as_bytes()),
            "body": body,
            "body_set": fields,
        }))
    }

    /// The ledger: where the person says, or for what changes something where it is found again by the same command.
    fn ledger(&self) -> Result<Option<Ledger>, Failure> {
        let bulk = self.bulk();
        let what = self.what()?;
        let path = match &bulk.journal {
            Some(path) => path.clone(),
            None if !self.prepared.writes() && !bulk.resume => return Ok(None),
            None if !self.rows.again() => {
                return Err(Failure::usage(
                    "what changes something needs a journal, by which it goes on after a crash",
                )
                .help("rows from standard input have no place of their own: --journal FILE"));
            }
            None => {
                let folder = self.world.dirs.state.join("bulk");
                presetter_disk::folder(&folder).map_err(|error| unwritten(&folder, &error))?;
                let same = json!([
                    what["preset"],
                    what["connection"],
                    what["rows"],
                    what["inputs"],
                    what["body"],
                    what["body_set"]
                ]);
                folder.join(format!("{}.journal", &sha256(same.to_string().as_bytes())[..32]))
            }
        };
        if bulk.restart {
            Ledger::forget(&path).map_err(|error| unledgered(&error, self.args))?;
        }
        let ledger = if bulk.resume { Ledger::resume(&path, &what) } else { Ledger::create(&path, &what) };
        ledger.map(Some).map_err(|error| unledgered(&error, self.args))
    }

    /// Asks before many writes; how many rows there are, if that is known.
    fn ask(&self, ledger: Option<&Ledger>) -> Result<Option<u64>, Failure> {
        let bulk = self.bulk();
        if !self.rows.again() {
            if self.prepared.writes() && !bulk.yes {
                drop_new(ledger, bulk);
                return Err(Failure::usage("how many rows standard input has is not known before they are sent")
                    .help("--yes writes them all; --limit N some of them"));
            }
            return Ok(None);
        }
        let (mut all, mut valid) = (0_u64, 0_u64);
        for row in self.rows.read(self.common)? {
            let row = row.map_err(|why| Failure::new(Exit::Invalid, line(&why)))?;
            all += 1;
            valid += u64::from(row.inputs.is_ok());
        }
        let ended = ledger.map_or(0, |ledger| ledger.before().0);
        let writes = valid.saturating_sub(ended).min(bulk.limit.unwrap_or(u64::MAX));
        if self.prepared.writes() && writes > UNASKED && !bulk.yes {
            let question = format!(
                "{} would be sent: {} through {} ({})",
                count(usize::try_from(writes).unwrap_or(usize::MAX), "row"),
                self.prepared.name(),
                line(&self.prepared.connection.name),
                line(&self.prepared.connection.base_url),
            );
            if !ask::agreed(self.world, &question) {
                drop_new(ledger, bulk);
                return Err(Failure::usage("nothing was sent").help("--yes writes them without a question"));
            }
        }
        Ok(Some(all))
    }
}

/// Takes a ledger away that has nothing in it yet.
fn drop_new(ledger: Option<&Ledger>, bulk: &BulkArgs) {
    if let Some(ledger) = ledger.filter(|_| !bulk.resume) {
        let _ = presetter_disk::remove(ledger.path());
    }
}

fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Exit::Internal, line(&format!("{}: {error}", path.display())))
}

fn unledgered(error: &LedgerError, args: &RunArgs) -> Failure {
    let preset = quoted(&args.call.preset);
    let failure = Failure::new(Exit::Invalid, line(&error.to_string()));
    match error {
        LedgerError::Exists(_) if args.bulk.journal.is_none() => {
            Failure::new(Exit::Invalid, "an earlier run of these rows did not come to its end")
                .help(format!("go on with it: the same command with --resume; begin anew: with --restart ({preset})"))
        }
        LedgerError::Exists(_) => failure.help("go on with it: --resume; another name begins another run"),
        LedgerError::Missing(_) => Failure::new(Exit::Invalid, "there is no run of these rows to go on with")
            .help("leave --resume out; or name its journal: --journal FILE"),
        LedgerError::Other { .. } => failure.help("go on with the rows and options that it began with, or --restart"),
        _ => failure,
    }
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
    let outcome = Outcome {
        kind,
        class: String::new(),
        message: format!("{} rows: {}{stopped}", tally.rows(), counts.join(", ")),
        evidence: journal.map(|path| format!("each row: {}", path.display())).unwrap_or_default(),
        hint: None,
    };
    Report { requests: u32::try_from(requests).unwrap_or(u32::MAX), duration: summary.took, ..Report::of(outcome) }
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

/// Says what is left to do, and takes a ledger away that nobody needs any more.
fn close(world: &World, args: &RunArgs, summary: &Summary, journal: Option<PathBuf>) -> Exit {
    let exit = exit(summary);
    let unknown = summary.tally.of(Kind::Unknown);
    let Some(path) = journal else {
        if let Some(why) = &summary.stopped {
            world.console.fail(&Failure::new(exit, line(why)));
        }
        return exit;
    };
    let limited = args.bulk.limit.is_some();
    if let Some(why) = &summary.stopped {
        world.console.fail(&Failure::new(exit, line(why)).help("go on: the same command with --resume"));
    } else if unknown > 0 {
        let looks = "the same command with --resume looks at them once more, if the preset can";
        let failure = Failure::new(
            exit,
            format!(
                "of {} nobody knows whether it was sent",
                count(usize::try_from(unknown).unwrap_or(usize::MAX), "row")
            ),
        );
        world.console.fail(&failure.help(looks).help("what is not there is sent again by --resume --retry-unknown"));
    } else if args.bulk.journal.is_none() && !limited {
        let _ = presetter_disk::remove(&path);
    }
    exit
}
