//! A bundle in memory, to be written: its manifest, the contents of its files, its signatures.
//!
//! Invariants: the contents are those of the manifest; no signature is there twice, and each is in the one form that is
//! taken and says that it is of this bundle (whether it is true is for whoever verifies it). The same files and signatures
//! give the same bytes.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::index::Index;
use crate::oci::{self, EMPTY_BLOB, Pointer, blob_name};
use crate::referrer::referrer;
use crate::{Bounds, Digest, Layer, Manifest, Reason, Refused, media, signature, tar};

/// A bundle in memory.
#[derive(Debug, Clone)]
pub struct Artifact {
    manifest: Manifest,
    bytes: Vec<u8>,
    blobs: BTreeMap<Digest, Vec<u8>>,
    signatures: Vec<Vec<u8>>,
}

impl Artifact {
    /// Makes an artifact of files, in any order.
    ///
    /// # Errors
    /// Name, version or a path are not allowed; there is no `bundle.toml`; the manifest would be too large to be read.
    pub fn build(name: &str, version: &str, files: &[(String, Vec<u8>)]) -> Result<Self, Refused> {
        let layer = |(title, content): &(String, Vec<u8>)| {
            let Pointer { digest, size } = Pointer::to(content);
            Layer { title: title.clone(), media_type: media::of_title(title).to_owned(), digest, size }
        };
        let mut layers: Vec<Layer> = files.iter().map(layer).collect();
        let blobs = layers.iter().zip(files).map(|(layer, (_, content))| (layer.digest, content.clone())).collect();
        layers.sort_by(|a, b| a.title.cmp(&b.title));
        let manifest = Manifest { name: name.to_owned(), version: version.to_owned(), layers };
        manifest.check()?;
        let bytes = manifest.encode();
        let bound = Bounds::default().manifest;
        if bytes.len() as u64 > bound {
            let message = format!("the bundle has too many files: its manifest is larger than {bound} bytes");
            return Err(Refused::new(Reason::TooLarge, message));
        }
        Ok(Self { manifest, bytes, blobs, signatures: Vec::new() })
    }

    /// Puts an artifact together from what was fetched piece by piece: `blob` is asked for each content once, and what it
    /// gives is checked. Signatures that are malformed or of something else are passed over.
    ///
    /// # Errors
    /// The manifest is not as it must be, or a content is another than it says; what `blob` failed with.
    pub fn assemble(
        manifest: &[u8],
        signatures: Vec<Vec<u8>>,
        blob: &mut dyn FnMut(Pointer) -> io::Result<Vec<u8>>,
        bounds: &Bounds,
    ) -> Result<Self, Refused> {
        let bytes = manifest.to_vec();
        let manifest = Manifest::parse(&bytes)?;
        let mut artifact = Self { manifest, bytes, blobs: BTreeMap::new(), signatures: Vec::new() };
        artifact.must_fit(bounds)?;
        for layer in &artifact.manifest.layers {
            if artifact.blobs.contains_key(&layer.digest) {
                continue;
            }
            let content = blob(layer.pointer())
                .map_err(|error| Refused::new(Reason::Io, format!("{} cannot be read: {error}", layer.title)))?;
            if Pointer::to(&content) != layer.pointer() {
                let message = format!("the content of {} is not what the manifest says", layer.title);
                return Err(Refused::new(Reason::Blob, message));
            }
            artifact.blobs.insert(layer.digest, content);
        }
        for signature in signatures.into_iter().take(bounds.signatures) {
            if signature.len() as u64 <= bounds.bundle && signature::could_be_of(&signature, artifact.digest()).is_ok()
            {
                artifact.push(signature);
            }
        }
        Ok(artifact)
    }

    fn must_fit(&self, bounds: &Bounds) -> Result<(), Refused> {
        let too_large = self.bytes.len() as u64 > bounds.manifest || self.manifest.size() > bounds.total;
        let message = format!("the bundle is larger than {} bytes, or its manifest too large", bounds.total);
        if too_large { Err(Refused::new(Reason::TooLarge, message)) } else { Ok(()) }
    }

