//! Putting a signature beside a bundle in its repository.
//!
//! A registry that keeps track of referrers says so in its answer (`OCI-Subject`). For others the list is kept by hand, under
//! a tag: read, added to, written. Somebody else may do the same at the same time, so the list is written only over the one
//! that was read where the registry can tell (`If-Match`), and read once more afterwards. Invariant: entries of others stay as
//! they were, letter by letter where JSON allows it.

use bytes::Bytes;
use presetter_egress::Response;
use presetter_package::{
    Digest, EMPTY_BLOB, Pointer,
    media::{INDEX, MANIFEST, SIGNATURE},
    referrer,
};
use serde_json::{Map, Value, json};

use crate::{Error, Repository, Target, bounds, wire::header};

impl Repository<'_> {
    /// Puts a signature (a Sigstore bundle) beside the manifest `subject`, which is there already. What is there already
    /// stays.
    ///
    /// # Errors
    ///
    /// The registry refuses a part of it, or the list of signatures is being changed by others again and again.
    pub async fn attach(&self, subject: Pointer, signature: &Bytes) -> Result<(), Error> {
        self.push_blob(&Bytes::from_static(EMPTY_BLOB), &mut |_, _| {}).await?;
        self.push_blob(signature, &mut |_, _| {}).await?;
        let carrier = Bytes::from(referrer(subject, Pointer::to(signature)));
        let Pointer { digest, size } = Pointer::to(&carrier);
        if self.put_referrer(&Target::Digest(digest), &carrier).await? {
            return Ok(());
        }
        let mut entry = json!({
            "mediaType": MANIFEST,
            "digest": digest.to_string(),
            "size": size,
            "artifactType": SIGNATURE,
        });
        // As registries that keep the list themselves do.
        if let Ok(Value::Object(mut carrier)) = serde_json::from_slice(&carrier)
            && let Some(annotations) = carrier.remove("annotations")
        {
            entry["annotations"] = annotations;
        }
        self.list_by_hand(subject.digest, &entry).await
    }

    async fn list_by_hand(&self, subject: Digest, entry: &Value) -> Result<(), Error> {
        let target = Target::Tag(self.fallback_tag(subject)?);
        let what = format!("the list of signatures of {}", self.reference().at(subject));
        for _ in 0..bounds::REWRITES {
            let there = self.fallback(subject).await?;
            let Some(list) = self.with_entry(there.as_ref(), entry, &what)? else { return Ok(()) };
            let draft = self.put_manifest(&target, INDEX, list.into());
            let draft = match there.as_ref().map(|there| header(there, "etag")) {
                None => draft.header("If-None-Match", "*"),
                Some(Some(tag)) => draft.header("If-Match", tag),
                Some(None) => draft,
            };
            let response = self.send(&draft).await?;
            // 409 and 412: somebody else was faster. After 201 the next round looks whether it stayed.
            if !matches!(response.status, 201 | 409 | 412) {
                return Err(self.refused(&response, &what));
            }
        }
        // The last writing is not looked at within the loop.
        let there = self.fallback(subject).await?;
        match self.with_entry(there.as_ref(), entry, &what)? {
            None => Ok(()),
            Some(_) => Err(Error::Contended { what }),
        }
    }

    /// The list with one more entry; nothing if it has it already.
    fn with_entry(&self, there: Option<&Response>, entry: &Value, what: &str) -> Result<Option<String>, Error> {
        let empty = || json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": []});
        let parsed = there.map_or_else(|| Some(empty()), |there| serde_json::from_slice(&there.body).ok());
        let list = parsed.and_then(|list| if let Value::Object(list) = list { Some(list) } else { None });
        let malformed = || self.untrue(format!("{what} did not come as a list"));
        let mut list: Map<String, Value> = list.ok_or_else(malformed)?;
        let entries = list.get_mut("manifests").and_then(Value::as_array_mut).ok_or_else(malformed)?;
        if entries.iter().any(|one| one["digest"] == entry["digest"]) {
            return Ok(None);
        }
        entries.push(entry.clone());
        let list = Value::Object(list).to_string();
        if list.len() > bounds::INDEX {
            return Err(Error::TooLarge { what: what.to_owned(), limit: bounds::INDEX as u64 });
        }
        Ok(Some(list))
    }
}
