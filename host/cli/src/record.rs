//! `presetter run --record`: a cassette of what passed, and beside it the case.
//!
//! Owns: what of a run goes into the two files. Keeps: a file that is there is never replaced, and that is said before
//! anything is sent; nothing is written that did not pass the redactor after the run, when it knows every secret and token;
//! the address of the account is not told. A recorded run opens a session of its own and keeps none, so that the cassette
//! has the login.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use presetter_connection::{Answer, Clock as _, Source, SystemClock};
use presetter_egress::{Masks, Recording, Transport, har};
use presetter_runtime::{Report, RunObserver, Sending, Verdict};
use presetter_trial::{New, Played, new_case, usual_base_url};
use serde_json::{Map, Value};
use url::Url;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::files;
use crate::output;
use crate::prepare::Prepared;
use crate::world::World;

/// The most rows that are kept: a case with more expects none of them.
const MOST_ROWS: usize = 1000;

/// A recording under way.
pub(crate) struct Record {
    file: PathBuf,
    recording: Arc<Recording>,
    rows: Arc<Mutex<Vec<Value>>>,
}

impl Record {
    /// Begins to record what passes through a transport.
    ///
    /// # Errors
    /// The file is there.
    pub(crate) fn begin(file: &Path, transport: Arc<dyn Transport>) -> Result<Self, Failure> {
        if file.symlink_metadata().is_ok() {
            return Err(Failure::usage(format!("{} is there already; nothing was sent", file.display()))
                .help("a recording replaces no file: name another, or remove this one"));
        }
        let recording = Arc::new(Recording::new(transport, || SystemClock.now_ms()));
        Ok(Self { file: file.to_owned(), recording, rows: Arc::default() })
    }

    /// The transport that is recorded.
    pub(crate) fn transport(&self) -> Arc<dyn Transport> {
        self.recording.clone()
    }

    /// Who watches the run, beside the recording.
    pub(crate) fn watching(&self, watch: Arc<dyn RunObserver>) -> Arc<dyn RunObserver> {
        Arc::new(Watching { watch, rows: self.rows.clone() })
    }

    /// Writes what was recorded, and says so. The code is that of the run, or tells that the files could not be written.
    pub(crate) fn end(&self, world: &World, prepared: &Prepared, report: &Report, confirm: bool) -> Exit {
        let written = self.write(world, prepared, report, confirm);
        written.map_or_else(
            |failure| {
                world.console.fail(&failure);
                failure.exit
            },
            |()| Exit::Ok,
        )
    }

    fn write(&self, world: &World, prepared: &Prepared, report: &Report, confirm: bool) -> Result<(), Failure> {
        let console = &world.console;
        let masks = masks(world, prepared);
        let recorded = self.recording.take(&masks);
        if recorded.exchanges.is_empty() {
            console.say("nothing was sent, so nothing is recorded");
            return Ok(());
        }
        if !prepared.access.knows_its_secrets() {
            let message = "nothing is recorded: not every secret of the connection was looked up, so what was sent may hold one that nobody recognises";
            return Err(Failure::new(Exit::Internal, message));
        }
        let unwritten = |file: &Path, error: std::io::Error| {
            Failure::new(Exit::Internal, format!("the recording cannot be written to {}: {error}", file.display()))
        };
        let note = har::Note {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            comment: format!(
                "A run of {}: what was sent and answered, people's data too. Secrets are masked.",
                prepared.name()
            ),
        };
        files::create_private(&self.file, &har::write(&recorded.exchanges, &note))
            .map_err(|e| unwritten(&self.file, e))?;
        console.say(&format!(
            "recorded {} in {}: it holds what was sent and answered, people's data too; secrets are masked",
            output::count(recorded.exchanges.len(), "request"),
            self.file.display()
        ));
        if recorded.left_out > 0 {
            console.warn(
                &format!("{} more were too large, or held too many credentials, to be recorded", recorded.left_out),
                &[],
            );
        }
        let Some(case) = self.case(prepared) else { return Ok(()) };
        if prepared.body.is_some() || !prepared.body_set.is_empty() {
            console.warn("no case is written: a case has the preset's own body", &[]);
            return Ok(());
        }
        files::create_private(&case, &self.text(prepared, report, confirm, &masks)).map_err(|e| unwritten(&case, e))?;
        console.say(&format!(
            "wrote the case {}; to play it: presetter test {} --case {}",
            case.display(),
            prepared.chosen.reference,
            self.stem()
        ));
        Ok(())
    }

