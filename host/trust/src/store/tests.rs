//! A crash anywhere leaves the old store whole, or the new one, and nothing of it hinders the next change.

use std::fs;

use presetter_package::PrivateKey;

use super::*;
use crate::plan::Act;
use crate::{Change, NewKey, Rule};

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn new_key(key: &PrivateKey) -> NewKey {
    let (not_before, not_after) = (time("2030-01-01T00:00:00Z"), time("2031-01-01T00:00:00Z"));
    NewKey { key: key.public().clone(), owner: "A".into(), not_before, not_after }
}

/// A store of version 1, and an export of version 3, two steps on.
struct Scene {
    folder: tempfile::TempDir,
    root: PrivateKey,
    begun: Proposal,
    offered: Proposal,
}

const NOW: &str = "2030-02-01T00:00:00Z";

fn store(folder: &tempfile::TempDir) -> Store {
    Store::open(&folder.path().join("config"), &folder.path().join("state"))
}

fn signed(mut proposal: Proposal, key: &PrivateKey) -> Proposal {
    proposal.sign(key).unwrap();
    proposal
}

impl Scene {
    fn new() -> Self {
        let (folder, root, now) = (tempfile::tempdir().unwrap(), PrivateKey::generate().unwrap(), time(NOW));
        let begun = signed(Proposal::first(&[new_key(&root)], 1, time("2031-01-01T00:00:00Z"), now).unwrap(), &root);
        let store = store(&folder);
        store.apply(&begun, Some(&begun.document().root), now).unwrap();
        let other = PrivateKey::generate().unwrap();
        let rule = Rule { pattern: crate::Pattern::All, threshold: 1, keys: vec![other.public().id()] };
        for change in [Change::AddKey(new_key(&other)), Change::SetRule(rule)] {
            let next = Proposal::next(&store.current().unwrap(), &[change], now).unwrap();
            store.apply(&signed(next, &root), None, now).unwrap();
        }
        let offered = store.export().unwrap();
        Self { folder, root, begun, offered }
    }

    /// A machine with version 1, or with nothing, and the steps that bring it to version 3.
    fn machine(&self, with_store: bool) -> (tempfile::TempDir, Store, Vec<Act>) {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        let named = self.begun.document().root.clone();
        if with_store {
            store.apply(&self.begun, Some(&named), time(NOW)).unwrap();
        }
        let seen = store.folder.seen().unwrap().unwrap_or_default();
        let current = store.current();
        let Proposal { steps, keys, .. } = &self.offered;
        let offer = Offer { file: "f", steps, keys, named: Some(&named) };
        let verified = offer.verify(current.as_ref(), &seen, time(NOW)).unwrap();
        let acts = store.plan(&verified, keys, current.as_ref().ok(), &seen);
        (folder, store, acts)
    }
}

#[test]
fn a_crash_after_any_step_leaves_the_old_or_the_new() {
    let scene = Scene::new();
    for with_store in [true, false] {
        let many = scene.machine(with_store).2.len();
        assert!(many >= 6, "two keys, signatures, the store, what was seen: {many}");
        let mut turned = 0;
        for done in 0..=many {
            let (folder, store, acts) = scene.machine(with_store);
            acts[..done].iter().for_each(|act| act.run().unwrap());
            // The one after it was under way: half of its file, under the name that it has until it is whole.
            if let Some(Act::Write(path, bytes)) = acts.get(done) {
                presetter_disk::folder(path.parent().unwrap()).unwrap();
                fs::write(path.with_file_name(".new-half"), &bytes[..bytes.len() / 2]).unwrap();
            }
            let found = store.current().map(|trust| trust.document().version).map_err(|refused| refused.code);
            let old = if with_store { Ok(1) } else { Err(Code::NoStore) };
            assert!(found == old || found == Ok(3), "after {done} of {many}: {found:?}");
            assert!(turned == 0 || found == Ok(3), "once new it stays new");
            turned += usize::from(found == Ok(3));

            // The next change comes to its end, and nothing is left over.
            let named = scene.begun.document().root.clone();
            store.apply(&scene.offered, Some(&named), time(NOW)).unwrap();
            let more =
                Proposal::next(&store.current().unwrap(), &[Change::Extend(time("2032-01-01T00:00:00Z"))], time(NOW));
            store.apply(&signed(more.unwrap(), &scene.root), None, time(NOW)).unwrap();
            assert_eq!(store.current().unwrap().document().version, 4);
            let mut names: Vec<String> = Vec::new();
            for below in ["config/trust", "config/trust/keys", "state/trust"] {
                let entries = fs::read_dir(folder.path().join(below)).unwrap();
                names.extend(entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()));
            }
            assert!(names.iter().all(|name| !name.starts_with(".new-")), "{names:?}");
            assert_eq!(names.iter().filter(|name| name.ends_with(".pub")).count(), 2, "{names:?}");
        }
        assert!(turned >= 2, "the rename and what comes after it");
    }
}

#[test]
fn what_an_abandoned_change_left_goes_with_the_next() {
    let scene = Scene::new();
    let (folder, store, acts) = scene.machine(true);
    let before_the_rename =
        acts.iter().position(|act| matches!(act, Act::Write(path, _) if path.ends_with("trust.toml")));
    acts[..before_the_rename.unwrap()].iter().for_each(|act| act.run().unwrap());
    // Another change is made instead.
    let other = Proposal::next(&store.current().unwrap(), &[Change::Extend(time("2032-01-01T00:00:00Z"))], time(NOW));
    store.apply(&signed(other.unwrap(), &scene.root), None, time(NOW)).unwrap();
    let keys = fs::read_dir(folder.path().join("config/trust/keys")).unwrap().count();
    assert_eq!(keys, 1, "the key of the change that was not made is gone");
    assert!(!folder.path().join("config/trust/signatures-3.json").exists());
    assert_eq!(store.current().unwrap().document().version, 2);
    assert!(scene.folder.path().exists());
}
