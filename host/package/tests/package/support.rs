//! A small bundle, and how a package is verified from end to end.

use std::collections::BTreeMap;

use presetter_package::{Artifact, Bounds, KeyId, Manifest, PrivateKey, PublicKey, Reason, Refused, open, sign};

pub(crate) type Files = Vec<(String, Vec<u8>)>;

pub(crate) fn files(of: &[(&str, &[u8])]) -> Files {
    of.iter().map(|(title, content)| ((*title).to_owned(), content.to_vec())).collect()
}

/// Two files of one content, an empty one, one that fills its blocks, and one that is the empty blob.
pub(crate) fn small() -> Artifact {
    let files = files(&[
        ("bundle.toml", b"name = \"acme/small\"\nversion = \"1.0.0\"\n"),
        ("component.wasm", &[7; 1024]),
        ("users/preset.toml", b"same"),
        ("devices/preset.toml", b"same"),
        ("docs/empty.md", b""),
        ("lib/empty.json", b"{}"),
    ]);
    Artifact::build("acme/small", "1.0.0", &files).unwrap()
}

pub(crate) fn signed(mut artifact: Artifact, keys: &[&PrivateKey]) -> Artifact {
    for key in keys {
        assert!(artifact.add_signature(sign(artifact.digest(), key)).unwrap());
    }
    artifact
}

pub(crate) fn known(keys: &[&PrivateKey]) -> Vec<PublicKey> {
    keys.iter().map(|key| key.public().clone()).collect()
}

/// What a verified package is.
#[derive(Debug, PartialEq)]
pub(crate) struct Verified {
    pub(crate) signers: Vec<KeyId>,
    pub(crate) manifest: Manifest,
    pub(crate) files: BTreeMap<String, Vec<u8>>,
}

/// All steps, as a caller with a threshold of one takes them. No signer is a refusal too; `None` stands for it.
pub(crate) fn verify(file: &[u8], keys: &Vec<PublicKey>) -> Result<Option<Verified>, Refused> {
    verify_within(file, keys, &Bounds::default())
}

pub(crate) fn verify_within(file: &[u8], keys: &Vec<PublicKey>, bounds: &Bounds) -> Result<Option<Verified>, Refused> {
    let opened = open(file, bounds)?;
    let signers = opened.signers(keys)?;
    if signers.is_empty() {
        return Ok(None);
    }
    let manifest = opened.manifest()?;
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    opened.content(&mut |layer, piece| {
        files.entry(layer.title.clone()).or_default().extend_from_slice(piece);
        Ok(())
    })?;
    Ok(Some(Verified { signers, manifest, files }))
}

/// The reason for which a package is refused.
pub(crate) fn refused(file: &[u8], keys: &Vec<PublicKey>) -> Reason {
    match verify(file, keys) {
        Err(refused) => {
            let text = refused.to_string();
            assert!(text.chars().all(|c| (' '..='~').contains(&c)), "a message can steer a terminal: {text:?}");
            assert!(text.ends_with(&format!("[{}]", refused.reason.word())), "{text}");
            refused.reason
        }
        Ok(verified) => panic!("accepted: {verified:?}"),
    }
}

/// A tar header as the format says, made apart from the crate's.
pub(crate) fn header(name: &str, size: usize) -> Vec<u8> {
    let mut block = vec![0; 512];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[100..108].copy_from_slice(b"0000644\0");
    block[108..116].copy_from_slice(b"0000000\0");
    block[116..124].copy_from_slice(b"0000000\0");
    block[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
    block[136..148].copy_from_slice(b"00000000000\0");
    block[156] = b'0';
    block[257..265].copy_from_slice(b"ustar\x0000");
    sealed(block)
}

/// A header with the checksum that fits.
pub(crate) fn sealed(mut block: Vec<u8>) -> Vec<u8> {
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

pub(crate) fn entry(name: &str, content: &[u8]) -> Vec<u8> {
    let mut entry = header(name, content.len());
    entry.extend_from_slice(content);
    entry.resize(entry.len().next_multiple_of(512), 0);
    entry
}

/// The entries of a package, header and content together, in order; without its end.
pub(crate) fn entries(file: &[u8]) -> Vec<Vec<u8>> {
    let mut entries = Vec::new();
    let mut at = 0;
    while file[at] != 0 {
        let size = usize::from_str_radix(std::str::from_utf8(&file[at + 124..at + 135]).unwrap(), 8).unwrap();
        let end = at + 512 + size.next_multiple_of(512);
        entries.push(file[at..end].to_vec());
        at = end;
    }
    entries
}

/// A file of entries, with its end.
pub(crate) fn file_of(entries: &[Vec<u8>]) -> Vec<u8> {
    [entries.concat(), vec![0; 1024]].concat()
}
