//! What a guest is built from.
//!
//! Owns: the list of files that decide about a guest's bytes, and the digest over them.
//! Keeps true: a changed, added, removed or renamed file changes the digest; a file that a build used and the list
//! lacks is an error, never a component cached under the wrong key.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

use crate::Workspace;

/// Beside a workspace and what it uses: the root's manifest (crates used by path inherit from it) and this builder.
const ALWAYS: [&str; 3] = ["Cargo.toml", "xtask/guests/Cargo.toml", "xtask/guests/src"];
/// Parts of a crate that are never compiled into a guest.
const LEFT_OUT: [&str; 4] = ["target", "tests", "benches", "examples"];

/// One file: its path relative to the project's root, with `/` on every platform, and where it lies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Input {
    name: String,
    path: PathBuf,
}

/// All files that decide about the guests of a workspace, sorted by name.
pub(crate) fn files(root: &Path, workspace: &Workspace) -> Result<BTreeSet<Input>> {
    let mut found = BTreeSet::new();
    let starts = ALWAYS.iter().chain(workspace.uses).chain([&workspace.folder]);
    for start in starts {
        collect(root, &root.join(start), &mut found)?;
    }
    Ok(found)
}

/// The digest over names and contents.
pub(crate) fn digest(files: &BTreeSet<Input>) -> Result<String> {
    let mut hash = Sha256::new();
    for file in files {
        let content = fs::read(&file.path).with_context(|| format!("{} cannot be read", file.path.display()))?;
        // Lengths go first, so that no two lists of files give the same bytes.
        hash.update((file.name.len() as u64).to_le_bytes());
        hash.update(&file.name);
        hash.update((content.len() as u64).to_le_bytes());
        hash.update(&content);
    }
    Ok(hex::encode(hash.finalize()))
}

/// What a build script should watch. A folder among it stands for all that is in it, so the workspace's own folder,
/// which holds build results, is taken apart.
pub(crate) fn watched(root: &Path, workspace: &Workspace) -> Result<Vec<PathBuf>> {
    let mut watched: Vec<PathBuf> = ALWAYS.iter().map(|start| root.join(start)).collect();
    for folder in workspace.uses.iter().chain([&workspace.folder]) {
        watched.extend(entries(&root.join(folder))?);
    }
    Ok(watched)
}

/// Refuses a build that used a file of the project outside the list. `dependencies` is cargo's `NAME.d`.
pub(crate) fn check_coverage(
    root: &Path,
    workspace: &Workspace,
    covered: &BTreeSet<Input>,
    dependencies: &Path,
) -> Result<()> {
    let text = fs::read_to_string(dependencies).with_context(|| format!("cargo left no {}", dependencies.display()))?;
    let target = root.join(workspace.folder).join("target");
    let covered: BTreeSet<&Path> = covered.iter().map(|input| input.path.as_path()).collect();
    for path in parse(&text) {
        let path = root.join(workspace.folder).join(path);
        let path = path.canonicalize().unwrap_or(path);
        // Crates of a registry are pinned by the lock file, and what build scripts write follows from the rest.
        if path.starts_with(root) && !path.starts_with(&target) && !covered.contains(path.as_path()) {
            bail!(
                "the guests of {} were built from {}, which is outside the folders that are said to matter; \
                 add its crate to `uses` of that workspace",
                workspace.folder,
                path.strip_prefix(root).unwrap_or(&path).display()
            );
        }
    }
    Ok(())
}

/// The prerequisites in a makefile's rule: separated by spaces, a space inside a path written `\ `.
fn parse(text: &str) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for line in text.lines() {
        let Some((_, list)) = line.split_once(": ") else { continue };
        let list = list.replace("\\ ", "\0");
        paths.extend(list.split(' ').filter(|p| !p.is_empty()).map(|p| PathBuf::from(p.replace('\0', " "))));
    }
    paths
}

fn collect(root: &Path, path: &Path, found: &mut BTreeSet<Input>) -> Result<()> {
    if path.is_dir() {
        for entry in entries(path)? {
            collect(root, &entry, found)?;
        }
        return Ok(());
    }
    let relative = path.strip_prefix(root).context("an input outside the project")?;
    let name = relative.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
    found.insert(Input { name, path: path.to_owned() });
    Ok(())
}

