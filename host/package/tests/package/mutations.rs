//! Every change of a small package, samples of a large one: nothing but the unmodified copy is accepted.

use presetter_package::{Artifact, Bounds, PrivateKey, PublicKey, open};

use crate::support::{files, known, signed, small, verify};

struct Tried {
    count: usize,
    file: Vec<u8>,
    keys: Vec<PublicKey>,
}

impl Tried {
    fn refuses(&mut self, changed: &[u8], what: impl Fn() -> String) {
        self.count += 1;
        assert_ne!(changed, self.file, "{} changes nothing", what());
        // The steps change nothing, so that their order does not matter for what is accepted: the cheap ones go first.
        let hashes = || open(changed, &Bounds::default())?.content(&mut |_, _| Ok(()));
        if hashes().is_ok() && matches!(verify(changed, &self.keys), Ok(Some(_))) {
            panic!("accepted: {}", what());
        }
    }

    fn flip(&mut self, changed: &mut [u8], at: usize, bits: u8) {
        changed[at] ^= bits;
        self.refuses(changed, || format!("byte {at} of {} by {bits:#x}", changed.len()));
        changed[at] ^= bits;
    }
}

#[test]
fn only_the_unmodified_copy_of_a_small_package_is_accepted() {
    let (key, other) = (PrivateKey::generate().unwrap(), PrivateKey::generate().unwrap());
    let file = signed(small(), &[&key, &other]).to_bytes();
    assert!(file.len() < 20_000, "{}", file.len());
    let mut tried = Tried { count: 0, file: file.clone(), keys: known(&[&key]) };
    assert!(verify(&file, &tried.keys).unwrap().is_some());

    let mut changed = file.clone();
    for at in 0..file.len() {
        (0..8).for_each(|bit| tried.flip(&mut changed, at, 1 << bit));
        tried.flip(&mut changed, at, 0xff);
    }
    assert_eq!(changed, file);
    let flips = tried.count;

    for length in 0..file.len() {
        tried.refuses(&file[..length], || format!("cut at {length}"));
        tried.refuses(&file[file.len() - length..], || format!("the last {length}"));
    }
    let cuts = tried.count - flips;

    // Bytes put in, taken out and doubled; at block boundaries whole blocks too.
    for at in 0..=file.len() {
        let (before, after) = file.split_at(at);
        tried.refuses(&[before, &[0], after].concat(), || format!("zero put in at {at}"));
        tried.refuses(&[before, &[0xff], after].concat(), || format!("byte put in at {at}"));
        if at % 512 == 0 {
            tried.refuses(&[before, &[0; 512], after].concat(), || format!("zero block put in at {at}"));
            tried.refuses(&[before, &file[..512], after].concat(), || format!("block put in at {at}"));
            if after.len() >= 512 {
                tried.refuses(&[before, &after[512..]].concat(), || format!("block taken out at {at}"));
                tried.refuses(&[before, &after[..512], after].concat(), || format!("block doubled at {at}"));
            }
        }
        if let [first, rest @ ..] = after {
            tried.refuses(&[before, rest].concat(), || format!("byte taken out at {at}"));
            tried.refuses(&[before, &[*first], after].concat(), || format!("byte doubled at {at}"));
        }
    }
    tried.refuses(&[&file[..], &file].concat(), || "twice".into());
    tried.refuses(&[&file[..], &[0; 8192]].concat(), || "padded as other tools do".into());
    let insertions = tried.count - flips - cuts;

    // Entries exchanged: any two blocks.
    let blocks = file.len() / 512;
    for (a, b) in (0..blocks).flat_map(|a| (a + 1..blocks).map(move |b| (a, b))) {
        let mut changed = file.clone();
        let (one, two) = changed.split_at_mut(b * 512);
        one[a * 512..a * 512 + 512].swap_with_slice(&mut two[..512]);
        if changed != file {
            tried.refuses(&changed, || format!("blocks {a} and {b} exchanged"));
        }
    }
    let exchanges = tried.count - flips - cuts - insertions;
    let counts = (flips, cuts, insertions, exchanges);
    assert!(flips >= 150_000 && cuts >= 34_000 && insertions >= 69_000 && exchanges >= 500, "{counts:?}");
    assert!(verify(&file, &tried.keys).unwrap().is_some());
}

#[test]
fn no_sampled_change_of_a_large_package_is_accepted() {
    let key = PrivateKey::generate().unwrap();
    let large: Vec<u8> = (0..1_500_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0]).collect();
    let files = files(&[("bundle.toml", b"x"), ("component.wasm", &large), ("users/preset.toml", b"y")]);
    let file = signed(Artifact::build("large", "1.0.0", &files).unwrap(), &[&key]).to_bytes();
    let mut tried = Tried { count: 0, file: file.clone(), keys: known(&[&key]) };
    let mut changed = file.clone();
    // Spread over the whole file, and around its seams.
    let spread = (0..150).map(|n| n * file.len() / 150 + n % 7);
    for at in spread.chain(file.len() - 4096..file.len() - 4096 + 50).filter(|at| *at < file.len()) {
        tried.flip(&mut changed, at, 1 << (at % 8));
    }
    for cut in (0..file.len()).step_by(512 * 41) {
        tried.refuses(&file[..cut], || format!("cut at {cut}"));
    }
    assert!(tried.count >= 250, "{}", tried.count);
    assert!(verify(&file, &tried.keys).unwrap().is_some());
}
