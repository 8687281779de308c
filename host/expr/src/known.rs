//! Expressions that were compiled before.
//!
//! A bundle's shared rules stand in each of its presets, and a preset's rules in each of its variants: the same text is asked for
//! many times, and the grammar's parser takes a large part of a millisecond for it.
//! Keeps: what is known is what [`Program::compile`] gives, since the text and the dialect alone decide; never more than [`MOST`].

use std::cell::RefCell;
use std::collections::HashMap;

use crate::{Dialect, Program};

/// The most expressions of a dialect that a thread remembers: several times those of the largest preset.
const MOST: usize = 64;

thread_local! {
    static KNOWN: RefCell<HashMap<Dialect, HashMap<String, Program>>> = RefCell::default();
}

/// What was remembered for a text.
pub(crate) fn get(source: &str, dialect: Dialect) -> Option<Program> {
    KNOWN.with_borrow(|known| known.get(&dialect)?.get(source).cloned())
}

/// Remembers an expression. Where there is no more room all is forgotten: what is asked for again comes back.
pub(crate) fn keep(source: &str, dialect: Dialect, program: &Program) {
    KNOWN.with_borrow_mut(|known| {
        let known = known.entry(dialect).or_default();
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(source.to_owned(), program.clone());
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_is_compiled_once_and_never_taken_for_another_dialect() {
        let text = "size([1, 2].filter(x, x > 1)) == 1";
        let one = Program::compile(text, Dialect::Full).unwrap();
        let other = Program::compile(text, Dialect::Full).unwrap();
        assert!(std::sync::Arc::ptr_eq(&one.inner, &other.inner));
        assert!(Program::compile(text, Dialect::NoMacros).is_err());
    }

    #[test]
    fn no_more_is_remembered_than_there_is_room() {
        for n in 0..3 * MOST {
            Program::compile(&format!("x == {n}"), Dialect::Full).unwrap();
            KNOWN.with_borrow(|known| assert!(known[&Dialect::Full].len() <= MOST));
        }
    }
}
