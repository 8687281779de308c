//! The grammar of `override`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::TableFormat;

pub(crate) const OVERRIDE: &str = "\
Keeps a correction outside of the bundle, whose files stay as they were signed:
each run of the preset has this body, as if it were given by --body. It widens
nothing that the preset may reach. Such a run counts as one that may change
something, because nobody but you knows what the body does. --body of a run goes
before it.

Examples:
  presetter override mosyle/update-user --body body.json
  presetter override list
  presetter override show mosyle/update-user > body.json
  presetter override remove mosyle/update-user";

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct OverrideArgs {
    #[command(subcommand)]
    pub(crate) verb: Option<OverrideVerb>,
    /// BUNDLE/PRESET, or a path that begins with ./ ../ or / and whose last part is the preset
    #[arg(required = true)]
    pub(crate) preset: Option<String>,
    /// A file with a template in place of the preset's body; - reads standard input
    #[arg(long, value_name = "FILE|-", required = true)]
    pub(crate) body: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum OverrideVerb {
    /// Lists all overrides
    List {
        /// How they are printed; json prints one object a line
        #[arg(long, value_enum, default_value_t = TableFormat::Table)]
        format: TableFormat,
    },
    /// Prints the body that a preset is run with
    Show {
        /// The preset
        preset: String,
        /// How it is printed
        #[arg(long, value_enum, default_value_t = TableFormat::Table)]
        format: TableFormat,
    },
    /// Removes the override of a preset, which has its own body again
    Remove {
        /// The preset
        preset: String,
    },
}
