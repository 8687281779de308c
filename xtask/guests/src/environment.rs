//! What a guest build inherits from its surroundings.
//!
//! Owns: the choice of environment variables that reach the guests' cargo. It is called from build scripts too, where
//! an outer cargo has set dozens of variables that speak of another target, other flags and another compiler.
//! Keeps true: nothing inherited can change the bytes of a guest; where to download from, and how, is inherited.

use std::env;
use std::ffi::OsStr;
use std::process::Command;

/// A command that starts without whatever an outer cargo, or a person's flags for the host, would tell it.
#[must_use]
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        if !inherits(&name.to_string_lossy()) {
            command.env_remove(name);
        }
    }
    command
}

/// The cargo that runs us, else the one on the search path.
pub(crate) fn cargo() -> Command {
    command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

fn inherits(name: &str) -> bool {
    // Where things come from (homes, registries, proxies) and how many jobs run: none of it is seen in the bytes.
    const KEPT: [&str; 7] =
        ["CARGO_HOME", "CARGO_BUILD_JOBS", "CARGO_HTTP_", "CARGO_NET_", "CARGO_REGISTR", "CARGO_SOURCE_", "RUSTUP_"];
    // What cargo and clippy set or read beside it. A build script's own variables are in the list as well.
    const DROPPED: [&str; 10] = [
        "CARGO",
        "RUSTC",
        "RUSTDOC",
        "RUSTFLAGS",
        "RUST_TARGET_PATH",
        "CLIPPY_",
        "MAKEFLAGS",
        "MFLAGS",
        "DEP_",
        "OUT_DIR",
    ];
    const DROPPED_WHOLE: [&str; 7] =
        ["TARGET", "HOST", "NUM_JOBS", "OPT_LEVEL", "PROFILE", "DEBUG", "SOURCE_DATE_EPOCH"];
    KEPT.iter().any(|kept| name.starts_with(kept))
        || !(DROPPED.iter().any(|dropped| name.starts_with(dropped)) || DROPPED_WHOLE.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::{command, inherits};

    #[test]
    fn drops_what_an_outer_cargo_sets() {
        for name in [
            "CARGO",
            "CARGO_MANIFEST_DIR",
            "CARGO_PKG_NAME",
            "CARGO_TARGET_DIR",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_MAKEFLAGS",
            "CARGO_BUILD_TARGET",
            "CARGO_BUILD_RUSTFLAGS",
            "CARGO_PROFILE_RELEASE_LTO",
            "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS",
            "CARGO_CFG_TARGET_OS",
            "CARGO_FEATURE_STD",
            "MAKEFLAGS",
            "RUSTFLAGS",
            "RUSTC",
            "RUSTC_WRAPPER",
            "RUSTC_WORKSPACE_WRAPPER",
            "RUSTC_BOOTSTRAP",
            "RUSTDOCFLAGS",
            "CLIPPY_ARGS",
            "OUT_DIR",
            "TARGET",
            "HOST",
            "PROFILE",
            "DEP_RING_0_17_INCLUDE",
        ] {
            assert!(!inherits(name), "{name}");
        }
    }

    #[test]
    fn keeps_homes_registries_and_proxies() {
        for name in [
            "PATH",
            "HOME",
            "HOSTNAME",
            "CARGO_HOME",
            "CARGO_NET_OFFLINE",
            "CARGO_HTTP_PROXY",
            "CARGO_REGISTRIES_COMPANY_INDEX",
            "CARGO_REGISTRY_DEFAULT",
            "CARGO_SOURCE_CRATES_IO_REPLACE_WITH",
            "RUSTUP_HOME",
            "RUSTUP_TOOLCHAIN",
            "https_proxy",
            "SSL_CERT_FILE",
            "RUST_BACKTRACE",
        ] {
            assert!(inherits(name), "{name}");
        }
    }

    #[test]
    fn a_command_leaves_the_test_runners_own_variables_behind() {
        // Cargo sets this for every test.
        assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
        let removed = command("true").get_envs().any(|(name, value)| name == "CARGO_MANIFEST_DIR" && value.is_none());
        assert!(removed);
    }
}
