//! Canonical ustar: each header follows from a name and a size, and nothing else is written or read.
//!
//! A header: the name in the first 100 bytes; mode `0000644`, uid and gid `0000000`, the size in 11 octal digits, mtime
//! `00000000000`, each ended by a zero byte; the checksum in 6 octal digits, a zero byte and a space; type `0`; magic
//! `ustar`, a zero byte, version `00`; all else zero. Contents are filled up with zeros to 512 bytes; two blocks of zeros are
//! the end. Reading makes the header again and compares all of it, so no link, long name, sparse file or extension is ever
//! looked at, let alone interpreted.

use std::io::{self, ErrorKind, Read, Write};

use crate::{Reason, Refused};

pub(crate) const BLOCK: usize = 512;
/// How many bytes are read at once.
const CHUNK: usize = 64 << 10;
/// The largest size that 11 octal digits hold.
const LARGEST: u64 = (1 << 33) - 1;

/// The header of an entry; nothing if its name or size do not fit.
fn header(name: &str, size: u64) -> Option<[u8; BLOCK]> {
    let mut block = [0; BLOCK];
    if name.is_empty() || name.len() >= 100 || size > LARGEST {
        return None;
    }
    let size = format!("{size:011o}");
    for (at, text) in [
        (0, name),
        (100, "0000644"),
        (108, "0000000"),
        (116, "0000000"),
        (124, &size),
        (136, "00000000000"),
        // The checksum is made with spaces in its place.
        (148, "        "),
        (156, "0"),
        (257, "ustar"),
        (263, "00"),
    ] {
        block[at..at + text.len()].copy_from_slice(text.as_bytes());
    }
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    Some(block)
}

/// How many zeros follow a content of this size.
fn padding(size: u64) -> usize {
    // The remainder is below 512.
    (BLOCK - (size % BLOCK as u64) as usize) % BLOCK
}

/// Writes an entry.
pub(crate) fn write_entry(out: &mut impl Write, name: &str, content: &[u8]) -> io::Result<()> {
    let size = content.len() as u64;
    let header =
        header(name, size).ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "too large for a package"))?;
    out.write_all(&header)?;
    out.write_all(content)?;
    out.write_all(&[0; BLOCK][..padding(size)])
}

/// Writes the end.
pub(crate) fn write_end(out: &mut impl Write) -> io::Result<()> {
    out.write_all(&[0; 2 * BLOCK])
}

/// Reads entries that are known beforehand, one after another.
pub(crate) struct Entries<R> {
    reader: R,
    at: u64,
    total: u64,
}

impl<R: Read> Entries<R> {
    /// Of a file of at most `total` bytes.
    pub(crate) fn new(reader: R, total: u64) -> Self {
        Self { reader, at: 0, total }
    }

    /// How many bytes were read.
    pub(crate) fn position(&self) -> u64 {
        self.at
    }

    /// The content of the entry that must come now, which is small.
    pub(crate) fn content(&mut self, name: &str, size: u64) -> Result<Vec<u8>, Refused> {
        let mut content = Vec::new();
        self.stream(name, size, &mut |chunk| {
            content.extend_from_slice(chunk);
            Ok(())
        })?;
        Ok(content)
    }

    /// Hands over the content of the entry that must come now, piece by piece.
    pub(crate) fn stream(
        &mut self,
        name: &str,
        size: u64,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Refused>,
    ) -> Result<(), Refused> {
        let at = self.at;
        let found = self.block()?;
        if header(name, size).is_none_or(|expected| expected != found) {
            return Err(other_entry(&found, name, at));
        }
        self.body(size, sink)
    }

    /// The content of the entry that must come now and whose size is not known, at most `bound`.
    pub(crate) fn content_of_any_size(&mut self, name: &str, bound: u64, what: Reason) -> Result<Vec<u8>, Refused> {
        let at = self.at;
        let found = self.block()?;
        // Read only to make the header again, which tells whether it was written as it must be.
        let digits = std::str::from_utf8(&found[124..135]).ok();
        let size = digits.and_then(|digits| u64::from_str_radix(digits, 8).ok());
        let size = size.filter(|size| header(name, *size).is_some_and(|expected| expected == found));
        let size = size.ok_or_else(|| other_entry(&found, name, at))?;
        if size > bound {
            return Err(Refused::new(what, format!("{name} has {size} bytes, more than {bound}")).at(at));
        }
        let mut content = Vec::new();
        self.body(size, &mut |chunk| {
            content.extend_from_slice(chunk);
            Ok(())
        })?;
        Ok(content)
    }

    /// The end must come now, and then nothing.
    pub(crate) fn end(&mut self) -> Result<(), Refused> {
        for _ in 0..2 {
            let at = self.at;
            if self.block()? != [0; BLOCK] {
                return Err(Refused::new(Reason::Trailing, "the file goes on after its last entry").at(at));
            }
        }
        let at = self.at;
        match self.read_some(&mut [0])? {
            0 => Ok(()),
            _ => Err(Refused::new(Reason::Trailing, "the file goes on after its end").at(at)),
        }
    }

