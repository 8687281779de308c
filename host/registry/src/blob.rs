//! Fetching a blob, piece by piece, to where somebody else keeps it.
//!
//! Invariants: what [`Repository::blob`] says is complete has the size and the digest that were asked for; at most one
//! piece is in memory, or the whole from a registry that knows no pieces; nothing wrong is left behind in a [`Part`], so
//! that a next try cannot build on it.

use std::io;

use bytes::Bytes;
use presetter_package::{Digest, Pointer};
use sha2::{Digest as _, Sha256};

use crate::{
    Error, Repository, bounds,
    bounds::Cap,
    wire::{Draft, header},
};

/// Where a blob is kept while it comes, such as a file. What is there from an earlier try is built upon.
pub trait Part: Send {
    /// Gives all that is there to `see`, in order.
    ///
    /// # Errors
    ///
    /// The system's.
    fn kept(&mut self, see: &mut dyn FnMut(&[u8])) -> io::Result<()>;

    /// Puts more behind it.
    ///
    /// # Errors
    ///
    /// The system's.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Drops all that is there.
    ///
    /// # Errors
    ///
    /// The system's.
    fn clear(&mut self) -> io::Result<()>;
}

/// In memory, for what is small.
impl Part for Vec<u8> {
    fn kept(&mut self, see: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        see(self);
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.extend_from_slice(bytes);
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        Vec::clear(self);
        Ok(())
    }
}

/// Is told how far a blob is: the bytes that are there, and those that there will be.
pub type Progress<'p> = dyn FnMut(u64, u64) + Send + 'p;

/// A part, with what is known of its bytes.
struct Kept<'p> {
    part: &'p mut dyn Part,
    hash: Sha256,
    have: u64,
}

impl Kept<'_> {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.part.append(bytes)?;
        self.hash.update(bytes);
        self.have += bytes.len() as u64;
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.part.clear()?;
        (self.hash, self.have) = (Sha256::new(), 0);
        Ok(())
    }

    fn digest(&self) -> Digest {
        Digest::from_bytes(self.hash.clone().finalize().into())
    }
}

/// What came for the rest of a blob.
enum Answer {
    /// All of it, since the registry knows no pieces.
    Whole(Bytes),
    /// What was asked for.
    Piece(Bytes),
}

impl Repository<'_> {
    /// Fetches a blob that a manifest points to, or what is missing of it.
    ///
    /// # Errors
    ///
    /// It is not there, or not what was asked for; the connection broke, and then what came is kept in `part`.
    pub async fn blob(&self, blob: Pointer, part: &mut dyn Part, progress: &mut Progress<'_>) -> Result<(), Error> {
        let what = self.named(format_args!("the blob {}", blob.digest));
        let limit = self.registry.options.blob_bytes;
        if blob.size > limit {
            return Err(Error::TooLarge { what, limit });
        }
        let local = |source| Error::Part { what: what.clone(), source };
        let mut kept = Kept { part, hash: Sha256::new(), have: 0 };
        let (hash, have) = (&mut kept.hash, &mut kept.have);
        let mut see = |bytes: &[u8]| {
            hash.update(bytes);
            *have += bytes.len() as u64;
        };
        kept.part.kept(&mut see).map_err(local)?;
        if kept.have > blob.size {
            kept.clear().map_err(local)?;
        }
        loop {
            let resumed = kept.have > 0;
            progress(kept.have, blob.size);
            let mut whole = false;
            while kept.have < blob.size {
                match self.piece(blob, kept.have, &what).await? {
                    Answer::Piece(bytes) => kept.append(&bytes).map_err(local)?,
                    Answer::Whole(bytes) => {
                        kept.clear().and_then(|()| kept.append(&bytes)).map_err(local)?;
                        whole = true;
                    }
                }
                progress(kept.have, blob.size);
            }
            let digest = kept.digest();
            if digest == blob.digest {
                return Ok(());
            }
            kept.clear().map_err(local)?;
            // What was kept may be what is wrong: once more, with nothing of it.
            if whole || !resumed {
                return Err(self.untrue(format!("{what} came with the digest {digest}")));
            }
        }
    }

    async fn piece(&self, blob: Pointer, from: u64, what: &str) -> Result<Answer, Error> {
        let Pointer { digest, size } = blob;
        let chunk = self.registry.options.chunk_bytes;
        let cap = if size <= bounds::INDEX as u64 { Cap::Part } else { Cap::Whole(self.registry.options.blob_bytes) };
        let draft = Draft::get(self.url(&format!("blobs/{digest}")), cap, what);
        let end = size.min(from.saturating_add(chunk)) - 1;
        let in_pieces = from > 0 || size > chunk;
        let draft = if in_pieces { draft.header("Range", format!("bytes={from}-{end}")) } else { draft };
        let response = self.fetch(&draft).await?;
        let length = response.body.len() as u64;
        match response.status {
            200 if length == size => Ok(Answer::Whole(response.body)),
            200 => Err(self.untrue(format!("{what} came with {length} bytes, and its manifest says {size}"))),
            206 if in_pieces => {
                let said = header(&response, "content-range").unwrap_or_default();
                if Range::parse(said) != Some(Range { from, end, size: Some(size) })
                    && Range::parse(said) != Some(Range { from, end, size: None })
                {
                    return Err(self.untrue(format!("another piece of {what} came than bytes {from} to {end}")));
                }
                if length != end - from + 1 {
                    return Err(self.untrue(format!("a piece of {what} came with {length} bytes")));
                }
                Ok(Answer::Piece(response.body))
            }
            206 => Err(self.untrue(format!("a piece of {what} came where the whole was asked for"))),
            _ => Err(self.refused(&response, what)),
        }
    }
}

/// The header `Content-Range` of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    from: u64,
    end: u64,
    size: Option<u64>,
}

impl Range {
    /// `bytes 0-9/10`, or `bytes 0-9/*`.
    fn parse(text: &str) -> Option<Range> {
        let (range, size) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
        let (from, end) = range.split_once('-')?;
        let size = if size == "*" { None } else { Some(size.parse().ok()?) };
        Some(Range { from: from.parse().ok()?, end: end.parse().ok()?, size })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let range = |from, end, size| Some(Range { from, end, size });
        assert_eq!(Range::parse("bytes 0-9/10"), range(0, 9, Some(10)));
        assert_eq!(Range::parse(" bytes 5-9/*"), range(5, 9, None));
        for text in ["", "bytes */10", "bytes 0-9", "0-9/10", "bytes -1-9/10", "bytes 0-x/10", "bytes 0-9/"] {
            assert_eq!(Range::parse(text), None, "{text}");
        }
    }
}
