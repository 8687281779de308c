//! The grammar of `run --each` and `plan --each`: many rows through one preset.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use presetter_bulk::Rate;
use presetter_records::Object;

use super::{RecordsForm, pair};

/// Which rows there are.
#[derive(Debug, Args)]
#[command(next_help_heading = "Many rows")]
pub(crate) struct EachArgs {
    /// Run it for each row of a file: CSV, JSON or JSON Lines; - reads standard input
    #[arg(long, value_name = "FILE|-", group = "which")]
    pub(crate) each: Option<PathBuf>,
    /// Run it for each record that matches this rule; all of several
    #[arg(long, value_name = "RULE", conflicts_with = "each", group = "which")]
    pub(crate) each_record: Vec<String>,
    /// What those are records of: users or saas_users
    #[arg(long, value_name = "OBJECT", requires = "each_record", default_value = "users")]
    pub(crate) object: Object,
    /// The form of the file, where its name does not end with it: csv, json or jsonl
    #[arg(long = "as", value_enum, value_name = "FORM", requires = "each", hide_possible_values = true)]
    pub(crate) form: Option<RecordsForm>,
    /// Between the cells of CSV: , ; or tab; else as the header has it
    #[arg(long, value_name = "CHARACTER", requires = "each")]
    pub(crate) separator: Option<String>,
    /// An input whose column, or field of a record, has another name
    #[arg(long, value_name = "INPUT=HEADER", value_parser = pair, requires = "which")]
    pub(crate) column: Vec<(String, String)>,
    /// Leave columns alone that are no inputs
    #[arg(long, requires = "each")]
    pub(crate) ignore_unknown: bool,
}

impl EachArgs {
    /// Whether there are many rows.
    pub(crate) fn given(&self) -> bool {
        self.each.is_some() || !self.each_record.is_empty()
    }
}

/// How they are run.
#[derive(Debug, Args)]
#[command(next_help_heading = "Many rows")]
pub(crate) struct BulkArgs {
    #[command(flatten)]
    pub(crate) each: EachArgs,
    /// So many requests at once; else as many as the server takes well
    #[arg(long, value_name = "N", requires = "which")]
    pub(crate) concurrency: Option<NonZeroUsize>,
    /// At most so many requests: 10/s, 600/m, 1000/h
    #[arg(long, value_name = "N/TIME", requires = "which")]
    pub(crate) rate: Option<Rate>,
    /// Where is noted what became of each row; else among the state, if rows change something
    #[arg(long, value_name = "FILE", requires = "which")]
    pub(crate) journal: Option<PathBuf>,
    /// Go on with an earlier run of these rows; those that ended well are not sent again
    #[arg(long, requires = "which")]
    pub(crate) resume: bool,
    /// Forget an earlier run of these rows, and begin anew
    #[arg(long, conflicts_with = "resume", requires = "which")]
    pub(crate) restart: bool,
    /// With --resume: send rows again of which nobody knows whether they were sent
    #[arg(long, requires = "resume")]
    pub(crate) retry_unknown: bool,
    /// With --resume: send rows again that failed
    #[arg(long, requires = "resume")]
    pub(crate) retry_failed: bool,
    /// What comes of the rest when a row fails: stop or continue
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = OnErrorArg::Continue, hide_possible_values = true)]
    pub(crate) on_error: OnErrorArg,
    /// Run so many rows at most
    #[arg(long, value_name = "N", requires = "which")]
    pub(crate) limit: Option<u64>,
    /// Print results as they come, not in the order of the rows
    #[arg(long, requires = "which")]
    pub(crate) unordered: bool,
    /// Look first, as the preset says, and do not write what is there already
    #[arg(long, requires = "which")]
    pub(crate) skip_existing: bool,
    /// Write a report of all rows too, as junit, json, html or csv; may be given several times
    #[arg(long, num_args = 2, value_names = ["FORM", "FILE"], requires = "which")]
    pub(crate) report: Vec<OsString>,
    /// Write more than 50 rows without a question
    #[arg(short, long, requires = "which")]
    pub(crate) yes: bool,
}

/// What comes of the rest when a row fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnErrorArg {
    /// No further row is begun
    Stop,
    /// The others are run
    Continue,
}
