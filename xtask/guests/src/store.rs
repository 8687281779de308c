//! The cache of finished components: `FOLDER/target/components/NAME-SOURCES-TOOLCHAIN.wasm`.
//!
//! Keeps true: a file appears whole, by rename, or not at all; what lies under a key never changes.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use crate::component::ENCODER;
use crate::{Built, Toolchain};

/// So many components of each guest stay: enough to go back and forth between branches.
const KEPT: usize = 8;

/// What a component was made from. 128 bits of each digest are plenty against an accident, and no attacker is here:
/// whoever may write here may write the sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    sources: String,
    toolchain: String,
}

impl Key {
    pub(crate) fn of(sources: &str, toolchain: &Toolchain) -> Self {
        let way = match toolchain {
            Toolchain::Target { .. } => "target",
            Toolchain::DebianBuildStd { .. } => "debian",
        };
        let toolchain = format!("{way}\n{}\nwit-component {ENCODER}\n", toolchain.version());
        Self { sources: short(sources), toolchain: short(&hex::encode(Sha256::digest(toolchain))) }
    }

    fn file(&self, name: &str) -> String {
        format!("{name}-{}-{}.wasm", self.sources, self.toolchain)
    }
}

fn short(digest: &str) -> String {
    digest.chars().take(32).collect()
}

/// The folder.
#[derive(Debug)]
pub(crate) struct Store {
    folder: PathBuf,
}

impl Store {
    pub(crate) fn at(target: &Path) -> Self {
        Self { folder: target.join("components") }
    }

    /// One build at a time. The lock ends with the value, also when the process dies.
    pub(crate) fn lock(&self) -> Result<File> {
        fs::create_dir_all(&self.folder).with_context(|| format!("{} cannot be made", self.folder.display()))?;
        let lock = File::create(self.folder.join(".lock")).context("the lock cannot be made")?;
        lock.lock().context("the lock cannot be had")?;
        Ok(lock)
    }

    /// The components under a key, if all are there.
    pub(crate) fn find(&self, guests: &[&str], key: &Key) -> Result<Option<Vec<Built>>> {
        let mut found = Vec::new();
        for name in guests {
            let path = self.folder.join(key.file(name));
            if !path.is_file() {
                return Ok(None);
            }
            let content = fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
            found.push(Built { name: (*name).to_owned(), path, sha256: hex::encode(Sha256::digest(content)) });
        }
        Ok(Some(found))
    }