    fn body(&mut self, size: u64, sink: &mut dyn FnMut(&[u8]) -> Result<(), Refused>) -> Result<(), Refused> {
        let at = self.at;
        if size > self.total.saturating_sub(at) {
            let message = format!("the package is larger than {} bytes", self.total);
            return Err(Refused::new(Reason::TooLarge, message).at(at));
        }
        let mut left = size;
        let mut buffer = vec![0; usize::try_from(size).unwrap_or(CHUNK).min(CHUNK)];
        while left > 0 {
            let length = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
            self.fill(&mut buffer[..length])?;
            sink(&buffer[..length])?;
            left -= length as u64;
        }
        let at = self.at;
        let mut after = [0; BLOCK];
        let after = &mut after[..padding(size)];
        self.fill(after)?;
        if after.iter().any(|byte| *byte != 0) {
            return Err(Refused::new(Reason::Padding, "the space after an entry is not zero").at(at));
        }
        Ok(())
    }

    fn block(&mut self) -> Result<[u8; BLOCK], Refused> {
        let mut block = [0; BLOCK];
        self.fill(&mut block)?;
        Ok(block)
    }

    fn fill(&mut self, mut buffer: &mut [u8]) -> Result<(), Refused> {
        while !buffer.is_empty() {
            match self.read_some(buffer)? {
                0 => return Err(Refused::new(Reason::Truncated, "the file ends too early").at(self.at)),
                count => buffer = &mut buffer[count..],
            }
        }
        Ok(())
    }

    fn read_some(&mut self, buffer: &mut [u8]) -> Result<usize, Refused> {
        loop {
            match self.reader.read(buffer) {
                Ok(count) => {
                    self.at += count as u64;
                    return Ok(count);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    return Err(Refused::new(Reason::Io, format!("the file cannot be read: {error}")).at(self.at));
                }
            }
        }
    }
}

/// An entry that is not the one that must come, in the words that help most.
fn other_entry(found: &[u8; BLOCK], name: &str, at: u64) -> Refused {
    let other = match found {
        _ if at > 0 => None,
        [0x1f, 0x8b, ..] => Some("it is compressed with gzip; a package never is"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some("it is compressed with zstd; a package never is"),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => Some("it is compressed with xz; a package never is"),
        [b'B', b'Z', b'h', ..] => Some("it is compressed with bzip2; a package never is"),
        [b'P', b'K', ..] => Some("it is a zip file"),
        _ if found[..name.len()] == *name.as_bytes() => None,
        _ if found[257..262] == *b"ustar" => {
            Some("it is a tar file in another form; an OCI layout is made a package by `presetter import`")
        }
        _ => Some("it does not begin as one"),
    };
    match other {
        Some(why) => Refused::new(Reason::NotAPackage, format!("this is not a package: {why}")).at(at),
        None => {
            Refused::new(Reason::Header, format!("the entry {name} must come here, in exactly its one form")).at(at)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_what_the_format_says() {
        let header = header("oci-layout", 30).unwrap();
        assert_eq!(&header[..12], b"oci-layout\0\0");
        assert_eq!(&header[100..156], b"0000644\x000000000\x000000000\x0000000000036\x0000000000000\x00007754\0 ");
        assert_eq!(&header[156..157], b"0");
        assert_eq!(&header[257..265], b"ustar\x0000");
        assert!(header[157..257].iter().chain(&header[265..]).all(|byte| *byte == 0));
        assert_eq!((padding(0), padding(1), padding(511), padding(512), padding(513)), (0, 511, 1, 0, 511));
        assert!(super::header(&"a".repeat(99), LARGEST).is_some());
        assert!(super::header(&"a".repeat(100), 0).is_none() && super::header("a", LARGEST + 1).is_none());
    }

    #[test]
    fn a_size_in_other_digits_is_refused() {
        let mut file = Vec::new();
        write_entry(&mut file, "a", b"xyz").unwrap();
        write_end(&mut file).unwrap();
        let read = |file: &[u8]| {
            let mut entries = Entries::new(file, 1 << 20);
            entries.content_of_any_size("a", 3, Reason::Index).and_then(|content| entries.end().map(|()| content))
        };
        assert_eq!(read(&file).unwrap(), b"xyz");
        // The checksum is made to fit, as other tools would accept it.
        for size in [
            *b"         3 \0",
            *b"+0000000003\0",
            *b"0000000003\0\0",
            *b"00000000003 ",
            *b"\x80\0\0\0\0\0\0\0\0\0\0\x03",
        ] {
            let mut other = file.clone();
            other[124..136].copy_from_slice(&size);
            other[148..156].fill(b' ');
            let sum: u32 = other[..BLOCK].iter().map(|byte| u32::from(*byte)).sum();
            other[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
            assert_eq!(read(&other).unwrap_err().reason, Reason::Header, "{size:?}");
        }
    }
}
