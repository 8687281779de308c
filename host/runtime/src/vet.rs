//! A component before it is compiled: validated, counted, and asked what it wants.
//!
//! Owns: the one pass over a stranger's bytes that comes before the compiler sees them. Must never: compile or run anything.
//! Invariant: a component that imports anything outside the contract, or that is larger than anything honest, costs no
//! compilation.

use wasmparser::{ComponentExternalKind, FuncValidatorAllocations, Parser, Payload, ValidPayload, Validator};

use crate::contract::{self, Exported};
use crate::engine::LoadError;

/// The most functions of a component. Python's interpreter, the largest that we know, has some thirty thousand.
const MAX_FUNCTIONS: usize = 250_000;
/// The most modules and components inside it.
const MAX_PARTS: usize = 256;

/// Validates a component and checks what it imports and exports.
///
/// # Errors
/// See [`LoadError`].
pub(crate) fn vet(bytes: &[u8]) -> Result<(), LoadError> {
    let not = |error: wasmparser::BinaryReaderError| LoadError::NotAComponent { reason: error.to_string() };
    let mut validator = Validator::new();
    let mut allocations = FuncValidatorAllocations::default();
    let (mut depth, mut parts, mut functions) = (0usize, 0usize, 0usize);
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(not)?;
        match &payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                depth += 1;
                parts += 1;
                bounded("modules and components inside", parts, MAX_PARTS)?;
            }
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section.clone() {
                    imports.push(import.map_err(not)?.name.name);
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section.clone() {
                    let export = export.map_err(not)?;
                    exports.push(Exported {
                        name: export.name.name,
                        is_instance: export.kind == ComponentExternalKind::Instance,
                    });
                }
            }
            _ => {}
        }
        if let ValidPayload::Func(function, body) = validator.payload(&payload).map_err(not)? {
            functions += 1;
            bounded("functions", functions, MAX_FUNCTIONS)?;
            let mut function = function.into_validator(allocations);
            function.validate(&body).map_err(not)?;
            allocations = function.into_allocations();
        }
    }
    contract::check(imports.into_iter(), exports.into_iter()).map(drop)
}

fn bounded(what: &'static str, count: usize, most: usize) -> Result<(), LoadError> {
    if count > most { Err(LoadError::TooMany { what, most }) } else { Ok(()) }
}
