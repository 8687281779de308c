//! Any files come back as they went in, and the same files give the same bytes.

use std::collections::BTreeMap;

use presetter_package::{Artifact, Bounds, PrivateKey, Reason, open};
use proptest::prelude::*;

use crate::support::{files, known, signed, small, verify, verify_within};

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_files_come_back(
        // Letters apart from those of the file that is always there, all small: no two collide but as file and folder.
        mut tree in prop::collection::btree_map("[x-z0-9]{1,8}(/[x-z0-9_-]{1,8}){0,3}(\\.[a-z]{1,4})?", prop::collection::vec(any::<u8>(), 0..2000), 0..8),
        shuffle in any::<prop::sample::Index>(),
    ) {
        tree.insert("bundle.toml".to_owned(), Vec::new());
        let mut files: Vec<_> = tree.clone().into_iter().collect();
        let middle = shuffle.index(files.len());
        files.rotate_left(middle);
        match Artifact::build("any", "0.1.0", &files) {
            Ok(artifact) => {
                let key = PrivateKey::generate().unwrap();
                let file = signed(artifact, &[&key]).to_bytes();
                let verified = verify(&file, &known(&[&key])).unwrap().unwrap();
                prop_assert_eq!(&verified.files, &tree);
                let again = Artifact::build("any", "0.1.0", &tree.into_iter().collect::<Vec<_>>()).unwrap();
                prop_assert_eq!(again.manifest_bytes(), verified.manifest.encode());
                let read = open(&file[..], &Bounds::default()).unwrap().artifact().unwrap();
                prop_assert_eq!(read.to_bytes(), file);
            }
            Err(refused) => {
                // A file where another has its folder.
                prop_assert!(matches!(refused.reason, Reason::TitleCollision | Reason::Title), "{}", refused);
                let titles: Vec<_> = tree.keys().collect();
                let folder = titles.iter().any(|a| titles.iter().any(|b| b.starts_with(&format!("{a}/"))));
                let device = titles.iter().any(|a| ["aux", "con", "prn", "nul"].iter().any(|d| a.contains(d)));
                prop_assert!(folder || device, "{}", refused);
            }
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..3000)) {
        prop_assert!(open(&bytes[..], &Bounds::default()).is_err());
    }
}

#[test]
fn the_same_files_in_any_order_are_the_same_package() {
    let key = PrivateKey::generate().unwrap();
    let one = signed(small(), &[&key]).to_bytes();
    assert_eq!(one, signed(small(), &[&key]).to_bytes());
    let mut files: Vec<_> = small().files().map(|(title, content)| (title.to_owned(), content.to_vec())).collect();
    files.reverse();
    let other = Artifact::build("acme/small", "1.0.0", &files).unwrap();
    assert_eq!(one, signed(other, &[&key]).to_bytes());
}

#[test]
fn files_of_one_content_come_each() {
    let key = PrivateKey::generate().unwrap();
    let verified = verify(&signed(small(), &[&key]).to_bytes(), &known(&[&key])).unwrap().unwrap();
    let expected: BTreeMap<String, Vec<u8>> = small().files().map(|(t, c)| (t.to_owned(), c.to_vec())).collect();
    assert_eq!(verified.files, expected);
    assert_eq!(expected.len(), 6);
    verified.manifest.expect("acme/small", Some("1.0.0")).unwrap();
    assert_eq!(verified.manifest.expect("acme/other", None).unwrap_err().reason, Reason::Name);
    assert_eq!(verified.manifest.expect("acme/small", Some("1.0.1")).unwrap_err().reason, Reason::Version);
}

#[test]
fn large_files_come_in_pieces_and_the_last_only_when_all_was_right() {
    let key = PrivateKey::generate().unwrap();
    let large: Vec<u8> = (0..300_000u32).map(|n| n.to_le_bytes()[(n % 3) as usize]).collect();
    let files = files(&[("bundle.toml", b""), ("component.wasm", &large), ("z/copy.wasm", &large)]);
    let file = signed(Artifact::build("large", "1.0.0", &files).unwrap(), &[&key]).to_bytes();
    let pieces = |file: &[u8]| {
        let mut got: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        let outcome = open(file, &Bounds::default()).unwrap().content(&mut |layer, piece| {
            let entry = got.entry(layer.title.clone()).or_default();
            *entry = (entry.0 + 1, entry.1 + piece.len());
            Ok(())
        });
        (got, outcome.map(|_| ()))
    };
    let (got, outcome) = pieces(&file);
    outcome.unwrap();
    assert_eq!(got["component.wasm"], (5, large.len()));
    assert_eq!(got["z/copy.wasm"], (5, large.len()));
    assert_eq!(got["bundle.toml"], (1, 0));

    let mut wrong = file.clone();
    let at = wrong.len() - 1024 - 300_000;
    wrong[at] ^= 1;
    let (got, outcome) = pieces(&wrong);
    assert_eq!(outcome.unwrap_err().reason, Reason::Blob);
    assert!(got["component.wasm"].1 < large.len(), "the last piece was held back");

    let failing = open(&file[..], &Bounds::default()).unwrap().content(&mut |_, _| Err(std::io::Error::other("full")));
    assert_eq!(failing.unwrap_err().reason, Reason::Io);
}

#[test]
fn bounds_hold() {
    let key = PrivateKey::generate().unwrap();
    let other = PrivateKey::generate().unwrap();
    let artifact = signed(small(), &[&key, &other]);
    let file = artifact.to_bytes();
    let keys = known(&[&key]);
    let within = |bounds: Bounds| verify_within(&file, &keys, &bounds).map(|_| ()).map_err(|refused| refused.reason);
    let fits = Bounds {
        signatures: 2,
        bundle: artifact.signatures().iter().map(Vec::len).max().unwrap() as u64,
        manifest: small().manifest_bytes().len() as u64,
        total: file.len() as u64,
    };
    assert_eq!(within(fits), Ok(()));
    assert_eq!(within(Bounds { signatures: 1, ..fits }), Err(Reason::TooManySignatures));
    assert_eq!(within(Bounds { signatures: 0, ..fits }), Err(Reason::TooManySignatures));
    assert_eq!(within(Bounds { bundle: fits.bundle - 1, ..fits }), Err(Reason::TooLarge));
    assert_eq!(within(Bounds { manifest: fits.manifest - 1, ..fits }), Err(Reason::TooLarge));
    assert_eq!(within(Bounds { total: 4000, ..fits }), Err(Reason::TooLarge));
}
