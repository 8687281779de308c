//! `allow = ["NAME"]`: warnings that are meant so.
//!
//! Owns what an allow takes out, and what is said of one that takes out nothing or names nothing. An allow in `preset.toml` is for
//! that preset, one in `bundle.toml` for the whole bundle. An error cannot be allowed.

use std::ops::Range;

use presetter_manifest::Text;
use presetter_template::Problem;

use crate::finding::{Edit, Finding, Level, Tell};
use crate::lint::{LINTS, Lint, Look};
use crate::subject::{Source, Subject};
use crate::{Target, allow};

/// The lint that this module tells of.
pub(crate) const UNUSED: Lint = Lint {
    name: "unused-allow",
    level: Level::Warning,
    means: "An `allow` names a warning that is not there.",
    why: "What it was for is gone, or was mended. Left in, it would hide the next one.",
    mended: "takes it out",
    look: Look::Allow,
};

/// The error that this module tells of.
pub(crate) const UNKNOWN: Lint = Lint {
    name: "unknown-allow",
    level: Level::Error,
    means: "An `allow` names no warning.",
    why: "It is misspelt, so what it should allow is told, or it names an error, which cannot be allowed.",
    mended: "",
    look: Look::Allow,
};

/// One name in an `allow`.
struct Allowed<'a> {
    source: &'a Source,
    name: &'a Text,
    /// Its place in the list, and the whole list.
    at: usize,
    list: &'a [Text],
    /// For all files of the bundle.
    everywhere: bool,
    used: bool,
}

impl Allowed<'_> {
    fn takes(&self, finding: &Finding) -> bool {
        finding.level == Level::Warning
            && finding.lint == Some(self.name.as_str())
            && (self.everywhere || finding.diagnostic.file == self.source.file)
    }
}

/// Takes out what is allowed. `whole`: the lints of the whole bundle were asked, so what allows nothing is known.
pub(crate) fn apply(subject: &Subject, target: &Target, whole: bool, mut found: Vec<Finding>) -> Vec<Finding> {
    let mut all: Vec<Allowed<'_>> = list(&subject.bundle.source, &subject.bundle.is.allow, true).collect();
    let one = target.preset.as_deref();
    for preset in subject.presets.iter().filter(|preset| one.is_none_or(|one| preset.name == one)) {
        all.extend(list(&preset.source, &preset.is.allow, false));
    }
    // The nearest allow counts as the one that is used.
    all.sort_by_key(|allowed| allowed.everywhere);
    take(&mut all, &mut found);

    let mut about = Vec::new();
    for allowed in all.iter().filter(|allowed| !allowed.everywhere || one.is_none()) {
        if !LINTS.iter().any(|lint| lint.level == Level::Warning && lint.name == allowed.name.as_str()) {
            let problem = unknown(allowed.name);
            Tell::new(&allow::UNKNOWN, &mut about).at(allowed.source, problem);
        } else if !allowed.used && allowed.name.as_str() != UNUSED.name && (whole || one.is_some()) {
            let message = format!("there is no warning \"{}\" here that this could allow", allowed.name);
            let problem = Problem::new(message, allowed.name.span()).with_hint("take it out");
            let what = format!("took out the unused allow \"{}\"", allowed.name);
            Tell::new(&allow::UNUSED, &mut about).mendable(allowed.source, problem, what, vec![without(allowed)]);
        }
    }
    take(&mut all, &mut about);
    found.append(&mut about);
    found
}

fn list<'a>(source: &'a Source, list: &'a [Text], everywhere: bool) -> impl Iterator<Item = Allowed<'a>> {
    list.iter().enumerate().map(move |(at, name)| Allowed { source, name, at, list, everywhere, used: false })
}

