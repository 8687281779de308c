//! The story of two teams: A makes, tests, packs, signs and pushes a bundle; B trusts A's key, installs and runs it. Then A widens a grant, a
//! second maintainer is asked for, and A's key is revoked.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

use std::fs;

use mosyle_standin::Oddities;
use presetter_tests::{DockerRegistry, REGISTRY_PASSWORD, Stage};

/// A team: a stage of its own, with a passphrase and a login for the registry.
struct Team<'r> {
    stage: Stage,
    registry: &'r DockerRegistry,
}

impl<'r> Team<'r> {
    fn new(registry: &'r DockerRegistry) -> Self {
        let mut stage = Stage::new(Oddities::default());
        stage.env.push(("PASSPHRASE".into(), "a phrase of the team".into()));
        registry.log_in(stage.folder(), REGISTRY_PASSWORD);
        Self { stage, registry }
    }

    /// A line with what its words stand for: `$REG` is the registry, `$CA` its authority, `$PASS` where the passphrase is.
    fn filled(&self, line: &str) -> String {
        let ca = self.registry.ca().display().to_string();
        let line = line.replace("$REG", &self.registry.host()).replace("$CA", &format!("--ca {ca}"));
        line.replace("$PASS", "--passphrase env:PASSPHRASE")
    }

    /// Runs a line that must end with 0; what it printed as data.
    fn does(&self, line: &str) -> String {
        self.stage.does(&self.filled(line)).trim().to_owned()
    }

    /// Runs a line that must end with a code; what it said.
    fn fails(&self, exit: i32, line: &str) -> String {
        self.stage.ends(exit, &self.filled(line)).err
    }

    fn key(&self, name: &str) -> String {
        self.does(&format!("presetter key generate {name} $PASS"))
    }

    /// Hands a file to another team.
    fn gives(&self, file: &str, to: &Self) {
        fs::copy(self.stage.folder().join(file), to.stage.folder().join(file)).unwrap();
    }

    /// The bundle of the story, in a version.
    fn writes(&self, version: &str, more: &str) {
        let (from, to) = (self.stage.folder().join("presets/mosyle"), self.stage.folder().join("acme"));
        if !to.exists() {
            fs::rename(from, &to).unwrap();
        }
        let file = to.join("bundle.toml");
        let text = fs::read_to_string(&file).unwrap();
        let known = ["name = \"mosyle\"", "version = \"1.0.0\""];
        let text = if text.contains(known[0]) { text.replace(known[0], "name = \"acme/mosyle\"") } else { text };
        let text = text.replace(known[1], &format!("version = \"{version}\""));
        fs::write(file, format!("{text}{more}")).unwrap();
    }

    fn publishes(&self, version: &str) {
        self.does(&format!("presetter pack ./acme -o acme-{version}.preset"));
        self.does(&format!("presetter sign acme-{version}.preset --key acme.key $PASS"));
        self.does(&format!("presetter push acme-{version}.preset $REG/presets/acme/mosyle $CA"));
    }
}

const RUN: &str = "presetter run acme/mosyle/users -c m --format json";

