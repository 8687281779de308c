use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::*;
use crate::plan::Plan;
use crate::sample::{NOW, World, artifact, note, time};
use crate::{What, change};

const DELETE: &str = "[[grants]]\nmethods = ['DELETE']\npaths = ['users/*']";

/// All files below a folder, but for the lock.
fn files(folder: &Path) -> BTreeSet<String> {
    let mut open = vec![folder.to_owned()];
    let mut found = BTreeSet::new();
    while let Some(below) = open.pop() {
        for entry in fs::read_dir(&below).unwrap().flatten() {
            match entry.path().is_dir() {
                true => open.push(entry.path()),
                false => drop(found.insert(entry.path().strip_prefix(folder).unwrap().display().to_string())),
            }
        }
    }
    found.remove("lock");
    found
}

fn version(text: &str) -> Version {
    text.parse().unwrap()
}

#[test]
fn a_bundle_is_installed_used_upgraded_gone_back_from_and_removed() {
    let world = World::new();
    let (data, store) = world.store();
    let first = world.put(&store, "1.0.0", "");
    let loaded = world.load(&store);
    assert_eq!((loaded.digest(), loaded.version()), (first.verified().digest(), &version("1.0.0")));
    assert_eq!(loaded.bundle().preset_names(), ["users"]);
    let key = world.key.public().id();
    assert_eq!(loaded.bundle().source().to_string(), format!("acme/jamf, signed by {key}"));

    let second = world.put(&store, "1.1.0", DELETE);
    assert_eq!(world.load(&store).version(), &version("1.1.0"));
    let back = store.rollback(&world.kept(&store, "1.0.0"), &note()).unwrap();
    assert!(back.went_back && back.version == version("1.0.0") && back.kept.len() == 2);
    assert_eq!(world.load(&store).digest(), first.verified().digest());
    store.upgrade(&second, second.verified().permissions(), &note()).unwrap();
    assert!(!store.find("acme/jamf").unwrap().unwrap().went_back);

    store.remove("acme/jamf", &note()).unwrap();
    assert!(store.list().unwrap().is_empty());
    assert_eq!(files(data.path()), ["history.jsonl", "installed.toml"].map(str::to_owned).into());
    let history = store.history().unwrap();
    let told: Vec<(u64, What)> = history.iter().map(|entry| (entry.number, entry.what)).collect();
    let all = [What::Install, What::Upgrade, What::Rollback, What::Upgrade, What::Remove];
    assert_eq!(told, (1..).zip(all).collect::<Vec<_>>());
    let upgrade = &history[1];
    assert_eq!((upgrade.by.as_str(), upgrade.why.as_deref(), upgrade.at), ("ann", Some("ticket 7"), time(NOW)));
    let signed = upgrade.signed.as_ref().unwrap();
    assert_eq!((signed.rule.as_str(), &signed.keys, signed.store), ("acme/*", &vec![key.to_string()], 2));
}

#[test]
fn what_was_not_approved_is_neither_installed_nor_used() {
    let world = World::new();
    let (data, store) = world.store();
    let wide = world.incoming("1.0.0", DELETE);
    let narrow = world.incoming("1.0.0", "");
    let narrow = narrow.verified().permissions();
    let why = store.install(&wide, narrow, &note()).unwrap_err();
    assert!(why.message.contains("DELETE to https://api.acme.example/v1/users/*"), "{why}");
    assert!(files(data.path()).is_empty());

    // A wider approval does.
    world.put(&store, "1.0.0", "");
    let path = data.path().join("approved/acme.jamf.toml");
    let text = fs::read_to_string(&path).unwrap();
    for (changed, told) in [
        (text.replace("secrets = [\"key\"]\n", ""), "now asks for the secret `key`"),
        (text.replace("format = 1", "format = 2"), "a newer Presetter"),
        (text.replace("by = ", "new_key = true\nby = "), "unknown field"),
        (text.replace("acme/jamf", "acme/okta"), "is for \"acme/okta\""),
        (text[..text.find("[[approval]]").unwrap()].to_owned(), "was not approved"),
    ] {
        assert_ne!(changed, text);
        fs::write(&path, changed).unwrap();
        let Err(Rejected::Store(why)) = store.load("acme/jamf", &world.trust, Bounds::default(), time(NOW)) else {
            panic!("{told}")
        };
        assert!(format!("{} {}", why.message, why.help).contains(told), "{why} {}", why.help);
    }
    disk::remove(&path).unwrap();
    assert!(store.rollback(&world.kept(&store, "1.0.0"), &note()).is_err());
    // The same package again puts right what is missing.
    let again = world.incoming("1.0.0", "");
    store.install(&again, again.verified().permissions(), &note()).unwrap();
    world.load(&store);
}

