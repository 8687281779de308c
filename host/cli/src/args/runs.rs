//! The grammar of `runs` and `receipts`: what was run, and whether the account of it is whole.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Format;

#[derive(Debug, Subcommand)]
pub(crate) enum RunsVerb {
    /// Lists the newest runs, the newest first
    #[command(after_help = RUNS_LIST)]
    List(RunsListArgs),
    /// Shows one run: who, when, what was asked for, what was sent, what came of it
    #[command(
        after_help = "Examples:\n  presetter runs show 0197a1b2-c3d4\n  presetter runs show 0197a1b2-c3d4 --format json"
    )]
    Show(RunsShowArgs),
    /// Prints every run, in the order in which they ended
    #[command(after_help = RUNS_EXPORT)]
    Export(ExportArgs),
}

pub(crate) const RUNS_LIST: &str = "\
Outcomes are those of `presetter run`, and `interrupted`: a run that has no end,
because it is still under way or was killed.

Examples:
  presetter runs list
  presetter runs list --outcome interrupted --since 7d
  presetter runs list --preset mosyle/create-user --since 2026-05-01";

pub(crate) const RUNS_EXPORT: &str = "\
Formats:
  jsonl  one object a line, with all that the receipt holds
  csv    for a spreadsheet; a text that it would take for a formula gets a '
         before it

Examples:
  presetter runs export -o runs.jsonl
  presetter runs export --format csv -o runs.csv";

#[derive(Debug, Args)]
pub(crate) struct RunsListArgs {
    /// Only of this preset: BUNDLE/PRESET
    #[arg(long, value_name = "PRESET")]
    pub(crate) preset: Option<String>,
    /// Only with this connection
    #[arg(short, long, value_name = "CONNECTION")]
    pub(crate) connection: Option<String>,
    /// Only those that ended so
    #[arg(long, value_enum)]
    pub(crate) outcome: Option<OutcomeArg>,
    /// Only those that began since: 7d, 12h, 30m ago; or a day or time in UTC
    #[arg(long, value_name = "WHEN")]
    pub(crate) since: Option<String>,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) limit: usize,
    /// How they are printed; json prints one object a line
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    pub(crate) format: TableFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutcomeArg {
    Ok,
    #[value(name = "not_found")]
    NotFound,
    Failed,
    Unknown,
    Interrupted,
}

impl OutcomeArg {
    /// The word in receipts.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NotFound => "not_found",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Interrupted => presetter_receipt::INTERRUPTED,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TableFormat {
    Table,
    Json,
}

impl From<TableFormat> for Format {
    fn from(format: TableFormat) -> Self {
        match format {
            TableFormat::Table => Self::Table,
            TableFormat::Json => Self::Json,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct RunsShowArgs {
    /// The run's id, or the first characters of it
    pub(crate) run: String,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    pub(crate) format: TableFormat,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// How they are printed
    #[arg(long, value_enum, default_value_t = ExportFormat::Jsonl)]
    pub(crate) format: ExportFormat,
    /// Where to; without it, standard output
    #[arg(short, long, value_name = "FILE|-")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    Jsonl,
    Csv,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReceiptsVerb {
    /// Looks at every byte: finds any edit, gap or reordering
    #[command(after_help = VERIFY)]
    Verify(VerifyArgs),
    /// Prints the log's head, SEQ:HASH, to be kept elsewhere
    #[command(after_help = "Example:\n  presetter receipts head | ssh audit 'cat >> presetter-heads'")]
    Head,
}

pub(crate) const VERIFY: &str = "\
Ends with 9 if something is wrong, and says where. Whoever can write the files
can remove the newest entries, or write the log anew from some entry on: that
shows only against a head that was kept elsewhere.

Examples:
  presetter receipts verify
  presetter receipts verify --head \"$(ssh audit tail -n 1 presetter-heads)\"";

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// What `receipts head` printed at some time before
    #[arg(long, value_name = "SEQ:HASH")]
    pub(crate) head: Option<presetter_receipt::Head>,
    /// How the finding is printed
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    pub(crate) format: TableFormat,
}
