//! The grammar of `workflow`, `sync`, `daemon`, `status`, `saas` and `history`.

use clap::{Args, Subcommand, ValueEnum};
use presetter_records::{Object, RecordId};

use super::TableFormat;

pub(crate) const WORKFLOW: &str = "\
A workflow is a file NAME.workflow.toml in the folder `workflows` of the
configuration: what begins it, rules, and blocks that follow each other. FILE
may be its name or its path.

Examples:
  presetter workflow new create-users --preset mosyle/create-user -c m
  presetter workflow validate create-users
  presetter workflow plan create-users
  presetter workflow run create-users
  presetter workflow activate create-users";

pub(crate) const SYNC: &str = "\
A sync is a file NAME.sync.toml in the folder `workflows` of the configuration:
a preset that lists a vendor's users, and which fields their values go into. It
archives nobody: who left is found by a workflow with a role block.

Examples:
  presetter sync mosyle --new --preset mosyle/users -c m
  presetter sync mosyle --dry-run
  presetter sync mosyle
  presetter sync mosyle --activate";

pub(crate) const DAEMON: &str = "\
Begins the runs of active workflows and syncs when their time or a change has
come, and goes on with runs that wait. Several may run at once; what one leaves
undone, another takes up. Ctrl-C (or SIGTERM) ends it when what is under way is
done.

On the port it answers /health and /metrics (Prometheus), on this machine only.

Examples:
  presetter daemon
  presetter daemon --port 9464 --log json";

pub(crate) const SAAS: &str = "\
Examples:
  presetter saas list
  presetter saas users mosyle --role ADMIN
  presetter saas users mosyle --inactive --format csv
  presetter saas summary mosyle
  presetter saas reactivate a-12";

pub(crate) const RESUME: &str = "\
A write that was sent and got no answer leaves its run `unknown`: nobody knows
whether it took place. Without an option the preset's own probe looks; where it
finds the change, the run goes on. Otherwise look at the vendor yourself, and
say what you saw.

Examples:
  presetter workflow resume 5f0c1d2e
  presetter workflow resume 5f0c1d2e --done
  presetter workflow resume 5f0c1d2e --repeat";

