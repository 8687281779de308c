//! The grammar of `connection`: what is set up once to reach an account.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{AllowArgs, DisallowArgs, ListConnectionsArgs, ShowConnectionArgs, pair, sources};

#[derive(Debug, Subcommand)]
pub(crate) enum ConnectionVerb {
    /// Sets up a connection
    #[command(after_help = ADD)]
    Add(AddArgs),
    /// Lists all connections
    List(ListConnectionsArgs),
    /// Shows a connection; secrets stay references
    Show(ShowConnectionArgs),
    /// Lets a connection serve one more bundle
    #[command(after_help = sources::ALLOW)]
    Allow(AllowArgs),
    /// Takes a bundle away from those that a connection serves
    #[command(after_help = sources::DISALLOW)]
    Disallow(DisallowArgs),
    /// Changes a connection: its fields, secrets, settings and permissions
    #[command(
        after_help = "Examples:\n  presetter connection set mosyle --setting update_operation=save_user\n  presetter connection set mosyle --read-only true\n  presetter connection set mosyle --secret password=file:/run/secrets/mosyle\nAn empty value (--setting page_size=) goes back to the bundle's.\nAn empty --ca=, --client-certificate= or --proxy= takes away what there was."
    )]
    Set(SetArgs),
    /// Tries a connection: opens a session and says which of the bundle's assumptions hold
    Test(NameArg),
    /// Opens a connection in your editor; it is checked before it replaces the old
    Edit(NameArg),
    /// Prints connections as TOML to hand over: references, never a secret
    #[command(after_help = "Example:\n  presetter connection export mosyle > mosyle.toml")]
    Export {
        /// Their names; without a name, all
        names: Vec<String>,
    },
    /// Takes over connections that `export` printed
    Import {
        /// The file; - reads standard input
        #[arg(value_name = "FILE|-")]
        file: PathBuf,
        /// Replace connections of the same name
        #[arg(long)]
        replace: bool,
        /// Do it without a question
        #[arg(short, long)]
        yes: bool,
    },
    /// Removes a connection, and its session
    Remove(NameArg),
}

pub(crate) const ADD: &str = "\
A secret is given as a reference, read when it is needed and never written down:
  env:NAME               a variable of the environment
  file:PATH              a file that only you can read
  keyring:SERVICE/NAME   your system's keyring
  cmd:PROGRAM ARGS       what a program prints, such as `cmd:pass show mosyle`
  prompt                 asked for at the terminal
cmd: runs a program without a shell; for pipes: cmd:sh -c '...'

Example:
  presetter connection add mosyle --kind mosyle/session \\
      --field email=api@example.com --secret password=env:MOSYLE_PASSWORD \\
      --secret access_token=env:MOSYLE_TOKEN";

#[derive(Debug, Args)]
pub(crate) struct NameArg {
    /// The connection's name
    pub(crate) name: String,
}

#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// Its name: letters, digits, - _ and ., at most 64
    pub(crate) name: String,
    /// BUNDLE/KIND, or a path that begins with ./ ../ or / and whose last part is the kind
    #[arg(long, value_name = "BUNDLE/KIND")]
    pub(crate) kind: String,
    /// The server, if not the one that the bundle names
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// Allow plain http and addresses of this machine and of private networks, for a test server
    #[arg(long)]
    pub(crate) allow_private: bool,
    /// Refuse presets that change anything
    #[arg(long)]
    pub(crate) read_only: bool,
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
    /// A plain value that the kind asks for
    #[arg(long, value_name = "K=V", value_parser = pair)]
    pub(crate) field: Vec<(String, String)>,
    /// Where a secret is: env:NAME, file:PATH, keyring:SERVICE/NAME, cmd:PROGRAM ARGS, prompt
    #[arg(long, value_name = "K=REF")]
    pub(crate) secret: Vec<String>,
    /// Corrects an assumption of the bundle
    #[arg(long, value_name = "K=V", value_parser = pair)]
    pub(crate) setting: Vec<(String, String)>,
    /// What a run may use up: memory=128MiB, guest_time=20s; `presetter grants PRESET` lists the limits
    #[arg(long, value_name = "LIMIT=AMOUNT", value_parser = pair)]
    pub(crate) limit: Vec<(String, String)>,
}

/// What `add` and `set` share. An empty value takes away what there was.
#[derive(Debug, Default, Args)]
pub(crate) struct NetworkArgs {
    /// A file of authorities (PEM) to trust beside the system's, for this connection alone
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<String>,
    /// Where a client certificate with its private key (PEM) is; the forms are those of a secret
    #[arg(long, value_name = "REF")]
    pub(crate) client_certificate: Option<String>,
    /// A proxy that all requests go through: http://HOST:PORT. Those of the environment are never used
    #[arg(long, value_name = "URL")]
    pub(crate) proxy: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct SetArgs {
    /// The connection's name
    pub(crate) name: String,
    /// The server
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// Allow plain http and addresses of this machine and of private networks
    #[arg(long, value_name = "true|false")]
    pub(crate) allow_private: Option<bool>,
    /// Refuse presets that change anything
    #[arg(long, value_name = "true|false")]
    pub(crate) read_only: Option<bool>,
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
    /// A plain value that the kind asks for
    #[arg(long, value_name = "K=V", value_parser = pair)]
    pub(crate) field: Vec<(String, String)>,
    /// Where a secret is; the forms are those of `connection add`
    #[arg(long, value_name = "K=REF")]
    pub(crate) secret: Vec<String>,
    /// Corrects an assumption of the bundle
    #[arg(long, value_name = "K=V", value_parser = pair)]
    pub(crate) setting: Vec<(String, String)>,
    /// What a run may use up: memory=128MiB, guest_time=20s; an empty amount goes back to the usual one
    #[arg(long, value_name = "LIMIT=AMOUNT", value_parser = pair)]
    pub(crate) limit: Vec<(String, String)>,
}
