//! What the files here have in common: a number for their form, and values that are written as text.
//!
//! Keeps: a file of a newer program is refused as such, and never half understood.

use std::path::Path;

use presetter_disk::{self as disk, Guard};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::Error;

/// The form that this program writes and reads.
pub(crate) const FORMAT: u32 = 1;
/// Most bytes of a file here.
pub(crate) const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// Reads a file that may not be changed by others; nothing if there is none.
pub(crate) fn load<T: DeserializeOwned>(path: &Path, help: &str) -> Result<Option<T>, Error> {
    let bytes = disk::read(path, MAX_BYTES, Guard::Settings).map_err(|why| Error::malformed(path, why, help))?;
    let Some(bytes) = bytes else { return Ok(None) };
    let text = String::from_utf8(bytes).map_err(|_| Error::malformed(path, "it is not text (UTF-8)", help))?;
    read(path, &text, help).map(Some)
}

/// Reads the text of a file.
pub(crate) fn read<T: DeserializeOwned>(path: &Path, text: &str, help: &str) -> Result<T, Error> {
    /// What every form has, in whatever else they differ.
    #[derive(Deserialize)]
    struct Head {
        format: u32,
    }
    let wrong = |why: toml::de::Error| {
        let before = why.span().map_or("", |span| text.get(..span.start).unwrap_or_default());
        let line = before.matches('\n').count() + 1;
        Error::new(format!("line {line} of {}: {}", path.display(), why.message().trim().replace('\n', "; ")), help)
    };
    let Head { format } = toml::from_str(text).map_err(wrong)?;
    if format != FORMAT {
        let message = format!("{} has form {format}; this program knows form {FORMAT}", path.display());
        return Err(Error::new(message, "a newer Presetter wrote it: update this one"));
    }
    toml::from_str(text).map_err(wrong)
}

/// Values that are written as text: `#[serde(with = "form::text")]`.
pub(crate) mod text {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(crate) fn serialize<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(crate) fn deserialize<'de, T: FromStr<Err: Display>, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}
