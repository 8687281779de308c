//! Puts the interpreters' components where the crate embeds them from.
//!
//! Takes them from the cache, else builds them if a toolchain for them is on this machine. Installs nothing:
//! `cargo xtask guests` does.

use std::path::{Path, PathBuf};
use std::{env, fs};

use presetter_guests::{Built, FORCE, INTERPRETERS, TARGET, detect};

fn main() -> Result<(), String> {
    let root = Path::new(&variable("CARGO_MANIFEST_DIR")?).join("../..");
    let root = root.canonicalize().map_err(|error| format!("the project's root is not there ({error})"))?;
    println!("cargo::rerun-if-env-changed={FORCE}");
    for path in INTERPRETERS.watched(&root).map_err(|error| format!("{error:#}"))? {
        println!("cargo::rerun-if-changed={}", path.display());
    }
    let out = PathBuf::from(variable("OUT_DIR")?);
    for Built { name, path, sha256 } in components(&root)? {
        let copy = out.join(format!("{name}.wasm"));
        fs::copy(&path, &copy).map_err(|error| format!("{} cannot be copied ({error})", path.display()))?;
        let name = name.to_uppercase();
        println!("cargo::rustc-env=PRESETTER_{name}_COMPONENT={}", copy.display());
        println!("cargo::rustc-env=PRESETTER_{name}_SHA256={sha256}");
    }
    Ok(())
}

fn components(root: &Path) -> Result<Vec<Built>, String> {
    let toolchain = detect(root).map_err(|error| format!("{error:#}"))?;
    if let Some(cached) = INTERPRETERS.cached(root, toolchain.as_ref()).map_err(|error| format!("{error:#}"))? {
        return Ok(cached);
    }
    match toolchain {
        Some(toolchain) => INTERPRETERS.build(root, &toolchain).map_err(|error| format!("{error:#}")),
        None => Err(format!("no compiler here can build the guests (target {TARGET}): run `cargo xtask guests` once")),
    }
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("cargo should have set {name}"))
}
