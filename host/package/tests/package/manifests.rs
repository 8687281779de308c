//! Manifests: what `build` does not make, and what `parse` does not take.

use presetter_package::{Artifact, Digest, Manifest, PrivateKey, Reason, sign};

use crate::support::{files, known, refused, signed, small};

fn build(name: &str, version: &str, titles: &[&str]) -> Result<Artifact, Reason> {
    let contents: Vec<(&str, &[u8])> = titles.iter().map(|title| (*title, &b"x"[..])).collect();
    Artifact::build(name, version, &files(&contents)).map_err(|refused| refused.reason)
}

#[test]
fn only_bundles_that_everyone_can_hold_are_made() {
    assert!(build("a", "1.0.0", &["bundle.toml"]).is_ok());
    assert!(build("acme/a", "1.0.0-rc.1", &["bundle.toml"]).is_ok());
    for name in ["", "A", "a/b/c", "../a", "a b", "\u{e9}", "1a", "a\n", "acme/", "/a"] {
        assert_eq!(build(name, "1.0.0", &["bundle.toml"]).unwrap_err(), Reason::Name, "{name}");
    }
    let long = format!("1.0.0-{}", "a".repeat(200));
    for version in ["", "1", "1.0", "v1.0.0", "1.0.0 ", "01.0.0", "1.0.0+build", "1.0.0-a+b", "latest", "\u{1b}", &long]
    {
        assert_eq!(build("a", version, &["bundle.toml"]).unwrap_err(), Reason::Version, "{version}");
    }
    for title in ["../x", "/x", "x\\y", "C:x", "x ", "x.", "nul", "a\0", ".x", "\u{e9}", "e\u{301}", ""] {
        assert_eq!(build("a", "1.0.0", &["bundle.toml", title]).unwrap_err(), Reason::Title, "{title:?}");
    }
    for title in ["bundle.toml", "Bundle.toml", "bundle.toml/x"] {
        assert_eq!(build("a", "1.0.0", &["bundle.toml", title]).unwrap_err(), Reason::TitleCollision, "{title}");
    }
    assert_eq!(build("a", "1.0.0", &["x"]).unwrap_err(), Reason::Manifest);
    assert_eq!(build("a", "1.0.0", &[]).unwrap_err(), Reason::Manifest);
    let many: Vec<(String, Vec<u8>)> =
        (0..6000).map(|n| (format!("f/{n}"), vec![])).chain(files(&[("bundle.toml", b"")])).collect();
    assert_eq!(Artifact::build("a", "1.0.0", &many).unwrap_err().reason, Reason::TooLarge);
}

