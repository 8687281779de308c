//! The grammar of what hands bundles on: `sign`, `verify`, `inspect`, `import`, `install`, `list`, `upgrade`, `remove`, `rollback`,
//! `push`, `pull`, `versions`.

use std::path::PathBuf;

use clap::Args;

use super::TableFormat;
use super::key::SigningKeyArgs;

pub(crate) const SIGN: &str = "\
What is signed is the digest of the bundle's manifest, which covers every byte
of it. A bundle may have up to 16 signatures; where a rule of the trust store
asks for two, two people sign. In a registry the signature is put beside the
bundle, which stays as it is.

Examples:
  presetter sign acme-1.0.0.preset --key acme.key
  presetter sign registry.example/presets/acme@sha256:7d1a... --key acme.key \\
      --passphrase env:ACME_PASSPHRASE";

#[derive(Debug, Args)]
pub(crate) struct SignArgs {
    /// A file NAME-VERSION.preset, or a reference: HOST/REPOSITORY:TAG
    pub(crate) package: String,
    #[command(flatten)]
    pub(crate) key: SigningKeyArgs,
    #[command(flatten)]
    pub(crate) network: RegistryArgs,
}

pub(crate) const VERIFY: &str = "\
Signatures first, with the keys and rules of your trust store; then every byte
against the signed digest. Nothing of the bundle is read, run or compiled before
that. Exit code 9: it is not trusted, and the message says why.

Examples:
  presetter verify acme-1.0.0.preset
  presetter verify acme-1.0.0.preset --key acme.pub   with this key alone
  presetter verify acme-1.0.0.preset --rebuild        packs its sources anew as
                                                      well, and compares";

#[derive(Debug, Args)]
pub(crate) struct VerifyPackageArgs {
    /// A file, or a reference: HOST/REPOSITORY:TAG
    pub(crate) package: String,
    /// A public key to verify with, in place of the trust store; may be given several times, then each must have signed
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Vec<PathBuf>,
    /// Packs the sources anew, with the same interpreter, and compares the component
    #[arg(long)]
    pub(crate) rebuild: bool,
    /// How it is told
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    pub(crate) format: TableFormat,
    #[command(flatten)]
    pub(crate) network: RegistryArgs,
}

pub(crate) const INSPECT: &str = "\
Nothing is verified: what is shown is what the file says of itself.

Example:
  presetter inspect acme-1.0.0.preset";

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// A file, or a reference: HOST/REPOSITORY:TAG
    pub(crate) package: String,
    /// How it is told
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    pub(crate) format: TableFormat,
    #[command(flatten)]
    pub(crate) network: RegistryArgs,
}

pub(crate) const IMPORT: &str = "\
Other tools write OCI layouts in forms of their own; this writes the one form
that everything else takes. Signatures are kept, and not verified here.

Example:
  skopeo copy docker://registry.example/presets/acme:1.0.0 oci:acme
  presetter import acme -o acme-1.0.0.preset";

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// A folder with an OCI image layout; unpack an archive of one first
    pub(crate) layout: PathBuf,
    /// The file to write
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

pub(crate) const INSTALL: &str = "\
A bundle is installed only if its signatures are what your trust store asks for.
What it may do is shown first, and asked about. From then on `presetter run
NAME/PRESET` runs it, and verifies it each time.

Examples:
  presetter install acme-1.0.0.preset
  presetter install registry.example/presets/acme:1.0.0
  presetter install acme --registry registry.example/presets
                                         the newest version there
  presetter install --locked             what presetter.lock of this folder has";

#[derive(Debug, Args)]
pub(crate) struct InstallArgs {
    /// A file, a reference HOST/REPOSITORY:TAG, a folder with an OCI layout, or a bundle's name
    #[arg(required_unless_present = "locked")]
    pub(crate) package: Option<String>,
    /// Installs exactly what presetter.lock names
    #[arg(long, conflicts_with = "package")]
    pub(crate) locked: bool,
    /// Where a bundle that is named alone comes from: HOST/FOLDER, below which each bundle has its repository
    #[arg(long, value_name = "HOST/FOLDER")]
    pub(crate) registry: Option<String>,
    /// Writes what was installed into presetter.lock in this folder
    #[arg(long, conflicts_with = "locked")]
    pub(crate) lock: bool,
    #[command(flatten)]
    pub(crate) consent: ConsentArgs,
    #[command(flatten)]
    pub(crate) network: RegistryArgs,
}

