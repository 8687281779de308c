//! One policy file: its keys, and what it refuses.
//!
//! Keeps: every key forbids; there is none that allows what something else forbids. A refusal names the line.

use std::ops::Range;
use std::sync::Arc;

use presetter_connection::Source;
use presetter_manifest::{Diagnostic, Diagnostics, Effect, Text, read_toml};
use presetter_package::KeyId;
use presetter_template::Problem;
use presetter_trust::Pattern;
use serde::Deserialize;
use toml::Spanned;

/// The form of a file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    require_signatures: Option<Spanned<bool>>,
    built_in: Option<Spanned<bool>>,
    signers: Option<Spanned<Vec<Text>>>,
    forbid_effects: Option<Spanned<Vec<Effect>>>,
    #[serde(default)]
    forbid: Vec<FormForbid>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FormForbid {
    bundle: Text,
    effects: Spanned<Vec<Effect>>,
}

/// A policy file that is right.
#[derive(Debug)]
pub(super) struct Policy {
    pub(super) file: String,
    /// The line that asks for signatures.
    pub(super) signatures: Option<usize>,
    /// The line that refuses what is built in.
    pub(super) no_built_in: Option<usize>,
    /// The keys of which one must have signed, and their line.
    pub(super) signers: Option<(Vec<KeyId>, usize)>,
    pub(super) forbidden: Vec<Forbidden>,
}

/// Effects that presets of some bundles must not have.
#[derive(Debug)]
pub(super) struct Forbidden {
    pub(super) bundle: Pattern,
    pub(super) effects: Vec<Effect>,
    pub(super) line: usize,
}

/// Why something is not run.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) message: String,
    pub(super) advice: String,
    /// Whether the bundle is refused, not what it does.
    pub(super) of_trust: bool,
}

impl Policy {
    /// Reads a file. `file` is the name used in messages.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its place.
    pub(super) fn parse(file: &str, text: &str) -> Result<Self, Diagnostics> {
        let form: Form = read_toml(file, text)?;
        let mut problems = Vec::new();
        let line = |span: Range<usize>| {
            let at = Diagnostic { file: String::new(), source: Arc::from(text), problem: Problem::new("", span) };
            at.position().0
        };
        let signers = form.signers.as_ref().map(|list| (keys(list, &mut problems), line(list.span())));
        if let (Some(asked), Some(list)) = (&form.require_signatures, &form.signers)
            && !*asked.get_ref()
        {
            let problem = Problem::new("whoever must have signed is listed in signers, so this is true", asked.span());
            let hint = format!("take this line out, or the signers in line {}", line(list.span()));
            problems.push(problem.with_hint(hint));
        }
        let mut forbidden = Vec::new();
        let every = form.forbid_effects.map(|effects| (Ok(Pattern::All), effects));
        let some = form.forbid.into_iter().map(|forbid| (pattern(&forbid.bundle), forbid.effects));
        for (bundle, effects) in every.into_iter().chain(some) {
            if effects.get_ref().is_empty() {
                let problem = Problem::new("an empty list forbids nothing", effects.span());
                problems.push(problem.with_hint("name effects: \"create\", \"update\", \"delete\", \"read\""));
            }
            match bundle {
                Ok(bundle) => {
                    let line = line(effects.span());
                    forbidden.push(Forbidden { bundle, effects: effects.into_inner(), line });
                }
                Err(problem) => problems.push(problem),
            }
        }
        if !problems.is_empty() {
            return Err(Diagnostics::of(file, text, problems));
        }
        Ok(Self {
            file: file.to_owned(),
            signatures: form.require_signatures.filter(|asked| *asked.get_ref()).map(|asked| line(asked.span())),
            no_built_in: form.built_in.filter(|allowed| !allowed.get_ref()).map(|allowed| line(allowed.span())),
            signers,
            forbidden,
        })
    }

