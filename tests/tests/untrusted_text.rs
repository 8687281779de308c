//! Templates, expressions, manifests and inputs made to hurt, given to the real program.
//!
//! Each ends with a message and an exit code, never with a signal, and never with a page of text. The crates that read
//! them have tests of their own bounds; here is shown that nothing goes around those bounds.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

use std::fs;

use mosyle_standin::Oddities;
use presetter_tests::{Ended, Stage};

/// A bundle of one preset that reads.
const BUNDLE: &str = "name = 'odd'\nversion = '1.0.0'\ncontract = '0.1'\ntitle = 'Odd'\n\
    [[grants]]\nmethods = ['GET', 'POST']\npaths = ['users']\n\
    [connections.open]\ntitle = 'Open'\nauth = 'none'\n";

/// What stands in the preset's file.
fn preset(body: &str, ok_when: &str) -> String {
    format!(
        "title = 'Odd'\neffect = 'read'\n[inputs]\nx = {{ type = 'string' }}\nl = {{ type = 'list' }}\n\
         [request]\nmethod = 'POST'\npath = ['users']\nbody = '''{body}'''\n[answer]\nok_when = '''{ok_when}'''\n"
    )
}

struct Odd(Stage);

impl Odd {
    fn new() -> Self {
        let stage = Stage::new(Oddities::default());
        let odd = Self(stage);
        odd.write(BUNDLE, &preset("{}", "true"));
        let url = odd.0.filled("$URL");
        let added =
            odd.0.run(&format!("presetter connection add o --kind ./odd/open --base-url {url} --allow-private"));
        assert_eq!(added.exit, 0, "{}", added.err);
        odd
    }

    fn write(&self, bundle: &str, preset: &str) {
        let folder = self.0.folder().join("odd");
        fs::create_dir_all(folder.join("thing")).unwrap();
        fs::write(folder.join("bundle.toml"), bundle).unwrap();
        fs::write(folder.join("thing/preset.toml"), preset).unwrap();
    }

    /// Runs the preset; whatever it is made of, the program ends by itself, with few words.
    fn run(&self, more: &str, stdin: &str) -> Ended {
        let ended = self.0.run_with(&format!("presetter run ./odd/thing -c o {more}"), stdin);
        assert!(ended.exit >= 0, "a signal ended it\n{}", clip(&ended.err));
        assert_ne!(ended.exit, 70, "{}", clip(&ended.err));
        assert!(ended.err.lines().count() < 60, "{}", clip(&ended.err));
        ended
    }
}

fn clip(text: &str) -> String {
    text.chars().take(2000).collect()
}

#[test]
fn templates_made_to_hurt_are_refused_with_their_place() {
    let odd = Odd::new();
    let n = 8 * 1024;
    for body in [
        format!("{{{{{}", "(a ".repeat(n / 3)),
        format!("{{{{#if {}", "(a ".repeat(n / 3)),
        "{{#if x}}".repeat(n / 9),
        "[".repeat(n),
        format!("{{{{x{}}}}}", "[0]".repeat(n / 3)),
        "x".repeat(70_000),
    ] {
        odd.write(BUNDLE, &preset(&body, "true"));
        let ended = odd.run("", "");
        assert_eq!(ended.exit, 3, "{}", clip(&ended.err));
        assert!(ended.err.contains("preset.toml:"), "{}", clip(&ended.err));
    }
    assert_eq!(odd.0.server().log().len(), 0, "something was sent");
}

#[test]
fn a_short_template_that_would_make_32_megabytes_ends_at_its_bound() {
    let odd = Odd::new();
    // Three loops over 400 elements, 134 bytes in all.
    let inner = "0123456789".repeat(3);
    let body = format!(
        "[{{{{#each l}}}}{{{{#each @root.l}}}}\"{inner}\"{{{{#each @root.l}}}}1{{{{/each}}}}{{{{/each}}}}{{{{/each}}}}]"
    );
    assert!(body.len() <= 134, "{}", body.len());
    odd.write(BUNDLE, &preset(&body, "true"));
    let list = serde_json::json!({ "l": (0..400).collect::<Vec<_>>() }).to_string();
    let ended = odd.run("--inputs -", &list);
    assert_eq!(ended.exit, 3, "{}", clip(&ended.err));
    assert!(ended.err.contains("the loops of this template make more than"), "{}", clip(&ended.err));
    assert_eq!(odd.0.server().log().len(), 0, "something was sent");
}

#[test]
fn expressions_made_to_hurt_are_refused() {
    let odd = Odd::new();
    let list = (0..20).collect::<Vec<_>>();
    let nested = (0..6).fold("1".to_owned(), |inner, n| format!("l.map(v{n}, {inner})"));
    for rule in [
        vec!["1"; 5_000].join("+") + " == 5000",
        "(a ".repeat(8 * 1024 / 3),
        "!".repeat(9_000) + "true",
        "[".repeat(9_000),
        format!("size({nested}) == 20"),
    ] {
        odd.write(BUNDLE, &preset("{}", &rule));
        let ended = odd.run(&format!("--set-json 'l={list:?}'"), "");
        assert_eq!(ended.exit, 3, "{}\n{}", clip(&rule), clip(&ended.err));
    }
}

#[test]
fn manifests_made_to_hurt_are_refused() {
    let odd = Odd::new();
    let many = 60_000;
    for broken in [
        format!("{BUNDLE}x = {}", "[".repeat(many)),
        format!("{BUNDLE}x = {}", "{a=".repeat(many)),
        format!("{BUNDLE}{} = 1", vec!["a"; many].join(".")),
        format!("{BUNDLE}[{}]", vec!["a"; many].join(".")),
        format!("{BUNDLE}x = \"{}", "\\u0041".repeat(many / 3)),
        format!("{BUNDLE}{}", "# comment\n".repeat(many)),
        format!("\u{feff}{}", BUNDLE.replace("odd", "odd\\u0000")),
    ] {
        odd.write(&broken, &preset("{}", "true"));
        let ended = odd.run("", "");
        assert_eq!(ended.exit, 3, "{}", clip(&ended.err));
    }
    // The same in a preset's file, and in a connection's.
    odd.write(BUNDLE, &format!("{}[x]\n{} = 1", preset("{}", "true"), vec!["a"; many].join(".")));
    assert_eq!(odd.run("", "").exit, 3);
    odd.write(BUNDLE, &preset("{}", "true"));
    let file = odd.0.home().join("config/connections/o.toml");
    fs::write(&file, format!("{} = 1", vec!["a"; many].join("."))).unwrap();
    assert_eq!(odd.run("", "").exit, 3);
}

#[test]
fn inputs_and_mappings_made_to_hurt_are_refused() {
    let odd = Odd::new();
    let deep = "[".repeat(60_000);
    assert_eq!(odd.run("--inputs -", &format!("{{\"l\": {deep}")).exit, 3);
    assert_eq!(odd.run(&format!("--set-json l={deep}"), "").exit, 3);
    assert_eq!(odd.run(&format!("--body-set /a={deep}"), "").exit, 3);
    assert_eq!(odd.run(&format!("--map x='{{{{response{}}}}}'", "[0]".repeat(20_000)), "").exit, 3);
    assert_eq!(odd.run(&format!("--map x='{{{{{}'", "(a ".repeat(20_000)), "").exit, 3);
    assert_eq!(odd.0.server().log().len(), 0, "something was sent");
}
