//! The grammar of the command line, and its help.
//!
//! Owns: verbs, options, their help and examples. Must never: look anything up, or check a value further than its form.
//! Scripts rely on these names.
//!
//! Keeps: no secret is parsed here. Whatever stands after `--secret` is kept as text and judged in [`crate::connection`],
//! because a message of the parser would repeat it.

mod author;
mod bulk;
mod connection;
mod key;
mod overrides;
mod packages;
mod policy;
mod records;
mod runs;
mod sources;
mod trust;
mod workflow;

use std::ffi::OsString;
use std::path::PathBuf;

pub(crate) use author::{CheckArgs, CheckFormat, DevArgs, DocsArgs, NewArgs, PackArgs, TestArgs, TestFormat};
pub(crate) use bulk::{BulkArgs, EachArgs, OnErrorArg};
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
pub(crate) use connection::{AddArgs, ConnectionVerb, NetworkArgs, SetArgs};
pub(crate) use key::{KeyGenerateArgs, KeyIdArgs, KeyImportArgs, KeyVerb, PassphraseArgs, SigningKeyArgs};
pub(crate) use overrides::{OverrideArgs, OverrideVerb};
pub(crate) use packages::{
    ConsentArgs, ImportArgs, InspectArgs, InstallArgs, ListArgs, PullArgs, PushArgs, RegistryArgs, RollbackArgs,
    SignArgs, UninstallArgs, UpgradeArgs, VerifyPackageArgs, VersionsArgs,
};
pub(crate) use policy::PolicyArgs;
pub(crate) use records::{
    RecordsExportArgs, RecordsFieldsArgs, RecordsForm, RecordsImportArgs, RecordsListArgs, RecordsSetArgs,
    RecordsShowArgs, RecordsVerb, WhichArgs,
};
pub(crate) use runs::{
    ExportArgs, ExportFormat, ReceiptsVerb, RunsListArgs, RunsShowArgs, RunsVerb, TableFormat, VerifyArgs,
};
pub(crate) use sources::{AllowArgs, DisallowArgs, ListConnectionsArgs, ShowConnectionArgs};
pub(crate) use trust::{
    AddKeyArgs, RenewArgs, RootArgs, RootKeyArgs, RuleArgs, TrustExportArgs, TrustImportArgs, TrustInitArgs,
    TrustSignArgs, TrustVerb,
};
pub(crate) use workflow::{
    DaemonArgs, Drawing, HistoryArgs, ListForm, LogForm, RunStateArg, SaasReactivateArgs, SaasSummaryArgs,
    SaasUsersArgs, SaasVerb, StatusArgs, SyncArgs, WorkflowApproveArgs, WorkflowLogsArgs, WorkflowNewArgs,
    WorkflowPreviewArgs, WorkflowResumeArgs, WorkflowRunArgs, WorkflowShowArgs, WorkflowTestArgs, WorkflowValidateArgs,
    WorkflowVerb,
};

/// Runs presets: ready-made, sandboxed calls to SaaS APIs.
#[derive(Debug, Parser)]
#[command(name = "presetter", version, max_term_width = 100, after_help = START, subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// `run` alone.
#[derive(Debug, Parser)]
struct RunAlone {
    #[command(flatten)]
    run: RunArgs,
}

impl Cli {
    /// Reads a command line, the program's name first.
    ///
    /// To build all verbs with their options takes longer than any other part of a start. What is run most is therefore
    /// tried alone; whatever is wrong with it, and its help, the whole grammar tells.
    pub(crate) fn read(words: &[OsString]) -> Result<Self, clap::Error> {
        let run = words.get(1).is_some_and(|verb| verb == "run");
        match run.then(|| RunAlone::try_parse_from(&words[1..])) {
            Some(Ok(RunAlone { run })) => Ok(Self { verb: Verb::Run(run) }),
            _ => Self::try_parse_from(words),
        }
    }
}

const START: &str = "\
Begin with:
  presetter demo       the whole story, against a server inside the program
  presetter presets    what there is
  presetter connection add mosyle --kind mosyle/session \\
      --field email=api@example.com --secret password=env:MOSYLE_PASSWORD \\
      --secret access_token=env:MOSYLE_TOKEN
  presetter run mosyle/user-by-email --set email=sarah@example.com

