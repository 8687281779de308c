//! `index.json` of the file form: the bundle's manifest under its version, then the manifests of the signatures.

use serde::{Deserialize, Serialize};

use crate::oci::Pointer;
use crate::{Digest, Reason, Refused, json, media};

/// What the index says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Index {
    /// The bundle's version: other tools find the manifest by it. Not signed here; it must be what the manifest says.
    pub(crate) version: String,
    /// The bundle's manifest.
    pub(crate) manifest: Pointer,
    /// The manifests of the signatures, in order.
    pub(crate) referrers: Vec<Pointer>,
}

impl Index {
    /// The one encoding.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let bundle = Entry {
            media_type: media::MANIFEST.to_owned(),
            digest: self.manifest.digest,
            size: self.manifest.size,
            annotations: Some(Annotations { version: self.version.clone() }),
            artifact_type: media::BUNDLE.to_owned(),
        };
        let signatures = self.referrers.iter().map(|referrer| Entry {
            media_type: media::MANIFEST.to_owned(),
            digest: referrer.digest,
            size: referrer.size,
            annotations: None,
            artifact_type: media::SIGNATURE.to_owned(),
        });
        json::encode(&Wire {
            schema_version: 2,
            media_type: media::INDEX.to_owned(),
            manifests: std::iter::once(bundle).chain(signatures).collect(),
        })
    }

    /// Reads an index; it must be in the one encoding.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Refused> {
        let fault = |why: &str| Refused::new(Reason::Index, format!("index.json {why}"));
        let wire: Wire = json::canonical(bytes).map_err(|why| fault(&format!("cannot be read: {why}")))?;
        let pointer = |entry: &Entry| Pointer { digest: entry.digest, size: entry.size };
        let [bundle, signatures @ ..] = &wire.manifests[..] else { return Err(fault("lists nothing")) };
        let version = bundle.annotations.as_ref().map(|found| found.version.clone());
        let index = Self {
            version: version.ok_or_else(|| fault("has no version"))?,
            manifest: pointer(bundle),
            referrers: signatures.iter().map(pointer).collect(),
        };
        // All that was not looked at is fixed.
        if index.encode() == bytes { Ok(index) } else { Err(fault("lists something of another type")) }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wire {
    schema_version: u8,
    media_type: String,
    manifests: Vec<Entry>,
}

/// A descriptor, its keys in the order of OCI's own type.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Entry {
    media_type: String,
    digest: Digest,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<Annotations>,
    artifact_type: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Annotations {
    #[serde(rename = "org.opencontainers.image.ref.name")]
    version: String,
}