fn take(all: &mut [Allowed<'_>], found: &mut Vec<Finding>) {
    found.retain(|finding| match all.iter_mut().find(|allowed| allowed.takes(finding)) {
        Some(allowed) => {
            allowed.used = true;
            false
        }
        None => true,
    });
}

fn unknown(name: &Text) -> Problem {
    if LINTS.iter().any(|lint| lint.name == name.as_str()) {
        return Problem::new(format!("\"{name}\" is an error, which cannot be allowed"), name.span())
            .with_hint("mend what it tells of");
    }
    let warnings = LINTS.iter().filter(|lint| lint.level == Level::Warning).map(|lint| lint.name);
    let nearest = warnings.map(|known| (strsim::damerau_levenshtein(known, name.as_str()), known)).min();
    let hint = match nearest {
        Some((distance, known)) if distance <= 2.max(name.as_str().len() / 3) => format!("did you mean \"{known}\"?"),
        _ => "a name as it stands in brackets behind a warning".to_owned(),
    };
    Problem::new(format!("there is no warning \"{name}\""), name.span()).with_hint(hint)
}

/// The change that takes a name out of its list, and the whole line if it is the only one.
fn without(allowed: &Allowed<'_>) -> Edit {
    let text = &allowed.source.text;
    let here = allowed.name.span();
    let span = match (allowed.at.checked_sub(1), allowed.list.get(allowed.at + 1)) {
        (_, Some(next)) => here.start..next.span().start,
        (Some(before), None) => allowed.list[before].span().end..here.end,
        (None, None) => only(text, allowed).unwrap_or(here),
    };
    Edit { span, text: String::new() }
}

/// The line `allow = ["x"]`, if nothing else stands in it.
fn only(text: &str, allowed: &Allowed<'_>) -> Option<Range<usize>> {
    let places = &allowed.source.places;
    let (key, value) = (places.key(&["allow"]), places.value(&["allow"])?);
    let start = text[..key.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[value.end..].find('\n').map_or(text.len(), |at| value.end + at + 1);
    let alone = text[start..key.start].trim().is_empty() && text[value.end..end].trim().is_empty();
    alone.then_some(start..end)
}

#[cfg(test)]
mod tests {
    use crate::draft::Draft;

    #[test]
    fn what_is_allowed_is_not_told() {
        let loose = Draft::new().edit("get-user/preset.toml", "summary = 'Fetches a user.'\n", "");
        assert_eq!(loose.told(), ["missing-summary: title = 'Get user'"]);
        let allowed = loose.edit("get-user/preset.toml", "effect =", "allow = ['missing-summary']\neffect =");
        assert_eq!(allowed.told(), [""; 0]);
        let everywhere = Draft::new().edit("get-user/preset.toml", "summary = 'Fetches a user.'\n", "").edit(
            "bundle.toml",
            "version =",
            "allow = ['missing-summary']\nversion =",
        );
        assert_eq!(everywhere.told(), [""; 0]);
    }

    #[test]
    fn an_allow_that_allows_nothing_is_told_and_taken_out() {
        let idle = Draft::new().edit("get-user/preset.toml", "effect =", "allow = ['missing-summary']\neffect =");
        assert_eq!(idle.told(), ["unused-allow: 'missing-summary'"]);
        assert_eq!(idle.mended().read("get-user/preset.toml"), Draft::new().read("get-user/preset.toml"));
        let meant = idle.edit("get-user/preset.toml", "allow = [", "allow = ['unused-allow', ");
        assert_eq!(meant.told(), [""; 0]);
    }

    #[test]
    fn one_of_several_is_taken_out_alone() {
        for (before, after) in [
            ("['missing-summary', 'missing-help']", "['missing-summary']"),
            ("['missing-help', 'missing-summary']", "['missing-summary']"),
            ("[ 'missing-help', 'unused-input', 'missing-summary' ]", "[ 'missing-summary' ]"),
        ] {
            let draft = Draft::new().edit("get-user/preset.toml", "summary = 'Fetches a user.'\n", "").edit(
                "get-user/preset.toml",
                "effect =",
                &format!("allow = {before}\neffect ="),
            );
            let mended = draft.mended().read("get-user/preset.toml");
            assert!(mended.contains(&format!("allow = {after}\n")), "{mended}");
        }
    }

    #[test]
    fn a_name_that_is_not_known_is_an_error_with_a_suggestion() {
        let wrong =
            Draft::new().edit("bundle.toml", "version =", "allow = ['missing-sumary', 'missing-grant']\nversion =");
        let report = wrong.report();
        let hints: Vec<_> = report.findings.iter().filter_map(|f| f.diagnostic.problem.hint.clone()).collect();
        assert_eq!(wrong.told(), ["unknown-allow: 'missing-sumary'", "unknown-allow: 'missing-grant'"]);
        assert_eq!(hints, ["did you mean \"missing-summary\"?", "mend what it tells of"]);
    }
}