Exit codes, the first that applies in this order:
   7  outcome unknown: something was sent, no answer was seen
   5  denied by policy or a sandbox limit
   6  credentials or session
   8  network
   9  trust
   4  not found
   1  the API said no, or the preset failed
   3  invalid preset, template or input; nothing was sent
   2  command line
  70  internal
   0  ok

Data is printed on standard output, talk on standard error. All state lives
in your system's folders for it, or below the folder that the variable
PRESETTER_HOME names.";

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Runs a preset
    #[command(after_help = RUN)]
    Run(RunArgs),
    /// Prints the first request that `run` would send, secrets masked; opens no socket
    #[command(after_help = PLAN)]
    Plan(PlanArgs),
    /// Lists presets
    #[command(
        after_help = "Examples:\n  presetter presets\n  presetter presets mosyle --find role\n  presetter presets ./presets/mosyle"
    )]
    Presets(PresetsArgs),
    /// Shows a preset: its inputs, what it does to the account, what it may reach, an example; or a kind of connection
    #[command(after_help = "Examples:\n  presetter show mosyle/update-user\n  presetter show mosyle/session")]
    Show(ShowArgs),
    /// Shows in plain words what a preset may do, before it is ever run
    #[command(after_help = GRANTS)]
    Grants(GrantsArgs),
    /// Connections: what is set up once to reach an account
    #[command(subcommand, visible_alias = "connections")]
    Connection(ConnectionVerb),
    /// Keeps a body of your own in place of a preset's, outside of its bundle
    #[command(after_help = overrides::OVERRIDE)]
    Override(OverrideArgs),
    /// Shows what may not run on this machine, and which line of which file says so
    #[command(after_help = policy::POLICY)]
    Policy(PolicyArgs),
    /// Runs: what was run, by whom, and what came of it
    #[command(subcommand)]
    Runs(RunsVerb),
    /// Receipts: whether the account of all runs is as it was written
    #[command(subcommand)]
    Receipts(ReceiptsVerb),
    /// Records: users and their accounts, on which workflows act
    #[command(subcommand, after_help = records::RECORDS)]
    Records(RecordsVerb),
    /// Workflows: what is done with records, and when
    #[command(subcommand, visible_alias = "workflows", after_help = workflow::WORKFLOW)]
    Workflow(WorkflowVerb),
    /// Brings a vendor's users into the records
    #[command(after_help = workflow::SYNC)]
    Sync(SyncArgs),
    /// Begins workflows and syncs by themselves, and goes on with what waits
    #[command(after_help = workflow::DAEMON)]
    Daemon(DaemonArgs),
    /// Shows daemons, timers, and runs that have not ended
    Status(StatusArgs),
    /// Software and its users, as the records know them
    #[command(subcommand, after_help = workflow::SAAS)]
    Saas(SaasVerb),
    /// Shows what happened to a user and why, for the auditor
    #[command(after_help = "Examples:\n  presetter history sarah@example.com\n  presetter history a-12 --format json")]
    History(HistoryArgs),
    /// Makes a new preset: a working bundle with a test, from nothing, a curl line or an OpenAPI document
    #[command(after_help = author::NEW)]
    New(NewArgs),
    /// Finds all that can be known about a bundle without running it
    #[command(after_help = author::CHECK)]
    Check(CheckArgs),
    /// Tests presets against recorded answers; opens no socket
    #[command(after_help = author::TEST)]
    Test(TestArgs),
    /// Checks, tests and shows the request whenever a file is saved
    #[command(after_help = author::DEV)]
    Dev(DevArgs),
    /// Writes a page about each preset
    #[command(after_help = author::DOCS)]
    Docs(DocsArgs),
    /// Makes a bundle that needs no loading: one component with everything in it
    #[command(after_help = author::PACK)]
    Pack(PackArgs),
    /// Signs a package
    #[command(after_help = packages::SIGN)]
    Sign(SignArgs),
    /// Verifies a package: who signed it, and that it is whole
    #[command(after_help = packages::VERIFY)]
    Verify(VerifyPackageArgs),
    /// Shows what a package says of itself, unverified
    #[command(after_help = packages::INSPECT)]
    Inspect(InspectArgs),
    /// Makes a package file of an OCI layout that another tool wrote
    #[command(after_help = packages::IMPORT)]
    Import(ImportArgs),
    /// Installs a signed bundle
    #[command(after_help = packages::INSTALL)]
    Install(InstallArgs),
    /// Lists what is installed
    List(ListArgs),
    /// Takes a newer version of an installed bundle
    #[command(after_help = packages::UPGRADE)]
    Upgrade(UpgradeArgs),
    /// Removes an installed bundle
    Remove(UninstallArgs),
    /// Goes back to an older version of an installed bundle
    #[command(after_help = packages::ROLLBACK)]
    Rollback(RollbackArgs),
    /// Puts a package into a registry
    #[command(after_help = packages::PUSH)]
    Push(PushArgs),
    /// Fetches a package from a registry
    #[command(after_help = packages::PULL)]
    Pull(PullArgs),
    /// Lists the versions that a registry has of a bundle
    Versions(VersionsArgs),
    /// Keys that sign packages
    #[command(subcommand, after_help = key::KEY)]
    Key(KeyVerb),
    /// The trust store: whose signatures count
    #[command(subcommand, after_help = trust::TRUST)]
    Trust(TrustVerb),
    /// Tells the whole story, against a server inside the program: no account is needed
    Demo,
    /// Prints a script that completes commands in your shell
    #[command(after_help = "Example:\n  presetter completions bash > presetter.bash")]
    Completions {
        /// The shell
        shell: Shell,
    },
}

