//! Says of most texts that nothing is to be found in them, faster than the automaton reads them.
//!
//! By the way of Wu and Manber ("A fast algorithm for multi-pattern searching", 1994): a window as long as the shortest pattern goes
//! along the text, and its last two bytes tell how far it may go on before a pattern could begin in it. It must never let a text
//! pass that holds a pattern; of one that does not, it may say that it could.

/// How many pairs of bytes are told apart. What the table takes stays in the cache of the core.
const PAIRS: usize = 1 << 12;

/// What is looked for, as far as its beginnings.
pub(crate) struct Sieve {
    /// As long as the shortest pattern; no sieve is made for less than two bytes.
    window: usize,
    /// How far the window goes on, by the pair at its end; nothing where a pattern may stand in it.
    shifts: Box<[u8; PAIRS]>,
    /// The pairs that patterns begin with.
    heads: Box<[u64; PAIRS / 64]>,
}

impl Sieve {
    /// For patterns of which none is empty; nothing if one of them is so short that each byte has to be looked at anyway.
    pub(crate) fn new<'p>(patterns: impl Iterator<Item = &'p [u8]> + Clone) -> Option<Self> {
        let window = patterns.clone().map(<[u8]>::len).min().filter(|window| *window >= 2)?.min(usize::from(u8::MAX));
        let mut sieve = Self {
            window,
            shifts: Box::new([u8::try_from(window - 1).unwrap_or(u8::MAX); PAIRS]),
            heads: Box::new([0; PAIRS / 64]),
        };
        for pattern in patterns {
            for (at, pair) in pattern[..window].windows(2).enumerate() {
                let shift = &mut sieve.shifts[hash(pair[0], pair[1])];
                *shift = (*shift).min(u8::try_from(window - 2 - at).unwrap_or(u8::MAX));
            }
            let head = hash(pattern[0], pattern[1]);
            sieve.heads[head / 64] |= 1 << (head % 64);
        }
        Some(sieve)
    }

    /// Whether a pattern may be in the text.
    pub(crate) fn may_hold(&self, text: &[u8]) -> bool {
        let mut end = self.window;
        while end <= text.len() {
            match self.shifts[hash(text[end - 2], text[end - 1])] {
                0 => {
                    let start = end - self.window;
                    let head = hash(text[start], text[start + 1]);
                    if self.heads[head / 64] >> (head % 64) & 1 == 1 {
                        return true;
                    }
                    end += 1;
                }
                shift => end += usize::from(shift),
            }
        }
        false
    }
}

fn hash(first: u8, second: u8) -> usize {
    (usize::from(first) ^ (usize::from(second) << 4)) % PAIRS
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sieve(patterns: &[Vec<u8>]) -> Option<Sieve> {
        Sieve::new(patterns.iter().map(Vec::as_slice))
    }

    #[test]
    fn what_holds_nothing_of_the_kind_is_passed_over() {
        let patterns = [b"hunter2-and-more".to_vec(), b"aHVudGVyMi1hbmQtbW9yZQ".to_vec()];
        let sieve = sieve(&patterns).unwrap();
        assert!(!sieve.may_hold(br#"{"status":"OK","id":"12345","name":"Ada Lovelace","email":"ada@example.com"}"#));
        assert!(!sieve.may_hold(b"") && !sieve.may_hold(b"hunter2-and-mor"));
        assert!(sieve.may_hold(b"hunter2-and-more"));
    }

    #[test]
    fn there_is_none_where_a_pattern_is_one_byte() {
        assert!(sieve(&[b"abc".to_vec(), b"a".to_vec()]).is_none() && sieve(&[]).is_none());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        /// Of few letters, so that patterns begin and end alike and lie within each other.
        #[test]
        fn no_text_passes_that_holds_a_pattern(
            patterns in prop::collection::vec(prop_oneof![
                prop::collection::vec(97_u8..100, 2..6),
                prop::collection::vec(any::<u8>(), 2..300),
            ], 1..5),
            before in prop::collection::vec(97_u8..100, 0..20),
            which in any::<prop::sample::Index>(),
            after in prop::collection::vec(97_u8..100, 0..20),
        ) {
            let pattern: &Vec<u8> = which.get(&patterns);
            let text = [&before[..], pattern, &after].concat();
            prop_assert!(sieve(&patterns).unwrap().may_hold(&text));
        }
    }
}
