//! Manifests: reading one by its tag or its digest, and writing one.
//!
//! Invariants: a tag is resolved once; what it stood for at that moment is named by the digest that we computed, and all that
//! follows goes by that. No redirect is followed. A tag that has a content is not moved unless whoever calls says so.

use bytes::Bytes;
use presetter_egress::Response;
use presetter_package::{
    Digest,
    media::{INDEX, MANIFEST},
};

use crate::{
    Access, Error, Repository, Target,
    bounds::Cap,
    text,
    wire::{Draft, header},
};

/// The bytes of a manifest, and their name. Nothing of them was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// What was computed over the bytes.
    pub digest: Digest,
    /// The bytes as they came.
    pub bytes: Bytes,
}

/// What may happen to a tag that has another content already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tagging {
    /// Nothing: the writing is refused.
    New,
    /// It is moved.
    Move,
}

impl Repository<'_> {
    /// The manifest that the reference names: by its digest, or else by its tag, which is looked at this one time.
    ///
    /// # Errors
    ///
    /// The reference names neither; it is not there; the digest is another one; something else than a manifest is there.
    pub async fn resolve(&self) -> Result<Resolved, Error> {
        let target = match (self.reference().digest(), self.reference().tag()) {
            (Some(digest), _) => Target::Digest(digest),
            (None, Some(tag)) => Target::Tag(tag.clone()),
            (None, None) => return Err(Error::NoVersion { place: self.place() }),
        };
        self.manifest(&target).await
    }

    /// One manifest.
    ///
    /// # Errors
    ///
    /// As [`resolve`](Self::resolve).
    pub async fn manifest(&self, target: &Target) -> Result<Resolved, Error> {
        let what = self.described(target);
        let response = self.get_manifest(target, MANIFEST, Cap::Small, &what).await?;
        match response.status {
            200 => {
                let digest = self.checked(&response, target, &what)?;
                Ok(Resolved { digest, bytes: response.body })
            }
            _ => Err(self.refused(&response, &what)),
        }
    }

    pub(crate) fn described(&self, target: &Target) -> String {
        match target {
            Target::Tag(tag) => self.named(format_args!("the version {tag}")),
            Target::Digest(digest) => self.named(format_args!("the manifest {digest}")),
        }
    }

    pub(crate) async fn get_manifest(
        &self,
        target: &Target,
        accept: &str,
        cap: Cap,
        what: &str,
    ) -> Result<Response, Error> {
        let draft = Draft::get(self.url(&format!("manifests/{target}")), cap, what);
        self.send(&draft.header("Accept", accept)).await
    }

    /// The digest of a manifest that came, if it is what was asked for.
    fn checked(&self, response: &Response, target: &Target, what: &str) -> Result<Digest, Error> {
        let media_type = header(response, "content-type").unwrap_or(MANIFEST);
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case(MANIFEST) {
            let kind = match essence {
                INDEX => "a list for several platforms".to_owned(),
                other => text::clean(other, 100),
            };
            return Err(Error::NotABundle { what: what.to_owned(), kind });
        }
        let digest = match target {
            Target::Digest(wanted) => *wanted,
            Target::Tag(_) => Digest::of(&response.body),
        };
        self.verify(response, digest, what)?;
        Ok(digest)
    }

    /// Writes a manifest whose blobs are there already, under a tag or under its digest.
    ///
    /// # Errors
    ///
    /// [`Error::Taken`]; the registry refuses it, or says that it has another digest.
    pub async fn push_manifest(&self, target: &Target, bytes: &Bytes, tagging: Tagging) -> Result<(), Error> {
        let digest = Digest::of(bytes);
        if let (Target::Tag(tag), Tagging::New) = (target, tagging)
            && let Some(there) = self.what_tag_is(target).await?
        {
            if there != digest {
                return Err(Error::Taken { place: self.place(), tag: tag.to_string(), there });
            }
            return Ok(());
        }
        self.put_referrer(target, bytes).await.map(|_| ())
    }

    /// Writes a manifest. Comes back with whether the registry keeps track of what it refers to: its answer names the
    /// subject then.
    pub(crate) async fn put_referrer(&self, target: &Target, bytes: &Bytes) -> Result<bool, Error> {
        let draft = self.put_manifest(target, MANIFEST, bytes.clone());
        let response = self.send(&draft).await?;
        match response.status {
            201 => {
                self.verify_said(&response, Digest::of(bytes), &draft.what)?;
                Ok(header(&response, "oci-subject").is_some())
            }
            _ => Err(self.refused(&response, &draft.what)),
        }
    }

    pub(crate) fn put_manifest(&self, target: &Target, media_type: &str, bytes: Bytes) -> Draft {
        let draft = Draft::new("PUT", self.url(&format!("manifests/{target}")), Cap::Small, self.described(target));
        draft.body(media_type, bytes)
    }

    /// What a tag stands for, whatever it is; nothing if it is free.
    async fn what_tag_is(&self, target: &Target) -> Result<Option<Digest>, Error> {
        debug_assert_eq!(self.access(), Access::Write);
        let what = self.described(target);
        let response = self.get_manifest(target, &format!("{MANIFEST}, {INDEX}, */*"), Cap::Index, &what).await?;
        match response.status {
            200 => Ok(Some(Digest::of(&response.body))),
            404 => Ok(None),
            _ => Err(self.refused(&response, &what)),
        }
    }
}
