//! Taking over a bundle from an OCI layout that another tool wrote.
//!
//! What other tools write around a bundle is read loosely; the bundle's manifest and its contents are not. Signatures that
//! are malformed or of something else are passed over, as in a registry. Nothing is verified here.

use std::io;

use serde::Deserialize;

use crate::oci::{Pointer, blob_name};
use crate::refused::shown;
use crate::{Artifact, Bounds, Digest, Manifest, Reason, Refused, media, referrer};

/// The largest `oci-layout` and `index.json` that are looked at.
const SMALL: u64 = 4096;
const INDEX: u64 = 1 << 20;

/// Where the files of a layout come from: a folder, an archive.
pub trait Layout {
    /// The file of this name (`index.json`, `blobs/sha256/...`), of at most `bound` bytes; nothing if there is none.
    ///
    /// # Errors
    /// It cannot be read, or is larger.
    fn file(&mut self, name: &str, bound: u64) -> io::Result<Option<Vec<u8>>>;
}

/// Takes the bundle of a layout, and what signatures of it are there. `version` chooses where there are several.
///
/// # Errors
/// There is no bundle, or there are several; or the bundle is not as it must be.
pub fn import(layout: &mut dyn Layout, version: Option<&str>, bounds: &Bounds) -> Result<Artifact, Refused> {
    let mark: Mark = json(&required(layout, "oci-layout", SMALL)?, "oci-layout")?;
    if mark.image_layout_version != "1.0.0" {
        return Err(fault(format!("the OCI layout is of another version: {}", shown(&mark.image_layout_version))));
    }
    let index: Index = json(&required(layout, "index.json", INDEX)?, "index.json")?;
    let mut entries = index.manifests;
    // A registry without a list of referrers has them in an index under a tag, which tools copy as it is.
    for tag in entries.clone().iter().filter(|entry| entry.media_type == media::INDEX && entry.is_fallback()) {
        if let Some(bytes) = layout.file(&blob_name(tag.digest), INDEX).ok().flatten()
            && Digest::of(&bytes) == tag.digest
            && let Ok(listed) = serde_json::from_slice::<Index>(&bytes)
        {
            entries.extend(listed.manifests);
        }
    }
    let mut bundles: Vec<(Manifest, Vec<u8>)> = Vec::new();
    let mut others = Vec::new();
    for entry in entries.iter().filter(|entry| entry.media_type == media::MANIFEST) {
        let bytes = blob(layout, entry.pointer(), bounds.manifest)?;
        match serde_json::from_slice::<Kind>(&bytes) {
            Ok(kind) if kind.artifact_type == media::BUNDLE => {
                if !bundles.iter().any(|(_, seen)| *seen == bytes) {
                    bundles.push((Manifest::parse(&bytes)?, bytes));
                }
            }
            _ => others.push(bytes),
        }
    }
    bundles.retain(|(manifest, _)| version.is_none_or(|version| manifest.version == version));
    let (_, manifest) = match bundles.len() {
        1 => bundles.remove(0),
        0 => return Err(fault("the OCI layout has no such bundle".into())),
        _ => {
            let names = bundles.iter().map(|(manifest, _)| format!("{} {}", manifest.name, manifest.version));
            let names = names.collect::<Vec<_>>().join(", ");
            return Err(fault(format!("the OCI layout has several bundles ({names}): name a version")));
        }
    };
    let digest = Digest::of(&manifest);
    let pointers = others.iter().filter_map(|bytes| referrer::foreign_signature_of(bytes, digest));
    let signatures = pointers.filter_map(|pointer| blob(layout, pointer, bounds.bundle).ok()).collect();
    let mut fetch = |pointer: Pointer| {
        let found = layout.file(&blob_name(pointer.digest), pointer.size)?;
        found.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the layout does not have it"))
    };
    Artifact::assemble(&manifest, signatures, &mut fetch, bounds)
}

fn required(layout: &mut dyn Layout, name: &str, bound: u64) -> Result<Vec<u8>, Refused> {
    let found = layout.file(name, bound).map_err(|error| Refused::new(Reason::Io, format!("{name}: {error}")))?;
    found.ok_or_else(|| fault(format!("this is no OCI layout: it has no {name}")))
}

fn blob(layout: &mut dyn Layout, pointer: Pointer, bound: u64) -> Result<Vec<u8>, Refused> {
    if pointer.size > bound {
        return Err(Refused::new(Reason::TooLarge, format!("{} is larger than {bound} bytes", pointer.digest)));
    }
    let bytes = required(layout, &blob_name(pointer.digest), pointer.size)?;
    if Pointer::to(&bytes) == pointer {
        Ok(bytes)
    } else {
        Err(Refused::new(Reason::Blob, format!("{} is not what its digest and size say", pointer.digest)))
    }
}

fn json<T: serde::de::DeserializeOwned>(bytes: &[u8], name: &str) -> Result<T, Refused> {
    serde_json::from_slice(bytes)
        .map_err(|error| fault(format!("{name} cannot be read: {}", shown(&error.to_string()))))
}

fn fault(message: String) -> Refused {
    Refused::new(Reason::Import, message)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mark {
    image_layout_version: String,
}

#[derive(Deserialize)]
struct Index {
    #[serde(default)]
    manifests: Vec<Entry>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(default)]
    media_type: String,
    digest: Digest,
    size: u64,
    #[serde(default)]
    annotations: std::collections::HashMap<String, String>,
}

impl Entry {
    fn pointer(&self) -> Pointer {
        Pointer { digest: self.digest, size: self.size }
    }

    fn is_fallback(&self) -> bool {
        let name = self.annotations.get("org.opencontainers.image.ref.name");
        name.is_some_and(|name| name.starts_with("sha256-"))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kind {
    #[serde(default)]
    artifact_type: String,
}
