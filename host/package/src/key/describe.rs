//! What a key is that cannot be used, in words for people.

use pkcs8::der::asn1::AnyRef;
use pkcs8::{AlgorithmIdentifierRef, ObjectIdentifier};

use super::KeyError;

const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");

/// Other algorithms, and curves of [`EC`], that people have keys of.
const NAMES: [(&str, &str); 15] = [
    ("1.2.840.113549.1.1.1", "an RSA key"),
    ("1.2.840.113549.1.1.10", "an RSA-PSS key"),
    ("1.2.840.10040.4.1", "a DSA key"),
    ("1.3.101.110", "an X25519 key"),
    ("1.3.101.111", "an X448 key"),
    ("1.3.101.112", "an Ed25519 key"),
    ("1.3.101.113", "an Ed448 key"),
    ("2.16.840.1.101.3.4.3.17", "an ML-DSA-44 key"),
    ("2.16.840.1.101.3.4.3.18", "an ML-DSA-65 key"),
    ("2.16.840.1.101.3.4.3.19", "an ML-DSA-87 key"),
    ("1.2.840.10045.3.1.1", "a key on the curve P-192"),
    ("1.3.132.0.33", "a key on the curve P-224"),
    ("1.3.132.0.34", "a key on the curve P-384"),
    ("1.3.132.0.35", "a key on the curve P-521"),
    ("1.3.132.0.10", "a key on the curve secp256k1"),
];

/// Refuses every algorithm but ECDSA on P-256, named by its object identifier.
pub(super) fn must_be_p256(algorithm: &AlgorithmIdentifierRef<'_>) -> Result<(), KeyError> {
    if algorithm.oid != EC {
        return Err(KeyError::Algorithm(name(algorithm.oid)));
    }
    // Curves that are described by numbers instead of named have let forged keys pass elsewhere.
    let curve = algorithm.parameters.and_then(|any: AnyRef<'_>| any.decode_as::<ObjectIdentifier>().ok());
    match curve {
        Some(P256) => Ok(()),
        Some(other) => Err(KeyError::Algorithm(name(other))),
        None => Err(KeyError::Algorithm("a key on a curve that it describes itself".into())),
    }
}

fn name(oid: ObjectIdentifier) -> String {
    let text = oid.to_string();
    let known = NAMES.iter().find(|(other, _)| *other == text);
    known.map_or_else(|| format!("a key of the algorithm {text}"), |(_, name)| (*name).to_owned())
}

/// The label and the DER of a text that holds exactly one PEM block.
pub(super) fn one_pem_block(pem: &str) -> Result<&str, KeyError> {
    let mut begins = pem.match_indices("-----BEGIN ");
    match (begins.next(), begins.next()) {
        (None, _) => Err(KeyError::Form("this is no key in PEM: it has no line `-----BEGIN ...-----`".into())),
        (Some(_), Some(_)) => Err(KeyError::Form("there is more than one key or certificate in it: keep one".into())),
        (Some((at, begin)), None) => {
            let label = &pem[at + begin.len()..];
            label.split_once("-----").map(|(label, _)| label).ok_or_else(broken)
        }
    }
}

/// A PEM block or DER that is not as it should be.
pub(super) fn broken() -> KeyError {
    KeyError::Form("the key is damaged: it is not a complete PEM block with DER in it".into())
}

/// What a PEM block is that was not asked for, and what to do.
pub(super) fn other_block(label: &str, wanted: &str) -> KeyError {
    let text = match label {
        "PRIVATE KEY" | "EC PRIVATE KEY" | "RSA PRIVATE KEY" if wanted == "private" => {
            "the private key is not encrypted; encrypt it: openssl pkcs8 -topk8 -v2 aes-256-cbc -in KEY -out ENCRYPTED"
        }
        "ENCRYPTED SIGSTORE PRIVATE KEY" | "ENCRYPTED COSIGN PRIVATE KEY" if wanted == "private" => {
            "this private key is in cosign's own form; sign with cosign, or make a key here and trust both"
        }
        "PUBLIC KEY" => "this is a public key; a private key is needed",
        "CERTIFICATE" => "this is a certificate; take the key out of it: openssl x509 -in FILE -noout -pubkey",
        _ if wanted == "public" && label.ends_with("PRIVATE KEY") => {
            "this is a private key, which nobody else should see; a public key is needed: openssl pkey -in KEY -pubout"
        }
        _ if wanted == "public" => "this is not a public key in PEM (`-----BEGIN PUBLIC KEY-----`)",
        _ => "this is not an encrypted private key in PEM (`-----BEGIN ENCRYPTED PRIVATE KEY-----`)",
    };
    KeyError::Form(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_valid_and_told_once() {
        let oids: std::collections::BTreeSet<_> =
            NAMES.iter().map(|(oid, _)| ObjectIdentifier::new_unwrap(oid)).collect();
        assert_eq!(oids.len(), NAMES.len());
        assert_eq!(name(ObjectIdentifier::new_unwrap("1.2.3.4")), "a key of the algorithm 1.2.3.4");
    }
}
