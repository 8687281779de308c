//! Makes the components of the examples, each once: in Rust as all guests, in JavaScript and Python by the very commands that the page
//! for authors shows.
//!
//! Owns `languages/` among the scratch folders: a copy of what is built from, with the packages of npm and pip beside it, and the finished
//! components under the digest of their sources, lock files and commands.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::iter;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use presetter_guests::{EXAMPLE, command, detect};
use presetter_tests::{root, scratch};
use sha2::{Digest as _, Sha256};

use crate::page;

/// A language of the examples that a component is made from by tools of its own.
pub(crate) struct Tools {
    /// The example's folder below `plugins/examples`.
    pub(crate) example: &'static str,
    /// Commands that end well where the tools are.
    shown_by: &'static [&'static [&'static str]],
    /// What to install.
    install: &'static str,
}

pub(crate) const JAVASCRIPT: Tools = Tools {
    example: "javascript",
    shown_by: &[&["node", "--version"], &["npm", "--version"]],
    install: "Node.js 18.19 or newer with npm (on Debian: apt-get install nodejs npm)",
};

pub(crate) const PYTHON: Tools = Tools {
    example: "python",
    shown_by: &[&["python3", "-c", "import ensurepip, venv"]],
    install: "Python 3 with venv (on Debian: apt-get install python3-venv)",
};

/// The component of the example in Rust.
pub(crate) fn rust() -> PathBuf {
    let toolchain = detect(root()).unwrap();
    let toolchain = toolchain.expect("no compiler here can build the guests: run `cargo xtask guests` once");
    EXAMPLE.build(root(), &toolchain).unwrap().remove(0).path
}

/// The component of an example in another language.
pub(crate) fn component(tools: &Tools) -> PathBuf {
    let folder = scratch("languages");
    fs::create_dir_all(&folder).unwrap();
    let commands = page::commands(tools.example);
    let done = folder.join(format!("{}-{}.wasm", tools.example, digest(tools.example, &commands)));
    // Tests are processes of their own: one makes it, the others wait.
    let lock = File::create(folder.join(format!("{}.lock", tools.example))).unwrap();
    lock.lock().unwrap();
    if !done.is_file() {
        let made = make(tools, &commands, &folder.join("sources"));
        // Of each only the newest is kept: they are large.
        let start = format!("{}-", tools.example);
        let old = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap());
        for old in old.filter(|old| old.file_name().to_string_lossy().starts_with(&start)) {
            fs::remove_file(old.path()).unwrap();
        }
        fs::rename(made, &done).unwrap();
    }
    done
}

/// Runs the commands in a copy of the project: of the contract and the example, each where it is in the project.
fn make(tools: &Tools, commands: &str, project: &Path) -> PathBuf {
    for check in tools.shown_by {
        let works = command(check[0]).args(&check[1..]).stdin(Stdio::null()).output().is_ok_and(|o| o.status.success());
        let install = tools.install;
        assert!(
            works,
            "{} does not work: install {install}, or leave this out by PRESETTER_OFFLINE=1",
            check.join(" ")
        );
    }
    for (name, file) in sources(tools.example) {
        let copy = project.join(name);
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::copy(file, copy).unwrap();
    }
    let ended = command("sh").args(["-ec", commands]).current_dir(project).stdin(Stdio::null()).output().unwrap();
    let said = [ended.stdout, ended.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
    assert!(ended.status.success(), "{}\n{commands}{said}", ended.status);
    project.join("plugins/examples").join(tools.example).join("component.wasm")
}

fn digest(example: &str, commands: &str) -> String {
    let mut hash = Sha256::new_with_prefix(commands);
    for (name, file) in sources(example) {
        let bytes = fs::read(file).unwrap();
        // Lengths first: no two lists of files give the same bytes.
        hash.update(format!("\n{} {name} {}\n", name.len(), bytes.len()));
        hash.update(bytes);
    }
    hex::encode(hash.finalize())
}

/// What a component is made from: the files by their names in the project, sorted.
fn sources(example: &str) -> Vec<(String, PathBuf)> {
    let mut open: Vec<PathBuf> = vec![root().join("wit"), root().join("plugins/examples").join(example)];
    let mut found = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_file() {
            found.push((path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned(), path));
        } else {
            open.extend(children(&path));
        }
    }
    found.sort();
    found
}

/// What is in a folder, without what is made there by hand as the page says, and without what is read by Presetter alone.
fn children(folder: &Path) -> Vec<PathBuf> {
    let made = ["component.wasm", "node_modules", ".venv", "__pycache__"];
    let left_out = ["bundle.toml", "get-user", "README.md"].into_iter().chain(made).map(OsStr::new).collect::<Vec<_>>();
    let mut entries = fs::read_dir(folder).unwrap();
    let all = iter::from_fn(|| entries.next().map(|entry| entry.unwrap().path()));
    all.filter(|path| path.file_name().is_some_and(|name| !left_out.contains(&name))).collect()
}
