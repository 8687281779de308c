//! Reading a package file: one pass, little memory, nothing parsed before it must be.
//!
//! [`open`] reads the head: the signatures and the manifest's bytes, in their outer form, within bounds. Then, in this
//! order, [`Opened::signers`], [`Opened::manifest`] and [`Opened::content`]; in between the caller decides whether these
//! signers suffice. Invariant: the whole file follows from the manifest, the signatures and the contents; any other file is
//! refused, whatever tools would make of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, Read};

use crate::digest::Hasher;
use crate::index::Index;
use crate::oci::{self, EMPTY_BLOB, Pointer, blob_name};
use crate::tar::Entries;
use crate::{
    Artifact, Bounds, Digest, KeyId, Keys, Layer, Manifest, Reason, Refused, SignatureError, Verdict, check_signature,
    claimed_signer, referrer,
};

/// A package of which the head was read.
pub struct Opened<R: Read> {
    entries: Entries<R>,
    head: Head,
    /// The blobs of the head, by digest: a file of the bundle with the same content has no entry of its own.
    held: HashMap<Digest, Vec<u8>>,
    bounds: Bounds,
}

/// What a package says before its contents.
#[derive(Debug, Clone)]
pub struct Head {
    version: String,
    manifest: Vec<u8>,
    manifest_at: u64,
    digest: Digest,
    signatures: Vec<Vec<u8>>,
    signatures_at: Vec<u64>,
}

