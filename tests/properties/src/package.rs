//! Packages: any bytes, and any edits of one that is signed.
//!
//! Nothing is taken but what was signed, byte for byte; what is refused is refused in words that steer no terminal.

use std::sync::LazyLock;

use presetter_package::{Artifact, Bounds, Digest, PrivateKey, PublicKey, Verdict, check_signature, open, sign};
use serde_json::Value;

/// A package that is signed by a key that is known.
struct Honest {
    file: Vec<u8>,
    signature: Vec<u8>,
    digest: Digest,
    keys: Vec<PublicKey>,
}

static HONEST: LazyLock<Honest> = LazyLock::new(|| {
    let key = PrivateKey::generate().expect("this machine has randomness");
    let files = ["bundle.toml", "thing/preset.toml"].map(|path| (path.to_owned(), path.repeat(9).into_bytes()));
    let mut artifact = Artifact::build("acme", "1.0.0", &files).expect("a bundle");
    let signature = sign(artifact.digest(), &key);
    artifact.add_signature(signature.clone()).expect("its signature");
    let digest = artifact.digest();
    Honest { file: artifact.to_bytes(), signature, digest, keys: vec![key.public().clone()] }
});

/// An input is a file, and edits: of a package, and of its signature.
pub fn check(data: &[u8]) {
    for file in [data.to_vec(), edited(&HONEST.file, data)] {
        assert!(!taken(&file) || file == HONEST.file, "another file was taken");
    }
    for signature in [data.to_vec(), edited(&HONEST.signature, data)] {
        let taken = check_signature(&signature, HONEST.digest, &HONEST.keys);
        let good = matches!(taken, Ok(Verdict::Valid(_)));
        // White space between its values is nobody's word.
        let same = || value(&signature).is_some_and(|is| Some(is) == value(&HONEST.signature));
        assert!(!good || same(), "another signature was taken");
        words(taken.err().map(|error| error.to_string()));
    }
}

/// Whether a file is a package that is signed by the key.
fn taken(file: &[u8]) -> bool {
    let read = || {
        let opened = open(file, &Bounds::default())?;
        let signed = !opened.signers(&HONEST.keys)?.is_empty();
        opened.manifest()?;
        opened.content(&mut |_, _| Ok(()))?;
        Ok::<_, presetter_package::Refused>(signed)
    };
    read().unwrap_or_else(|refused| {
        words(Some(refused.to_string()));
        false
    })
}

fn value(json: &[u8]) -> Option<Value> {
    serde_json::from_slice(json).ok()
}

fn words(message: Option<String>) {
    let Some(message) = message else { return };
    assert!(!message.is_empty(), "refused without a reason");
    assert!(!message.contains(presetter_manifest::steers), "a terminal would be steered by {message:?}");
}

/// Some bytes with edits, four bytes each: what is done, where, and with which byte.
fn edited(honest: &[u8], edits: &[u8]) -> Vec<u8> {
    let mut bytes = honest.to_vec();
    for edit in edits.chunks_exact(4).take(64) {
        let at = usize::from(u16::from_be_bytes([edit[1], edit[2]])) % bytes.len().max(1);
        match edit[0] % 5 {
            0 if !bytes.is_empty() => bytes[at] = edit[3],
            1 => bytes.insert(at, edit[3]),
            2 if !bytes.is_empty() => _ = bytes.remove(at),
            3 => bytes.truncate(at),
            // Whole blocks change places, as an archiver would have it.
            4 => {
                let [here, there] = [at / 512 * 512, usize::from(edit[3]) * 512];
                if here.max(there) + 512 <= bytes.len() && here != there {
                    let kept: Vec<u8> = bytes[here..here + 512].to_vec();
                    bytes.copy_within(there..there + 512, here);
                    bytes[there..there + 512].copy_from_slice(&kept);
                }
            }
            _ => {}
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_signed_is_taken_and_every_edit_does_something() {
        assert!(taken(&HONEST.file));
        assert!(edited(&HONEST.file, b"abc") == HONEST.file, "no whole edit");
        for edit in [[0, 0, 9, b'#'], [1, 0, 9, b'#'], [2, 0, 9, 0], [3, 0, 9, 0], [4, 0, 0, 3]] {
            let other = edited(&HONEST.file, &edit);
            assert!(other != HONEST.file && !taken(&other), "{edit:?}");
        }
        check(&[0, 0, 9, b'#', 1, 1, 1, 1]);
    }

    #[test]
    fn words_that_steer_are_noticed() {
        words(Some("no".to_owned()));
        assert!(std::panic::catch_unwind(|| words(Some("no\u{1b}[1m".to_owned()))).is_err());
    }
}