    /// The file of the case that belongs to the cassette: where that lies in the folder `tests` of the preset, and there is no
    /// such case yet.
    fn case(&self, prepared: &Prepared) -> Option<PathBuf> {
        let Source::Folder { path, .. } = prepared.chosen.bundle.source() else { return None };
        let folder = self.file.canonicalize().ok()?.parent()?.to_owned();
        let case = self.file.with_extension("toml");
        let there = case.symlink_metadata().is_ok();
        (folder == path.join(&prepared.chosen.preset.name).join("tests") && !there).then_some(case)
    }

    fn stem(&self) -> String {
        self.file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }

    fn text(&self, prepared: &Prepared, report: &Report, confirm: bool, masks: &Masks) -> String {
        let connection = &prepared.connection;
        let mut outcome = report.outcome.clone();
        outcome.message = output::message(report);
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let played = Played {
            outcome,
            outputs: report.outputs.clone(),
            rows,
            sent: Vec::new(),
            logins: prepared.access.logins(),
            took_blocks: Vec::new(),
            trace: Vec::new(),
            took: report.duration,
        };
        let fields = connection.fields.iter().map(|(name, value)| (name.clone(), value.as_str().into()));
        let settings = connection.settings.iter().map(|(name, value)| (name.clone(), value.clone()));
        let own = self.file.extension().is_some_and(|extension| extension == "har");
        let name = self.file.file_name().unwrap_or_default().to_string_lossy();
        new_case(&New {
            title: &sentence(&self.stem()),
            connection: &connection.kind,
            cassette: (!own).then_some(&*name),
            inputs: &prepared.inputs,
            settings: &settings.collect::<Map<_, _>>(),
            fields: &fields.collect::<Map<_, _>>(),
            confirm,
            played: &played,
            masks,
        })
    }
}

/// What is masked: every secret, and the address of the account.
fn masks(world: &World, prepared: &Prepared) -> Masks {
    let masks = Masks::new(world.console.redactor().clone());
    let bundle = &prepared.chosen.bundle;
    let kind = bundle.manifest().connections.get(&prepared.connection.kind);
    match Url::parse(&prepared.connection.base_url) {
        Ok(own) => masks.moved(&own, &usual_base_url(bundle, kind)),
        // Nothing was sent to what is no address.
        Err(_) => masks,
    }
}

/// `not-found` as a title: `Not found`.
fn sentence(stem: &str) -> String {
    let words = stem.replace(['-', '_'], " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Keeps the rows of a run while someone else watches it.
struct Watching {
    watch: Arc<dyn RunObserver>,
    rows: Arc<Mutex<Vec<Value>>>,
}

#[async_trait]
impl RunObserver for Watching {
    async fn before_send(&self, sending: &Sending<'_>) -> Verdict {
        self.watch.before_send(sending).await
    }

    fn block(&self, preset: &str, place: usize, then: bool) {
        self.watch.block(preset, place, then);
    }

    fn leaving(&self) {
        self.watch.leaving();
    }

    fn answer(&self, answer: &Answer) {
        self.watch.answer(answer);
    }

    fn answered(&self, answer: Result<u16, &'static str>, took: Duration) {
        self.watch.answered(answer, took);
    }

    async fn going_on(&self) {
        self.watch.going_on().await;
    }

    fn waiting(&self, status: u16, wait: Duration) {
        self.watch.waiting(status, wait);
    }

    async fn row(&self, row: Value) {
        {
            let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
            if rows.len() < MOST_ROWS {
                rows.push(row.clone());
            }
        }
        self.watch.row(row).await;
    }

    fn log(&self, level: &str, message: &str) {
        self.watch.log(level, message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_becomes_a_title() {
        assert_eq!(sentence("not-found_again"), "Not found again");
        assert_eq!(sentence("é"), "É");
        assert_eq!(sentence(""), "");
    }
}
