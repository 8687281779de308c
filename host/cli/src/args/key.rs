//! The grammar of keys: `key generate`, `key id`, `key import`, and the options of whatever signs.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// The private key that something is signed with.
#[derive(Debug, Args)]
pub(crate) struct SigningKeyArgs {
    /// The private key: a file that `presetter key generate` made
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseArgs,
}

/// Where the passphrase of a private key comes from.
#[derive(Debug, Args)]
pub(crate) struct PassphraseArgs {
    /// Where the key's passphrase is: env:NAME, file:PATH, keyring:SERVICE/NAME, cmd:PROGRAM ARGS; without it you are asked
    #[arg(long, value_name = "REFERENCE")]
    pub(crate) passphrase: Option<String>,
}

pub(crate) const KEY: &str = "\
Keys are ECDSA P-256, private ones encrypted PKCS#8 in PEM form, which OpenSSL
reads too. An id is the sha256 of a public key: what people compare over the
telephone.

Examples:
  presetter key generate acme.key               writes acme.key and acme.key.pub
  presetter key id acme.key.pub
  presetter key import cosign.pub -o acme.pub   a public key that cosign made";

#[derive(Debug, Subcommand)]
pub(crate) enum KeyVerb {
    /// Makes a pair of keys: FILE, encrypted, and FILE.pub
    Generate(KeyGenerateArgs),
    /// Tells the id of a key, public or private
    Id(KeyIdArgs),
    /// Takes a key that another program made: a public one (cosign, OpenSSL), or an encrypted private one (PKCS#8)
    Import(KeyImportArgs),
}

#[derive(Debug, Args)]
pub(crate) struct KeyGenerateArgs {
    /// The file of the private key; one that is there is never overwritten
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseArgs,
}

#[derive(Debug, Args)]
pub(crate) struct KeyIdArgs {
    /// A public or private key
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseArgs,
}

#[derive(Debug, Args)]
pub(crate) struct KeyImportArgs {
    /// The key, in PEM or DER form
    pub(crate) file: PathBuf,
    /// The file to write
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseArgs,
}
