//! The grammar of `policy`.

use std::path::PathBuf;

use clap::Args;

use super::TableFormat;

pub(crate) const POLICY: &str = "\
A policy file says what may not run on this machine, whoever asks. There are two
places, and what either forbids is forbidden:
  the machine's    /etc/presetter/policy.toml (on Windows
                   C:\\ProgramData\\presetter\\policy.toml), for all users
  your own         policy.toml in the folder of your settings
A file that is wrong, or that others can change, refuses every run.

  require_signatures = true          no bundles in folders
  built_in = false                   none that are built into the program
  signers = [\"sha256:...\"]           only bundles that one of these keys signed
  forbid_effects = [\"delete\"]        no presets that remove something
  [[forbid]]                         the same for some bundles
  bundle = \"acme/*\"
  effects = [\"create\", \"delete\"]

Examples:
  presetter policy
  presetter policy ./policy.toml     looks whether a file is right";

#[derive(Debug, Args)]
pub(crate) struct PolicyArgs {
    /// A file to look at in place of those that hold
    pub(crate) file: Option<PathBuf>,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    pub(crate) format: TableFormat,
}
