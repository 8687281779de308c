//! The grammar of `connection allow`, `disallow`, `list` and `show`.

use clap::Args;

use super::TableFormat;

pub(crate) const ALLOW: &str = "\
A connection serves the source that it was added for, and those allowed here:
a bundle that is built in, one in a folder, or a signed one by its name and the
keys that signed it; later versions by one of these keys are served too. What
is allowed gets the connection's credentials filled into its requests: shown,
and asked about, before it is so.

Examples:
  presetter connection allow mosyle ./presets/mosyle
  presetter connection allow mosyle acme/mosyle --yes";

pub(crate) const DISALLOW: &str = "\
Its session is forgotten, since any of its sources may have opened it. The last
source cannot be taken away: remove the connection.

Example:
  presetter connection disallow mosyle ./presets/mosyle";

#[derive(Debug, Args)]
pub(crate) struct AllowArgs {
    /// The connection's name
    pub(crate) name: String,
    /// BUNDLE, BUNDLE/PRESET, or a bundle's folder that begins with ./ ../ or /
    pub(crate) source: String,
    /// Do it without a question
    #[arg(short, long, conflicts_with = "dry_run")]
    pub(crate) yes: bool,
    /// Only show what would be allowed
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DisallowArgs {
    /// The connection's name
    pub(crate) name: String,
    /// The bundle, or its folder, as `connection show` names it
    pub(crate) source: String,
}

#[derive(Debug, Args)]
pub(crate) struct ListConnectionsArgs {
    /// How they are printed; json prints one object a line
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    pub(crate) format: TableFormat,
}

#[derive(Debug, Args)]
pub(crate) struct ShowConnectionArgs {
    /// The connection's name
    pub(crate) name: String,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    pub(crate) format: TableFormat,
}
