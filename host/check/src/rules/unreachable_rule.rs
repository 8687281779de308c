//! A rule that can never decide anything.

use presetter_manifest::{Answer, Pages, Preset, Text};
use presetter_template::Problem;

use crate::expr_truth::Truth;
use crate::finding::{Level, Tell};
use crate::lint::{Lint, Look};
use crate::subject::{Manifest, Source, Subject};

pub(crate) const LINT: Lint = Lint {
    name: "unreachable-rule",
    level: Level::Warning,
    means: "A rule can never decide: it is constant, it asks for a status that is decided before it, or it stands behind the same rule.",
    why: "401, 403, 407, 429 and 5xx are failures before any rule is asked, and every other status but 2xx is one before `failed_when`. \
          `not_found_when` goes before `failed_when`, and that before `ok_when`. A preset's rules stand beside those of its bundle, but its \
          `ok_when` replaces the bundle's.",
    mended: "",
    look: Look::Both(bundle, preset),
};

/// The statuses of which the rules are asked: those that are no failure by themselves.
fn asked() -> impl Iterator<Item = u16> {
    (200..500).filter(|status| !matches!(status, 401 | 403 | 407 | 429))
}

fn success() -> impl Iterator<Item = u16> {
    200..300
}

fn bundle(subject: &Subject, tell: &mut Tell<'_>) {
    answer(&subject.bundle.source, &subject.bundle.is.answer, None, tell);
}

fn preset(subject: &Subject, preset: &Manifest<Preset>, tell: &mut Tell<'_>) {
    let shared = Some(&subject.bundle.is.answer);
    let variants = preset.is.variants.values();
    for own in std::iter::once(&preset.is.answer).chain(variants.clone().filter_map(|variant| variant.answer.as_ref()))
    {
        answer(&preset.source, own, shared, tell);
    }
    for own in preset.is.pages.iter().chain(variants.filter_map(|variant| variant.pages.as_ref())) {
        pages(&preset.source, own, tell);
    }
}

fn answer(source: &Source, own: &Answer, shared: Option<&Answer>, tell: &mut Tell<'_>) {
    let mut say = |text: &Text, message: &str, hint: &str| {
        tell.at(source, Problem::new(message, text.span()).with_hint(hint));
    };
    if let Some(rule) = &own.not_found_when {
        if Truth::of(rule.as_str()).never(asked()) {
            let (message, hint) = if Truth::of(rule.as_str()).never(0..1000) {
                ("this never holds", "take it out")
            } else {
                (
                    "this never holds where it is asked",
                    "401, 403, 407, 429 and 5xx are failures before any rule is asked; take it out",
                )
            };
            say(rule, message, hint);
        } else if same(Some(rule), shared.and_then(|shared| shared.not_found_when.as_ref())) {
            say(rule, "the bundle has the same rule", "take it out: the bundle's rules hold for all presets");
        }
    }
    if let Some(rule) = &own.failed_when {
        if same(Some(rule), own.not_found_when.as_ref()) {
            say(rule, "not_found_when is the same rule, and goes before this one", "take one of them out");
        } else if Truth::of(rule.as_str()).never(success()) {
            say(
                rule,
                "this never decides anything",
                "every status but 2xx is a failure without it; take it out, or ask for what a 2xx says",
            );
        } else if same(Some(rule), shared.and_then(|shared| shared.failed_when.as_ref())) {
            say(rule, "the bundle has the same rule", "take it out: the bundle's rules hold for all presets");
        }
    }
    if let Some(rule) = &own.ok_when {
        let replaces = shared.and_then(|shared| shared.ok_when.as_ref());
        if same(Some(rule), own.failed_when.as_ref()) || same(Some(rule), own.not_found_when.as_ref()) {
            say(
                rule,
                "a rule that goes before this one is the same, so no answer is ever ok",
                "say what a success looks like",
            );
        } else if Truth::of(rule.as_str()).never(success()) {
            say(rule, "this never holds, so no answer is ever ok", "only a 2xx can be ok; say what it looks like");
        } else if same(Some(rule), replaces) {
            say(rule, "the bundle has the same rule", "take it out: without it the bundle's holds");
        } else if replaces.is_none() && Truth::of(rule.as_str()).always(success()) {
            say(
                rule,
                "this always holds where it is asked",
                "a 2xx is ok without it; take it out, or say more of what a success looks like",
            );
        }
    }
}

