//! The grammar of the trust store: `trust init`, `add-key`, `revoke-key`, `revoke-digest`, `rule`, `root`, `renew`, `list`, `export`,
//! `import`, `sign`, `check`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::TableFormat;
use super::key::PassphraseArgs;

pub(crate) const TRUST: &str = "\
The trust store says whose signatures count, for which bundles, and how many of
them it takes. Each change is signed by its root keys and makes a new version.
Nothing is trusted on first use.

Examples:
  presetter key generate root.key
  presetter trust init --root-key root.key
  presetter trust add-key acme.pub --owner 'Acme Ltd.' --root-key root.key
  presetter trust rule 'acme/*' --key sha256:7d1a... --root-key root.key
  presetter trust list
  presetter trust check";

#[derive(Debug, Subcommand)]
pub(crate) enum TrustVerb {
    /// Begins a trust store
    Init(TrustInitArgs),
    /// Adds a public key; it counts where a rule names it
    AddKey(AddKeyArgs),
    /// Takes a key's word away, for all that it ever signed
    RevokeKey(RevokeKeyArgs),
    /// Refuses one bundle for ever, by its digest
    RevokeDigest(RevokeDigestArgs),
    /// Says which keys sign which bundles, or takes that back
    Rule(RuleArgs),
    /// Puts other root keys in place of those that sign the store
    Root(RootArgs),
    /// Moves the day on which the store expires
    Renew(RenewArgs),
    /// Shows what is trusted
    #[command(visible_alias = "show")]
    List(TrustListArgs),
    /// Writes the whole store into one file, for another machine
    Export(TrustExportArgs),
    /// Takes a store, or a change that others signed
    Import(TrustImportArgs),
    /// Adds a signature to a change that needs more than one
    Sign(TrustSignArgs),
    /// Finds what is wrong with the store, or soon will be
    Check(TrustListArgs),
}

/// Who signs a change.
#[derive(Debug, Args)]
pub(crate) struct RootKeyArgs {
    /// A private root key; may be given several times
    #[arg(long = "root-key", value_name = "FILE")]
    pub(crate) root_keys: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseArgs,
    /// Where the change is written if it needs signatures of others too
    #[arg(long, value_name = "FILE")]
    pub(crate) proposal: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct TrustInitArgs {
    /// Private root keys, at least as many as sign a change
    #[arg(long = "root-key", value_name = "FILE", required = true)]
    pub(crate) root_keys: Vec<PathBuf>,
    /// Public root keys of others, who are not here to sign
    #[arg(long, value_name = "FILE")]
    pub(crate) root_pub: Vec<PathBuf>,
    /// How many root keys a change needs
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) threshold: usize,
    /// How long the store is good for: 365d
    #[arg(long, default_value = "365d", value_name = "DURATION")]
    pub(crate) expires: String,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseArgs,
}

#[derive(Debug, Args)]
pub(crate) struct AddKeyArgs {
    /// A public key
    pub(crate) file: PathBuf,
    /// Whose it is, for people
    #[arg(long, value_name = "TEXT")]
    pub(crate) owner: String,
    /// From when its signatures count: 2027-01-01
    #[arg(long, value_name = "DATE")]
    pub(crate) not_before: Option<String>,
    /// Until when
    #[arg(long, value_name = "DATE")]
    pub(crate) not_after: Option<String>,
    #[command(flatten)]
    pub(crate) root: RootKeyArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RevokeKeyArgs {
    /// The key's id: sha256:...
    pub(crate) id: String,
    /// Why; people read it where a bundle is refused
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    #[command(flatten)]
    pub(crate) root: RootKeyArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RevokeDigestArgs {
    /// The bundle's digest: sha256:...
    pub(crate) digest: String,
    /// Why; people read it where the bundle is refused
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    #[command(flatten)]
    pub(crate) root: RootKeyArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RuleArgs {
    /// A bundle's name, all names of a scope (acme/*), or all (*)
    pub(crate) name: String,
    /// A key that may sign them: sha256:...; may be given several times
    #[arg(long, value_name = "ID", required_unless_present = "remove")]
    pub(crate) key: Vec<String>,
    /// How many of the keys must have signed
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) threshold: usize,
    /// Takes the rule away
    #[arg(long, conflicts_with_all = ["key"])]
    pub(crate) remove: bool,
    #[command(flatten)]
    pub(crate) root: RootKeyArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RootArgs {
    /// The public root keys from now on
    #[arg(long, value_name = "FILE", required = true)]
    pub(crate) key: Vec<PathBuf>,
    /// How many of them a change needs
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) threshold: usize,
    #[command(flatten)]
    pub(crate) root: RootKeyArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RenewArgs {
    /// How long the store is good for from now on: 365d
    #[arg(long, default_value = "365d", value_name = "DURATION")]
    pub(crate) expires: String,
    #[command(flatten)]
    pub(crate) root: RootKeyArgs,
}

#[derive(Debug, Args)]
pub(crate) struct TrustListArgs {
    /// How it is told
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    pub(crate) format: TableFormat,
}

#[derive(Debug, Args)]
pub(crate) struct TrustExportArgs {
    /// The file to write; without it, it is printed
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct TrustImportArgs {
    /// What `trust export` or `--proposal` wrote
    pub(crate) file: PathBuf,
    /// On a machine without a trust store: the id of each of its root keys, as you were told them by someone you know
    #[arg(long, value_name = "ID")]
    pub(crate) root: Vec<String>,
    /// How many of these must sign, as you were told [default: all]
    #[arg(long, value_name = "N", requires = "root")]
    pub(crate) threshold: Option<usize>,
}

#[derive(Debug, Args)]
pub(crate) struct TrustSignArgs {
    /// What `--proposal` wrote
    pub(crate) file: PathBuf,
    /// A private root key; may be given several times
    #[arg(long = "root-key", value_name = "FILE", required = true)]
    pub(crate) root_keys: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseArgs,
}