/// Opens a package: reads its head, whose outer form is checked within bounds.
///
/// # Errors
/// The file is not in the one form that is taken, as far as it was read.
pub fn open<R: Read>(reader: R, bounds: &Bounds) -> Result<Opened<R>, Refused> {
    let mut entries = Entries::new(reader, bounds.total);
    let layout = entries.content("oci-layout", oci::LAYOUT.len() as u64)?;
    if layout != oci::LAYOUT {
        return Err(Refused::new(Reason::Layout, "oci-layout is another one").at(entries.position()));
    }
    let index_at = entries.position();
    let index = entries.content_of_any_size("index.json", bounds.index(), Reason::TooManySignatures)?;
    let index = Index::parse(&index).map_err(|refused| refused.at(index_at))?;
    if index.referrers.len() > bounds.signatures {
        let message = format!("the package has more than {} signatures", bounds.signatures);
        return Err(Refused::new(Reason::TooManySignatures, message).at(index_at));
    }
    let mut held = HashMap::new();
    let mut blob = |pointer: Pointer, bound: u64, what: &str| head_blob(&mut entries, &mut held, pointer, bound, what);
    blob(Pointer::to(EMPTY_BLOB), 2, "the empty blob")?;
    let (mut signatures, mut signatures_at, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for pointer in &index.referrers {
        let (referrer_at, bytes) = blob(*pointer, Bounds::REFERRER, "the manifest of a signature")?;
        let signature = referrer::signature_of(&bytes, index.manifest).map_err(|refused| refused.at(referrer_at))?;
        if !seen.insert(signature.digest) {
            let message = "the package has the same signature twice";
            return Err(Refused::new(Reason::DuplicateSignature, message).at(referrer_at));
        }
        let (at, bytes) = blob(signature, bounds.bundle, "a signature")?;
        signatures.push(bytes);
        signatures_at.push(at);
    }
    let (manifest_at, manifest) = blob(index.manifest, bounds.manifest, "the manifest")?;
    let digest = index.manifest.digest;
    let head = Head { version: index.version, manifest, manifest_at, digest, signatures, signatures_at };
    Ok(Opened { entries, head, held, bounds: *bounds })
}

/// A blob of the head, and where it is: one that was there already, or the next entry.
fn head_blob<R: Read>(
    entries: &mut Entries<R>,
    held: &mut HashMap<Digest, Vec<u8>>,
    pointer: Pointer,
    bound: u64,
    what: &str,
) -> Result<(u64, Vec<u8>), Refused> {
    let at = entries.position();
    let other = || Refused::new(Reason::Blob, format!("{what} is not what its digest and size say")).at(at);
    if pointer.size > bound {
        return Err(Refused::new(Reason::TooLarge, format!("{what} is larger than {bound} bytes")).at(at));
    }
    if let Some(bytes) = held.get(&pointer.digest) {
        return if bytes.len() as u64 == pointer.size { Ok((at, bytes.clone())) } else { Err(other()) };
    }
    let bytes = entries.content(&blob_name(pointer.digest), pointer.size)?;
    if Digest::of(&bytes) != pointer.digest {
        return Err(other());
    }
    held.insert(pointer.digest, bytes.clone());
    Ok((at, bytes))
}

impl Head {
    /// The signatures: Sigstore bundles.
    #[must_use]
    pub fn signatures(&self) -> &[Vec<u8>] {
        &self.signatures
    }

    /// The digest of the manifest: what the bundle is, if its signatures hold.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// The manifest's bytes.
    #[must_use]
    pub fn manifest_bytes(&self) -> &[u8] {
        &self.manifest
    }

    /// Which of the known keys signed this bundle: each once, sorted. Other signers are passed over.
    ///
    /// # Errors
    /// Any signature is malformed, or names a known key and is not that key's signature of this bundle.
    pub fn signers(&self, keys: &dyn Keys) -> Result<Vec<KeyId>, Refused> {
        let mut signers = BTreeSet::new();
        for (bundle, at) in self.signatures.iter().zip(&self.signatures_at) {
            match check_signature(bundle, self.digest, keys) {
                Ok(Verdict::Valid(key)) => _ = signers.insert(key),
                Ok(Verdict::Unknown) => {}
                Err(error) => return Err(Refused::new(error.reason(), error.to_string()).at(*at)),
            }
        }
        Ok(signers.into_iter().collect())
    }

    /// The manifest. To be called when the signers are known to suffice.
    ///
    /// # Errors
    /// It is not as it must be, or the file says another version.
    pub fn manifest(&self) -> Result<Manifest, Refused> {
        let manifest = Manifest::parse(&self.manifest).map_err(|refused| refused.at(self.manifest_at))?;
        if manifest.version != self.version {
            let message = "index.json and the manifest say different versions";
            return Err(Refused::new(Reason::Version, message).at(self.manifest_at));
        }
        Ok(manifest)
    }

    /// Which keys the signatures name, in order. Nothing is verified: anyone can write anyone's name.
    #[must_use]
    pub fn claimed_signers(&self) -> Vec<Result<KeyId, SignatureError>> {
        self.signatures.iter().map(|bundle| claimed_signer(bundle)).collect()
    }
}

impl<R: Read> Opened<R> {
    /// What was read.
    #[must_use]
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// See [`Head::signatures`].
    #[must_use]
    pub fn signatures(&self) -> &[Vec<u8>] {
        self.head.signatures()
    }

    /// See [`Head::digest`].
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.head.digest()
    }

    /// See [`Head::manifest_bytes`].
    #[must_use]
    pub fn manifest_bytes(&self) -> &[u8] {
        self.head.manifest_bytes()
    }

    /// See [`Head::signers`].
    ///
    /// # Errors
    /// Those of it.
    pub fn signers(&self, keys: &dyn Keys) -> Result<Vec<KeyId>, Refused> {
        self.head.signers(keys)
    }

    /// See [`Head::manifest`].
    ///
    /// # Errors
    /// Those of it.
    pub fn manifest(&self) -> Result<Manifest, Refused> {
        self.head.manifest()
    }

    /// Hands over the content of every file, piece by piece, in the order of the manifest. The last piece of a file is
    /// handed over when size and digest were checked; an empty file has one empty piece. Files of the same content are read
    /// once, so that their pieces come interleaved, at the place of the first.
    ///
    /// Until this has returned, nothing that was handed over may be used.
    ///
    /// # Errors
    /// A content is another than the manifest says, the file is not in its one form, or goes on after its end; what the
    /// sink failed with.
    pub fn content(mut self, sink: &mut dyn FnMut(&Layer, &[u8]) -> io::Result<()>) -> Result<Head, Refused> {
        let manifest = self.head.manifest()?;
        if manifest.size() > self.bounds.total {
            let message = format!("the bundle's files are larger than {} bytes", self.bounds.total);
            return Err(Refused::new(Reason::TooLarge, message).at(self.head.manifest_at));
        }
        let mut same: HashMap<Digest, Vec<&Layer>> = HashMap::new();
        manifest.layers.iter().for_each(|layer| same.entry(layer.digest).or_default().push(layer));
        for layer in &manifest.layers {
            // Taken out at the first: the others were served then.
            let Some(layers) = same.remove(&layer.digest) else { continue };
            let mut serve = |bytes: &[u8]| {
                let failed = |error| Refused::new(Reason::Io, format!("{} cannot be kept: {error}", layer.title));
                layers.iter().try_for_each(|layer| sink(layer, bytes)).map_err(failed)
            };
            match self.held.get(&layer.digest) {
                Some(bytes) if bytes.len() as u64 == layer.size => serve(bytes)?,
                Some(_) => return Err(other_content(layer, self.head.manifest_at)),
                None => checked(&mut self.entries, layer, &mut serve)?,
            }
        }
        self.entries.end()?;
        Ok(self.head)
    }

    /// Reads everything into memory.
    ///
    /// # Errors
    /// Those of [`Opened::content`].
    pub fn artifact(self) -> Result<Artifact, Refused> {
        let manifest = self.manifest()?;
        let first: BTreeMap<Digest, String> =
            manifest.layers.iter().rev().map(|layer| (layer.digest, layer.title.clone())).collect();
        let mut blobs: BTreeMap<Digest, Vec<u8>> = BTreeMap::new();
        let head = self.content(&mut |layer, bytes| {
            if first.get(&layer.digest) == Some(&layer.title) {
                blobs.entry(layer.digest).or_default().extend_from_slice(bytes);
            }
            Ok(())
        })?;
        Ok(Artifact::from_parts(manifest, head.manifest, blobs, head.signatures))
    }
}

/// Streams one content; its last piece is held back until the digest is known to be right.
fn checked<R: Read>(
    entries: &mut Entries<R>,
    layer: &Layer,
    serve: &mut dyn FnMut(&[u8]) -> Result<(), Refused>,
) -> Result<(), Refused> {
    let at = entries.position();
    let mut hasher = Hasher::default();
    let mut left = layer.size;
    entries.stream(&blob_name(layer.digest), layer.size, &mut |chunk| {
        hasher.update(chunk);
        left -= chunk.len() as u64;
        if left == 0 && hasher.digest() != layer.digest {
            return Err(other_content(layer, at));
        }
        serve(chunk)
    })?;
    // Of an empty content no piece has come by.
    if layer.size == 0 {
        if hasher.digest() != layer.digest {
            return Err(other_content(layer, at));
        }
        serve(&[])?;
    }
    Ok(())
}

fn other_content(layer: &Layer, at: u64) -> Refused {
    let message = format!("the content of {} is not what the manifest says", layer.title);
    Refused::new(Reason::Blob, message).at(at)
}
