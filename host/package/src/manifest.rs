//! The manifest of a bundle: which files it has. Its digest is the bundle's identity, and what is signed.
//!
//! Invariants: one manifest has one encoding; paths mean one file on every system and are in order; each file has the media
//! type of its path. So a bundle's bytes follow from its name, version and files alone: no time, no machine.

use presetter_manifest::is_bundle_name;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::oci::{Descriptor, Pointer};
use crate::refused::shown;
use crate::title::{self, Titles};
use crate::{Digest, Reason, Refused, json, media};

/// The file that every bundle has.
const BUNDLE_TOML: &str = "bundle.toml";

/// The longest version: it is a registry's tag too.
const LONGEST_VERSION: usize = 128;

/// What a bundle is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The bundle's name, with its scope if it has one.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its files, sorted by title.
    pub layers: Vec<Layer>,
}

/// One file of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// Its path inside the bundle.
    pub title: String,
    /// Its media type, which follows from the path.
    pub media_type: String,
    /// The digest of its bytes.
    pub digest: Digest,
    /// How many there are.
    pub size: u64,
}

impl Layer {
    pub(crate) fn pointer(&self) -> Pointer {
        Pointer { digest: self.digest, size: self.size }
    }
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// It is not the one encoding of a manifest that keeps the rules of this module.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refused> {
        let wire: Wire = json::canonical(bytes).map_err(|why| fault(format!("the manifest cannot be read: {why}")))?;
        if wire.schema_version != 2 || wire.media_type != media::MANIFEST || wire.artifact_type != media::BUNDLE {
            return Err(fault("the manifest is of another type than a bundle's".into()));
        }
        if wire.config != Descriptor::empty() {
            return Err(fault("the manifest's config is not the empty one".into()));
        }
        let layers = wire.layers.into_iter().map(Layer::from).collect();
        let manifest = Self { name: wire.annotations.title, version: wire.annotations.version, layers };
        manifest.check()?;
        Ok(manifest)
    }

    /// The one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        json::encode(&Wire {
            schema_version: 2,
            media_type: media::MANIFEST.to_owned(),
            artifact_type: media::BUNDLE.to_owned(),
            config: Descriptor::empty(),
            layers: self.layers.iter().map(WireLayer::from).collect(),
            annotations: Annotations { title: self.name.clone(), version: self.version.clone() },
        })
    }

    /// Refuses a bundle that is another than was asked for.
    ///
    /// # Errors
    /// [`Reason::Name`], [`Reason::Version`].
    pub fn expect(&self, name: &str, version: Option<&str>) -> Result<(), Refused> {
        if self.name != name {
            let message = format!("this is the bundle {}, not {}", self.name, shown(name));
            return Err(Refused::new(Reason::Name, message));
        }
        match version {
            Some(version) if self.version != version => {
                let message = format!("this is version {}, not {}", self.version, shown(version));
                Err(Refused::new(Reason::Version, message))
            }
            _ => Ok(()),
        }
    }

    /// What its package file is called.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("{}-{}.preset", presetter_manifest::file_name(&self.name), self.version)
    }

    /// How many bytes its files have together, each content counted once for each file.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.layers.iter().fold(0, |sum, layer| sum.saturating_add(layer.size))
    }

    /// Checks the rules of this module.
    pub(crate) fn check(&self) -> Result<(), Refused> {
        if !is_bundle_name(&self.name) {
            let message = format!("\"{}\" is no name of a bundle: lower-case letters, digits and -", shown(&self.name));
            return Err(Refused::new(Reason::Name, message));
        }
        check_version(&self.version)?;
        let mut titles = Titles::default();
        for layer in &self.layers {
            title::check(&layer.title)?;
            titles.add(&layer.title)?;
            if layer.media_type != media::of_title(&layer.title) {
                let message = format!("the file {} has another media type than its path says", layer.title);
                return Err(Refused::new(Reason::MediaType, message));
            }
        }
        if let Some(pair) = self.layers.windows(2).find(|pair| pair[0].title >= pair[1].title) {
            let message = format!("the file {} is out of order: files are sorted by path", pair[1].title);
            return Err(Refused::new(Reason::Order, message));
        }
        if !self.layers.iter().any(|layer| layer.title == BUNDLE_TOML) {
            return Err(fault("the bundle has no bundle.toml".into()));
        }
        self.check_sizes()
    }

    /// One content has one size.
    fn check_sizes(&self) -> Result<(), Refused> {
        let mut sizes = std::collections::HashMap::new();
        match self.layers.iter().find(|layer| *sizes.entry(layer.digest).or_insert(layer.size) != layer.size) {
            Some(layer) => Err(fault(format!("the file {} has two sizes", layer.title))),
            None => Ok(()),
        }
    }
}

/// A version is Semantic Versioning without build metadata: that has no order, so that two of one version could be swapped,
/// and no registry takes it in a tag.
fn check_version(text: &str) -> Result<(), Refused> {
    let refused = |why: &str| Err(Refused::new(Reason::Version, format!("the version \"{}\" {why}", shown(text))));
    if text.len() > LONGEST_VERSION {
        return refused("is longer than 128 characters");
    }
    match Version::parse(text) {
        Ok(version) if !version.build.is_empty() => refused("has build metadata (after +), which has no order"),
        Ok(version) if version.to_string() == text => Ok(()),
        _ => refused("is not one of Semantic Versioning, such as 1.0.0"),
    }
}

fn fault(message: String) -> Refused {
    Refused::new(Reason::Manifest, message)
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wire {
    schema_version: u8,
    media_type: String,
    artifact_type: String,
    config: Descriptor,
    layers: Vec<WireLayer>,
    annotations: Annotations,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireLayer {
    media_type: String,
    digest: Digest,
    size: u64,
    annotations: LayerAnnotations,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LayerAnnotations {
    #[serde(rename = "org.opencontainers.image.title")]
    title: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Annotations {
    #[serde(rename = "org.opencontainers.image.title")]
    title: String,
    #[serde(rename = "org.opencontainers.image.version")]
    version: String,
}

impl From<WireLayer> for Layer {
    fn from(wire: WireLayer) -> Self {
        Self { title: wire.annotations.title, media_type: wire.media_type, digest: wire.digest, size: wire.size }
    }
}

impl From<&Layer> for WireLayer {
    fn from(layer: &Layer) -> Self {
        Self {
            media_type: layer.media_type.clone(),
            digest: layer.digest,
            size: layer.size,
            annotations: LayerAnnotations { title: layer.title.clone() },
        }
    }
}