/// What counts in a folder: neither build results and tests, nor workspaces of their own (those have a lock file), nor what editors
/// leave behind.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let list = fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut entries = Vec::new();
    for entry in list {
        let entry = entry.with_context(|| format!("{} cannot be read", folder.display()))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        let left_out = LEFT_OUT.contains(&name.as_str()) || path.join("Cargo.lock").is_file();
        if !left_out && !name.starts_with(['.', '#']) && !name.ends_with('~') {
            entries.push(path);
        }
    }
    entries.sort();
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::{check_coverage, digest, files, parse, watched};
    use crate::Workspace;

    const WORKSPACE: Workspace =
        Workspace { folder: "plugins", guests: &["recipe"], uses: &["host/expr", "wit"], contract_only: true };

    /// A small project with every kind of input.
    fn project() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("Cargo.toml", "[workspace]"),
            ("xtask/guests/Cargo.toml", ""),
            ("xtask/guests/src/lib.rs", "//! the builder"),
            ("host/expr/Cargo.toml", ""),
            ("host/expr/src/lib.rs", "fn one() {}"),
            ("host/cli/src/main.rs", "fn main() {}"),
            ("wit/preset.wit", "package p:p;"),
            ("plugins/Cargo.toml", ""),
            ("plugins/Cargo.lock", ""),
            ("plugins/recipe/src/lib.rs", "fn two() {}"),
        ] {
            write(folder.path(), name, text);
        }
        folder
    }

    fn write(root: &Path, name: &str, text: &str) {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn key(root: &Path) -> String {
        digest(&files(root, &WORKSPACE).unwrap()).unwrap()
    }

    #[test]
    fn a_changed_byte_in_any_input_changes_the_digest() {
        let project = project();
        let root = project.path();
        let before = key(root);
        for name in [
            "Cargo.toml",
            "xtask/guests/src/lib.rs",
            "host/expr/Cargo.toml",
            "host/expr/src/lib.rs",
            "wit/preset.wit",
            "plugins/Cargo.lock",
            "plugins/recipe/src/lib.rs",
        ] {
            let text = fs::read_to_string(root.join(name)).unwrap();
            write(root, name, &format!("{text} "));
            assert_ne!(key(root), before, "{name}");
            write(root, name, &text);
            assert_eq!(key(root), before, "{name}");
        }
    }

    #[test]
    fn an_added_a_renamed_and_a_removed_file_change_the_digest() {
        let project = project();
        let root = project.path();
        let before = key(root);
        write(root, "plugins/recipe/src/find.rs", "");
        let added = key(root);
        assert_ne!(added, before);
        fs::rename(root.join("plugins/recipe/src/find.rs"), root.join("plugins/recipe/src/page.rs")).unwrap();
        assert_ne!(key(root), added);
        fs::remove_file(root.join("plugins/recipe/src/page.rs")).unwrap();
        assert_eq!(key(root), before);
        fs::remove_file(root.join("wit/preset.wit")).unwrap();
        assert_ne!(key(root), before);
    }

    #[test]
    fn text_that_moves_from_one_file_to_the_next_changes_the_digest() {
        let project = project();
        let root = project.path();
        write(root, "plugins/recipe/src/a.rs", "xy");
        write(root, "plugins/recipe/src/b.rs", "z");
        let before = key(root);
        write(root, "plugins/recipe/src/a.rs", "x");
        write(root, "plugins/recipe/src/b.rs", "yz");
        assert_ne!(key(root), before);
    }

    #[test]
    fn other_crates_build_results_tests_and_editor_files_do_not_count() {
        let project = project();
        let root = project.path();
        let before = key(root);
        write(root, "host/cli/src/main.rs", "fn main() { }");
        write(root, "plugins/target/release/recipe.wasm", "x");
        write(root, "host/expr/tests/rules.rs", "x");
        write(root, "plugins/recipe/src/.lib.rs.swp", "x");
        write(root, "plugins/recipe/src/lib.rs~", "x");
        assert_eq!(key(root), before);
    }

    #[test]
    fn a_workspace_inside_of_a_workspace_counts_where_it_is_used() {
        let project = project();
        let root = project.path();
        let before = key(root);
        write(root, "plugins/sdk/Cargo.lock", "");
        write(root, "plugins/sdk/src/lib.rs", "x");
        assert_eq!(key(root), before);
        let uses = Workspace { uses: &["plugins/sdk"], ..WORKSPACE };
        let used = |root: &Path| digest(&files(root, &uses).unwrap()).unwrap();
        let before = used(root);
        write(root, "plugins/sdk/src/lib.rs", "y");
        assert_ne!(used(root), before);
    }

    #[test]
    fn a_missing_folder_is_an_error() {
        let project = project();
        fs::remove_dir_all(project.path().join("wit")).unwrap();
        let error = digest(&files(project.path(), &WORKSPACE).unwrap()).unwrap_err();
        assert!(error.to_string().contains("wit cannot be read"), "{error}");
    }

    #[test]
    fn watches_no_folder_that_holds_build_results() {
        let project = project();
        let root = project.path();
        write(root, "plugins/target/release/recipe.wasm", "x");
        let watched = watched(root, &WORKSPACE).unwrap();
        assert!(watched.contains(&root.join("plugins/recipe")));
        assert!(watched.contains(&root.join("plugins/Cargo.lock")));
        assert!(watched.contains(&root.join("host/expr/src")));
        assert!(!watched.iter().any(|path| root.join("plugins/target").starts_with(path)));
    }

    #[test]
    fn a_build_from_a_file_outside_the_list_is_refused() {
        let project = project();
        let root = &project.path().canonicalize().unwrap();
        let covered = files(root, &WORKSPACE).unwrap();
        let rule = |path: &str| {
            write(root, "recipe.d", &format!("recipe.wasm: {}\n", root.join(path).display()));
            check_coverage(root, &WORKSPACE, &covered, &root.join("recipe.d"))
        };
        rule("plugins/recipe/src/lib.rs").unwrap();
        rule("host/expr/src/lib.rs").unwrap();
        rule("plugins/target/release/build/x/out/made.rs").unwrap();
        let error = rule("host/cli/src/main.rs").unwrap_err();
        assert!(error.to_string().contains("host/cli/src/main.rs"), "{error}");
    }

    #[test]
    fn reads_a_makefile_rule() {
        let text = "/a/recipe.wasm: /a/lib.rs /a\\ b/c.rs\n";
        assert_eq!(parse(text), [PathBuf::from("/a/lib.rs"), PathBuf::from("/a b/c.rs")]);
        assert_eq!(parse("C:\\a\\recipe.wasm: C:\\a\\lib.rs"), [PathBuf::from("C:\\a\\lib.rs")]);
    }
}
