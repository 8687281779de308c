//! A look-up by id that cannot say "not found".

use presetter_manifest::Preset;
use presetter_template::Problem;

use crate::finding::{Level, Tell};
use crate::lint::{Lint, Look};
use crate::subject::{Manifest, Subject};
use crate::texts::{self, Place};

pub(crate) const LINT: Lint = Lint {
    name: "missing-not-found",
    level: Level::Warning,
    means: "A preset reads one thing, by a required input in the path of its request, and has no `not_found_when`.",
    why: "What is not there is told as a failure, also where the vendor answers 404: not found needs a rule that proves it.",
    mended: "",
    look: Look::Preset(look),
};

fn look(subject: &Subject, preset: &Manifest<Preset>, tell: &mut Tell<'_>) {
    if preset.is.effect.writes() || subject.is_code(&preset.is) || subject.bundle.is.answer.not_found_when.is_some() {
        return;
    }
    let kinds = subject.kinds(&preset.is).map(|kind| preset.is.for_kind(kind));
    for is in kinds {
        let Some(request) = is.request.as_ref().filter(|_| is.pages.is_none() && is.find.is_none()) else { continue };
        if is.answer.not_found_when.is_some() || !["GET", "HEAD"].contains(&request.method.as_str()) {
            continue;
        }
        let texts = texts::of_request(request);
        let path = texts.iter().filter(|text| text.place == Place::Request && request.path.contains(text.text));
        let required = |name: &str| is.inputs.get(name).is_some_and(|input| input.required);
        let id = path.flat_map(|text| text.names(&preset.source)).find(|name| required(&name.root));
        if let Some(id) = id {
            let message =
                format!("what is not there is told as a failure: no rule proves that \"{}\" is not found", id.root);
            let problem = Problem::new(message, id.span);
            tell.at(
                &preset.source,
                problem.with_hint("add [answer] not_found_when = 'response_status == 404', or what the vendor says"),
            );
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::draft::Draft;

    const RULE: &str = "[answer]\nnot_found_when = 'response_status == 404'\n";

    #[test]
    fn a_look_up_without_a_rule_is_told() {
        assert_eq!(Draft::new().with(RULE, "").told(), ["missing-not-found: {{id}}"]);
    }

    #[test]
    fn a_rule_of_the_bundle_will_do_and_a_list_needs_none() {
        let shared = Draft::new().with(RULE, "").shared("[settings]", &format!("{RULE}[settings]"));
        assert_eq!(shared.told(), [""; 0]);
        let list = Draft::new().with(RULE, "[pages]\nitems = '{{response}}'\nend_when = 'size(items) == 0'\nmax = 9\n");
        assert_eq!(list.told(), [""; 0]);
        let query = Draft::new()
            .with(RULE, "")
            .with("'users', '{{id}}'", "'users', 'all'")
            .with("query = {", "query = { id = '{{id}}',")
            .shared("'users/*'", "'users/all'");
        assert_eq!(query.told(), [""; 0]);
    }
}
