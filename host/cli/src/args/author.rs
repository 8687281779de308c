//! The grammar of what authors of presets use: `new`, `check`, `test`, `dev`, `docs`, `pack`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

pub(crate) const NEW: &str = "\
Examples:
  presetter new acme
  presetter new acme --script
  presetter new jamf --name acme/jamf
  presetter new acme --from openapi.json --operation createUser
  presetter new acme --from-curl \"curl https://api.acme.example/v1/users \\
      -H 'Authorization: Bearer TOKEN' -d '{\\\"name\\\": \\\"Sarah\\\"}'\"

A curl line can also come from standard input: --from-curl -. What looks like a
secret in it is not written anywhere. If the folder BUNDLE is a bundle already,
the preset is added to it.";

#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// The bundle's folder; its last part is the bundle's name
    pub(crate) bundle: PathBuf,
    /// The bundle's name, if it is not the folder's: with a scope, acme/jamf
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// The preset's name; without it, it follows from what the preset is made from
    #[arg(long, value_name = "NAME")]
    pub(crate) preset: Option<String>,
    /// An OpenAPI 3 document, JSON or YAML
    #[arg(long, value_name = "FILE", requires = "operation", conflicts_with = "from_curl")]
    pub(crate) from: Option<PathBuf>,
    /// The operation of it: its operationId, or METHOD and path: 'POST /users'
    #[arg(long, value_name = "ID", requires = "from")]
    pub(crate) operation: Option<String>,
    /// A curl command; - reads standard input
    #[arg(long, value_name = "COMMAND|-", allow_hyphen_values = true)]
    pub(crate) from_curl: Option<String>,
    /// A preset in JavaScript instead of a recipe
    #[arg(long)]
    pub(crate) script: bool,
}

pub(crate) const CHECK: &str = "\
Errors keep a preset from running. A warning has a name in brackets; where it is
meant so, write the name into the file: allow = [\"NAME\"].

Formats:
  table   for people (default)
  json    one object: errors, warnings
  github  annotations of a GitHub workflow

Examples:
  presetter check ./presets/mosyle
  presetter check ./presets/mosyle --fix
  presetter check --format github";

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The bundle's folder, or that of one preset
    #[arg(default_value = ".")]
    pub(crate) dir: PathBuf,
    /// Mends what can be mended without a decision
    #[arg(long)]
    pub(crate) fix: bool,
    /// Ends with exit code 3 also for warnings
    #[arg(long)]
    pub(crate) deny_warnings: bool,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = CheckFormat::Table)]
    pub(crate) format: CheckFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFormat {
    Table,
    Json,
    Github,
}

pub(crate) const TEST: &str = "\
A case is PRESET/tests/NAME.toml, with recorded answers beside it (NAME.har).
No socket is opened and no secret is looked up; time is virtual.

Each preset also goes through a matrix of faults that is made for it: sessions
that end, 429, 500, timeouts, cut and wrong answers. It must end in a sane
outcome and never repeat a write that is not safe to repeat.

Formats:
  table  for people (default)
  json   one object: cases, faults, coverage, totals
  junit  for CI systems

Examples:
  presetter test ./presets/mosyle
  presetter test ./presets/mosyle/create-user --case taken
  presetter test --update          rewrites expectations; review the difference
  presetter test --format junit > report.xml";

#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// The bundle's folder, or that of one preset
    #[arg(default_value = ".")]
    pub(crate) dir: PathBuf,
    /// Only cases with this word in their name
    #[arg(long, value_name = "WORD")]
    pub(crate) case: Option<String>,
    /// Writes what came out into the cases as what is expected
    #[arg(long)]
    pub(crate) update: bool,
    /// Leaves out the matrix of faults
    #[arg(long)]
    pub(crate) no_faults: bool,
    /// Lists what no case reached
    #[arg(long)]
    pub(crate) coverage: bool,
    /// Tells more: every case and every fault
    #[arg(short, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = TestFormat::Table)]
    pub(crate) format: TestFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TestFormat {
    Table,
    Json,
    Junit,
}

pub(crate) const DEV: &str = "\
On each save: check, the cases of what was changed, and the request that the
preset would send, rendered from its first case. Ctrl-C ends it.

Example:
  presetter dev ./presets/acme";

#[derive(Debug, Args)]
pub(crate) struct DevArgs {
    /// The bundle's folder, or that of one preset
    #[arg(default_value = ".")]
    pub(crate) dir: PathBuf,
    /// One round, without watching
    #[arg(long)]
    pub(crate) once: bool,
}

pub(crate) const DOCS: &str = "\
A page for each preset: inputs, a sample request and its answers, outcomes, what
it may reach. In Markdown. Samples come from the preset's tests.

Examples:
  presetter docs ./presets/mosyle                prints all pages
  presetter docs ./presets/mosyle --out site     writes a file for each";

#[derive(Debug, Args)]
pub(crate) struct DocsArgs {
    /// The bundle's folder, or that of one preset
    #[arg(default_value = ".")]
    pub(crate) dir: PathBuf,
    /// Writes a file for each page into this folder
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,
    /// Writes nothing; ends with exit code 1 if a file in the folder is not as it would be written
    #[arg(long, requires = "out")]
    pub(crate) check: bool,
}

pub(crate) const PACK: &str = "\
The component is made from the interpreter with the bundle's sources loaded. The
same sources and the same interpreter always give the same bytes. README.md,
CHANGELOG.md, licences, `docs` and the presets' `tests` go along.

Examples:
  presetter pack ./presets/acme                 writes acme-1.0.0/
  presetter pack ./presets/acme --out build
  presetter pack ./presets/acme --component target/acme.wasm";

#[derive(Debug, Args)]
pub(crate) struct PackArgs {
    /// The bundle's folder
    #[arg(default_value = ".")]
    pub(crate) dir: PathBuf,
    /// A component that you built yourself, in place of the interpreter's
    #[arg(long, value_name = "FILE")]
    pub(crate) component: Option<PathBuf>,
    /// A file that ends in .preset: one that can be signed and handed on. Or the folder in which NAME-VERSION/ is written
    #[arg(short, long, value_name = "FILE.preset|FOLDER", default_value = ".")]
    pub(crate) out: PathBuf,
    /// A bill of materials to go with it (CycloneDX, JSON), as sbom.cdx.json
    #[arg(long, value_name = "FILE")]
    pub(crate) sbom: Option<PathBuf>,
    /// Tell more on standard error
    #[arg(short, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}
