//! From a core module to a component.
//!
//! Owns: the wrapping, and the question what a component asks of its host.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use wit_component::{ComponentEncoder, DecodedWasm};

/// The version of the `wit-component` crate, which decides about a component's bytes. A test holds the two together.
pub(crate) const ENCODER: &str = "0.254.2";

/// The contract's package, as it stands in front of every import.
const CONTRACT: &str = "presetter:preset/";

/// Wraps a core module that `wit-bindgen` has described into a component, and validates it.
pub(crate) fn wrap(module: &Path) -> Result<Vec<u8>> {
    let core = fs::read(module).with_context(|| format!("cargo left no {}", module.display()))?;
    let component = ComponentEncoder::default().validate(true).module(&core).and_then(|mut encoder| encoder.encode());
    component.with_context(|| format!("{} cannot be made a component", module.display()))
}

/// What a component imports beside the contract, by name; empty for every honest guest.
///
/// # Errors
/// The bytes are not a component.
pub fn foreign_imports(component: &[u8]) -> Result<Vec<String>> {
    // Layer and version of the binary format: a core module would be decoded as well, to a world without imports.
    if component.get(..8) != Some(b"\0asm\x0d\0\x01\0") {
        bail!("not a component");
    }
    let DecodedWasm::Component(resolve, world) = wit_component::decode(component).context("not a component")? else {
        bail!("not a component but a package of WIT");
    };
    let imports = resolve.worlds[world].imports.keys().map(|key| resolve.name_world_key(key));
    Ok(imports.filter(|name| !name.starts_with(CONTRACT)).collect())
}

#[cfg(test)]
mod tests {
    use super::{ENCODER, foreign_imports};

    #[test]
    fn the_encoder_is_the_one_that_the_workspace_pins() {
        let manifest = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml")).unwrap();
        let pin = format!("wit-component = \"={ENCODER}\"");
        assert!(manifest.lines().any(|line| line == pin), "Cargo.toml should have the line {pin}");
    }

    #[test]
    fn refuses_what_is_no_component() {
        assert!(foreign_imports(b"").is_err());
        // An empty core module.
        assert!(foreign_imports(b"\0asm\x01\0\0\0").is_err());
    }

    #[test]
    fn an_empty_component_imports_nothing() {
        assert_eq!(foreign_imports(b"\0asm\x0d\0\x01\0").unwrap(), Vec::<String>::new());
    }
}
