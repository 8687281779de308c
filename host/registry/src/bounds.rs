//! How much of a registry's answers is read: nothing that a stranger sends is without an end.

use std::time::Duration;

use presetter_egress::Limits;

/// Most bytes of a manifest, a list of tags or a token.
pub(crate) const SMALL: usize = 1024 * 1024;
/// Most bytes of a page of referrers, which is as much as a manifest may have in any registry.
pub(crate) const INDEX: usize = 4 * 1024 * 1024;
/// How many bytes of a blob are asked for or sent at a time.
pub(crate) const CHUNK: u64 = 4 * 1024 * 1024;
/// Most bytes of one request's body, whatever a registry asks for.
pub(crate) const SENT: usize = 16 * 1024 * 1024;
/// Most bytes of a blob, unless said otherwise.
pub(crate) const BLOB: u64 = 64 * 1024 * 1024;
/// Most referrers that are looked at (CVE-2023-33957: anyone who may push can add any number).
pub(crate) const REFERRERS: usize = 64;
/// Most signatures that are used.
pub(crate) const SIGNATURES: usize = 16;
/// Most bytes of a signature, and of the manifest that carries it.
pub(crate) const SIGNATURE: u64 = 64 * 1024;
/// Most pages of a list.
pub(crate) const PAGES: usize = 16;
/// Most tags of a list.
pub(crate) const TAGS: usize = 10_000;
/// Most redirects on the way to a blob.
pub(crate) const REDIRECTS: usize = 3;
/// How often a read is tried again that a registry has no time for.
pub(crate) const RETRIES: u32 = 3;
/// Longest wait that a registry may ask for.
pub(crate) const WAIT: Duration = Duration::from_secs(60);
/// How often an upload that broke is taken up again.
pub(crate) const RESUMES: u32 = 5;
/// How often a list of signatures is written again that somebody else changed meanwhile.
pub(crate) const REWRITES: u32 = 4;

/// How large an answer may be, and how long it may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cap {
    /// A manifest, a list of tags, a token, or an error.
    Small,
    /// A page of referrers.
    Index,
    /// A part of a blob, in either direction.
    Part,
    /// A blob in one piece, of at most so many bytes.
    Whole(u64),
}

impl Cap {
    /// The limits of an exchange. As few different ones as can be: each has connections of its own.
    pub(crate) fn limits(self) -> Limits {
        let (bytes, seconds) = match self {
            Cap::Small => (SMALL, 30),
            Cap::Index => (INDEX, 60),
            Cap::Part => (INDEX, 120),
            Cap::Whole(bytes) => (usize::try_from(bytes).unwrap_or(usize::MAX), 600),
        };
        Limits {
            timeout: Duration::from_secs(seconds),
            request_bytes: SENT,
            response_bytes: bytes,
            ..Limits::default()
        }
    }
}