#[test]
fn a_version_takes_the_place_of_an_older_one_alone() {
    let world = World::new();
    let (_data, store) = world.store();
    let all = |incoming: &Incoming| incoming.verified().permissions().clone();
    let new = world.incoming("1.1.0", "");
    assert!(store.upgrade(&new, &all(&new), &note()).unwrap_err().message.contains("not installed"));
    world.put(&store, "1.0.0", "");
    assert!(store.install(&new, &all(&new), &note()).unwrap_err().help.contains("presetter upgrade acme/jamf"));
    let other = world.incoming("1.0.0", "summary = 'x'");
    assert!(store.upgrade(&other, &all(&other), &note()).unwrap_err().message.contains("another package"));
    let older = world.incoming("0.9.0", "");
    assert!(store.upgrade(&older, &all(&older), &note()).unwrap_err().message.contains("newer than 0.9.0"));
    assert!(store.rollback(older.verified(), &note()).unwrap_err().help.contains("kept are: 1.0.0"));
    assert!(store.remove("acme/okta", &note()).is_err() && store.find("../x").unwrap().is_none());
    // Of many versions the newest are kept.
    for minor in 1..10 {
        world.put(&store, &format!("1.{minor}.0"), "");
    }
    let kept = store.find("acme/jamf").unwrap().unwrap().kept;
    let kept: Vec<String> = kept.iter().map(|kept| kept.version.to_string()).collect();
    assert_eq!(kept, ["1.9.0", "1.8.0", "1.7.0", "1.6.0", "1.5.0"]);
    assert_eq!(files(_data.path()).iter().filter(|file| file.starts_with("packages/")).count(), 5);
}

