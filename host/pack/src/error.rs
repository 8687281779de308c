//! Why a bundle could not be packed.

use serde::Deserialize;

/// Why a bundle could not be packed.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// A file of the bundle cannot be read, or is wrong.
    #[error(transparent)]
    Bundle(#[from] presetter_bundle::Error),
    /// A component was given, and the manifest does not say where it belongs.
    #[error("{0} names no component, so that its presets would be recipes and scripts")]
    NoPlace(String),
    /// The interpreter does not accept the sources.
    #[error("{0}")]
    Refused(Refused),
    /// The interpreter broke off. The sources may be too much for it.
    #[error("{0}")]
    Broken(String),
}

/// What an interpreter says of sources that it does not accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused(pub Vec<Complaint>);

/// One mistake, with its place.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Complaint {
    /// The file, relative to the bundle's folder; may be empty.
    pub file: String,
    /// One sentence.
    pub message: String,
    /// Where it begins, in bytes from the file's start.
    #[serde(default)]
    pub start: usize,
    /// Where it ends.
    #[serde(default)]
    pub end: usize,
    /// What to do.
    #[serde(default)]
    pub hint: Option<String>,
}

impl Refused {
    /// Reads the JSON list of the contract (`load` in `wit/preset.wit`). Anything else is one complaint without a place.
    #[must_use]
    pub fn read(text: &str) -> Self {
        Self(serde_json::from_str(text).unwrap_or_else(|_| {
            vec![Complaint { file: String::new(), message: text.to_owned(), start: 0, end: 0, hint: None }]
        }))
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (n, complaint) in self.0.iter().enumerate() {
            let file = if complaint.file.is_empty() { String::new() } else { format!("{}: ", complaint.file) };
            write!(f, "{}{file}{}", if n == 0 { "" } else { "; " }, complaint.message)?;
        }
        Ok(())
    }
}