/// What answers questions before they are asked.
#[derive(Debug, Args)]
pub(crate) struct ConsentArgs {
    /// Answers yes to what is asked, but not to wider permissions
    #[arg(long)]
    pub(crate) yes: bool,
    /// Accepts that a new version may do more than the one that was approved
    #[arg(long)]
    pub(crate) accept_wider_grants: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// How it is told
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    pub(crate) format: TableFormat,
}

pub(crate) const UPGRADE: &str = "\
Shows what the new version may do that the installed one may not, and what its
presets take and give that they did not. Where it may do more it asks again.

Examples:
  presetter upgrade
  presetter upgrade acme
  presetter upgrade acme --from acme-1.1.0.preset
  presetter upgrade acme --yes --accept-wider-grants";

#[derive(Debug, Args)]
pub(crate) struct UpgradeArgs {
    /// An installed bundle; without it all that came from a registry
    pub(crate) name: Option<String>,
    /// A file or reference to take it from, in place of where it came from
    #[arg(long, value_name = "FILE|REF", requires = "name")]
    pub(crate) from: Option<String>,
    /// Shows the differences, and changes nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) consent: ConsentArgs,
    #[command(flatten)]
    pub(crate) network: RegistryArgs,
}

#[derive(Debug, Args)]
pub(crate) struct UninstallArgs {
    /// An installed bundle
    pub(crate) name: String,
}

pub(crate) const ROLLBACK: &str = "\
An older version is otherwise refused, whoever signed it: it may have faults
that were mended since. Going back is recorded, with the reason.

Example:
  presetter rollback acme --to 1.0.0 --reason 'create-user fails since 1.1'";

#[derive(Debug, Args)]
pub(crate) struct RollbackArgs {
    /// An installed bundle
    pub(crate) name: String,
    /// The version, one that was installed before
    #[arg(long, value_name = "VERSION")]
    pub(crate) to: String,
    /// Why; it is kept in the history
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    #[command(flatten)]
    pub(crate) consent: ConsentArgs,
}

pub(crate) const PUSH: &str = "\
Any OCI registry. Logins are those of Docker (`docker login`, or any credential
helper in ~/.docker/config.json). The bundle keeps its digest; its signatures
are put beside it. A broken push goes on where it was when it is run again.

Example:
  presetter push acme-1.0.0.preset registry.example/presets/acme:1.0.0";

#[derive(Debug, Args)]
pub(crate) struct PushArgs {
    /// A file NAME-VERSION.preset
    pub(crate) file: PathBuf,
    /// Where to: HOST/REPOSITORY, with the version as the tag unless one is given
    pub(crate) reference: String,
    #[command(flatten)]
    pub(crate) network: RegistryArgs,
}

pub(crate) const PULL: &str = "\
The file is complete when it is there, and as it was pushed, with the signatures
that the registry has for it. It is not verified: `presetter verify` does that,
and `presetter install` always.

Example:
  presetter pull registry.example/presets/acme:1.0.0 -o acme-1.0.0.preset";

#[derive(Debug, Args)]
pub(crate) struct PullArgs {
    /// HOST/REPOSITORY:TAG, or HOST/REPOSITORY@sha256:DIGEST
    pub(crate) reference: String,
    /// The file to write; without it NAME-VERSION.preset in this folder
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) network: RegistryArgs,
}

#[derive(Debug, Args)]
pub(crate) struct VersionsArgs {
    /// HOST/REPOSITORY
    pub(crate) reference: String,
    /// How it is told
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    pub(crate) format: TableFormat,
    #[command(flatten)]
    pub(crate) network: RegistryArgs,
}

/// How a registry is reached.
#[derive(Debug, Default, Clone, Args)]
pub(crate) struct RegistryArgs {
    /// A file of authorities to trust for this registry, beside the system's, in PEM form
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// The registry is in this network: private addresses may be reached
    #[arg(long)]
    pub(crate) allow_private: bool,
}
