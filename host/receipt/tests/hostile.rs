//! Whatever is done to the files of a log, verification finds it; only the removal of the newest entries takes a head.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

mod common;

use std::sync::OnceLock;

use common::Play;
use presetter_receipt::Head;
use proptest::prelude::*;

/// A log of twelve entries in some segments: the bytes of each, and the head.
fn model() -> &'static (Vec<Vec<u8>>, Head) {
    static MODEL: OnceLock<(Vec<Vec<u8>>, Head)> = OnceLock::new();
    MODEL.get_or_init(|| {
        let play = Play::rolling().with(6);
        let found = play.log.verify(None).unwrap();
        assert!(found.files >= 4 && found.problem.is_none());
        ((1..=found.files).map(|number| play.read(number as u32)).collect(), found.head)
    })
}

/// The log with other segments.
fn play(segments: &[Vec<u8>]) -> Play {
    let play = Play::new();
    std::fs::create_dir(play.log.folder()).unwrap();
    for (at, bytes) in segments.iter().enumerate() {
        play.write(at as u32 + 1, bytes);
    }
    play
}

/// All lines, with the segment of each.
fn lines() -> Vec<(usize, Vec<u8>)> {
    let segments = model().0.iter().enumerate();
    segments
        .flat_map(|(at, bytes)| bytes.split_inclusive(|b| *b == b'\n').map(move |line| (at, line.to_vec())))
        .collect()
}

/// Lines put back into their segments.
fn put(lines: &[(usize, Vec<u8>)]) -> Vec<Vec<u8>> {
    let mut segments = vec![Vec::new(); model().0.len()];
    for (at, line) in lines {
        segments[*at].extend_from_slice(line);
    }
    segments
}

/// Found without a head, or nothing but entries at the end are gone, and the head tells that.
fn found(segments: &[Vec<u8>]) -> Result<(), TestCaseError> {
    let (_, head) = model();
    let play = play(segments);
    prop_assert!(play.log.verify(Some(head)).unwrap().problem.is_some(), "not even against the head");
    let alone = play.log.verify(None).unwrap();
    if alone.problem.is_none() {
        let all: Vec<u8> = model().0.concat();
        let left = segments.concat();
        let whole = left.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        prop_assert!(all.starts_with(&left[..whole]), "what is left is not how the log began");
        prop_assert!(alone.entries < head.seq);
        // A torn line is told, and it is at most the last one.
        prop_assert_eq!(alone.torn.is_some(), whole < left.len());
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_changed_byte(at in any::<prop::sample::Index>(), change in 1..=255u8) {
        let mut segments = model().0.clone();
        let mut at = at.index(segments.concat().len());
        for segment in &mut segments {
            if at < segment.len() {
                segment[at] ^= change;
                break;
            }
            at -= segment.len();
        }
        found(&segments)?;
    }

    #[test]
    fn removed_bytes(at in any::<prop::sample::Index>(), count in 1..400usize) {
        let mut segments = model().0.clone();
        let mut at = at.index(segments.concat().len());
        for segment in &mut segments {
            if at < segment.len() {
                let end = (at + count).min(segment.len());
                segment.drain(at..end);
                break;
            }
            at -= segment.len();
        }
        found(&segments)?;
    }

    #[test]
    fn removed_lines(from in any::<prop::sample::Index>(), count in 1..12usize) {
        let mut lines = lines();
        let from = from.index(lines.len());
        let end = (from + count).min(lines.len());
        let newest = end == lines.len();
        lines.drain(from..end);
        let segments = put(&lines);
        found(&segments)?;
        prop_assert_eq!(play(&segments).log.verify(None).unwrap().problem.is_none(), newest);
    }

    #[test]
    fn swapped_lines(one in any::<prop::sample::Index>(), other in any::<prop::sample::Index>()) {
        let mut lines = lines();
        let (one, other) = (one.index(lines.len()), other.index(lines.len()));
        prop_assume!(one != other);
        let line = lines[one].1.clone();
        lines[one].1 = std::mem::replace(&mut lines[other].1, line);
        let play = play(&put(&lines));
        prop_assert!(play.log.verify(None).unwrap().problem.is_some());
    }

    #[test]
    fn repeated_lines(from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>()) {
        let mut lines = lines();
        let line = lines[from.index(lines.len())].1.clone();
        let to = to.index(lines.len() + 1);
        let segment = lines.get(to).or(lines.last()).unwrap().0;
        lines.insert(to, (segment, line));
        let play = play(&put(&lines));
        prop_assert!(play.log.verify(None).unwrap().problem.is_some());
    }

    #[test]
    fn any_bytes_at_all(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let play = play(&[bytes]);
        prop_assert_eq!(play.log.verify(None).unwrap().entries, 0);
        prop_assert!(play.log.entries().unwrap().all(|entry| entry.unwrap().is_err()));
    }
}
