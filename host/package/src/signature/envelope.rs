//! The outer form of a signature: the Sigstore bundle and its DSSE envelope.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::json::{self, Object};
use crate::{Digest, KeyId, media};

/// What a payload must be, and what is signed with it.
pub(super) const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// A signature taken apart, nothing of it verified.
#[derive(Debug)]
pub(super) struct Signed {
    /// Whose signature it says it is.
    pub(super) signer: KeyId,
    /// What was signed.
    pub(super) payload: Vec<u8>,
    /// The signature, in DER.
    pub(super) signature: Vec<u8>,
}

/// The bytes that are signed (DSSE's pre-authentication encoding): they bind the type to the payload.
pub(super) fn to_sign(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

/// Writes a Sigstore bundle.
pub(super) fn encode(signer: &KeyId, payload: &[u8], signature: &[u8]) -> Vec<u8> {
    json::encode(&Written {
        media_type: media::SIGNATURE,
        verification_material: WrittenMaterial { public_key: WrittenHint { hint: signer.hint() } },
        dsse_envelope: WrittenEnvelope {
            payload: STANDARD.encode(payload),
            payload_type: PAYLOAD_TYPE,
            signatures: [WrittenSignature { sig: STANDARD.encode(signature) }],
        },
    })
}

/// Takes a Sigstore bundle apart.
pub(super) fn parse(bundle: &[u8]) -> Result<Signed, String> {
    let Object(bundle) = json::strict::<Object<Bundle>>(bundle)?;
    if bundle.media_type != media::SIGNATURE {
        return Err(format!("it is no Sigstore bundle v0.3 ({})", media::SIGNATURE));
    }
    let Object(material) = bundle.verification_material;
    if !material.tlog_entries.is_empty() || !material.timestamp_verification_data.0.rfc3161_timestamps.is_empty() {
        return Err("a log entry or timestamp is attached; sign without (cosign: --tlog-upload=false)".into());
    }
    let Object(envelope) = bundle.dsse_envelope;
    if envelope.payload_type != PAYLOAD_TYPE {
        return Err(format!("its payload is of another type than {PAYLOAD_TYPE}"));
    }
    let Object(signature) = envelope.signature;
    // DSSE leaves it outside of what is signed; cosign leaves it out.
    if !signature.keyid.is_empty() {
        return Err("it has a keyid; the key is named by the hint alone".into());
    }
    let hint = decode("hint", &material.public_key.0.hint)?;
    let hint = <[u8; 32]>::try_from(hint).map_err(|_| "its hint is not the SHA-256 of a key".to_owned())?;
    Ok(Signed {
        signer: KeyId::from_digest(Digest::from_bytes(hint)),
        payload: decode("payload", &envelope.payload)?,
        signature: decode("signature", &signature.sig)?,
    })
}

/// Base64 in its one spelling: the usual alphabet, padded, no spare bits.
fn decode(what: &str, text: &str) -> Result<Vec<u8>, String> {
    STANDARD.decode(text).map_err(|_| format!("its {what} is not in base64"))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Bundle {
    media_type: String,
    verification_material: Object<Material>,
    dsse_envelope: Object<Envelope>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Material {
    public_key: Object<Hint>,
    #[serde(default)]
    tlog_entries: Vec<IgnoredAny>,
    #[serde(default)]
    timestamp_verification_data: Object<Timestamps>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hint {
    hint: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Timestamps {
    #[serde(default, rename = "rfc3161Timestamps")]
    rfc3161_timestamps: Vec<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Envelope {
    payload: String,
    payload_type: String,
    #[serde(rename = "signatures", deserialize_with = "json::only")]
    signature: Object<Signature>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Signature {
    sig: String,
    #[serde(default)]
    keyid: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    media_type: &'static str,
    verification_material: WrittenMaterial,
    dsse_envelope: WrittenEnvelope,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WrittenMaterial {
    public_key: WrittenHint,
}

#[derive(Serialize)]
struct WrittenHint {
    hint: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WrittenEnvelope {
    payload: String,
    payload_type: &'static str,
    signatures: [WrittenSignature; 1],
}

#[derive(Serialize)]
struct WrittenSignature {
    sig: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the DSSE specification.
    #[test]
    fn what_is_signed_is_as_dsse_says() {
        let message = to_sign("http://example.com/HelloWorld", b"hello world");
        assert_eq!(message, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    }
}