#[test]
fn two_teams_and_a_bundle() {
    let Some(registry) = DockerRegistry::start() else { return };
    let (a, b) = (Team::new(&registry), Team::new(&registry));
    b.stage.server().seed(3);

    // A makes, tests, packs, signs and pushes.
    a.writes("1.0.0", "");
    a.does("presetter test ./acme --no-faults");
    let acme = a.key("acme.key");
    a.publishes("1.0.0");
    assert!(a.fails(8, "presetter versions $REG/presets/acme/mosyle").contains("help: "), "its authority is nobody's");
    assert_eq!(a.does("presetter versions $REG/presets/acme/mosyle $CA"), "1.0.0");

    // B has no trust store, then one that does not know A, then trusts A's key for that scope.
    let install = "presetter install acme/mosyle --registry $REG/presets $CA";
    assert!(b.fails(9, install).contains("presetter trust init"));
    b.key("root.key");
    b.does("presetter trust init --root-key root.key $PASS");
    b.fails(9, install);
    a.gives("acme.key.pub", &b);
    assert_eq!(b.does("presetter key id acme.key.pub"), acme);
    b.does("presetter trust add-key acme.key.pub --owner Acme --root-key root.key $PASS");
    b.does(&format!("presetter trust rule 'acme/*' --key {acme} --root-key root.key $PASS"));
    assert!(b.fails(2, install).contains("--yes"));
    b.does(&format!("{install} --yes --lock"));
    assert!(b.does("presetter list").starts_with("acme/mosyle 1.0.0"));
    assert!(b.does("presetter presets acme/mosyle").contains("acme/mosyle/user-by-email"));

    // A connection of the bundle that is built in does not serve it.
    b.stage.connect("built-in", "mosyle/session");
    let told = b.fails(9, &RUN.replace("-c m", "-c built-in"));
    assert!(told.contains("presetter connection allow built-in acme/mosyle"), "{told}");
    b.stage.connect("m", "acme/mosyle/session");
    let found = b.does(RUN);
    assert!(found.contains("\"outcome\":\"ok\"") && found.contains("acme/mosyle/users"), "{found}");

    // A widens a grant: B's upgrade stops and shows it, and B goes on with what is installed.
    a.writes("1.1.0", "\n[[grants]]\nmethods = [\"DELETE\"]\npaths = [\"users/*\"]\n");
    a.publishes("1.1.0");
    let told = b.fails(9, "presetter upgrade acme/mosyle --yes $CA");
    assert!(told.contains("+ may now also send DELETE") && told.contains("--accept-wider-grants"), "{told}");
    assert!(b.does("presetter list").starts_with("acme/mosyle 1.0.0"));
    b.does(RUN);

    // Two signatures are asked for: B refuses what has one, also what is installed, until a second maintainer signs in place.
    let second = a.key("second.key");
    a.gives("second.key.pub", &b);
    b.does("presetter trust add-key second.key.pub --owner Second --root-key root.key $PASS");
    b.does(&format!(
        "presetter trust rule 'acme/*' --key {acme} --key {second} --threshold 2 --root-key root.key $PASS"
    ));
    b.fails(9, "presetter upgrade acme/mosyle --yes --accept-wider-grants $CA");
    b.fails(9, RUN);
    // What is signed is named by its digest: whoever may move the tag does not choose it.
    let told = a.fails(2, "presetter sign $REG/presets/acme/mosyle:1.1.0 --key second.key $PASS $CA");
    assert!(told.contains("presetter inspect") && told.contains("@sha256:"), "{told}");
    let digest = a.does("presetter inspect acme-1.1.0.preset --format json");
    let digest = serde_json::from_str::<serde_json::Value>(&digest).unwrap()["digest"].as_str().unwrap().to_owned();
    a.does(&format!("presetter sign $REG/presets/acme/mosyle@{digest} --key second.key $PASS $CA"));
    assert!(b.does("presetter verify $REG/presets/acme/mosyle:1.1.0 $CA").contains("2 signatures asked for"));
    b.does("presetter upgrade acme/mosyle --yes --accept-wider-grants $CA");
    assert!(b.does("presetter list").starts_with("acme/mosyle 1.1.0"));
    b.does(RUN);

    // Nothing goes back by itself; on purpose it does not either where too few have signed the old version.
    b.fails(9, "presetter install $REG/presets/acme/mosyle:1.0.0 --yes $CA");
    b.fails(9, "presetter rollback acme/mosyle --to 1.0.0 --yes");
    b.does(&format!("presetter trust rule 'acme/*' --key {acme} --key {second} --root-key root.key $PASS"));
    b.does("presetter rollback acme/mosyle --to 1.0.0 --yes --reason 'users are missing'");
    assert!(b.does("presetter list").starts_with("acme/mosyle 1.0.0"));
    b.does(RUN);
    let history = fs::read_to_string(b.stage.home().join("data/history.jsonl")).unwrap();
    let last = history.lines().last().unwrap();
    assert!(last.contains("\"rollback\"") && last.contains("users are missing") && last.contains("operator"), "{last}");

    // A's key is revoked: the next run is refused, says what to do, and sends nothing.
    let sent = b.stage.server().log().len();
    b.does(&format!("presetter trust revoke-key {acme} --reason 'a laptop was stolen' --root-key root.key $PASS"));
    let told = b.fails(9, RUN);
    assert!(told.contains("a laptop was stolen") && told.contains("presetter upgrade acme/mosyle"), "{told}");
    assert_eq!(b.stage.server().log().len(), sent);
}

#[test]
fn a_registry_that_refuses_or_is_asked_for_too_much_is_told_plainly() {
    let Some(registry) = DockerRegistry::start() else { return };
    let a = Team::new(&registry);
    a.writes("1.0.0", "");
    a.key("acme.key");
    a.publishes("1.0.0");
    // What a version stands for does not change.
    a.writes("1.0.0", "# another\n");
    fs::remove_file(a.stage.folder().join("acme-1.0.0.preset")).unwrap();
    a.does("presetter pack ./acme -o acme-1.0.0.preset");
    let told = a.fails(3, "presetter push acme-1.0.0.preset $REG/presets/acme/mosyle $CA");
    assert!(told.contains("has the tag 1.0.0 already"), "{told}");
    // What was pushed comes back as it was, with its signature.
    a.does("presetter pull $REG/presets/acme/mosyle:1.0.0 -o pulled.preset $CA");
    a.does("presetter verify pulled.preset --key acme.key.pub --rebuild");
    let told = a.fails(4, "presetter pull $REG/presets/acme/mosyle:9.9.9 $CA");
    assert!(told.contains("is not there"), "{told}");
    // No login, and a wrong one.
    registry.log_in(a.stage.folder(), "wrong");
    let told = a.fails(6, "presetter pull $REG/presets/acme/mosyle:1.0.0 -o x.preset $CA");
    assert!(told.contains("docker login"), "{told}");
    fs::remove_file(a.stage.folder().join(".docker/config.json")).unwrap();
    let told = a.fails(6, "presetter versions $REG/presets/acme/mosyle $CA");
    assert!(told.contains("docker login"), "{told}");
}
