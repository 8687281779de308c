//! The signatures of a bundle: what refers to it in its repository.
//!
//! Owns finding and fetching them, by the registry's list of referrers or by the tag that stands for one where a registry
//! knows none. It judges no signature. Anyone who may push can add to the list, so what is malformed is passed over and
//! counted, and only so many are looked at (CVE-2023-33957). Invariant: each that is given out has the size and digest by
//! which it was listed, and says itself that it belongs to this bundle.

use std::collections::BTreeSet;

use bytes::Bytes;
use presetter_egress::Response;
use presetter_package::{
    Digest, Pointer, foreign_signature_of,
    media::{INDEX, MANIFEST, SIGNATURE},
};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::{
    Error, Repository, Tag, Target,
    bounds::{self, Cap},
    page, text,
    wire::Draft,
};

/// How many reasons are kept of those that were passed over.
const REASONS: usize = 3;

/// The signatures that a registry has for a bundle. None of them is verified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signatures {
    /// Sigstore bundles.
    pub bundles: Vec<Bytes>,
    /// How many were passed over because something about them was wrong.
    pub skipped: usize,
    /// What was wrong with the first of them.
    pub reasons: Vec<String>,
    /// How many were listed beyond those that are looked at.
    pub unseen: usize,
}

/// An entry of a list, as far as it matters.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Descriptor {
    #[serde(default)]
    media_type: String,
    digest: String,
    size: u64,
    #[serde(default)]
    artifact_type: String,
}

#[derive(Deserialize)]
struct Index {
    #[serde(default)]
    manifests: Vec<Value>,
}

impl Repository<'_> {
    /// The signatures of the manifest `subject`.
    ///
    /// # Errors
    ///
    /// The list is there and cannot be read, or the registry or the connection fails on the way. What is wrong with one
    /// signature is no error.
    pub async fn signatures(&self, subject: Digest) -> Result<Signatures, Error> {
        let mut found = Signatures::default();
        let mut seen = BTreeSet::new();
        for (looked_at, entry) in self.referrers(subject, &mut found).await?.into_iter().enumerate() {
            if looked_at >= bounds::REFERRERS || found.bundles.len() >= bounds::SIGNATURES {
                found.unseen += 1;
                continue;
            }
            let signature = match self.signature(subject, &entry).await {
                Ok(signature) => signature,
                // What whoever pushed it can bring about.
                Err(
                    error @ (Error::NotFound { .. }
                    | Error::Untrue { .. }
                    | Error::TooLarge { .. }
                    | Error::NotABundle { .. }
                    | Error::Redirect { .. }),
                ) => {
                    skip(&mut found, error.to_string());
                    continue;
                }
                Err(error) => return Err(error),
            };
            if seen.insert(Digest::of(&signature)) {
                found.bundles.push(signature);
            }
        }
        Ok(found)
    }

    /// What is listed as a signature of `subject`, each once.
    async fn referrers(&self, subject: Digest, found: &mut Signatures) -> Result<Vec<Descriptor>, Error> {
        let what = format!("the list of signatures of {}", self.reference().at(subject));
        let mut url = self.url(&format!("referrers/{subject}"));
        url.query_pairs_mut().append_pair("artifactType", SIGNATURE);
        let mut read = vec![url];
        let mut listed = Vec::new();
        while let Some(url) = read.last() {
            let draft = Draft::get(url.clone(), Cap::Index, &what).header("Accept", INDEX);
            let response = self.send(&draft).await?;
            match response.status {
                200 => {}
                // The registry knows no such list.
                400 | 404 | 405 | 501 if read.len() == 1 => {
                    let Some(response) = self.fallback(subject).await? else { return Ok(Vec::new()) };
                    listed = self.entries(&response, &what)?;
                    break;
                }
                _ => return Err(self.refused(&response, &what)),
            }
            listed.extend(self.entries(&response, &what)?);
            match self.next_page(&response, &read, &what)? {
                Some(next) if read.len() < bounds::PAGES && listed.len() <= bounds::REFERRERS => read.push(next),
                Some(_) => {
                    found.unseen += 1;
                    break;
                }
                None => break,
            }
        }
        let mut once = BTreeSet::new();
        let mut entries = Vec::new();
        for entry in listed {
            match serde_json::from_value::<Descriptor>(entry) {
                Ok(entry) if entry.artifact_type != SIGNATURE => {}
                Ok(entry) if !once.insert(entry.digest.clone()) => {}
                Ok(entry) => entries.push(entry),
                Err(_) => skip(found, "an entry of the list is malformed".to_owned()),
            }
        }
        Ok(entries)
    }

    fn next_page(&self, response: &Response, read: &[Url], what: &str) -> Result<Option<Url>, Error> {
        page::next(response, read).map_err(|why| self.untrue(format!("the next page of {what} is not read: {why}")))
    }

    fn entries(&self, response: &Response, what: &str) -> Result<Vec<Value>, Error> {
        let index = serde_json::from_slice::<Index>(&response.body);
        Ok(index.map_err(|_| self.untrue(format!("{what} did not come as a list")))?.manifests)
    }

    /// The list under the tag that stands for it; nothing if there is none.
    pub(crate) async fn fallback(&self, subject: Digest) -> Result<Option<Response>, Error> {
        let what = format!("the list of signatures of {}", self.reference().at(subject));
        let target = Target::Tag(self.fallback_tag(subject)?);
        let response = self.get_manifest(&target, INDEX, Cap::Index, &what).await?;
        match response.status {
            200 => Ok(Some(response)),
            404 => Ok(None),
            _ => Err(self.refused(&response, &what)),
        }
    }

    pub(crate) fn fallback_tag(&self, subject: Digest) -> Result<Tag, Error> {
        format!("sha256-{}", subject.hex()).parse().map_err(|why| self.untrue(why))
    }

    /// One signature, by way of the manifest that carries it.
    async fn signature(&self, subject: Digest, entry: &Descriptor) -> Result<Bytes, Error> {
        let wrong = |why: &str| self.untrue(format!("the signature {}: {why}", text::clean(&entry.digest, 80)));
        let carrier = entry.digest.parse().map(|digest| Pointer { digest, size: entry.size });
        let carrier = carrier.ok().filter(fits).ok_or_else(|| wrong("its digest or size cannot be right"))?;
        if entry.media_type != MANIFEST {
            return Err(wrong("it is not listed as a manifest"));
        }
        let manifest = self.manifest(&Target::Digest(carrier.digest)).await?;
        if Pointer::to(&manifest.bytes) != carrier {
            return Err(wrong("its manifest has another size than the list says"));
        }
        let signature = foreign_signature_of(&manifest.bytes, subject)
            .ok_or_else(|| wrong("its manifest carries no signature of this bundle"))?;
        if !fits(&signature) {
            return Err(wrong("its size cannot be right"));
        }
        let mut bytes = Vec::new();
        self.blob(signature, &mut bytes, &mut |_, _| {}).await?;
        Ok(bytes.into())
    }
}

/// Whether it is worth fetching.
fn fits(pointer: &Pointer) -> bool {
    (1..=bounds::SIGNATURE).contains(&pointer.size)
}

fn skip(found: &mut Signatures, reason: String) {
    found.skipped += 1;
    if found.reasons.len() < REASONS {
        found.reasons.push(reason);
    }
}
