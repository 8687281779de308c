//! The manifest that ties a signature to a bundle: an OCI 1.1 referrer, in the file form and in registries.

use serde::{Deserialize, Serialize};

use crate::oci::{Descriptor, Pointer};
use crate::{Digest, Reason, Refused, json, media, signature};

/// The referrer of a signature: its bytes follow from the bundle's manifest and the signature alone.
#[must_use]
pub fn referrer(manifest: Pointer, signature: Pointer) -> Vec<u8> {
    json::encode(&Wire {
        schema_version: 2,
        media_type: media::MANIFEST.to_owned(),
        artifact_type: media::SIGNATURE.to_owned(),
        config: Descriptor::empty(),
        layers: [Descriptor::new(media::SIGNATURE, signature)],
        subject: Descriptor::new(media::MANIFEST, manifest),
        annotations: Annotations {
            content: "dsse-envelope".to_owned(),
            predicate_type: signature::PREDICATE.to_owned(),
        },
    })
}

/// The signature of a referrer in the file form: it must be the very bytes that [`referrer`] makes.
pub(crate) fn signature_of(bytes: &[u8], manifest: Pointer) -> Result<Pointer, Refused> {
    let fault = |why: String| Refused::new(Reason::Referrer, format!("the manifest of a signature {why}"));
    let wire: Wire = json::canonical(bytes).map_err(|why| fault(format!("cannot be read: {why}")))?;
    let [layer] = &wire.layers;
    if wire.subject.pointer() != manifest {
        return Err(fault("belongs to another bundle".into()));
    }
    if referrer(manifest, layer.pointer()) != bytes {
        return Err(fault("is of another type".into()));
    }
    Ok(layer.pointer())
}

/// The signature of a referrer that other tools wrote, if it is one of this manifest: read loosely, since what matters is
/// in the signature. What is not a signature of it is nothing, not an error.
#[must_use]
pub fn foreign_signature_of(bytes: &[u8], manifest: Digest) -> Option<Pointer> {
    let loose: Loose = serde_json::from_slice(bytes).ok()?;
    let [layer] = <[LooseDescriptor; 1]>::try_from(loose.layers).ok()?;
    let typed = loose.artifact_type == media::SIGNATURE || layer.media_type == media::SIGNATURE;
    (typed && loose.subject.digest == manifest).then_some(Pointer { digest: layer.digest, size: layer.size })
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wire {
    schema_version: u8,
    media_type: String,
    artifact_type: String,
    config: Descriptor,
    layers: [Descriptor; 1],
    subject: Descriptor,
    annotations: Annotations,
}

/// As cosign writes them: some tools list signatures by these.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Annotations {
    #[serde(rename = "dev.sigstore.bundle.content")]
    content: String,
    #[serde(rename = "dev.sigstore.bundle.predicateType")]
    predicate_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Loose {
    #[serde(default)]
    artifact_type: String,
    layers: Vec<LooseDescriptor>,
    subject: LooseDescriptor,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LooseDescriptor {
    #[serde(default)]
    media_type: String,
    digest: Digest,
    size: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_referrer_is_of_one_bundle_and_one_signature() {
        let (manifest, signature) = (Pointer::to(b"m"), Pointer::to(b"s"));
        let bytes = referrer(manifest, signature);
        assert_eq!(signature_of(&bytes, manifest), Ok(signature));
        assert_eq!(signature_of(&bytes, signature).unwrap_err().reason, Reason::Referrer);
        assert_eq!(foreign_signature_of(&bytes, manifest.digest), Some(signature));
        assert_eq!(foreign_signature_of(&bytes, signature.digest), None);

        let text = String::from_utf8(bytes).unwrap();
        for (from, to) in [
            ("\"schemaVersion\":2", "\"schemaVersion\":1"),
            ("dsse-envelope", "message-signature"),
            ("empty", "image"),
            (",\"subject\"", ", \"subject\""),
            ("}]", "}],\"x\":1"),
            ("\"artifactType\":\"application/vnd.dev.sigstore.bundle.v0.3+json\"", "\"artifactType\":\"x\""),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text);
            assert_eq!(signature_of(changed.as_bytes(), manifest).unwrap_err().reason, Reason::Referrer, "{to}");
        }
        // What another tool adds or leaves out.
        let foreign = text
            .replace("dsse-envelope", "x")
            .replacen('{', "{\"unknown\":[],", 1)
            .replace(",\"subject\"", ",\n\"subject\"");
        assert_eq!(foreign_signature_of(foreign.as_bytes(), manifest.digest), Some(signature));
    }
}