const RUN: &str = "\
Examples:
  presetter run mosyle/create-user --set user_id=e1 \\
      --set name='Sarah O.' --set type=ENDUSER
  presetter run ./presets/mosyle/user-by-id -c school \\
      --set mosyle_user_id=u1001 --format json
  presetter run mosyle/user-by-email --set email=a@example.com \\
      --map api_response='{{response}}' \\
      --map role='{{response.response[0].users[0].type}}'
  presetter run mosyle/create-user --inputs user.json --body-set /code='\"A-17\"'

Formats:
  table  for people (default)
  json   one object: run, preset, outcome, outputs, mapped, response,
         response_status, response_headers, requests, duration_ms; and class,
         message, hint, evidence where the outcome is not `ok`
  raw    the vendor's body alone; not for a preset that lists rows
A preset that lists rows prints one line a row as they come: JSON lines with
`json`, where the last line is the object above; with `table` a table, and the
summary goes to standard error.

Response mapping (--map) knows response, response_status, response_headers,
outputs and inputs. A mapping that finds nothing gives null, is told on
standard error, and ends an `ok` run with exit code 1; what stands in
{{optional x}} may be absent.

With --confirm a write is looked for after it was sent, and a write that must
not be done twice also before: then nothing is sent if it is there already.

Many rows: with --each, each row of a file is a run; its columns are inputs, and
--set is for all of them. Results are JSON Lines in the order of the rows, a
summary goes to standard error (-v: where the time went), and --report writes
files for people and other programs. What changes something is noted in a
journal before it is sent. If such a run does not come to its end, or not all
rows end well, the same command does not begin anew: correct the rows that were
wrong where they stand, and --resume goes on with it; no row is sent again that
ended well. Rows that may have been sent are looked for by the preset's probe;
without one they are `unknown`, until --retry-unknown.

  presetter run mosyle/create-user --each staff.csv --column user_id=Id \\
      --set type=ENDUSER
  presetter run mosyle/create-user --each-record 'department equals IT' \\
      --column user_id=email --set type=ENDUSER --skip-existing
  presetter run mosyle/update-user --each changes.jsonl --rate 5/s --resume";

const PLAN: &str = "\
It takes the arguments of `run`. What depends on an answer is named after the
request.

Formats:
  http   the request as it goes over the wire (default)
  curl   a command to paste, once the masked secrets are put in
  json   one object

Many rows: with --each, all rows are read, and the first request is shown; then
how many would be sent, and which values they have where few are possible; which
rows are wrong, are like one before, or have ended in an earlier run. The first
of each are listed, all of them with --format json. The exit code is 3 if rows
are wrong.

Examples:
  presetter plan mosyle/update-user --set mosyle_user_id=u1001 \\
      --set name='Sarah \"O\" Brien'
  presetter plan mosyle/create-user --each staff.csv --column user_id=Id \\
      --set type=ENDUSER";