    /// The components that some toolchain, the same for all, made from these sources.
    pub(crate) fn find_of_any_toolchain(&self, guests: &[&str], sources: &str) -> Result<Option<Vec<Built>>> {
        let sources = short(sources);
        let Some(first) = guests.first() else { return Ok(Some(Vec::new())) };
        let start = format!("{first}-{sources}-");
        let mut toolchains: Vec<String> = Vec::new();
        for (path, _) in self.of(first) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            toolchains.extend(name.strip_prefix(&start).and_then(|rest| rest.strip_suffix(".wasm")).map(str::to_owned));
        }
        toolchains.sort();
        for toolchain in toolchains {
            let key = Key { sources: sources.clone(), toolchain };
            if let Some(found) = self.find(guests, &key)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Puts components under a key, and drops the oldest ones above [`KEPT`].
    pub(crate) fn keep(&self, components: &[(&str, Vec<u8>)], key: &Key) -> Result<Vec<Built>> {
        let mut kept = Vec::new();
        for (name, component) in components {
            let path = self.folder.join(key.file(name));
            self.write(&path, component)?;
            kept.push(Built { name: (*name).to_owned(), path, sha256: hex::encode(Sha256::digest(component)) });
            let mut all = self.of(name);
            all.sort_by_key(|(_, changed)| *changed);
            let surplus = all.len().saturating_sub(KEPT);
            for (old, _) in all.into_iter().take(surplus) {
                // Another process may have been quicker.
                let _ = fs::remove_file(old);
            }
        }
        Ok(kept)
    }

    /// Makes `NAME.wasm` the components just built or found, for whoever looks for them by hand.
    pub(crate) fn publish(&self, built: &[Built]) -> Result<()> {
        for component in built {
            let content = fs::read(&component.path)?;
            let path = self.folder.join(format!("{}.wasm", component.name));
            if fs::read(&path).ok().as_ref() != Some(&content) {
                self.write(&path, &content)?;
            }
        }
        Ok(())
    }

    /// Every component of a guest under a key, and when it was written.
    fn of(&self, name: &str) -> Vec<(PathBuf, SystemTime)> {
        let Ok(list) = fs::read_dir(&self.folder) else { return Vec::new() };
        let start = format!("{name}-");
        list.flatten()
            .filter(|entry| entry.file_name().to_string_lossy().starts_with(&start))
            .filter_map(|entry| Some((entry.path(), entry.metadata().ok()?.modified().ok()?)))
            .collect()
    }

    fn write(&self, path: &Path, content: &[u8]) -> Result<()> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let new = self.folder.join(format!(".{name}.{}", std::process::id()));
        let written = fs::write(&new, content).and_then(|()| fs::rename(&new, path));
        written.with_context(|| format!("{} cannot be written", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{KEPT, Key, Store};
    use crate::Toolchain;

    fn toolchain(version: &str) -> Toolchain {
        Toolchain::Target { version: version.into() }
    }

    fn digest(digit: char) -> String {
        digit.to_string().repeat(64)
    }

    #[test]
    fn the_key_depends_on_sources_version_and_way() {
        let debian =
            Toolchain::DebianBuildStd { compiler: "c".into(), linker: "l".into(), version: "rustc 1.95.0".into() };
        let keys = [
            Key::of(&digest('a'), &toolchain("rustc 1.95.0")),
            Key::of(&digest('b'), &toolchain("rustc 1.95.0")),
            Key::of(&digest('a'), &toolchain("rustc 1.96.0")),
            Key::of(&digest('a'), &debian),
        ];
        for (i, one) in keys.iter().enumerate() {
            for other in &keys[i + 1..] {
                assert_ne!(one, other);
            }
        }
        assert_eq!(keys[0], Key::of(&digest('a'), &toolchain("rustc 1.95.0")));
    }

    #[test]
    fn finds_what_was_kept_under_the_same_key_only() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path());
        let _lock = store.lock().unwrap();
        let key = Key::of(&digest('a'), &toolchain("one"));
        assert_eq!(store.find(&["recipe"], &key).unwrap(), None);
        let kept = store.keep(&[("recipe", b"abc".to_vec())], &key).unwrap();
        assert_eq!(kept[0].sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(store.find(&["recipe"], &key).unwrap(), Some(kept));
        assert_eq!(store.find(&["recipe", "script"], &key).unwrap(), None);
        assert_eq!(store.find(&["recipe"], &Key::of(&digest('b'), &toolchain("one"))).unwrap(), None);
        assert_eq!(store.find(&["recipe"], &Key::of(&digest('a'), &toolchain("two"))).unwrap(), None);
    }

    #[test]
    fn without_a_toolchain_takes_what_another_made_from_the_same_sources() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path());
        assert_eq!(store.find_of_any_toolchain(&["recipe"], &digest('a')).unwrap(), None);
        let _lock = store.lock().unwrap();
        let kept = store.keep(&[("recipe", b"abc".to_vec())], &Key::of(&digest('a'), &toolchain("one"))).unwrap();
        assert_eq!(store.find_of_any_toolchain(&["recipe"], &digest('a')).unwrap(), Some(kept));
        assert_eq!(store.find_of_any_toolchain(&["recipe", "script"], &digest('a')).unwrap(), None);
        assert_eq!(store.find_of_any_toolchain(&["recipe"], &digest('b')).unwrap(), None);
    }

    #[test]
    fn the_plain_name_follows_and_nothing_half_written_stays() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path());
        let _lock = store.lock().unwrap();
        for content in [b"one", b"two"] {
            let key = Key::of(&digest('a'), &toolchain(std::str::from_utf8(content).unwrap()));
            let kept = store.keep(&[("recipe", content.to_vec())], &key).unwrap();
            store.publish(&kept).unwrap();
            assert_eq!(fs::read(store.folder.join("recipe.wasm")).unwrap(), content);
        }
        let hidden = fs::read_dir(&store.folder).unwrap().flatten().map(|e| e.file_name().into_string().unwrap());
        let hidden: Vec<_> = hidden.filter(|name| name.starts_with('.')).collect();
        assert_eq!(hidden, [".lock"]);
    }

    #[test]
    fn drops_the_oldest_above_its_bound() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path());
        let _lock = store.lock().unwrap();
        let key = |n: usize| Key::of(&digest('a'), &toolchain(&n.to_string()));
        for n in 0..KEPT + 3 {
            let kept = store.keep(&[("recipe", vec![0])], &key(n)).unwrap();
            // Files written within one tick of the clock have the same time; give each its own.
            let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(n as u64 + 1);
            fs::File::options().write(true).open(&kept[0].path).unwrap().set_modified(time).unwrap();
        }
        let there = |n: usize| store.find(&["recipe"], &key(n)).unwrap().is_some();
        assert!(there(KEPT + 2), "the newest stays");
        assert!(!there(0) && !there(1), "the oldest go");
        assert_eq!(store.of("recipe").len(), KEPT);
    }
}
