//! What changed in a bundle's folder.
//!
//! Owns: being told that something happened, and finding out what by comparing the files themselves. So it does not matter how
//! an editor saves: in place, by a new file that is renamed, or in several steps. Keeps: hidden files, and those that editors
//! keep beside a file, change nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use notify::{EventKind, RecursiveMode, Watcher};
use tokio::sync::mpsc::Sender;

/// The most files that are looked at.
const MOST: usize = 10_000;
/// Folders inside one another.
const DEEPEST: usize = 8;

/// What a round is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Changed {
    /// What all presets share changed; or it is the first round.
    pub(super) everything: bool,
    /// The presets of which a file changed.
    pub(super) presets: BTreeSet<String>,
}

impl Changed {
    /// The first round, before anything changed.
    pub(super) fn everything() -> Self {
        Self { everything: true, ..Self::default() }
    }
}

/// Watches a folder; `tell` is filled when something happens.
///
/// # Errors
/// The system does not watch it, in words.
pub(super) fn watch(folder: &Path, tell: Sender<()>) -> Result<impl Watcher + use<>, String> {
    let on = move |event: notify::Result<notify::Event>| {
        let only_read = matches!(&event, Ok(event) if matches!(event.kind, EventKind::Access(_)));
        if !only_read {
            // Full means that it is told already.
            let _ = tell.try_send(());
        }
    };
    let plain = |error: notify::Error| error.to_string();
    let mut watcher = notify::recommended_watcher(on).map_err(plain)?;
    watcher.watch(folder, RecursiveMode::Recursive).map_err(plain)?;
    Ok(watcher)
}

/// The files of a folder, by path below it, with what tells that one was written.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Snapshot(BTreeMap<PathBuf, (u64, Option<SystemTime>)>);

impl Snapshot {
    /// What is there now.
    pub(super) fn of(folder: &Path) -> Self {
        let mut snapshot = Self::default();
        snapshot.look(folder, Path::new(""), 0);
        snapshot
    }

    fn look(&mut self, folder: &Path, below: &Path, depth: usize) {
        for entry in fs::read_dir(folder.join(below)).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let path = below.join(&name);
            // Links are followed to files: an author may share one.
            let Ok(about) = fs::metadata(entry.path()) else { continue };
            if is_idle(&name.to_string_lossy()) || self.0.len() >= MOST {
                continue;
            }
            if about.is_file() {
                self.0.insert(path, (about.len(), about.modified().ok()));
            } else if entry.file_type().is_ok_and(|kind| kind.is_dir()) && depth < DEEPEST {
                self.look(folder, &path, depth + 1);
            }
        }
    }

    /// What changed until a later one; nothing if no file did.
    pub(super) fn until(&self, later: &Self) -> Option<Changed> {
        let all: BTreeSet<&PathBuf> = self.0.keys().chain(later.0.keys()).collect();
        let changed: Vec<&PathBuf> = all.into_iter().filter(|path| self.0.get(*path) != later.0.get(*path)).collect();
        if changed.is_empty() {
            return None;
        }
        let mut about = Changed::default();
        for path in changed {
            let mut parts = path.components().map(|part| part.as_os_str().to_string_lossy());
            let first = parts.next().unwrap_or_default();
            let inside = parts.next().is_some();
            let component = path.extension().is_some_and(|extension| extension == "wasm");
            if first == "bundle.toml" || component || inside && first == "lib" {
                about.everything = true;
            } else if inside {
                about.presets.insert(first.into_owned());
            }
        }
        Some(about)
    }
}

/// What editors and systems keep beside the files that are meant, and what no bundle has.
fn is_idle(name: &str) -> bool {
    let ends = [".swp", ".swx", ".swo", ".tmp", ".bak", ".orig", ".part", "~"];
    name.starts_with(['.', '#'])
        || ends.iter().any(|end| name.ends_with(end))
        || name.contains("___jb_")
        // vim tries with it whether it may write.
        || name.bytes().all(|b| b.is_ascii_digit())
        || ["node_modules", "target"].contains(&name)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn snapshot(files: &[(&str, u64)]) -> Snapshot {
        let file = |(path, time): &(&str, u64)| {
            (PathBuf::from(path), (1, Some(SystemTime::UNIX_EPOCH + Duration::from_secs(*time))))
        };
        Snapshot(files.iter().map(file).collect())
    }

    fn presets(names: &[&str]) -> Option<Changed> {
        let presets = names.iter().map(|name| (*name).to_owned()).collect();
        Some(Changed { everything: false, presets })
    }

    #[test]
    fn what_changed_tells_what_is_run() {
        let before =
            [("bundle.toml", 1), ("README.md", 1), ("a/preset.toml", 1), ("b/tests/x.har", 1), ("lib/x.js", 1)];
        let after = |path: &str| {
            let mut files = before;
            files.iter_mut().filter(|file| file.0 == path).for_each(|file| file.1 = 2);
            snapshot(&before).until(&snapshot(&files))
        };
        assert_eq!(after("nothing"), None);
        assert_eq!(after("bundle.toml"), Some(Changed::everything()));
        assert_eq!(after("lib/x.js"), Some(Changed::everything()));
        assert_eq!(after("README.md"), presets(&[]));
        assert_eq!(after("a/preset.toml"), presets(&["a"]));
        assert_eq!(after("b/tests/x.har"), presets(&["b"]));
        let gone = snapshot(&before).until(&snapshot(&before[..3])).unwrap();
        assert!(gone.everything && gone.presets.contains("b"), "lib and b are gone");
        assert_eq!(snapshot(&before[..2]).until(&snapshot(&before[..3])), presets(&["a"]), "a is new");
    }

    #[test]
    fn what_editors_keep_beside_is_not_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("a/tests")).unwrap();
        fs::create_dir_all(folder.path().join(".git/x")).unwrap();
        for file in [
            "a/preset.toml",
            "a/.preset.toml.swp",
            "a/preset.toml~",
            "a/4913",
            "a/#preset.toml#",
            ".git/x/y",
            "a/tests/x.toml",
            "a/preset.toml___jb_tmp___",
        ] {
            fs::write(folder.path().join(file), "").unwrap();
        }
        let seen: Vec<PathBuf> = Snapshot::of(folder.path()).0.into_keys().collect();
        assert_eq!(seen, [Path::new("a/preset.toml"), Path::new("a/tests/x.toml")]);
        assert_eq!(Snapshot::of(&folder.path().join("gone")), Snapshot::default());
    }

    #[test]
    fn a_save_by_renaming_is_a_change() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("a")).unwrap();
        let file = folder.path().join("a/preset.toml");
        fs::write(&file, "1").unwrap();
        let before = Snapshot::of(folder.path());
        let beside = folder.path().join("a/.new");
        fs::write(&beside, "22").unwrap();
        assert_eq!(before.until(&Snapshot::of(folder.path())), None);
        fs::rename(beside, file).unwrap();
        assert_eq!(before.until(&Snapshot::of(folder.path())), presets(&["a"]));
    }
}