/// What `run` and `plan` share.
#[derive(Debug, Args)]
pub(crate) struct CallArgs {
    /// BUNDLE/PRESET, or a path that begins with ./ ../ or / and whose last part is the preset
    pub(crate) preset: String,
    /// The connection to use; may be left out when only one fits
    #[arg(short, long, value_name = "CONNECTION")]
    pub(crate) connection: Option<String>,
    /// An input; the text becomes the input's declared type, strictly
    #[arg(long, value_name = "K=V", value_parser = pair)]
    pub(crate) set: Vec<(String, String)>,
    /// An input as JSON
    #[arg(long, value_name = "K=JSON", value_parser = pair)]
    pub(crate) set_json: Vec<(String, String)>,
    /// A file with a JSON object of inputs; - reads standard input
    #[arg(long, value_name = "FILE|-")]
    pub(crate) inputs: Option<PathBuf>,
    /// Advanced Mode, Body tab: a file with a template in place of the preset's body; - reads standard input
    #[arg(long, value_name = "FILE|-")]
    pub(crate) body: Option<PathBuf>,
    /// Adds or replaces one field of the body, named by a JSON pointer: /code='"A-17"'
    #[arg(long, value_name = "POINTER=JSON", value_parser = pair)]
    pub(crate) body_set: Vec<(String, String)>,
    /// Advanced Mode, Response tab: where a value of the answer goes
    #[arg(long, value_name = "FIELD=TEMPLATE", value_parser = pair)]
    pub(crate) map: Vec<(String, String)>,
    /// After a write, look whether it took place, as the preset says
    #[arg(long)]
    pub(crate) confirm: bool,
    /// Tell more on standard error: -v phases and requests, -vv also headers and the preset's own log
    #[arg(short, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) call: CallArgs,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
    /// Writes requests and answers to a file, HAR 1.2, secrets masked: a cassette for `presetter test`
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) bulk: BulkArgs,
}

#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) call: CallArgs,
    /// How the request is printed
    #[arg(long, value_enum, default_value_t = PlanFormat::Http)]
    pub(crate) format: PlanFormat,
    #[command(flatten)]
    pub(crate) each: EachArgs,
    /// The journal of an earlier run of these rows, if it has a name of its own
    #[arg(long, value_name = "FILE", requires = "which", help_heading = "Many rows")]
    pub(crate) journal: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Json,
    Table,
    Raw,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlanFormat {
    Json,
    Curl,
    Http,
}

#[derive(Debug, Args)]
pub(crate) struct PresetsArgs {
    /// A bundle that is built in or installed, or the folder of one; without it all that are built in or installed
    pub(crate) bundle: Option<String>,
    /// Only those with this word in their name, title or summary
    #[arg(long, value_name = "WORD")]
    pub(crate) find: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// BUNDLE/PRESET or BUNDLE/KIND, or a path
    pub(crate) preset: String,
}

const GRANTS: &str = "\
Nothing is run, compiled or sent. With a connection, its address and the limits
that it raises are shown in place of the usual ones.

Examples:
  presetter grants mosyle/update-user
  presetter grants ./presets/mosyle/users -c school --format json";

#[derive(Debug, Args)]
pub(crate) struct GrantsArgs {
    /// BUNDLE/PRESET, or a path that begins with ./ ../ or / and whose last part is the preset
    pub(crate) preset: String,
    /// The connection that it would be run with
    #[arg(short, long, value_name = "CONNECTION")]
    pub(crate) connection: Option<String>,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = GrantsFormat::Table)]
    pub(crate) format: GrantsFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GrantsFormat {
    Table,
    Json,
}

impl Verb {
    /// How much is to be told.
    pub(crate) fn verbose(&self) -> u8 {
        match self {
            Self::Run(RunArgs { call, .. }) | Self::Plan(PlanArgs { call, .. }) => call.verbose,
            _ => 0,
        }
    }
}

