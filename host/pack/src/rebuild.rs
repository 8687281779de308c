//! Whether a packed bundle holds what its sources say: packing them again, by the same interpreter, gives the same component.

use presetter_bundle::{Bundle, Packed};
use sha2::{Digest as _, Sha256};

use crate::{Interpreter, PackError, RECIPE, SCRIPT, snapshot, source_document};

/// What packing again showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rebuilt {
    /// The component is what these sources make.
    Same {
        /// The interpreter's name.
        interpreter: String,
    },
    /// It is something else.
    Differs {
        /// The sha256 of the component that is there.
        there: String,
        /// The sha256 of what the sources make.
        made: String,
    },
    /// It was made by an interpreter that this program does not have, so nothing can be said.
    OtherInterpreter {
        /// Its name.
        interpreter: String,
        /// Its sha256.
        sha256: String,
        /// The version of the program that packed it.
        packed_by: String,
    },
    /// The component is its author's own: there are no sources of it in the bundle.
    OwnComponent,
    /// The bundle has no component: it is run from its sources.
    NotPacked,
}

/// Packs a bundle's sources again and compares.
///
/// # Errors
/// The bundle cannot be read, or its sources cannot be packed.
pub fn rebuild(bundle: &Bundle) -> Result<Rebuilt, PackError> {
    if bundle.manifest().component.is_some() {
        return Ok(Rebuilt::OwnComponent);
    }
    let Some(Packed { interpreter, interpreter_sha256: sha256, packed_by, .. }) = bundle.packed()? else {
        return Ok(Rebuilt::NotPacked);
    };
    let ours = |known: &&Interpreter| known.name == interpreter && known.sha256 == sha256;
    let Some(found) = [RECIPE, SCRIPT].iter().find(ours).copied() else {
        return Ok(Rebuilt::OtherInterpreter { interpreter, sha256, packed_by });
    };
    let there = bundle.component()?.unwrap_or_default();
    let made = snapshot(found.component, &source_document(&bundle.sources()?))?;
    let digest = |bytes: &[u8]| hex::encode(Sha256::digest(bytes));
    if made == there {
        return Ok(Rebuilt::Same { interpreter });
    }
    Ok(Rebuilt::Differs { there: digest(&there), made: digest(&made) })
}
