//! The author guide does what it says: every page of `docs/authors` is played from top to bottom, in a folder of its own.
//! `PRESETTER_GOLDENS=update` writes what is printed into the pages.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

use std::fs;
use std::path::PathBuf;

use presetter_tests::{guide, root};

/// Pages with a test of their own.
const ELSEWHERE: [&str; 2] = ["languages.md", "lints.md"];

fn pages() -> PathBuf {
    root().join("docs/authors")
}

fn played(name: &str) {
    let file = pages().join(name);
    let page = fs::read_to_string(&file).unwrap();
    let (differs, written) = guide::play(&page);
    if std::env::var_os("PRESETTER_GOLDENS").is_some_and(|value| value == "update") && written != page {
        fs::write(&file, written).unwrap();
        return;
    }
    let shown: Vec<String> = differs.iter().map(|d| format!("docs/authors/{name}:{}: {}", d.line, d.what)).collect();
    assert!(shown.is_empty(), "(- page, + now)\n{}", shown.join("\n"));
}

/// A test for each page, so that they are played side by side, and one that misses none.
macro_rules! pages {
    ($($test:ident: $page:literal),* $(,)?) => {
        const PAGES: &[&str] = &[$($page),*];
        $(#[test] fn $test() { played($page); })*
    };
}

pages! {
    first_preset: "first-preset.md",
    recipes: "recipes.md",
    templates: "templates.md",
    sessions: "sessions.md",
    outcomes: "outcomes.md",
    scripts: "scripts.md",
    testing: "testing.md",
    index: "README.md",
}

#[test]
fn no_page_is_left_out() {
    let names = fs::read_dir(pages()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let untested: Vec<String> =
        names.filter(|name| !PAGES.iter().chain(&ELSEWHERE).any(|known| known == name)).collect();
    assert_eq!(untested, [""; 0]);
}

#[test]
fn a_fence_that_nothing_tests_is_an_error() {
    for (page, line) in [
        ("```\nx\n```\n", 1),
        ("```sh\nx\n```\n", 1),
        ("```toml\nx = 1\n```\n", 1),
        ("````toml a.toml\nx = 1\n````\n", 1),
        ("Open:\n\n```console\n$ x\n", 3),
        ("```console\nx\n```\n", 2),
        ("~~~sh\nx\n~~~\n", 1),
        ("- A list:\n  ```sh\n  x\n  ```\n", 2),
        ("<!-- server: {\n} -->\n", 1),
        ("Indented:\n\n    x = 1\n", 3),
    ] {
        let wrong = guide::parts(page).expect_err(page);
        assert!(wrong.starts_with(&format!("{line}: ")), "{page}{wrong}");
    }
    // A text that goes on, or lies deeper in a list, is no code.
    assert_eq!(guide::parts("- A list\n    that goes on\n\n  and on, `x`\n"), Ok(vec![]));
}
