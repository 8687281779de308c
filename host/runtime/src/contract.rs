//! The contract in Rust, and the check that a component keeps to it.

use crate::engine::LoadError;

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "bundle",
    imports: { default: async | trappable },
    exports: { default: async },
});

/// The versions of the contract that this host serves. A component built for another is refused: wasmtime's linker
/// would match 0.1.7 for 0.1.0, which is not ours to promise.
pub const SERVED: &[&str] = &["0.1.0"];

const PACKAGE: &str = "presetter:preset/";
const IMPORTS: [&str; 5] = ["types", "http", "rows", "log", "clock"];

/// What a component is, once it is known to keep to the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// It exports `load`: its presets come as sources.
    pub(crate) interpreter: bool,
}

/// The name under which an interpreter exports `load`.
pub(crate) fn interpreter_export() -> String {
    format!("{PACKAGE}interpreter@{}", SERVED[0])
}

/// What a component exports, as far as it matters here.
pub(crate) struct Exported<'a> {
    pub(crate) name: &'a str,
    /// An interface, not a type or a function.
    pub(crate) is_instance: bool,
}

/// Checks every import and export by name and version.
pub(crate) fn check<'a>(
    imports: impl Iterator<Item = &'a str>,
    exports: impl Iterator<Item = Exported<'a>>,
) -> Result<Shape, LoadError> {
    for name in imports {
        match part(name)? {
            Some(interface) if IMPORTS.contains(&interface) => {}
            _ => return Err(LoadError::ForeignImport { name: name.to_owned() }),
        }
    }
    let mut runs = false;
    let mut interpreter = false;
    for Exported { name, is_instance } in exports {
        if is_instance {
            match part(name)? {
                Some("preset") => runs = true,
                Some("interpreter") => interpreter = true,
                _ => {}
            }
        }
    }
    if runs { Ok(Shape { interpreter }) } else { Err(LoadError::NotAPreset) }
}

/// The interface of our package that a name means, if it is one of a version that we serve.
fn part(name: &str) -> Result<Option<&str>, LoadError> {
    let Some((interface, version)) =
        name.strip_prefix(PACKAGE).map(|rest| rest.split_once('@').unwrap_or((rest, "none")))
    else {
        return Ok(None);
    };
    if SERVED.contains(&version) {
        return Ok(Some(interface));
    }
    Err(LoadError::OtherContract { wanted: version.to_owned(), served: SERVED.join(", ") })
}
