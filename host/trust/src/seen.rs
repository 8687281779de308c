//! What this machine has seen: the highest version of the trust store and of every bundle, with their digests.
//!
//! It is what notices that something older, or something else of the same version, is put in place of what was there. Nothing in
//! it is ever lowered. Its file is not signed: it says what happened here.
//!
//! Invariant: a file that is there and cannot be read is never taken for an empty one.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use presetter_manifest::{Diagnostics, Text, is_bundle_name, read_toml};
use presetter_package::Digest;
use presetter_template::Problem;
use semver::Version;
use serde::Deserialize;
use toml::Spanned;

const HEAD: &str = "# The highest versions that presetter has seen on this machine: older ones are refused. Without this file they are not.\n";

/// What was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The trust store's version and digest.
    pub(crate) store: Option<(u64, Digest)>,
    /// Each bundle's, by its name.
    bundles: BTreeMap<String, (Version, Digest)>,
}

/// How a version of a bundle stands to what was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing<'a> {
    /// Higher than any, or the first.
    New,
    /// Exactly the highest.
    Same,
    /// The highest by its version, and something else.
    OtherDigest(&'a Digest),
    /// Lower.
    Older(&'a Version),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    trust: Option<StoreForm>,
    #[serde(default)]
    bundle: BTreeMap<Spanned<String>, BundleForm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StoreForm {
    version: u64,
    digest: Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BundleForm {
    version: Text,
    digest: Text,
}

impl Seen {
    /// Reads `seen.toml`; `file` is how it is called in errors.
    pub(crate) fn read(file: &str, source: &str) -> Result<Self, Diagnostics> {
        let form: Form = read_toml(file, source)?;
        let mut problems = Vec::new();
        let mut seen = Self::default();
        if let Some(StoreForm { version, digest }) = &form.trust {
            seen.store = value(digest, &mut problems).map(|digest| (*version, digest));
        }
        for (name, BundleForm { version, digest }) in form.bundle {
            if !is_bundle_name(name.get_ref()) {
                problems.push(Problem::new("this is no name of a bundle", name.span()));
            }
            if let Some(pair) = value(&version, &mut problems).zip(value(&digest, &mut problems)) {
                seen.bundles.insert(name.into_inner(), pair);
            }
        }
        if problems.is_empty() { Ok(seen) } else { Err(Diagnostics::of(file, source, problems)) }
    }

    /// The text of `seen.toml`.
    pub(crate) fn text(&self) -> String {
        let mut text = String::from(HEAD);
        if let Some((version, digest)) = &self.store {
            let _ = write!(text, "\n[trust]\nversion = {version}\ndigest = \"{digest}\"\n");
        }
        for (name, (version, digest)) in &self.bundles {
            let _ = write!(text, "\n[bundle.\"{name}\"]\nversion = \"{version}\"\ndigest = \"{digest}\"\n");
        }
        text
    }

    /// How a bundle stands to what was seen. Build metadata does not count, as Semantic Versioning says: two builds of one
    /// version are the same version.
    pub(crate) fn standing(&self, name: &str, version: &Version, digest: Digest) -> Standing<'_> {
        match self.bundles.get(name) {
            None => Standing::New,
            Some((highest, known)) => match version.cmp_precedence(highest) {
                Ordering::Greater => Standing::New,
                Ordering::Less => Standing::Older(highest),
                Ordering::Equal if digest == *known => Standing::Same,
                Ordering::Equal => Standing::OtherDigest(known),
            },
        }
    }

    /// Adds a bundle. Lowers nothing.
    pub(crate) fn add(&mut self, name: &str, version: &Version, digest: Digest) {
        if self.standing(name, version, digest) == Standing::New {
            self.bundles.insert(name.to_owned(), (version.clone(), digest));
        }
    }

    /// Adds a version of the trust store. Lowers nothing.
    pub(crate) fn add_store(&mut self, version: u64, digest: Digest) {
        if self.store.is_none_or(|(highest, _)| version > highest) {
            self.store = Some((version, digest));
        }
    }
}

fn value<T: std::str::FromStr>(text: &Text, problems: &mut Vec<Problem>) -> Option<T> {
    let value = text.as_str().parse().ok();
    if value.is_none() {
        problems.push(Problem::new(format!("{:?} cannot stand here", text.as_str()), text.span()));
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn nothing_is_lowered_and_the_text_is_read_back() {
        let (one, two) = (Digest::of(b"1"), Digest::of(b"2"));
        let mut seen = Seen::default();
        assert_eq!(seen.standing("acme/jamf", &version("1.0.0"), one), Standing::New);
        seen.add("acme/jamf", &version("1.10.0"), one);
        seen.add("acme/jamf", &version("1.9.0"), two);
        seen.add("acme/jamf", &version("1.10.0"), two);
        seen.add("jamf", &version("0.1.0-rc.1"), two);
        seen.add_store(3, one);
        seen.add_store(2, two);
        seen.add_store(3, two);
        let read = Seen::read("seen.toml", &seen.text()).unwrap();
        assert_eq!(read, seen);
        assert_eq!(read.store, Some((3, one)));
        let highest = version("1.10.0");
        for (text, digest, standing) in [
            ("1.10.0", one, Standing::Same),
            ("1.10.0", two, Standing::OtherDigest(&one)),
            ("1.10.0+build.9", two, Standing::OtherDigest(&one)),
            ("1.10.0-rc.1", two, Standing::Older(&highest)),
            ("1.9.9", one, Standing::Older(&highest)),
            ("1.10.1-alpha", two, Standing::New),
            ("2.0.0", two, Standing::New),
        ] {
            assert_eq!(read.standing("acme/jamf", &version(text), digest), standing, "{text}");
        }
    }

    #[test]
    fn a_damaged_file_is_an_error_with_its_place() {
        let digest = Digest::of(b"");
        for (text, place) in [
            ("trust = 1".to_owned(), "seen.toml:1:9"),
            ("[trust]\nversion = 1\ndigest = \"sha256:00\"".to_owned(), "seen.toml:3:10"),
            (format!("[bundle.\"../x\"]\nversion = \"1.0.0\"\ndigest = \"{digest}\""), "seen.toml:1:9"),
            (format!("[bundle.x]\nversion = \"1\"\ndigest = \"{digest}\""), "seen.toml:2:11"),
            ("[bundel]".to_owned(), "seen.toml:1:2"),
            ("[trust]\nversion = 1".to_owned(), "seen.toml:1:1"),
        ] {
            let told = Seen::read("seen.toml", &text).unwrap_err().render(false);
            assert!(told.contains(place), "{text}\n{told}");
        }
    }
}
