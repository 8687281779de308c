//! Which compiler builds the guests.
//!
//! Owns: finding what is there already. Never: installs, downloads or changes anything (`provision` does).

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::{env, fs};

use anyhow::{Context as _, Result, bail};

use crate::environment::command;

/// The target of every guest. No WASI, so that a component's imports are exactly the contract.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// The environment variable that forces one of the ways: `target` or `debian`.
pub const FORCE: &str = "PRESETTER_GUEST_TOOLCHAIN";

/// Where Debian's packages `rustc-web` and `rust-web-src` put the compiler and the standard library's sources.
const DEBIAN_COMPILER: &str = "/usr/bin/rustc";
const DEBIAN_SOURCES: &str = "/usr/lib/rustlib/src/rust";
/// The guests are written for Rust 1.95; the `rustc` of Debian 12 itself is 1.63.
const OLDEST_MINOR: u32 = 95;

/// A way to build guests that works on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Toolchain {
    /// The compiler on the search path, which has the target's standard library.
    Target {
        /// What `rustc -vV` says.
        version: String,
    },
    /// Debian's packaged compiler. It knows the target but has no library for it, so that is built from source.
    DebianBuildStd {
        /// Debian's compiler.
        compiler: PathBuf,
        /// An LLVM linker that can link Wasm.
        linker: PathBuf,
        /// What `rustc -vV` says.
        version: String,
    },
}

impl Toolchain {
    /// What `rustc -vV` of its compiler says.
    #[must_use]
    pub fn version(&self) -> &str {
        match self {
            Self::Target { version } | Self::DebianBuildStd { version, .. } => version,
        }
    }

    /// One line for a person.
    #[must_use]
    pub fn describe(&self) -> String {
        let first = self.version().lines().next().unwrap_or_default();
        match self {
            Self::Target { .. } => format!("{first}, with the target {TARGET}"),
            Self::DebianBuildStd { .. } => format!("Debian's {first}, with the standard library built from source"),
        }
    }
}

/// What `PRESETTER_GUEST_TOOLCHAIN` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Forced {
    Nothing,
    Target,
    Debian,
}

impl Forced {
    pub(crate) fn read() -> Result<Self> {
        match env::var(FORCE).ok().as_deref() {
            None | Some("") => Ok(Self::Nothing),
            Some("target") => Ok(Self::Target),
            Some("debian") => Ok(Self::Debian),
            Some(other) => bail!("{FORCE} is {other:?}; it can be `target` or `debian`"),
        }
    }
}

/// The toolchain that is on this machine already, the target's own library first; `None` if there is none.
///
/// # Errors
/// `PRESETTER_GUEST_TOOLCHAIN` asks for something unknown.
pub fn detect(root: &Path) -> Result<Option<Toolchain>> {
    Ok(match Forced::read()? {
        Forced::Nothing => with_target(root).or_else(|| debian(root)),
        Forced::Target => with_target(root),
        Forced::Debian => debian(root),
    })
}

/// The compiler of the search path, if it has the target's library.
fn with_target(root: &Path) -> Option<Toolchain> {
    let sysroot = PathBuf::from(ask(root, "rustc", &["--print", "sysroot"]).ok()?);
    let mut library = fs::read_dir(sysroot.join("lib/rustlib").join(TARGET).join("lib")).ok()?;
    let has_std = library.any(|entry| entry.is_ok_and(|e| e.file_name().to_string_lossy().starts_with("libstd-")));
    let version = ask(root, "rustc", &["-vV"]).ok()?;
    has_std.then_some(Toolchain::Target { version })
}

/// Debian's compiler, if the sources of its standard library and a linker are there as well.
fn debian(root: &Path) -> Option<Toolchain> {
    let version = ask(root, DEBIAN_COMPILER, &["-vV"]).ok()?;
    let release = field(&version, "release")?;
    let sources = fs::canonicalize(DEBIAN_SOURCES).ok()?;
    // The library of one version does not build with the compiler of another.
    let same = sources.file_name().is_some_and(|name| name.to_string_lossy() == format!("rustc-{release}"));
    if !same || !recent(release) || !sources.join("library/std/Cargo.toml").is_file() {
        return None;
    }
    Some(Toolchain::DebianBuildStd { compiler: DEBIAN_COMPILER.into(), linker: linker(root)?, version })
}

/// A linker for Wasm: the one of the rustup toolchain, else one on the search path.
pub(crate) fn linker(root: &Path) -> Option<PathBuf> {
    let of_rustup = || {
        let sysroot = PathBuf::from(ask(root, "rustc", &["--print", "sysroot"]).ok()?);
        let version = ask(root, "rustc", &["-vV"]).ok()?;
        let path = sysroot.join("lib/rustlib").join(field(&version, "host")?).join("bin/rust-lld");
        path.is_file().then_some(path)
    };
    of_rustup().or_else(|| {
        let folders = env::var_os("PATH")?;
        env::split_paths(&folders)
            .flat_map(|folder| ["rust-lld", "wasm-ld"].map(|name| folder.join(name)))
            .find(|path| path.is_file())
    })
}

/// What a compiler answers, trimmed.
pub(crate) fn ask(root: &Path, compiler: &str, arguments: &[&str]) -> Result<String> {
    // In the project's folder, since rustup chooses the compiler by folder.
    let output = command(compiler).args(arguments).current_dir(root).stderr(Stdio::null()).output();
    let output = output.with_context(|| format!("{compiler} cannot be run"))?;
    if !output.status.success() {
        bail!("{compiler} {} failed", arguments.join(" "));
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// One field of `rustc -vV`.
pub(crate) fn field<'v>(version: &'v str, name: &str) -> Option<&'v str> {
    version.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn recent(release: &str) -> bool {
    let mut parts = release.split('.').map(str::parse::<u32>);
    matches!((parts.next(), parts.next()), (Some(Ok(1)), Some(Ok(minor))) if minor >= OLDEST_MINOR)
}

#[cfg(test)]
mod tests {
    use super::{field, recent};

    #[test]
    fn reads_the_fields_of_a_version() {
        let version =
            "rustc 1.96.0 (ac68faa20 2026-05-25)\nbinary: rustc\nhost: x86_64-unknown-linux-gnu\nrelease: 1.96.0";
        assert_eq!(field(version, "host"), Some("x86_64-unknown-linux-gnu"));
        assert_eq!(field(version, "release"), Some("1.96.0"));
        assert_eq!(field(version, "rel"), None);
    }

    #[test]
    fn knows_old_compilers() {
        assert!(recent("1.95.0"));
        assert!(recent("1.100.2"));
        assert!(!recent("1.63.0"));
        assert!(!recent("nonsense"));
    }
}