/// Every change, ended after every number of its steps, with what a kill within the next one leaves.
#[test]
fn a_process_that_is_killed_leaves_the_old_state_or_the_new() {
    let world = World::new();
    let [first, second] = [world.incoming("1.0.0", ""), world.incoming("1.1.0", DELETE)];
    let [one, two] = [&first, &second].map(|incoming| incoming.verified());
    let install = Wanted::Install(&first, one.permissions());
    let upgrade = Wanted::Upgrade(&second, two.permissions());
    type Before<'a> = &'a [&'a Wanted<'a>];
    let changes: [(Before<'_>, &Wanted<'_>); 4] = [
        (&[], &install),
        (&[&install], &upgrade),
        (&[&install, &upgrade], &Wanted::Rollback(one)),
        (&[&install, &upgrade], &Wanted::Remove("acme/jamf")),
    ];
    let mut ends = 0;
    for (before, wanted) in changes {
        for taken in 0.. {
            let (data, store) = world.store();
            before.iter().for_each(|wanted| drop(store.change(wanted, &note()).unwrap()));
            let old = store.list().unwrap();
            let mut told = store.history().unwrap().len();
            let Plan { steps, bundle } = plan::plan(&store.layout, wanted, &note()).unwrap();
            if taken > steps.len() {
                break;
            }
            steps[..taken].iter().for_each(|step| change::take(&store.layout, step).unwrap());
            // The next step was under way: files that are not in their place yet, half a line.
            for folder in ["", "packages", "approved"] {
                fs::create_dir_all(data.path().join(folder)).unwrap();
                fs::write(data.path().join(folder).join(".new-x"), "half").unwrap();
            }
            let half = fs::read(data.path().join("history.jsonl")).unwrap_or_default();
            fs::write(data.path().join("history.jsonl"), [half.as_slice(), b"{\"number\":"].concat()).unwrap();

            let committed = taken > steps.iter().position(|step| matches!(step, change::Step::Commit(_))).unwrap();
            let new: Vec<Installed> = if matches!(wanted, Wanted::Remove(_)) { Vec::new() } else { vec![bundle] };
            assert_eq!(store.list().unwrap(), if committed { new } else { old }, "{taken} of {wanted:?}");
            told += usize::from(committed);
            assert_eq!(store.history().unwrap().len(), told, "{taken} of {wanted:?}");
            if !store.list().unwrap().is_empty() {
                world.load(&store);
            }
            // The next change works, and clears up.
            match store.find("acme/jamf").unwrap() {
                Some(_) => drop(store.remove("acme/jamf", &note()).unwrap()),
                None => {
                    store.change(&install, &note()).unwrap();
                    world.load(&store);
                    store.remove("acme/jamf", &note()).unwrap();
                    told += 1;
                }
            }
            assert_eq!(files(data.path()), ["history.jsonl", "installed.toml"].map(str::to_owned).into());
            let numbers: Vec<u64> = store.history().unwrap().iter().map(|entry| entry.number).collect();
            assert_eq!(numbers, (1..=told as u64 + 1).collect::<Vec<_>>(), "{taken} of {wanted:?}");
            ends += 1;
        }
    }
    assert!(ends > 16, "{ends}");
}

#[test]
fn what_lies_on_the_disk_is_verified_anew() {
    let world = World::new();
    let (data, store) = world.store();
    let first = world.put(&store, "1.0.0", "");
    let path = data.path().join("packages").join(format!("{}.preset", first.verified().digest().hex()));
    let load = || store.load("acme/jamf", &world.trust, Bounds::default(), time(NOW)).map(|v| v.digest());
    let right = fs::read(&path).unwrap();
    let mut flipped = right.clone();
    let at = right.windows(8).rposition(|word| word == b"'Users'\n").unwrap();
    flipped[at + 1] = b'X';
    fs::write(&path, flipped).unwrap();
    assert!(matches!(load(), Err(Rejected::Package(_))));
    // Another package that is signed as well.
    fs::write(&path, world.file(artifact("acme/jamf", "2.0.0", DELETE))).unwrap();
    assert!(matches!(load(), Err(Rejected::Store(_))));
    fs::remove_file(&path).unwrap();
    let Err(Rejected::Store(why)) = load() else { panic!("it is gone") };
    assert!(why.message.contains("is installed, but its package"), "{why}");
    fs::write(&path, &right).unwrap();
    assert_eq!(load().unwrap(), first.verified().digest());
    assert!(matches!(
        store.load("acme/jamf", &world.trust, Bounds::default(), time("2032-01-01T00:00:00Z")),
        Err(Rejected::Trust(_))
    ));
}

