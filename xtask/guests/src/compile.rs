//! Calls cargo for a workspace of guests.
//!
//! Owns: the command lines and the flags of a guest build.
//! Keeps true: the same sources, lock file and compiler get the same flags, but for the paths that are mapped away.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, io};

use anyhow::{Context as _, Result, bail};

use crate::Workspace;
use crate::environment::cargo;
use crate::toolchain::{TARGET, Toolchain, ask, field};

/// Builds all guests of a workspace; the core modules lie in its target folder then.
pub(crate) fn compile(root: &Path, workspace: &Workspace, toolchain: &Toolchain) -> Result<()> {
    let folder = root.join(workspace.folder);
    let failed = || format!("the guests in {}/ do not build", workspace.folder);
    // Before the flags are made, for they name the folders that crates are unpacked into. As everywhere with cargo, a
    // lock file that is behind its manifests is brought up to date, but for CI, where it is a mistake to be seen.
    let mut fetch = cargo();
    fetch.args(["fetch", "--quiet"]).args(env::var_os("CI").map(|_| "--locked")).current_dir(&folder);
    run(&mut fetch).with_context(failed)?;
    let mut build = cargo();
    build.args(["build", "--release", "--locked", "--target", TARGET, "--target-dir", "target"]).current_dir(&folder);
    build.env("CARGO_ENCODED_RUSTFLAGS", flags(root, toolchain)?);
    if let Toolchain::DebianBuildStd { compiler, linker, .. } = toolchain {
        build.arg("-Zbuild-std=std,panic_abort");
        build.env("RUSTC", compiler).env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
        // Debian's compiler is a stable one; building the standard library is a feature of nightly ones.
        build.env("RUSTC_BOOTSTRAP", "1");
    }
    run(&mut build).with_context(failed)
}

/// The target has no source of randomness, and what `getrandom` would look for in its place is a browser's. A guest that
/// has the crate among its dependencies brings a source of its own.
const RANDOMNESS: &str = r#"--cfg=getrandom_backend="custom""#;

/// The compiler's flags, joined as `CARGO_ENCODED_RUSTFLAGS` wants them: the machine's paths mapped to plain names.
fn flags(root: &Path, toolchain: &Toolchain) -> Result<String> {
    let mut maps = vec![(root.to_owned(), "/presetter".to_owned())];
    if let Some(home) = cargo_home() {
        maps.push((home.clone(), "/cargo".into()));
        // Below it every registry has a folder named after its host and index. Where two mirrors hold the same crates,
        // the bytes should be the same as well.
        for folder in children(&home.join("registry/src"))? {
            maps.push((folder, "/cargo/registry".into()));
        }
    }
    let compiler = match toolchain {
        Toolchain::Target { .. } => "rustc".into(),
        Toolchain::DebianBuildStd { compiler, .. } => compiler.to_string_lossy(),
    };
    let sources = Path::new(&ask(root, &compiler, &["--print", "sysroot"])?).join("lib/rustlib/src/rust");
    let commit = field(toolchain.version(), "commit-hash").unwrap_or("unknown");
    if let Ok(real) = sources.canonicalize() {
        maps.push((real, format!("/rustc/{commit}")));
    }
    maps.push((sources, format!("/rustc/{commit}")));
    // The last one that fits is taken, so the more special ones stand behind.
    let flags = maps.into_iter().map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()));
    Ok(flags.chain([RANDOMNESS.to_owned()]).collect::<Vec<_>>().join("\x1f"))
}

fn cargo_home() -> Option<PathBuf> {
    env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(env::home_dir()?.join(".cargo")))
}

/// The folders in a folder, sorted; none where there is no such folder.
fn children(folder: &Path) -> Result<Vec<PathBuf>> {
    let list = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        list => list.with_context(|| format!("{} cannot be read", folder.display()))?,
    };
    let mut folders = Vec::new();
    for entry in list {
        folders.push(entry?.path());
    }
    folders.sort();
    Ok(folders)
}

/// Standard output stays closed: in a build script cargo reads it as instructions.
fn run(command: &mut Command) -> Result<()> {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status().context("cargo cannot be run")?;
    if !status.success() {
        bail!("cargo ended with {status}");
    }
    Ok(())
}
