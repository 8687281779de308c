//! The search for secrets that should not be where they are looked for.
//!
//! Owns: every form in which a secret is searched: as it is, escaped for JSON once and twice, percent-encoded, in hexadecimal,
//! in base64 at its three alignments and in both alphabets; and the same for pairs `user:password`.
//!
//! Searched twice: by forms made here, and by the program's own redactor, since the one does not share the other's blind
//! spots.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use presetter_secret::{Redactor, Secret};

/// Every form in which a secret is searched.
#[must_use]
pub fn forms(secret: &str) -> Vec<String> {
    let bytes = secret.as_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let percent: String = bytes
        .iter()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(*byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    let json = serde_json::Value::from(secret).to_string();
    let json = json.trim_matches('"').to_owned();
    let again = serde_json::Value::from(json.as_str()).to_string();
    let mut forms = vec![
        secret.to_owned(),
        hex.to_uppercase(),
        hex,
        percent.to_lowercase(),
        percent,
        again.trim_matches('"').to_owned(),
        json,
    ];
    for shift in 0..3 {
        // Only the characters that the secret alone decides: what stands before and after it is not known.
        let shifted = [&b"\0\0"[..shift], bytes].concat();
        let whole = shifted.len() / 3 * 4;
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let encoded = engine.encode(&shifted);
            forms.push(encoded[[0, 2, 3][shift]..whole].to_owned());
        }
    }
    forms
}

/// Secrets to search for.
#[derive(Debug)]
pub struct Search {
    /// Name, form.
    forms: Vec<(String, String)>,
    redactor: Redactor,
}

impl Search {
    /// A search for secrets, each with a name for whoever reads a failed test.
    #[must_use]
    pub fn new<N: Into<String>, S: Into<String>>(secrets: impl IntoIterator<Item = (N, S)>) -> Self {
        let (mut all, redactor) = (Vec::new(), Redactor::new());
        for (name, secret) in secrets {
            let (name, secret) = (name.into(), secret.into());
            all.extend(forms(&secret).into_iter().map(|form| (name.clone(), form)));
            redactor.add(&name, &Secret::new(secret));
        }
        Self { forms: all, redactor }
    }

    /// The first secret in some bytes, and in which form.
    #[must_use]
    pub fn found(&self, bytes: &[u8]) -> Option<String> {
        // A memory is mostly empty, and no secret has such a hole in it.
        const HOLE: [u8; 4096] = [0; 4096];
        let mut parts = vec![Vec::new()];
        for page in bytes.chunks(HOLE.len()) {
            if page == HOLE {
                parts.push(Vec::new());
            } else {
                parts.last_mut().unwrap().extend_from_slice(page);
            }
        }
        parts.iter().filter(|part| !part.is_empty()).find_map(|part| self.found_in_part(part))
    }

    fn found_in_part(&self, bytes: &[u8]) -> Option<String> {
        let text = String::from_utf8_lossy(bytes);
        if let Some((name, form)) = self.forms.iter().find(|(_, form)| text.contains(form.as_str())) {
            return Some(format!("{name} as {form}"));
        }
        self.redactor.holds(bytes).then(|| {
            let shown = self.redactor.text(&text);
            let at = shown.find("[secret ").unwrap_or_default();
            format!("something that the redactor finds: {}", shown[at..].chars().take(200).collect::<String>())
        })
    }

    /// The first secret in a folder: in a file, or in the name of one. Also how many files were searched.
    #[must_use]
    pub fn found_below(&self, folder: &Path) -> (usize, Option<String>) {
        let mut files = Vec::new();
        collect(folder, &mut files);
        let found = files.iter().find_map(|file| {
            let found = self.found(file.to_str().unwrap().as_bytes()).or_else(|| self.found(&fs::read(file).unwrap()));
            found.map(|what| format!("{}: {what}", file.display()))
        });
        (files.len(), found)
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        match entry.file_type().unwrap().is_dir() {
            true => collect(&entry.path(), files),
            false => files.push(entry.path()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_search_finds_what_is_planted() {
        let secrets = [("token", r#"tok"en/1+2%é-0123"#), ("pair", r#"me@example.com:p/a"ss"word+1%"#)];
        let search = Search::new(secrets);
        assert_eq!(search.found(b"nothing of the kind"), None);
        for (_, secret) in secrets {
            for form in forms(secret) {
                let planted = format!("text before it {form} and after it");
                assert!(search.found(planted.as_bytes()).is_some(), "{form}");
                // Beside what is not UTF-8, as in a memory.
                let planted = [b"\xff\0\xc3", form.as_bytes(), b"\0\xff"].concat();
                assert!(search.found(&planted).is_some(), "{form}");
            }
            for around in ["", "a", "ab"] {
                let encoded = STANDARD_NO_PAD.encode(format!("{around}{secret}xyz"));
                assert!(search.found(encoded.as_bytes()).is_some(), "{encoded}");
            }
        }
    }

    #[test]
    fn files_and_their_names_are_searched() {
        let folder = tempfile::tempdir().unwrap();
        let search = Search::new([("token", "a-token-to-find")]);
        fs::create_dir(folder.path().join("sub")).unwrap();
        fs::write(folder.path().join("sub/fine"), "fine").unwrap();
        assert_eq!(search.found_below(folder.path()), (1, None));
        fs::write(folder.path().join("sub/a-token-to-find"), "").unwrap();
        assert!(search.found_below(folder.path()).1.is_some());
        fs::rename(folder.path().join("sub/a-token-to-find"), folder.path().join("x")).unwrap();
        fs::write(folder.path().join("x"), "612d746f6b656e2d746f2d66696e64").unwrap();
        assert!(search.found_below(folder.path()).1.is_some());
    }
}
