//! Cells that a spreadsheet would run.
//!
//! A spreadsheet takes a cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return for a formula; one that somebody put
//! into a name may send data away when the file is opened. Such a cell is written with `'` before it, which spreadsheets show as
//! text. One that begins with `'` and then so gets one more, so that reading takes exactly one away and nothing is lost.

use std::borrow::Cow;

/// Whether a cell is one that would be run, behind any number of `'`.
fn runs(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// The cell as text alone.
pub(crate) fn neutralise(text: &str) -> Cow<'_, str> {
    if runs(text) { format!("'{text}").into() } else { text.into() }
}

/// The text as it was before [`neutralise`].
pub(crate) fn restore(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(text) if runs(text) => text,
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn reading_takes_away_what_writing_put_there(text in "['=+@\t\ra-]{0,6}") {
            let cell = neutralise(&text);
            prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']));
            prop_assert_eq!(restore(&cell), text.as_str());
        }
    }

    #[test]
    fn other_texts_stay() {
        for text in ["", "a=b", "'quoted'", "O'Neill", "5"] {
            assert_eq!(neutralise(text), text);
            assert_eq!(restore(text), text);
        }
    }
}
