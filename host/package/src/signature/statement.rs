//! What is signed: an in-toto statement that says "this artifact", as `cosign sign` makes it.
//!
//! Parsed only once a known key is known to have signed it.

use serde::{Deserialize, Serialize};

use super::Fault;
use crate::Digest;
use crate::json::{self, Empty, Object};

/// The kind of statement that is a signature. The same key may make others, which are not (CVE-2022-35929).
pub(crate) const PREDICATE: &str = "https://sigstore.dev/cosign/sign/v1";
const STATEMENT: &str = "https://in-toto.io/Statement/v1";

/// The statement that the artifact of this digest is signed with.
pub(super) fn of(manifest: Digest) -> Vec<u8> {
    json::encode(&Written {
        kind: STATEMENT,
        subject: [WrittenSubject { digest: WrittenDigest { sha256: manifest.hex() } }],
        predicate_type: PREDICATE,
        predicate: Nothing {},
    })
}

/// Checks that a statement signs the artifact of this digest, and says nothing else.
pub(super) fn check(payload: &[u8], manifest: Digest) -> Result<(), Fault> {
    let wrong = |why: &str| Err(Fault::Statement(why.to_owned()));
    // First and loosely the kind: a statement of another kind has other fields.
    if let Ok(kind) = json::strict::<Kind>(payload)
        && kind.predicate_type != PREDICATE
    {
        return Err(Fault::Predicate);
    }
    let Object(statement) = json::strict::<Object<Statement>>(payload).map_err(Fault::Statement)?;
    if statement.kind != STATEMENT {
        return wrong("it is no in-toto statement v1");
    }
    if statement.predicate_type != PREDICATE {
        return Err(Fault::Predicate);
    }
    let Object(subject) = statement.subject;
    let Ok(digest) = Digest::from_hex(&subject.digest.0.sha256) else {
        return wrong("its digest is not 64 lower-case hexadecimal digits");
    };
    if digest == manifest { Ok(()) } else { Err(Fault::Other) }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kind {
    predicate_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    #[serde(deserialize_with = "json::only")]
    subject: Object<Subject>,
    predicate_type: String,
    #[serde(default, rename = "predicate")]
    _predicate: Object<Empty>,
}

/// The name is for people and means nothing. Annotations are conditions of the signer that nobody here would keep, so that
/// there may be none; cosign writes an empty object.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Subject {
    #[serde(default, rename = "name")]
    _name: String,
    digest: Object<OnlySha256>,
    #[serde(default, rename = "annotations")]
    _annotations: Object<Empty>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OnlySha256 {
    sha256: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    #[serde(rename = "_type")]
    kind: &'static str,
    subject: [WrittenSubject; 1],
    predicate_type: &'static str,
    predicate: Nothing,
}

#[derive(Serialize)]
struct WrittenSubject {
    digest: WrittenDigest,
}

#[derive(Serialize)]
struct WrittenDigest {
    sha256: String,
}

#[derive(Serialize)]
struct Nothing {}