#[test]
fn what_is_not_signed_as_asked_is_no_package() {
    let world = World::new();
    let read = |bytes: Vec<u8>, ask: &Ask<'_>| Incoming::read(bytes, Origin::File("x".into()), ask).map(drop);
    let mut unsigned = Vec::new();
    artifact("acme/jamf", "1.0.0", "").write(&mut unsigned).unwrap();
    assert!(
        matches!(read(unsigned, &world.ask()), Err(Rejected::Trust(why)) if why.code == presetter_trust::Code::Unsigned)
    );
    let strange = world.file(artifact("other/jamf", "1.0.0", ""));
    assert!(
        matches!(read(strange, &world.ask()), Err(Rejected::Trust(why)) if why.code == presetter_trust::Code::NoRule)
    );
    let right = || world.file(artifact("acme/jamf", "1.0.0", ""));
    let other = version("1.0.1");
    for ask in [
        Ask { name: Some("acme/okta"), ..world.ask() },
        Ask { version: Some(&other), ..world.ask() },
        Ask { digest: Some(Digest::of(b"")), ..world.ask() },
        Ask { bounds: Bounds { total: 512, ..Bounds::default() }, ..world.ask() },
    ] {
        assert!(read(right(), &ask).is_err(), "{:?} {:?}", ask.name, ask.version);
    }
    read(right(), &world.ask()).unwrap();
    // What is signed calls itself otherwise inside.
    let text = String::from_utf8(artifact("acme/jamf", "1.0.0", "").files().next().unwrap().1.to_vec()).unwrap();
    let files = [("bundle.toml".to_owned(), text.replace("1.0.0", "9.0.0").into_bytes())];
    let liar = presetter_package::Artifact::build("acme/jamf", "1.0.0", &files).unwrap();
    assert!(matches!(read(world.file(liar), &world.ask()), Err(Rejected::Bundle(_))));
}

#[test]
fn a_strange_index_is_refused() {
    let world = World::new();
    let (data, store) = world.store();
    world.put(&store, "1.0.0", "");
    let path = data.path().join("installed.toml");
    let text = fs::read_to_string(&path).unwrap();
    let digest = store.list().unwrap()[0].digest.to_string();
    let row = &text[text.find("[[bundle]]").unwrap()..];
    for (changed, told) in [
        (text.replace("name = \"acme/jamf\"", "name = \"../../etc\""), "cannot be the name"),
        (text.replace("name = \"acme/jamf\"", "name = \"acme/jamf\\u0000\""), "cannot be the name"),
        (text.replace("name = \"acme/jamf\"", "name = \"a/b/c\""), "cannot be the name"),
        (text.replace(&digest, "sha256:../../x"), "not a digest"),
        (text.replace(&digest, &digest.to_uppercase()), "not a digest"),
        (text.replacen("version = \"1.0.0\"", "version = \"1\"", 1), "installed.toml"),
        (format!("{text}\n{row}"), "stands there twice"),
        (format!("{text}\n{}", &row[row.find("[[bundle.kept]]").unwrap()..]), "stands there twice"),
        (text.replace("[[bundle.kept]]", "[[bundle.kept]]\nmode = 1"), "unknown field"),
        (text.replace("format = 1", "format = 7"), "this program knows form 1"),
        ("\0".to_owned(), "installed.toml"),
        ("x".repeat(100), "installed.toml"),
    ] {
        assert_ne!(changed, text, "{told}");
        fs::write(&path, changed).unwrap();
        let why = store.list().unwrap_err();
        assert!(why.message.contains(told) && !why.help.is_empty(), "{told}: {why}");
        assert!(store.remove("acme/jamf", &note()).is_err());
    }
    fs::write(&path, [0xff]).unwrap();
    assert!(store.list().unwrap_err().message.contains("not text"));
    fs::write(&path, &text).unwrap();
    world.load(&store);
    assert_eq!(store.list().unwrap().len(), 1);
}

#[cfg(unix)]
#[test]
fn nothing_is_written_through_a_link() {
    let world = World::new();
    let (data, store) = world.store();
    let outside = data.path().join("outside");
    let first = world.incoming("1.0.0", "");
    let package = format!("packages/{}.preset", first.verified().digest().hex());
    for name in ["installed.toml", &package, "approved/acme.jamf.toml"] {
        let path = data.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(&outside, path).unwrap();
    }
    store.install(&first, first.verified().permissions(), &note()).unwrap();
    world.load(&store);
    let history = data.path().join("history.jsonl");
    fs::remove_file(&history).unwrap();
    std::os::unix::fs::symlink(&outside, &history).unwrap();
    assert!(store.remove("acme/jamf", &note()).is_err());
    assert!(!outside.exists());
    assert_eq!(store.list().unwrap().len(), 1);
}