fn pages(source: &Source, pages: &Pages, tell: &mut Tell<'_>) {
    let mut say = |text: &Text, message: &str, hint: &str| {
        tell.at(source, Problem::new(message, text.span()).with_hint(hint));
    };
    let end = Truth::of(pages.end_when.as_str());
    if end.always(asked()) {
        say(
            &pages.end_when,
            "this always holds, so the items of no page count",
            "for a list that comes in one answer write end_when = 'false' and last_when = 'true'",
        );
    }
    if let Some(last) = &pages.last_when {
        if Truth::of(last.as_str()).never(asked()) {
            say(last, "this never holds", "take it out");
        }
    } else if end.never(asked()) {
        say(
            &pages.end_when,
            "this never holds, so the list never ends",
            "say by what its end is known, such as size(items) == 0",
        );
    }
}

/// Whether two rules are the same but for white space.
fn same(one: Option<&Text>, other: Option<&Text>) -> bool {
    let plain = |text: &Text| text.as_str().split_whitespace().collect::<Vec<_>>().join(" ");
    one.zip(other).is_some_and(|(one, other)| plain(one) == plain(other))
}

#[cfg(test)]
mod tests {
    use crate::draft::Draft;

    fn ruled(rules: &str) -> Vec<String> {
        Draft::new().with("not_found_when = 'response_status == 404'", rules).told()
    }

    #[test]
    fn a_rule_that_never_decides_is_told() {
        for (rules, place) in [
            ("not_found_when = 'false'", "'false'"),
            ("not_found_when = 'response_status == 403'", "'response_status == 403'"),
            (
                "not_found_when = 'response_status in [401, 503] && response.x == 1'",
                "'response_status in [401, 503] && response.x == 1'",
            ),
            (
                "not_found_when = 'response_status == 404'\nfailed_when = 'response_status == 404'",
                "'response_status == 404'",
            ),
            (
                "not_found_when = 'response_status == 404'\nfailed_when = 'response_status >= 400'",
                "'response_status >= 400'",
            ),
            ("not_found_when = 'response_status == 404'\nok_when = 'true'", "'true'"),
            ("not_found_when = 'response_status == 404'\nok_when = 'response_status < 300'", "'response_status < 300'"),
            (
                "not_found_when = 'response_status == 404'\nok_when = 'response_status == 302'",
                "'response_status == 302'",
            ),
            (
                "not_found_when = 'response_status == 404'\nfailed_when = 'response.error  != null'\nok_when = 'response.error != null'",
                "'response.error != null'",
            ),
        ] {
            assert_eq!(ruled(rules), [format!("unreachable-rule: {place}")], "{rules}");
        }
    }

    #[test]
    fn a_rule_that_may_decide_is_not() {
        for rules in [
            "not_found_when = 'response_status in [404, 403]'",
            "not_found_when = 'response_status == 410 || codes == [\"GONE\"]'",
            "not_found_when = 'response.x == 1'\nfailed_when = 'response.error != null'\nok_when = 'response.ok'",
            "not_found_when = 'response_status == 404'\nok_when = 'response_status == 200'",
            "not_found_when = 'response_status == 404'\nfailed_when = 'response_status == 202'",
        ] {
            assert_eq!(ruled(rules), [""; 0], "{rules}");
        }
    }

    #[test]
    fn a_rule_that_the_bundle_has_too_is_told() {
        let shared = Draft::new().shared(
            "[settings]",
            "[answer]\nok_when = 'response.ok'\nnot_found_when = 'response_status == 404'\n[settings]",
        );
        assert_eq!(shared.told(), ["unreachable-rule: 'response_status == 404'"]);
        let other = shared.with("not_found_when = 'response_status == 404'", "ok_when = 'true'");
        assert_eq!(other.told(), [""; 0], "it takes the bundle's away");
    }

    #[test]
    fn ends_of_lists_are_looked_at() {
        for (end, told) in [
            ("end_when = 'true'", &["unreachable-rule: 'true'"][..]),
            ("end_when = 'false'", &["unreachable-rule: 'false'"]),
            ("end_when = 'false'\nlast_when = 'true'", &[]),
            ("end_when = 'size(items) == 0'\nlast_when = 'false'", &["unreachable-rule: 'false'"]),
            ("end_when = 'size(items) == 0'", &[]),
        ] {
            let pages = format!("[pages]\nitems = '{{{{response}}}}'\n{end}\nmax = 9\n[outputs]");
            assert_eq!(Draft::new().with("[outputs]", &pages).told(), told, "{end}");
        }
    }
}
