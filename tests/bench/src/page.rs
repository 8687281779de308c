//! The table on the page: what stands between its two markers is what the program printed.

use std::fs;
use std::path::Path;

use crate::kit::Got;

const BEGIN: &str = "<!-- What follows is written by `cargo xtask bench --write`. -->\n";
const END: &str = "<!-- Until here. -->";

/// Puts a table in the place of the one on a page.
pub(crate) fn write(file: &Path, table: &str) -> Got<()> {
    let why = |error: std::io::Error| format!("{}: {error}", file.display());
    let page = fs::read_to_string(file).map_err(why)?;
    let page = with(&page, table).ok_or_else(|| format!("{} has lost its markers", file.display()))?;
    fs::write(file, page).map_err(why)
}

fn with(page: &str, table: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{}\n\n{END}{after}", table.trim()))
}

#[cfg(test)]
mod tests {
    use super::{BEGIN, END, with};

    #[test]
    fn only_what_is_between_the_markers_changes() {
        let page = |table: &str| format!("# Page\n{BEGIN}\n{table}\n\n{END}\nmore\n");
        assert_eq!(with(&page("old"), "new\n\n"), Some(page("new")));
        assert_eq!(with("# Page\n", "new"), None);
    }

    #[test]
    fn the_page_has_its_markers() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/performance.md");
        assert!(with(&std::fs::read_to_string(page).unwrap(), "").is_some());
    }
}