/// `K=V`, cut at the first `=`.
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write it as NAME=VALUE, without spaces around the =".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_grammar_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn help_fits_a_narrow_terminal() {
        fn look(command: &clap::Command, texts: &mut usize) {
            for text in [command.get_after_help(), command.get_after_long_help()].into_iter().flatten() {
                *texts += 1;
                let text = text.to_string();
                let long = text.lines().find(|line| line.chars().count() > 80);
                assert_eq!(long, None, "{}", command.get_name());
            }
            command.get_subcommands().for_each(|command| look(command, texts));
        }
        let mut texts = 0;
        look(&Cli::command(), &mut texts);
        assert!(texts > 20, "{texts}");
    }

    #[test]
    fn pairs_are_cut_at_the_first_equals_sign() {
        assert_eq!(pair("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert_eq!(pair("a="), Ok(("a".into(), String::new())));
        assert!(pair("=b").is_err());
        assert!(pair("ab").is_err());
    }

    #[test]
    fn a_plain_secret_is_never_repeated_by_the_parser() {
        let error = Cli::try_parse_from(["presetter", "connection", "add", "m", "--secret", "hunter2"]).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }

    #[test]
    fn a_run_is_read_as_the_whole_grammar_reads_it() {
        for line in [
            "run mosyle/users",
            "run mosyle/users -c m --set a=b --set-json a=1 --inputs - --body f --map f=x --confirm --format raw -vv",
            "run mosyle/create-user --each users.csv --concurrency 8 --rate 5/s --report junit=f --yes",
            "run",
            "run --help",
            "run -h",
            "run --version",
            "run mosyle/users extra",
            "run mosyle/users --sett a=b",
            "run mosyle/users --set a",
            "run mosyle/users --format nonsense",
            "--help run",
            "plan mosyle/users",
        ] {
            let words: Vec<OsString> = ["presetter"].into_iter().chain(line.split(' ')).map(OsString::from).collect();
            let told = |read: Result<Cli, clap::Error>| match read {
                Ok(cli) => format!("{cli:?}"),
                Err(error) => format!("{:?}: {error}", error.kind()),
            };
            assert_eq!(told(Cli::read(&words)), told(Cli::try_parse_from(&words)), "{line}");
        }
    }

    #[test]
    fn every_verb_of_the_contract_is_there() {
        for line in [
            "run mosyle/users -c m --set a=b --set-json a=1 --inputs - --body f --body-set /a=1 --map f=x --confirm --format raw -vv",
            "plan ./presets/mosyle/users --set a=b --confirm --format curl -v",
            "presets mosyle --find x",
            "show mosyle/users",
            "grants mosyle/users -c m --format json",
            "demo",
            "connection add m --kind mosyle/session --base-url u --allow-private --read-only --ca f --client-certificate env:A --proxy u --field a=b --secret a=prompt --setting a=b",
            "connection list --format json",
            "connection show m --format json",
            "connection allow m ./presets/mosyle --yes",
            "connection allow m acme/mosyle --dry-run",
            "connection disallow m mosyle",
            "override mosyle/users --body -",
            "override list --format json",
            "override show mosyle/users --format json",
            "override remove mosyle/users",
            "policy --format json",
            "policy ./policy.toml",
            "connection set m --read-only false --allow-private true --ca= --client-certificate= --proxy=",
            "connection test m",
            "connection edit m",
            "connection export m n",
            "connection import - --replace",
            "connection remove m",
            "runs list --preset a/b -c m --outcome not_found --since 7d --limit 3 --format json",
            "runs show 0197 --format json",
            "runs export --format csv -o f",
            "receipts verify --head 0:0000000000000000000000000000000000000000000000000000000000000000 --format json",
            "receipts head",
            "pack ./acme -o acme.preset --sbom f",
            "sign acme.preset --key k --passphrase env:P --ca f --allow-private",
            "verify acme.preset --key a --key b --rebuild --format json",
            "inspect acme.preset --format json",
            "import layout -o acme.preset",
            "install acme --registry r.example/p --yes --accept-wider-grants --lock",
            "install --locked --yes",
            "list --format json",
            "upgrade",
            "upgrade acme --from acme.preset --dry-run",
            "remove acme",
            "rollback acme --to 1.0.0 --reason x --yes",
            "push acme.preset r.example/p/acme",
            "pull r.example/p/acme:1.0.0 -o f",
            "versions r.example/p/acme --format json",
            "key generate k --passphrase prompt",
            "key id k.pub",
            "key import cosign.pub -o k.pub",
            "trust init --root-key k --root-pub p --threshold 2 --expires 90d",
            "trust add-key p --owner x --not-before 2027-01-01 --not-after 2028-01-01 --root-key k",
            "trust revoke-key sha256:0 --reason x --root-key k --proposal f",
            "trust revoke-digest sha256:0 --reason x --root-key k",
            "trust rule acme/* --key sha256:0 --threshold 2 --root-key k --root-key l",
            "trust rule acme/* --remove --root-key k",
            "trust root --key p --key q --threshold 2 --root-key k",
            "trust renew --expires 90d --root-key k",
            "trust list --format json",
            "trust check",
            "trust export -o f",
            "trust import f --root sha256:0",
            "trust sign f --root-key k",
        ] {
            let words = std::iter::once("presetter").chain(line.split(' '));
            Cli::try_parse_from(words).unwrap_or_else(|e| panic!("{line}: {e}"));
        }
    }
}
