//! A trust store, packages that it trusts, and a folder of data, for tests.

use jiff::Timestamp;
use presetter_package::{Artifact, Bounds, PrivateKey, sign};
use presetter_trust::{Change, NewKey, Proposal, Rule, Trust};
use semver::Version;

use crate::{Ask, Incoming, Note, Origin, Store, Verified};

pub(crate) const NOW: &str = "2030-01-01T00:00:00Z";

pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn note() -> Note<'static> {
    Note { by: "ann", why: Some("ticket 7"), at: time(NOW) }
}

/// A package of `acme/jamf` or another name, unsigned; `more` stands at the end of its `bundle.toml`.
pub(crate) fn artifact(name: &str, version: &str, more: &str) -> Artifact {
    let bundle = format!(
        "name = '{name}'\nversion = '{version}'\ncontract = '0.1'\ntitle = 'Acme'\n{more}\n[connections.key]\ntitle = 'Key'\nauth = 'api-key'\nbase_url = 'https://api.acme.example/v1'\nsecrets.key = {{ help = 'the key' }}\nslots = [{{ into = 'header', name = 'X-Key', value = '{{{{secrets.key}}}}' }}]\n"
    );
    let preset = "title = 'Users'\neffect = 'read'\n[request]\nmethod = 'GET'\npath = ['users']\n";
    let files = [("bundle.toml", bundle.as_str()), ("users/preset.toml", preset)];
    let files = files.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()));
    Artifact::build(name, version, &files).unwrap()
}

pub(crate) struct World {
    home: tempfile::TempDir,
    pub(crate) key: PrivateKey,
    pub(crate) trust: Trust,
}

impl World {
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let key = PrivateKey::generate().unwrap();
        let (not_before, not_after) = (time("2029-01-01T00:00:00Z"), time("2039-01-01T00:00:00Z"));
        let new = NewKey { key: key.public().clone(), owner: "Acme".into(), not_before, not_after };
        let store = presetter_trust::Store::open(&home.path().join("config"), &home.path().join("state"));
        let mut first = Proposal::first(&[new], 1, time("2031-01-01T00:00:00Z"), time(NOW)).unwrap();
        first.sign(&key).unwrap();
        store.apply(&first, Some(&first.document().root), time(NOW)).unwrap();
        let rule = Rule { pattern: "acme/*".parse().unwrap(), threshold: 1, keys: vec![key.public().id()] };
        let mut next = Proposal::next(&store.current().unwrap(), &[Change::SetRule(rule)], time(NOW)).unwrap();
        next.sign(&key).unwrap();
        store.apply(&next, None, time(NOW)).unwrap();
        let trust = store.current().unwrap();
        Self { home, key, trust }
    }

    pub(crate) fn ask(&self) -> Ask<'_> {
        let now = time(NOW);
        Ask {
            trust: &self.trust,
            name: None,
            version: None,
            digest: None,
            rollback_to: None,
            bounds: Bounds::default(),
            now,
        }
    }

    /// The file form, signed.
    pub(crate) fn file(&self, mut artifact: Artifact) -> Vec<u8> {
        artifact.add_signature(sign(artifact.digest(), &self.key)).unwrap();
        let mut bytes = Vec::new();
        artifact.write(&mut bytes).unwrap();
        bytes
    }

    pub(crate) fn incoming(&self, version: &str, more: &str) -> Incoming {
        let bytes = self.file(artifact("acme/jamf", version, more));
        Incoming::read(bytes, Origin::File("/tmp/jamf.preset".into()), &self.ask()).unwrap()
    }

    /// A new folder of data.
    pub(crate) fn store(&self) -> (tempfile::TempDir, Store) {
        let data = tempfile::tempdir_in(self.home.path()).unwrap();
        let store = Store::new(data.path());
        (data, store)
    }

    /// Installs or upgrades, and approves all.
    pub(crate) fn put(&self, store: &Store, version: &str, more: &str) -> Incoming {
        let incoming = self.incoming(version, more);
        let approved = incoming.verified().permissions();
        match store.find("acme/jamf").unwrap() {
            None => store.install(&incoming, approved, &note()).unwrap(),
            Some(_) => store.upgrade(&incoming, approved, &note()).unwrap(),
        };
        incoming
    }

    pub(crate) fn load(&self, store: &Store) -> Verified {
        store.load("acme/jamf", &self.trust, Bounds::default(), time(NOW)).unwrap_or_else(|why| panic!("{why}"))
    }

    /// The package of a version that is kept, verified.
    pub(crate) fn kept(&self, store: &Store, version: &str) -> Verified {
        let version: Version = version.parse().unwrap();
        let (kept, file) = store.open_version("acme/jamf", &version).unwrap();
        let ask = Ask { digest: Some(kept.digest), rollback_to: Some(kept.digest), ..self.ask() };
        Verified::read(file, &ask).unwrap()
    }
}
