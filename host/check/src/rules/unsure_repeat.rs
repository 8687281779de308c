//! `repeat = "key"` without anything that could be a key.

use presetter_manifest::{Preset, Repeat};
use presetter_template::Problem;

use crate::finding::{Level, Tell};
use crate::lint::{Lint, Look};
use crate::subject::{Manifest, Subject};
use crate::texts;

pub(crate) const LINT: Lint = Lint {
    name: "unsure-repeat",
    level: Level::Warning,
    means: "`repeat = \"key\"` says that the request bears a key by which the vendor knows a repeat, and no part of it comes from an input.",
    why: "The same text in every request is no key: a repeat would be done twice, or a second one never.",
    mended: "",
    look: Look::Preset(look),
};

fn look(subject: &Subject, preset: &Manifest<Preset>, tell: &mut Tell<'_>) {
    if preset.is.repeat != Some(Repeat::Key) || subject.is_code(&preset.is) {
        return;
    }
    for request in subject.requests(&preset.is) {
        let names = texts::of_request(request).into_iter().flat_map(|text| text.names(&preset.source));
        if !names.into_iter().any(|name| preset.is.inputs.contains_key(&name.root)) {
            let span = preset.source.places.value(&["repeat"]).unwrap_or_default();
            let problem = Problem::new("no part of the request could be a key: all of it is fixed", span);
            tell.at(&preset.source, problem.with_hint("send an input as the key, as in headers = { Idempotency-Key = \"{{request_id}}\" }; or say how else a repeat is safe"));
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::draft::Draft;

    fn keyed(headers: &str) -> Draft {
        Draft::new()
            .shared("methods = ['GET']\npaths = ['users/*']", "methods = ['POST']\npaths = ['users']")
            .with("effect = 'read'", "effect = 'create'\nrepeat = 'key'")
            .with(
                "method = 'GET'\npath = ['users', '{{id}}']",
                &format!("method = 'POST'\npath = ['users']\nheaders = {{ Key = '{headers}' }}"),
            )
            .with("name = '{{response.name}}'", "name = '{{response.name}}'\nid = '{{id}}'")
    }

    #[test]
    fn a_key_that_is_always_the_same_is_told() {
        assert_eq!(keyed("{{settings.shape}}").told(), ["unsure-repeat: 'key'"]);
        assert_eq!(keyed("{{id}}").told(), [""; 0]);
    }
}
