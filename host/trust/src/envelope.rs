//! The root's signatures on a version: a DSSE envelope with one signature or more.
//!
//! Signed is the envelope's payload *and its type* (the pre-authentication encoding of DSSE), so that no signature on anything else can
//! be passed off as one on a trust store. An envelope's `keyid` only says which key to try: it proves nothing.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use presetter_package::{KeyId, PrivateKey, PublicKey};
use serde::{Deserialize, Serialize};

use crate::{Code, Refused};

/// What is signed: the bytes of a `trust.toml`.
pub const PAYLOAD_TYPE: &str = "application/vnd.presetter.trust.v1+toml";
/// The most signatures on one version.
const MOST_SIGNATURES: usize = 64;

/// One signature on a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signature {
    /// Whose it claims to be.
    pub(crate) key: KeyId,
    /// ECDSA on P-256, in DER.
    bytes: Vec<u8>,
}

/// A signature as JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignatureForm {
    keyid: String,
    sig: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EnvelopeForm {
    #[serde(rename = "payloadType")]
    payload_type: String,
    payload: String,
    signatures: Vec<SignatureForm>,
}

impl Signature {
    /// Signs a version.
    pub(crate) fn new(text: &str, key: &PrivateKey) -> Self {
        Self { key: key.public().id(), bytes: key.sign(&encoded(text)) }
    }

    /// Whether it is of this text by this key.
    fn check(&self, text: &str, key: &PublicKey) -> bool {
        key.verify(&encoded(text), &self.bytes).is_ok()
    }
}

/// Which of the given keys have signed. Signatures of other keys say nothing.
///
/// # Errors
/// A signature that claims to be of one of these keys is not: somebody changed the text or the signature.
pub(crate) fn signers<'k>(
    text: &str,
    signatures: &[Signature],
    keys: impl Fn(KeyId) -> Option<&'k PublicKey>,
) -> Result<BTreeSet<KeyId>, Refused> {
    let mut signers = BTreeSet::new();
    for signature in signatures {
        let Some(key) = keys(signature.key) else { continue };
        if !signature.check(text, key) {
            return Err(Refused::new(
                Code::BadSignature,
                format!("the signature of key {} is not one on this trust.toml", signature.key),
                "it, or its signature, was changed after it was signed; get it again from who signed it",
            ));
        }
        signers.insert(signature.key);
    }
    Ok(signers)
}

/// The envelope of a version, as it is kept.
pub(crate) fn to_json(text: &str, signatures: &[Signature]) -> Vec<u8> {
    let form = EnvelopeForm {
        payload_type: PAYLOAD_TYPE.to_owned(),
        payload: STANDARD.encode(text),
        signatures: forms(signatures),
    };
    // Texts in a struct: nothing in it can fail.
    let mut json = serde_json::to_vec_pretty(&form).unwrap_or_default();
    json.push(b'\n');
    json
}

/// The version and its signatures that an envelope holds.
///
/// # Errors
/// One sentence: what is wrong with its form.
pub(crate) fn from_json(json: &[u8]) -> Result<(String, Vec<Signature>), String> {
    let form: EnvelopeForm = serde_json::from_slice(json).map_err(|why| why.to_string())?;
    if form.payload_type != PAYLOAD_TYPE {
        return Err(format!("its payload is {:?} and not {PAYLOAD_TYPE}", form.payload_type));
    }
    let text = STANDARD.decode(&form.payload).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let text = text.ok_or("its payload is not a text in base64")?;
    Ok((text, signatures(form.signatures)?))
}

pub(crate) fn forms(signatures: &[Signature]) -> Vec<SignatureForm> {
    let form = |s: &Signature| SignatureForm { keyid: s.key.to_string(), sig: STANDARD.encode(&s.bytes) };
    signatures.iter().map(form).collect()
}

/// # Errors
/// One sentence: what is wrong with their form.
pub(crate) fn signatures(forms: Vec<SignatureForm>) -> Result<Vec<Signature>, String> {
    if forms.len() > MOST_SIGNATURES {
        return Err(format!("it has {} signatures; {MOST_SIGNATURES} are the most", forms.len()));
    }
    let signature = |form: SignatureForm| {
        let key = form.keyid.parse().map_err(|_| format!("{:?} is no key's identity", form.keyid))?;
        let bytes = STANDARD.decode(&form.sig).map_err(|_| format!("the signature of {key} is not base64"))?;
        Ok(Signature { key, bytes })
    };
    forms.into_iter().map(signature).collect()
}

/// DSSE's pre-authentication encoding.
fn encoded(text: &str) -> Vec<u8> {
    format!("DSSEv1 {} {PAYLOAD_TYPE} {} {text}", PAYLOAD_TYPE.len(), text.len()).into_bytes()
}
