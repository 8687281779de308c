//! Trust: any file that somebody hands over as a trust store, any name of a bundle in a registry, any pattern of a rule.
//!
//! What is read is written as it was read; what is refused is refused in words that steer no terminal.

use presetter_registry::Reference;
use presetter_trust::{Pattern, Proposal};

use crate::parts;

/// An input is a file of a trust store, a reference, a pattern.
pub fn check(data: &[u8]) {
    let [file, reference, pattern] = parts(data);
    match Proposal::read("file", file.as_bytes()) {
        Ok(proposal) => {
            let json = proposal.to_json();
            let again = Proposal::read("file", &json).map(|again| again.to_json());
            assert!(again.is_ok_and(|again| again == json), "it is written as another: {file:?}");
            for line in proposal.document().difference(None) {
                plain(&line);
            }
        }
        Err(refused) => {
            plain(&refused.to_string());
            plain(&refused.help);
        }
    }
    match reference.parse::<Reference>() {
        Ok(read) => {
            let shown = read.to_string();
            assert!(shown.parse::<Reference>().is_ok_and(|again| again == read), "{reference:?} is shown as {shown:?}");
            plain(&shown);
        }
        Err(refused) => plain(&refused.to_string()),
    }
    match pattern.parse::<Pattern>() {
        Ok(read) => {
            let shown = read.to_string();
            assert!(shown.parse::<Pattern>().is_ok_and(|again| again.to_string() == shown), "{pattern:?}");
        }
        Err(refused) => plain(&refused.to_string()),
    }
}

fn plain(words: &str) {
    let steers = |c: char| presetter_manifest::steers(c) && c != '\n' && c != '\t';
    assert!(!words.contains(steers), "a terminal would be steered by {words:?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_steer_are_noticed() {
        plain("fine\nand plain");
        assert!(std::panic::catch_unwind(|| plain("turned \u{202e} round")).is_err());
    }
}