    /// Whether a bundle from there may be used.
    pub(super) fn judge_source(&self, source: &Source) -> Result<(), Refusal> {
        let refuse = |line: usize, why: &str| {
            Err(Refusal {
                message: format!("{source}, is refused by line {line} of {}: {why}", self.file),
                advice: "`presetter policy` shows what may run here; whoever wrote that file decides it".to_owned(),
                of_trust: true,
            })
        };
        match source {
            Source::BuiltIn { .. } => {
                self.no_built_in.map_or(Ok(()), |line| refuse(line, "bundles that are built in may not run here"))
            }
            Source::Signed { signers: by, .. } => match &self.signers {
                Some((keys, line)) if !keys.iter().any(|key| by.contains(&key.to_string())) => {
                    refuse(*line, "none of the keys that are listed there signed it")
                }
                _ => Ok(()),
            },
            // Also any kind of source that is not known here: nobody is known to have signed it.
            _ => match (self.signatures, &self.signers) {
                (Some(line), _) => refuse(line, "only signed bundles may run here"),
                (None, Some((_, line))) => {
                    refuse(*line, "only bundles that one of the keys listed there signed may run here")
                }
                (None, None) => Ok(()),
            },
        }
    }

    /// Whether a preset of that effect may be run. What a person's own body does nobody knows.
    pub(super) fn judge_run(&self, bundle: &str, preset: &str, effect: Effect, own_body: bool) -> Result<(), Refusal> {
        for rule in self.forbidden.iter().filter(|rule| rule.bundle.matches(bundle)) {
            let Forbidden { line, .. } = rule;
            let names = rule.names();
            let (why, advice) = if rule.effects.contains(&effect) {
                let advice = "`presetter policy` shows what may run here; whoever wrote that file decides it";
                (format!("its effect is \"{}\"", effect.name()), advice.to_owned())
            } else if own_body {
                let advice = format!(
                    "run it with the preset's own body: without --body and --body-set, and without an override (presetter override remove {bundle}/{preset})"
                );
                (format!("a body of your own may do anything, also {names}"), advice)
            } else {
                continue;
            };
            let message = format!("{bundle}/{preset} is refused by line {line} of {}: {why}", self.file);
            return Err(Refusal { message, advice, of_trust: false });
        }
        Ok(())
    }
}

impl Forbidden {
    /// `create or delete`.
    pub(super) fn names(&self) -> String {
        self.effects.iter().map(|effect| effect.name()).collect::<Vec<_>>().join(" or ")
    }
}

fn keys(list: &Spanned<Vec<Text>>, problems: &mut Vec<Problem>) -> Vec<KeyId> {
    if list.get_ref().is_empty() {
        let problem = Problem::new("an empty list refuses every bundle", list.span());
        problems.push(problem.with_hint("name at least one key, or take the line out"));
    }
    let mut keys = Vec::new();
    for text in list.get_ref() {
        match text.as_str().parse() {
            Ok(key) => keys.push(key),
            Err(_) => problems.push(
                Problem::new("this is not the id of a key", text.span())
                    .with_hint("it is sha256: and 64 digits, 0 to 9 and a to f"),
            ),
        }
    }
    keys
}