#[test]
fn manifests_are_taken_in_one_form() {
    let good = String::from_utf8(small().manifest_bytes().to_vec()).unwrap();
    assert_eq!(Manifest::parse(good.as_bytes()).unwrap().encode(), good.as_bytes());
    let empty = Digest::of(b"").to_string();
    let layer = |title: &str, media_type: &str| {
        format!(
            r#"{{"mediaType":"{media_type}","digest":"{empty}","size":0,"annotations":{{"org.opencontainers.image.title":"{title}"}}}}"#
        )
    };
    let first = r#""layers":["#;
    let with_first = |layer: String| format!("{first}{layer},");
    let cases = [
        ("\"schemaVersion\":2", "\"schemaVersion\":1".to_owned(), Reason::Manifest),
        ("\"schemaVersion\":2", "\"schemaVersion\":2,\"schemaVersion\":2".into(), Reason::Manifest),
        ("\"schemaVersion\":2", "\"schemaVersion\":1e400".into(), Reason::Manifest),
        ("{\"schemaVersion\"", "{\"a\":1,\"schemaVersion\"".into(), Reason::Manifest),
        ("{\"schemaVersion\"", "\u{feff}{\"schemaVersion\"".into(), Reason::Manifest),
        ("{\"schemaVersion\"", " {\"schemaVersion\"".into(), Reason::Manifest),
        ("presetter.bundle", "presetter.other", Reason::Manifest).map_text(),
        ("oci.empty", "oci.image.config", Reason::Manifest).map_text(),
        ("44136fa3", "44136FA3", Reason::Manifest).map_text(),
        ("44136fa3", "54136fa3", Reason::Manifest).map_text(),
        ("\"size\":2}", "\"size\":2,\"data\":\"e30=\"}", Reason::Manifest).map_text(),
        ("\"size\":2}", "\"size\":2.0}", Reason::Manifest).map_text(),
        ("acme/small", "acme/..", Reason::Name).map_text(),
        ("acme/small", "acme\\/small", Reason::Manifest).map_text(),
        ("acme/small", "\\ud800", Reason::Manifest).map_text(),
        ("\"1.0.0\"", "\"1.0\"", Reason::Version).map_text(),
        (first, with_first(layer("bundle.toml", "application/vnd.presetter.manifest.v1+toml")), Reason::TitleCollision),
        (first, with_first(layer("BUNDLE.toml", "application/toml")), Reason::TitleCollision),
        (first, with_first(layer("zz", "application/octet-stream")), Reason::Order),
        (first, with_first(layer("a", "application/wasm")), Reason::MediaType),
        (first, with_first(layer("../a", "application/octet-stream")), Reason::Title),
        (first, with_first(layer("a\\\\b", "application/octet-stream")), Reason::Title),
        (first, with_first(layer("a\\u0000", "application/octet-stream")), Reason::Title),
        (first, with_first(layer("a", "application/octet-stream").replace("title", "other")), Reason::Manifest),
        (
            first,
            with_first(layer("a", "application/octet-stream").replace("\"size\":0", "\"size\":1")),
            Reason::Manifest,
        ),
        (first, with_first(r#"{"mediaType":"a","digest":"b","size":0}"#.into()), Reason::Manifest),
        (first, format!("\"layers\":[{},", "[".repeat(100_000)), Reason::Manifest),
    ];
    for (from, to, reason) in cases {
        let changed = good.replacen(from, &to, 1);
        assert_ne!(changed, good, "{from}");
        let refused = Manifest::parse(changed.as_bytes()).unwrap_err();
        assert_eq!(refused.reason, reason, "{from} as {}: {refused}", &to[..to.len().min(100)]);
        assert!(refused.to_string().chars().all(|c| (' '..='~').contains(&c)), "{refused}");
    }
    for text in ["", "{}", "[]", "null", "PK\u{3}\u{4}"] {
        assert_eq!(Manifest::parse(text.as_bytes()).unwrap_err().reason, Reason::Manifest);
    }
}

/// Only so that short cases stay short.
trait MapText {
    type Out;
    fn map_text(self) -> Self::Out;
}

impl<'a> MapText for (&'a str, &str, Reason) {
    type Out = (&'a str, String, Reason);
    fn map_text(self) -> Self::Out {
        (self.0, self.1.to_owned(), self.2)
    }
}

#[test]
fn contents_are_those_of_the_manifest() {
    // Another manifest, or other contents, of equal size under the same signature.
    let key = PrivateKey::generate().unwrap();
    let keys = known(&[&key]);
    let file = signed(small(), &[&key]).to_bytes();
    let replaced = |from: &[u8], to: &[u8]| {
        let at = file.windows(from.len()).rposition(|window| window == from).unwrap();
        [&file[..at], to, &file[at + from.len()..]].concat()
    };
    assert_eq!(refused(&replaced(b"\"1.0.0\"}}", b"\"1.0.1\"}}"), &keys), Reason::Blob);
    assert_eq!(refused(&replaced(b"same", b"Same"), &keys), Reason::Blob);
    assert_eq!(refused(&replaced(&[7; 1024], &[8; 1024]), &keys), Reason::Blob);
    // Longer or shorter than described: the header says so, or the content does.
    assert_eq!(refused(&replaced(b"same\0", b"same!"), &keys), Reason::Padding);
    assert_eq!(refused(&replaced(b"00000000004\0", b"00000000003\0"), &keys), Reason::Header);

    // Signed by one, with another's manifest put in: all digests fit, only the signature does not.
    let other = Artifact::build("acme/small", "1.0.1", &files(&[("bundle.toml", b"evil")])).unwrap();
    assert_eq!(other.clone().add_signature(sign(small().digest(), &key)).unwrap_err().reason, Reason::SignatureOther);
}
