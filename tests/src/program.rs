//! The program under test: `target/PROFILE/presetter`, brought up to date once by cargo.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The project's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The program `presetter`. Cargo builds it if it is not there or older than its sources; `PRESETTER_PROGRAM` names
/// another one to test, such as an installed one.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| env::var_os("PRESETTER_PROGRAM").map_or_else(build, PathBuf::from))
}

/// A folder in cargo's own for what tests may share between them, such as compiled code.
pub fn scratch(name: &str) -> PathBuf {
    // A test is target/PROFILE/deps/NAME-HASH, the benchmark target/PROFILE/bench.
    let this = env::current_exe().unwrap();
    let folder = this.parent().unwrap();
    let profile = if folder.ends_with("deps") { folder.parent().unwrap() } else { folder };
    profile.parent().unwrap().join("tmp").join(name)
}

fn build() -> PathBuf {
    // This test is target/PROFILE/deps/NAME-HASH.
    let test = env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    // The whole workspace's features, as `cargo xtask` builds it (see there): with those of the program alone, wasmtime
    // and some thirty others would be built once more.
    cargo.args(["build", "--quiet", "--workspace", "--bin", "presetter", "--examples"]).current_dir(root());
    cargo.arg("--target-dir").arg(folder.parent().unwrap());
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    // What cargo tells a test of the test's package: build scripts that look at it would run again, and all that is built on them.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text == "CARGO" || text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(name);
        }
    }
    assert!(cargo.status().unwrap().success(), "the program could not be built");
    folder.join(format!("presetter{}", env::consts::EXE_SUFFIX))
}
