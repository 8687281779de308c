//! The page of documentation about lints is the one that the table makes.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

use std::path::Path;
use std::{env, fs};

#[test]
fn the_page_is_that_of_the_table() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/authors/lints.md");
    let made = presetter_check::page();
    if env::var_os("PRESETTER_LINTS").is_some_and(|value| value == "update") {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, &made).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    assert!(kept == made, "docs/authors/lints.md is behind the table: run `cargo xtask schemas`");
}