pub(crate) const WORKFLOW_TEST: &str = "\
A case is a file in the folder tests/NAME beside the workflow's file. It gives
records, connections and cassettes (HAR, as `presetter run --record` writes
them), and what should come of it:

  title = \"Who is missing is created\"
  cassettes = [\"create.har\"]
  connections = { m = { kind = \"mosyle/session\" } }
  users = [{ email = \"dee@example.com\", name = \"Dee\" }]

  [expect]
  runs = { done = 1 }
  calls = [\"mosyle/create-user\"]
  users = [{ email = \"dee@example.com\", mosyle_user_id = \"u1004\" }]

Waits pass at once. `approve = true` or `false` answers every approval, `now` is
the time at which it begins.

Examples:
  presetter workflow test create-users
  presetter workflow test create-users --format json";

#[derive(Debug, Subcommand)]
pub(crate) enum WorkflowVerb {
    /// Makes a new workflow
    New(WorkflowNewArgs),
    /// Finds what can be known to be wrong without running it
    Validate(WorkflowValidateArgs),
    /// Lists the records that match now
    Preview(WorkflowPreviewArgs),
    /// Tells what a run would do to each record: reads are made, nothing is written
    Plan(WorkflowPreviewArgs),
    /// Tests it against recorded answers; opens no socket
    #[command(after_help = WORKFLOW_TEST)]
    Test(WorkflowTestArgs),
    /// Lets its trigger count from now on
    Activate(WorkflowNameArgs),
    /// Takes its trigger away; runs that have begun go on
    Deactivate(WorkflowNameArgs),
    /// Runs it now, on all records that match or on those that are named
    Run(WorkflowRunArgs),
    /// Lists workflows
    List(WorkflowListArgs),
    /// Shows a workflow: what begins it, and its ways
    Show(WorkflowShowArgs),
    /// Lists runs, the newest first, or shows the steps of one
    Logs(WorkflowLogsArgs),
    /// Says yes to a run that waits for approval, or no
    Approve(WorkflowApproveArgs),
    /// Ends a run that has not ended: it begins no more steps
    Cancel(WorkflowRunIdArgs),
    /// Decides about a write of which nobody knows whether it took place
    #[command(after_help = RESUME)]
    Resume(WorkflowResumeArgs),
}

#[derive(Debug, Args)]
pub(crate) struct WorkflowNewArgs {
    /// Its name
    pub(crate) name: String,
    /// What its records are of
    #[arg(long, default_value = "users")]
    pub(crate) object: Object,
    /// A preset that its first block runs
    #[arg(long)]
    pub(crate) preset: Option<String>,
    /// The connection of that block
    #[arg(short, long)]
    pub(crate) connection: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct WorkflowNameArgs {
    /// Its name, or the path of its file
    #[arg(value_name = "FILE")]
    pub(crate) name: String,
}

#[derive(Debug, Args)]
pub(crate) struct WorkflowValidateArgs {
    /// Names or paths; all in the folder, if none is given
    #[arg(value_name = "FILE")]
    pub(crate) names: Vec<String>,
    /// How findings are printed; json prints one object a line
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    pub(crate) format: TableFormat,
}

#[derive(Debug, Args)]
pub(crate) struct WorkflowPreviewArgs {
    /// Its name, or the path of its file
    #[arg(value_name = "FILE")]
    pub(crate) name: String,
    /// How many records at most
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// How they are printed; json prints one object a line
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    pub(crate) format: TableFormat,
}

#[derive(Debug, Args)]
pub(crate) struct WorkflowTestArgs {
    /// Its name, or the path of its file
    #[arg(value_name = "FILE")]
    pub(crate) name: String,
    /// Only the case of this name
    #[arg(long, value_name = "NAME")]
    pub(crate) case: Option<String>,
    /// How results are printed; json prints one object a line
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    pub(crate) format: TableFormat,
}

#[derive(Debug, Args)]
pub(crate) struct WorkflowRunArgs {
    /// Its name, or the path of its file
    #[arg(value_name = "FILE")]
    pub(crate) name: String,
    /// Only on this record; several times for several
    #[arg(long = "record", value_name = "ID")]
    pub(crate) records: Vec<RecordId>,
    /// Leaves the work to a daemon
    #[arg(long)]
    pub(crate) detach: bool,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    pub(crate) format: TableFormat,
}

#[derive(Debug, Args)]
pub(crate) struct WorkflowListArgs {
    /// How they are printed; json prints one object a line
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    pub(crate) format: TableFormat,
}

/// The form of a drawing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Drawing {
    /// Lines of text
    Text,
    /// For Graphviz
    Dot,
}

#[derive(Debug, Args)]
pub(crate) struct WorkflowShowArgs {
    /// Its name, or the path of its file
    #[arg(value_name = "FILE")]
    pub(crate) name: String,
    /// How it is drawn
    #[arg(long = "as", value_enum, default_value_t = Drawing::Text)]
    pub(crate) drawing: Drawing,
}

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RunStateArg {
    /// An earlier run on the same record has not ended
    Queued,
    /// Nobody has taken it up yet
    Ready,
    /// Under way
    Running,
    /// For a time or a person
    Waiting,
    /// Nobody knows whether a write took place
    Unknown,
    /// Ended well
    Done,
    /// Ended badly
    Failed,
    /// Somebody ended it
    Cancelled,
}

#[derive(Debug, Args)]
pub(crate) struct WorkflowLogsArgs {
    /// Only of this workflow
    pub(crate) name: Option<String>,
    /// Shows the steps of this run
    #[arg(long, value_name = "RUN")]
    pub(crate) run: Option<String>,
    /// Only those that stand so
    #[arg(long, value_enum)]
    pub(crate) state: Option<RunStateArg>,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) limit: u32,
    /// How they are printed; json prints one object a line
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    pub(crate) format: TableFormat,
}

#[derive(Debug, Args)]
pub(crate) struct WorkflowRunIdArgs {
    /// The run, by its id or the beginning of it
    pub(crate) run: String,
}

#[derive(Debug, Args)]
pub(crate) struct WorkflowApproveArgs {
    /// The run, by its id or the beginning of it
    pub(crate) run: String,
    /// Says no
    #[arg(long)]
    pub(crate) no: bool,
}

#[derive(Debug, Args)]
pub(crate) struct WorkflowResumeArgs {
    /// The run, by its id or the beginning of it
    pub(crate) run: String,
    /// It took place: the run goes on as after a success
    #[arg(long, conflicts_with_all = ["repeat", "fail"])]
    pub(crate) done: bool,
    /// It did not take place: it is done again
    #[arg(long, conflicts_with = "fail")]
    pub(crate) repeat: bool,
    /// The run goes on as after a failure
    #[arg(long)]
    pub(crate) fail: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SyncArgs {
    /// Its name, or the path of its file; all are listed without one
    #[arg(value_name = "FILE")]
    pub(crate) name: Option<String>,
    /// Tells what would change, and changes nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Makes a new one, and proposes which value goes into which field
    #[arg(long, requires = "preset", requires = "connection", conflicts_with = "dry_run")]
    pub(crate) new: bool,
    /// With --new: a preset that lists
    #[arg(long, requires = "new")]
    pub(crate) preset: Option<String>,
    /// With --new: the connection
    #[arg(short, long, requires = "new")]
    pub(crate) connection: Option<String>,
    /// Lets its schedule count from now on
    #[arg(long, conflicts_with_all = ["dry_run", "new", "deactivate"])]
    pub(crate) activate: bool,
    /// Takes its schedule away
    #[arg(long, conflicts_with_all = ["dry_run", "new"])]
    pub(crate) deactivate: bool,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    pub(crate) format: TableFormat,
}

/// The form of the daemon's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogForm {
    /// For people
    Text,
    /// An object a line
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct DaemonArgs {
    /// The port of /health and /metrics on this machine; 0 takes a free one
    #[arg(long, value_name = "PORT")]
    pub(crate) port: Option<u16>,
    /// How its log is written, on standard error
    #[arg(long, value_enum, default_value_t = LogForm::Text)]
    pub(crate) log: LogForm,
}

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// How it is printed
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    pub(crate) format: TableFormat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SaasVerb {
    /// Lists software, and how many users each has
    List(StatusArgs),
    /// Lists the users of a software: name, e-mail, role, active, last checked, last workflow
    Users(SaasUsersArgs),
    /// Counts a software's users by role, and those that need a look
    Summary(SaasSummaryArgs),
    /// Undoes a deactivation
    Reactivate(SaasReactivateArgs),
}

/// The form of a list of SaaS users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListForm {
    /// For people
    Table,
    /// An object a line
    Json,
    /// For a spreadsheet
    Csv,
}

#[derive(Debug, Args)]
pub(crate) struct SaasUsersArgs {
    /// The software, by its name
    pub(crate) software: String,
    /// Only with this role
    #[arg(long)]
    pub(crate) role: Option<String>,
    /// Only those who are not active
    #[arg(long)]
    pub(crate) inactive: bool,
    /// How they are printed
    #[arg(long, value_enum, default_value_t = ListForm::Table)]
    pub(crate) format: ListForm,
}

#[derive(Debug, Args)]
pub(crate) struct SaasSummaryArgs {
    /// The software, by its name
    pub(crate) software: String,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    pub(crate) format: TableFormat,
}

#[derive(Debug, Args)]
pub(crate) struct SaasReactivateArgs {
    /// The SaaS user, by its id
    pub(crate) record: RecordId,
    /// Why, for the history
    #[arg(long)]
    pub(crate) reason: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// A user's e-mail address or id, or the id of a SaaS user
    pub(crate) record: String,
    /// How it is printed; json prints one object a line
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    pub(crate) format: TableFormat,
}
