//! A package that was verified: its signatures, the rule of the trust store, every byte of it.
//!
//! Owns the order of the steps. Must never: give out anything of a package that was not verified to its end; read a file twice.
//! [`Verified`] is made here alone, so whoever has one need not ask whether it was.

use std::collections::BTreeMap;
use std::io::Read;

use jiff::Timestamp;
use presetter_bundle::{Bundle, Content, Source};
use presetter_package::{Bounds, Digest};
use presetter_trust::{Candidate, Code, Decision, Trust};
use semver::Version;

use crate::{Error, Permissions};

/// What a package is to be, and whom it is verified against.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The trust store.
    pub trust: &'a Trust,
    /// The name that it must have; of a file that a person names, nothing.
    pub name: Option<&'a str>,
    /// The version that it must have.
    pub version: Option<&'a Version>,
    /// The digest that it must have.
    pub digest: Option<Digest>,
    /// The digest of an older version that somebody went back to on purpose.
    pub rollback_to: Option<Digest>,
    /// How much of it is looked at.
    pub bounds: Bounds,
    /// Now.
    pub now: Timestamp,
}

/// Why a package was not taken.
#[derive(Debug, thiserror::Error)]
pub enum Rejected {
    /// Its bytes, or a signature.
    #[error(transparent)]
    Package(#[from] presetter_package::Refused),
    /// It is not trusted.
    #[error(transparent)]
    Trust(#[from] presetter_trust::Refused),
    /// The bundle in it is wrong.
    #[error(transparent)]
    Bundle(#[from] presetter_bundle::Error),
    /// It is not what is installed, or what was approved.
    #[error(transparent)]
    Store(#[from] Error),
}

/// A bundle from a package that was verified.
#[derive(Debug, Clone)]
pub struct Verified {
    version: Version,
    digest: Digest,
    signers: Vec<presetter_package::KeyId>,
    decision: Decision,
    bundle: Bundle,
    permissions: Permissions,
}

impl Verified {
    /// Verifies a package, all of it.
    ///
    /// # Errors
    /// Why it is not taken.
    pub fn read(reader: impl Read, ask: &Ask<'_>) -> Result<Self, Rejected> {
        let opened = presetter_package::open(reader, &ask.bounds)?;
        let digest = opened.digest();
        if let Some(wanted) = ask.digest.filter(|wanted| *wanted != digest) {
            let message = format!("the package is {digest}, and {wanted} was asked for");
            return Err(Error::new(message, "fetch it again; if it is the same, tell whoever you have it from").into());
        }
        let signers = opened.signers(ask.trust)?;
        if signers.is_empty() {
            // Before anything else of it is read.
            return Err(unsigned().into());
        }
        let manifest = opened.manifest()?;
        manifest.expect(ask.name.unwrap_or(&manifest.name), ask.version.map(ToString::to_string).as_deref())?;
        let version: Version = manifest.version.parse().map_err(|why| {
            Error::new(format!("{:?} is no version: {why}", manifest.version), "versions are like 1.2.0")
        })?;
        let candidate = Candidate {
            name: &manifest.name,
            version: &version,
            digest,
            signers: &signers,
            rollback_to: ask.rollback_to,
        };
        let decision = ask.trust.decide(&candidate, ask.now)?;
        let mut files: BTreeMap<String, (Vec<u8>, Digest)> = BTreeMap::new();
        opened.content(&mut |layer, bytes| {
            let room = || (Vec::with_capacity(usize::try_from(layer.size).unwrap_or_default()), layer.digest);
            files.entry(layer.title.clone()).or_insert_with(room).0.extend_from_slice(bytes);
            Ok(())
        })?;
        let content = |(bytes, digest): (Vec<u8>, Digest)| Content { bytes: bytes.into(), sha256: digest.hex() };
        let files = files.into_iter().map(|(name, file)| (name, content(file))).collect();
        // The keys that count: a connection is not opened by a revoked one.
        let keys = decision.signers.iter().map(ToString::to_string).collect();
        let source = Source::Signed { bundle: manifest.name.clone(), signers: keys };
        let bundle = Bundle::from_package(&manifest.name, &manifest.version, files, source)?;
        let permissions = Permissions::of(&bundle)?;
        Ok(Self { version, digest, signers, decision, bundle, permissions })
    }

    pub(crate) fn component_is_rebuilt(&mut self) {
        if let Some(component) = &mut self.permissions.component {
            component.rebuilt = true;
        }
    }

    /// The bundle's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.bundle.manifest().name.as_str()
    }

    /// The bundle's version.
    #[must_use]
    pub const fn version(&self) -> &Version {
        &self.version
    }

    /// The digest of the package's manifest.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// Why it is trusted.
    #[must_use]
    pub const fn decision(&self) -> &Decision {
        &self.decision
    }

    /// It, for the record of what was seen.
    #[must_use]
    pub fn candidate(&self) -> Candidate<'_> {
        let (version, digest) = (&self.version, self.digest);
        Candidate { name: self.name(), version, digest, signers: &self.signers, rollback_to: None }
    }

    /// The bundle. It reads no file.
    #[must_use]
    pub const fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// What it may do.
    #[must_use]
    pub const fn permissions(&self) -> &Permissions {
        &self.permissions
    }
}

fn unsigned() -> presetter_trust::Refused {
    presetter_trust::Refused {
        code: Code::Unsigned,
        message: "no key of the trust store has signed it".into(),
        help: "see who says to have signed it: presetter inspect FILE\nwhom you trust: presetter trust list".into(),
        at: None,
    }
}
