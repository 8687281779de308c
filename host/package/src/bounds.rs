//! How much of a package is looked at before anyone is known to have signed it.

/// The bounds of a package. Whoever made it has no say in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// How many signatures it may have.
    pub signatures: usize,
    /// How large a signature (a Sigstore bundle) may be, in bytes.
    pub bundle: u64,
    /// How large the manifest may be, in bytes.
    pub manifest: u64,
    /// How large the whole file may be, in bytes.
    pub total: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { signatures: 16, bundle: 64 << 10, manifest: 1 << 20, total: 64 << 20 }
    }
}

impl Bounds {
    /// How large `index.json` may be: it grows with the signatures alone.
    pub(crate) fn index(&self) -> u64 {
        (self.signatures as u64).saturating_add(2).saturating_mul(512)
    }

    /// How large the manifest of a signature may be: ours are below this, and no other is taken.
    pub(crate) const REFERRER: u64 = 4096;
}