fn pattern(text: &Text) -> Result<Pattern, Problem> {
    text.as_str().parse().map_err(|_| {
        Problem::new("this names no bundles", text.span())
            .with_hint("a bundle (jamf, acme/jamf), a scope (acme/*), or all (*)")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(letter: &str) -> String {
        format!("sha256:{}", letter.repeat(64))
    }

    fn signed(by: &[&str]) -> Source {
        Source::Signed { bundle: "acme/jamf".into(), signers: by.iter().map(|letter| key(letter)).collect() }
    }

    fn built_in() -> Source {
        Source::BuiltIn { bundle: "acme/jamf".into() }
    }

    fn folder() -> Source {
        Source::Folder { path: "/f".into(), bundle: "acme/jamf".into() }
    }

    fn policy(text: &str) -> Policy {
        Policy::parse("p.toml", text).unwrap_or_else(|wrong| panic!("{wrong}"))
    }

    #[test]
    fn bundles_are_judged_by_where_they_come_from() {
        let listed = format!("\nsigners = ['{}', '{}']", key("a"), key("b"));
        for (text, source, line) in [
            ("", folder(), None),
            ("", built_in(), None),
            ("", signed(&[]), None),
            ("require_signatures = false", folder(), None),
            ("require_signatures = true", folder(), Some(1)),
            ("require_signatures = true", built_in(), None),
            ("require_signatures = true", signed(&["c"]), None),
            ("\nbuilt_in = false", built_in(), Some(2)),
            ("built_in = false", folder(), None),
            ("built_in = true", built_in(), None),
            (&listed, signed(&["c", "b"]), None),
            (&listed, signed(&["c"]), Some(2)),
            (&listed, signed(&[]), Some(2)),
            (&listed, folder(), Some(2)),
            (&listed, built_in(), None),
        ] {
            match (policy(text).judge_source(&source), line) {
                (Ok(()), None) => {}
                (Err(refusal), Some(line)) => {
                    let words = format!("{source}, is refused by line {line} of p.toml");
                    assert!(refusal.of_trust && refusal.message.starts_with(&words), "{refusal:?}");
                }
                (judged, _) => panic!("{text} {source}: {judged:?}"),
            }
        }
    }

    #[test]
    fn runs_are_judged_by_what_they_may_do() {
        let all = policy("forbid_effects = ['delete', 'create']");
        let some = policy("\n[[forbid]]\nbundle = 'acme/*'\neffects = ['delete']\n");
        for (policy, bundle, effect, own_body, refused) in [
            (&all, "x", Effect::Delete, false, Some("line 1 of p.toml: its effect is \"delete\"")),
            (&all, "x", Effect::Update, false, None),
            (&all, "x", Effect::Read, false, None),
            (&all, "x", Effect::Read, true, Some("a body of your own may do anything, also delete or create")),
            (&some, "acme/jamf", Effect::Delete, false, Some("line 4 of p.toml")),
            (&some, "acme/jamf", Effect::Update, true, Some("line 4 of p.toml")),
            (&some, "acme-evil/jamf", Effect::Delete, true, None),
            (&policy(""), "acme/jamf", Effect::Delete, true, None),
        ] {
            match (policy.judge_run(bundle, "p", effect, own_body), refused) {
                (Ok(()), None) => {}
                (Err(refusal), Some(words)) => {
                    assert!(!refusal.of_trust && refusal.message.contains(words), "{refusal:?}");
                }
                (judged, _) => panic!("{bundle} {effect:?} {own_body}: {judged:?}"),
            }
        }
    }

    #[test]
    fn mistakes_have_their_place_and_nothing_is_passed_over() {
        let upper = format!("signers = ['{}']", key("A"));
        let torn = format!("signers = ['{}']\nrequire_signatures = false", key("a"));
        for (text, place, words) in [
            ("require_signature = true", "p.toml:1:1", "did you mean \"require_signatures\"?"),
            ("require_signatures = 'true'", "p.toml:1:22", "true or false"),
            ("signers = []", "p.toml:1:11", "refuses every bundle"),
            ("signers = ['sha256:0']", "p.toml:1:12", "not the id of a key"),
            (&upper, "p.toml:1:12", "not the id of a key"),
            (&torn, "p.toml:2:22", "the signers in line 1"),
            ("forbid_effects = ['remove']", "p.toml:1:", "delete"),
            ("forbid_effects = []", "p.toml:1:18", "forbids nothing"),
            ("[[forbid]]\nbundle = 'acme*'\neffects = ['read']", "p.toml:2:10", "acme/*"),
            ("[[forbid]]\nbundle = '*'", "p.toml:1:", "\"effects\" is missing"),
            ("[[forbid]]\nbundle = '*'\neffects = ['read']\nunless = 1", "p.toml:4:1", "no key \"unless\""),
            ("built_in = false\nbuilt_in = true", "p.toml:2:", ""),
        ] {
            let wrong = Policy::parse("p.toml", text).unwrap_err().to_string();
            assert!(wrong.contains(place) && wrong.contains(words), "{text}: {wrong}");
        }
    }
}
