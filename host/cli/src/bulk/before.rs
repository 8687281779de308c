//! What is known of many rows before anything is sent.
//!
//! Owns: which run it is, and where its journal is; whether its rows are those that it began with; the question before many writes.
//! Keeps: nothing is made here, and nothing is sent.

use std::path::{Path, PathBuf};

use presetter_bulk::{Again, Ledger, LedgerError, Next, Row, Turn};
use presetter_receipt::sha256;
use serde_json::{Value, json};

use super::rows::{Common, Rows};
use crate::args::BulkArgs;
use crate::ask;
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::count;
use crate::prepare::Prepared;
use crate::world::World;

/// So many writes need no question.
const UNASKED: u64 = 50;

/// Many rows through one preset.
pub(super) struct Many<'m> {
    pub(super) world: &'m World,
    pub(super) prepared: &'m Prepared,
    pub(super) rows: &'m Rows,
    pub(super) common: &'m Common,
}

impl Many<'_> {
    /// What is run: the same for all rows, and the same when it is gone on with.
    pub(super) fn what(&self) -> Result<Value, Failure> {
        let Prepared { chosen, connection, body, body_set, .. } = self.prepared;
        let fields = (!body_set.is_empty()).then(|| sha256(json!(body_set).to_string().as_bytes()));
        Ok(json!({
            "preset": self.prepared.name(),
            "digest": chosen.bundle.digest(&chosen.preset.name)?,
            "connection": connection.name,
            "base_url": connection.base_url,
            "rows": self.rows.name(),
            // Not as they are: they may be secrets.
            "inputs": sha256(Value::from(self.common.inputs.clone()).to_string().as_bytes()),
            "body": body.as_ref().map(|body| sha256(body.text.as_bytes())),
            "body_set": fields,
        }))
    }

    /// Where the journal is that is kept by itself: the same command finds it again. None if the rows have no place of their own.
    pub(super) fn own_journal(&self, what: &Value) -> Option<PathBuf> {
        let same = ["preset", "connection", "rows", "inputs", "body", "body_set"].map(|name| &what[name]);
        let name = format!("{}.journal", &sha256(json!(same).to_string().as_bytes())[..32]);
        self.rows.again().then(|| self.world.dirs.state.join("bulk").join(name))
    }

    /// Where a run notes what became of each row: where the person says, or by itself if it changes something.
    pub(super) fn journal(&self, bulk: &BulkArgs, what: &Value) -> Result<Option<PathBuf>, Failure> {
        match &bulk.journal {
            Some(path) => Ok(Some(path.clone())),
            None if !self.prepared.writes() && !bulk.resume => Ok(None),
            None => self.own_journal(what).map(Some).ok_or_else(|| {
                Failure::usage("what changes something needs a journal, by which it goes on after a crash")
                    .help("rows from standard input have no place of their own: --journal FILE")
            }),
        }
    }

    /// What an earlier run noted, if it is gone on with; one that is there must be, or be forgotten.
    pub(super) fn earlier(
        &self,
        bulk: &BulkArgs,
        journal: Option<&Path>,
        what: &Value,
    ) -> Result<Option<Ledger>, Failure> {
        let Some(path) = journal else { return Ok(None) };
        let ledger = match bulk.resume {
            true => Ledger::resume(path, what).map(Some),
            false if !bulk.restart && path.exists() => Err(LedgerError::Exists(path.to_owned())),
            false => Ok(None),
        };
        ledger.map_err(|error| unledgered(&error, bulk))
    }

    /// Asks before many writes. How many rows there are, if that was counted: for a question, for somebody who watches (`drawn`), or
    /// because rows that were run before must be as they were.
    pub(super) fn ask(&self, bulk: &BulkArgs, earlier: Option<&Ledger>, drawn: bool) -> Result<Option<u64>, Failure> {
        let asks = self.prepared.writes() && !bulk.yes;
        if !self.rows.again() {
            if asks {
                return Err(Failure::usage("how many rows standard input has is not known before they are sent")
                    .help("--yes writes them all; --limit N some of them"));
            }
            return Ok(None);
        }
        if !asks && !drawn && earlier.is_none() {
            return Ok(None);
        }
        let again = Again { unknown: bulk.retry_unknown, failed: bulk.retry_failed };
        let mut sent = 0_u64;
        let all = self.walk(earlier, again, |_, next| sent += u64::from(matches!(next, Some(Next::Run(_)))))?;
        let sent = sent.min(bulk.limit.unwrap_or(u64::MAX));
        if asks && sent > UNASKED {
            let question = format!(
                "{} would be sent: {} through {} ({})",
                count(sent, "row"),
                self.prepared.name(),
                line(&self.prepared.connection.name),
                line(&self.prepared.connection.base_url),
            );
            if !ask::agreed(self.world, &question) {
                return Err(Failure::usage("nothing was sent").help("--yes writes them without a question"));
            }
        }
        Ok(Some(all))
    }

    /// Reads all rows, and tells of each what would become of it; nothing of one that is wrong. How many there are.
    ///
    /// # Errors
    /// They cannot be read, or are not those that an earlier run began with.
    pub(super) fn walk(
        &self,
        earlier: Option<&Ledger>,
        again: Again,
        mut see: impl FnMut(&Row, Option<Next>),
    ) -> Result<u64, Failure> {
        let looks = self.common.preset.probe.is_some();
        let mut all = 0;
        for row in self.rows.read(self.common)? {
            let row = row.map_err(|why| Failure::new(Exit::Invalid, line(&why)))?;
            all += 1;
            let next = match (&row.inputs, earlier) {
                (Ok(_), None) => Some(Next::Run(Turn::First)),
                (Ok(inputs), Some(earlier)) => {
                    Some(again.next(&earlier.seen(row.number, Ledger::digest(inputs)), looks))
                }
                // In a file it stands where another stood: rows have moved.
                (Err(_), Some(earlier)) if self.rows.numbered() && earlier.took_place(row.number) => {
                    Some(Next::Changed)
                }
                (Err(_), _) => None,
            };
            if next == Some(Next::Changed) {
                return Err(moved(&row.changed()));
            }
            see(&row, next);
        }
        match earlier.map_or(0, Ledger::last) {
            last if self.rows.numbered() && last > all => {
                Err(moved(&format!("there are {}, and row {last} was run before", count(all, "row"))))
            }
            _ => Ok(all),
        }
    }
}

/// Rows are known by their place: where one was taken out, all behind it would be taken for others, and be sent again.
fn moved(why: &str) -> Failure {
    Failure::new(Exit::Invalid, line(why))
        .help("nothing was sent; put the rows where they stood, and correct only those that did not end well")
}

/// Why there is no journal.
pub(super) fn unledgered(error: &LedgerError, bulk: &BulkArgs) -> Failure {
    let failure = Failure::new(Exit::Invalid, line(&error.to_string()));
    match error {
        LedgerError::Exists(_) => {
            let what = "there is a journal of an earlier run of these rows: it did not come to its end, or not all rows ended well";
            let which = bulk.journal.as_deref().map(|path| line(&format!("{}: ", path.display()))).unwrap_or_default();
            Failure::new(Exit::Invalid, format!("{which}{what}"))
                .help("go on with it: the same command with --resume; rows that ended well are not sent again")
                .help("begin anew, and send all rows: with --restart")
        }
        LedgerError::Missing(_) => Failure::new(Exit::Invalid, "there is no run of these rows to go on with")
            .help("leave --resume out; or name its journal: --journal FILE"),
        LedgerError::Other { .. } => failure.help("go on with the rows and options that it began with, or --restart"),
        _ => failure,
    }
}
