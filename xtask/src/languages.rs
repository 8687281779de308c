//! Tools of others that tests need: Node.js with npm and Python with its `venv`, which examples are built with, and skopeo.
//!
//! Owns: how these come onto the machine: as packages of Debian, where this is Debian and we are root. Elsewhere it says what to
//! install. What the examples themselves need is got by their tests (`tests/tests/languages.rs`), by npm and pip.

use std::env;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Result, bail};
use presetter_guests::{command, install_packages};

use crate::step::{Steps, say};

/// A program, what shows that it works, and Debian's package of it.
const TOOLS: [(&str, &[&str], &str); 4] = [
    ("node", &["--version"], "nodejs"),
    ("npm", &["--version"], "npm"),
    // Debian has parts of Python's own library in packages apart.
    ("python3", &["-c", "import ensurepip, venv"], "python3-venv"),
    // Reads packages as any tool for registries does.
    ("skopeo", &["--version"], "skopeo"),
];

/// Installs what is missing. Not where somebody says `PRESETTER_OFFLINE`, but in CI always.
pub(crate) fn provision(root: &Path, steps: &mut Steps) -> Result<()> {
    if env::var_os("CI").is_none() && env::var_os("PRESETTER_OFFLINE").is_some() {
        say("\n=== languages: not tested, since PRESETTER_OFFLINE is set");
        return Ok(());
    }
    steps.work("tools of others: Node.js, Python, skopeo", "cargo xtask test", |say| {
        let wanted = missing(root);
        if wanted.is_empty() {
            return Ok(());
        }
        let why = install_packages(root, &wanted, say).err();
        let still = missing(root);
        if still.is_empty() {
            return Ok(());
        }
        let why = why.unwrap_or_else(|| "installed, and yet they do not work".into());
        bail!(
            "tools that tests need are missing ({why}). Do one of these, then run the command again:\n  \
             on Debian, as root:   apt-get update && apt-get install {}\n  \
             elsewhere:            install Node.js 18.19 or newer with npm, Python 3 with venv, and skopeo\n  \
             without the network:  set PRESETTER_OFFLINE=1, and they are left out",
            still.join(" ")
        )
    })
}

/// The packages of what does not work here.
fn missing(root: &Path) -> Vec<&'static str> {
    let works = |program: &str, arguments: &[&str]| {
        let mut command = command(program);
        command.args(arguments).current_dir(root).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    TOOLS.iter().filter(|(program, arguments, _)| !works(program, arguments)).map(|(.., package)| *package).collect()
}
