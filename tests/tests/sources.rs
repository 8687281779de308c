//! What a connection serves, a policy refuses and an override corrects, with a bundle that is signed.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

use std::fs;

use mosyle_standin::Oddities;
use presetter_tests::Stage;

/// A stage where a copy of Mosyle's bundle is installed as `acme/mosyle`, signed by a key that the trust store knows.
struct Signed {
    stage: Stage,
    key: String,
}

impl Signed {
    fn new() -> Self {
        let mut stage = Stage::new(Oddities::default());
        stage.env.push(("PASSPHRASE".into(), "a phrase".into()));
        stage.server().seed(3);
        let file = stage.folder().join("presets/mosyle/bundle.toml");
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replace("name = \"mosyle\"", "name = \"acme/mosyle\"")).unwrap();
        let mut signed = Self { stage, key: String::new() };
        signed.key = signed.does("presetter key generate acme.key $PASS");
        signed.does("presetter key generate root.key $PASS");
        signed.does("presetter trust init --root-key root.key $PASS");
        signed.does("presetter trust add-key acme.key.pub --owner Acme --root-key root.key $PASS");
        signed.does(&format!("presetter trust rule 'acme/*' --key {} --root-key root.key $PASS", signed.key));
        signed.publishes();
        signed
    }

    fn publishes(&self) {
        self.does("presetter pack ./presets/mosyle -o acme.preset");
        self.does("presetter sign acme.preset --key acme.key $PASS");
        self.does("presetter install acme.preset --yes");
        fs::remove_file(self.stage.folder().join("acme.preset")).unwrap();
    }

    /// Runs a line that must end with 0; what it printed as data.
    fn does(&self, line: &str) -> String {
        self.stage.does(&line.replace("$PASS", "--passphrase env:PASSPHRASE")).trim().to_owned()
    }

    /// Runs a line that must end with a code; what it said.
    fn fails(&self, exit: i32, line: &str) -> String {
        self.stage.ends(exit, &line.replace("$PASS", "--passphrase env:PASSPHRASE")).err
    }

    fn policy(&self, text: &str) {
        fs::write(self.stage.home().join("config/policy.toml"), text).unwrap();
    }

    /// Changes a preset, as a new version of the bundle.
    fn changes(&self, [before, version]: [&str; 2], preset: &str, from: &str, to: &str) {
        let folder = self.stage.folder().join("presets/mosyle");
        for (file, from, to) in
            [(folder.join("bundle.toml"), before, version), (folder.join(preset).join("preset.toml"), from, to)]
        {
            let text = fs::read_to_string(&file).unwrap();
            assert_eq!(text.matches(from).count(), 1, "{from}");
            fs::write(file, text.replace(from, to)).unwrap();
        }
    }
}

const RUN: &str = "presetter run acme/mosyle/users -c m --format json";

#[test]
fn a_connection_serves_a_signed_bundle_by_its_name_and_key() {
    let signed = Signed::new();
    signed.stage.connect("m", "acme/mosyle/session");
    signed.does(RUN);
    // Every verb of a connection knows the bundle.
    signed.does("presetter connection test m");
    signed.does("presetter connection set m --setting page_size=2");
    let shown = signed.does("presetter connection show m --format json");
    assert!(
        shown.contains(&format!("\"serves\":[{{\"bundle\":\"acme/mosyle\",\"signers\":[\"{}\"]}}]", signed.key)),
        "{shown}"
    );
    let exported = signed.does("presetter connection export m");
    fs::write(signed.stage.folder().join("m.toml"), &exported).unwrap();
    signed.does("presetter connection import m.toml --replace --yes");
    assert_eq!(signed.does("presetter connection export m"), exported);

    // By another key it is another bundle, whatever it calls itself.
    let file = signed.stage.home().join("config/connections/m.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace(&signed.key, &format!("sha256:{}", "0".repeat(64)))).unwrap();
    let told = signed.fails(9, RUN);
    assert!(told.contains("presetter connection allow m acme/mosyle"), "{told}");
    signed.fails(9, "presetter connection test m");
    signed.does("presetter connection allow m acme/mosyle --yes");
    signed.does(RUN);

    // Beside it the one that is built in, which then is the only one.
    signed.does("presetter connection allow m mosyle/users --yes");
    signed.does("presetter run mosyle/users -c m");
    signed.does("presetter connection disallow m acme/mosyle");
    signed.fails(9, RUN);
    signed.does("presetter run mosyle/users -c m");
}

#[test]
fn what_is_installed_and_not_trusted_any_more_is_not_allowed() {
    let signed = Signed::new();
    signed.stage.connect("m", "mosyle/session");
    signed.does(&format!("presetter trust revoke-key {} --reason stolen --root-key root.key $PASS", signed.key));
    let told = signed.fails(9, "presetter connection allow m acme/mosyle --yes");
    assert!(told.contains("stolen"), "{told}");
}

#[test]
fn a_policy_takes_signed_bundles_by_their_keys() {
    let signed = Signed::new();
    signed.stage.connect("m", "acme/mosyle/session");
    signed.policy(&format!("built_in = false\nsigners = [\"{}\"]\n", signed.key));
    signed.does(RUN);
    signed.policy("require_signatures = true\n");
    signed.does(RUN);
    signed.policy(&format!("signers = [\"sha256:{}\"]\n", "0".repeat(64)));
    for line in [RUN, "presetter plan acme/mosyle/users -c m", "presetter connection test m"] {
        let told = signed.fails(9, line);
        assert!(told.contains("is refused by line 1 of ") && told.contains("none of the keys"), "{told}");
    }
    signed.policy("[[forbid]]\nbundle = \"acme/*\"\neffects = [\"create\"]\n");
    signed.does(RUN);
    signed.fails(5, "presetter run acme/mosyle/create-user -c m --set user_id=e1 --set name=A --set type=ENDUSER");
}

#[test]
fn an_override_lives_through_an_upgrade_and_tells_when_the_body_has_changed() {
    let signed = Signed::new();
    signed.stage.connect("m", "acme/mosyle/session");
    fs::write(signed.stage.folder().join("body.json"), "{ \"mine\": {{mosyle_user_id}} }").unwrap();
    signed.does("presetter override acme/mosyle/update-user --body body.json");
    let plan = "presetter plan acme/mosyle/update-user -c m --set mosyle_user_id=u1 --set name=N";
    let planned = || {
        let ended = signed.stage.run(plan);
        assert!(ended.exit == 0 && ended.out.contains("{\"mine\":\"u1\"}"), "{}\n{}", ended.out, ended.err);
        ended.err
    };
    assert!(!planned().contains("warning"));
    signed.changes(["1.0.0", "1.1.0"], "update-user", "title = \"Update user", "title = \"Updates a user");
    signed.publishes();
    assert!(!planned().contains("warning"), "only its title has changed");
    signed.changes(["1.1.0", "1.2.0"], "update-user", "\"iduser\": {{mosyle_user_id}},", "\"id\": {{mosyle_user_id}},");
    signed.publishes();
    assert!(planned().contains("the body of acme/mosyle/update-user has changed since its override was made"));
}
