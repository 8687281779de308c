//! What OCI objects have in common: descriptors, the empty blob, the marker of a layout.

use serde::{Deserialize, Serialize};

use crate::{Digest, media};

/// The empty blob, which is the config of every manifest here.
pub const EMPTY_BLOB: &[u8] = b"{}";

/// The file `oci-layout`.
pub(crate) const LAYOUT: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;

/// What points to a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pointer {
    /// The digest of its bytes.
    pub digest: Digest,
    /// How many there are.
    pub size: u64,
}

impl Pointer {
    /// What points to these bytes.
    #[must_use]
    pub fn to(bytes: &[u8]) -> Self {
        Self { digest: Digest::of(bytes), size: bytes.len() as u64 }
    }
}

/// A descriptor with nothing but what every one has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Descriptor {
    pub(crate) media_type: String,
    pub(crate) digest: Digest,
    pub(crate) size: u64,
}

impl Descriptor {
    pub(crate) fn new(media_type: &str, pointer: Pointer) -> Self {
        Self { media_type: media_type.to_owned(), digest: pointer.digest, size: pointer.size }
    }

    pub(crate) fn empty() -> Self {
        Self::new(media::EMPTY, Pointer::to(EMPTY_BLOB))
    }

    pub(crate) fn pointer(&self) -> Pointer {
        Pointer { digest: self.digest, size: self.size }
    }
}

/// The name of a blob's file in a layout.
pub(crate) fn blob_name(digest: Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}