    /// From what was read of a file, which was checked already.
    pub(crate) fn from_parts(
        manifest: Manifest,
        bytes: Vec<u8>,
        blobs: BTreeMap<Digest, Vec<u8>>,
        signatures: Vec<Vec<u8>>,
    ) -> Self {
        Self { manifest, bytes, blobs, signatures }
    }

    /// The bundle's identity: the digest of the manifest's bytes.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }

    /// The manifest.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The manifest's bytes.
    #[must_use]
    pub fn manifest_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The content of a digest, if a file has it.
    #[must_use]
    pub fn blob(&self, digest: Digest) -> Option<&[u8]> {
        self.blobs.get(&digest).map(Vec::as_slice)
    }

    /// Each content once.
    pub fn blobs(&self) -> impl Iterator<Item = (Digest, &[u8])> {
        self.blobs.iter().map(|(digest, content)| (*digest, content.as_slice()))
    }

    /// The files, by path.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let content = |layer: &Layer| self.blobs.get(&layer.digest).map(Vec::as_slice);
        self.manifest.layers.iter().filter_map(move |layer| Some((layer.title.as_str(), content(layer)?)))
    }

    /// The signatures: Sigstore bundles.
    #[must_use]
    pub fn signatures(&self) -> &[Vec<u8>] {
        &self.signatures
    }

    /// Adds a signature; says whether it was not there yet. It is not verified.
    ///
    /// # Errors
    /// It is malformed or not of this bundle, or there are too many.
    pub fn add_signature(&mut self, bundle: Vec<u8>) -> Result<bool, Refused> {
        let bounds = Bounds::default();
        signature::could_be_of(&bundle, self.digest())
            .map_err(|error| Refused::new(error.reason(), error.to_string()))?;
        if bundle.len() as u64 > bounds.bundle {
            let message = format!("the signature is larger than {} bytes", bounds.bundle);
            return Err(Refused::new(Reason::TooLarge, message));
        }
        if !self.signatures.contains(&bundle) && self.signatures.len() >= bounds.signatures {
            let message = format!("the bundle has {} signatures already, which is the most", bounds.signatures);
            return Err(Refused::new(Reason::TooManySignatures, message));
        }
        Ok(self.push(bundle))
    }

    fn push(&mut self, bundle: Vec<u8>) -> bool {
        let new = !self.signatures.contains(&bundle);
        if new {
            self.signatures.push(bundle);
        }
        new
    }

    /// Writes the package file.
    ///
    /// # Errors
    /// What the writer failed with.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let manifest = Pointer::to(&self.bytes);
        let referrers: Vec<Vec<u8>> =
            self.signatures.iter().map(|signature| referrer(manifest, Pointer::to(signature))).collect();
        let index = Index {
            version: self.manifest.version.clone(),
            manifest,
            referrers: referrers.iter().map(|bytes| Pointer::to(bytes)).collect(),
        };
        tar::write_entry(out, "oci-layout", oci::LAYOUT)?;
        tar::write_entry(out, "index.json", &index.encode())?;
        let signatures = referrers.iter().zip(&self.signatures);
        let head = signatures.flat_map(|(referrer, signature)| [referrer.as_slice(), signature.as_slice()]);
        let layers = self.manifest.layers.iter().filter_map(|layer| self.blob(layer.digest));
        let blobs = std::iter::once(EMPTY_BLOB).chain(head).chain([self.bytes.as_slice()]).chain(layers);
        let mut written = std::collections::BTreeSet::new();
        for blob in blobs {
            let digest = Digest::of(blob);
            // Each content is there once, where it is first needed.
            if written.insert(digest) {
                tar::write_entry(out, &blob_name(digest), blob)?;
            }
        }
        tar::write_end(out)
    }

    /// The package file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // Memory takes everything; contents are far below what a header can say.
        self.write(&mut bytes).expect("memory takes it");
        bytes
    }
}
