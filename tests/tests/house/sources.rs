//! The sources that are compiled into the host's crates: not their tests, benches and build scripts.

use std::fs;
use std::path::{Path, PathBuf};

/// One file: its name below `host/`, and its text.
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// All sources below a folder. Modules of tests are left out: they may do what the others may not.
pub(crate) fn below(folder: &Path) -> Vec<Source> {
    let mut files = Vec::new();
    collect(folder, &mut files);
    let tests: Vec<PathBuf> = files.iter().flat_map(|file| test_modules(file)).collect();
    files.retain(|file| !tests.contains(file));
    let source = |file: PathBuf| Source {
        name: file.strip_prefix(folder).unwrap().to_string_lossy().replace('\\', "/"),
        text: fs::read_to_string(&file).unwrap(),
    };
    files.into_iter().map(source).collect()
}

/// The lines of code with their numbers: no comments, and no tests.
pub(crate) fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    // A module of tests inside a file is the last thing in it.
    let tests = |line: &&str| line.starts_with("mod tests {") || line.starts_with("pub(crate) mod tests {");
    let lines = text.lines().take_while(move |line| !tests(line)).map(str::trim_start);
    (1..).zip(lines).filter(|(_, line)| !line.starts_with("//"))
}

/// The files of modules that a source declares for tests alone.
fn test_modules(source: &Path) -> Vec<PathBuf> {
    let text = fs::read_to_string(source).unwrap();
    let stem = source.file_stem().unwrap().to_str().unwrap();
    let folder = source.parent().unwrap();
    let folder = if ["lib", "main", "mod"].contains(&stem) { folder.to_owned() } else { folder.join(stem) };
    let parts = text.split("#[cfg(test)]\nmod ").skip(1);
    let names = parts.filter_map(|rest| rest.lines().next()?.strip_suffix(';'));
    names.map(|name| folder.join(format!("{name}.rs"))).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            if !["tests", "benches", "fuzz", "target"].contains(&path.file_name().unwrap().to_str().unwrap()) {
                collect(&path, files);
            }
        } else if path.extension().is_some_and(|e| e == "rs") && path.file_name().unwrap() != "build.rs" {
            files.push(path);
        }
    }
}
