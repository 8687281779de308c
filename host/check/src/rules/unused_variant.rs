//! A variant for a kind of connection that the preset does not work with.

use presetter_manifest::Preset;
use presetter_template::Problem;

use crate::finding::{Level, Tell};
use crate::lint::{Lint, Look};
use crate::subject::{Manifest, Subject};

pub(crate) const LINT: Lint = Lint {
    name: "unused-variant",
    level: Level::Warning,
    means: "`[for.KIND]` stands in a preset whose `connections` leave that kind out.",
    why: "It is never used.",
    mended: "",
    look: Look::Preset(look),
};

fn look(_: &Subject, preset: &Manifest<Preset>, tell: &mut Tell<'_>) {
    for kind in preset.is.variants.keys().filter(|kind| !preset.is.works_with(kind)) {
        let span = preset.source.places.key(&["for", kind]);
        let problem = Problem::new(format!("this preset does not work with connections of kind \"{kind}\""), span);
        tell.at(&preset.source, problem.with_hint(format!("add \"{kind}\" to `connections`, or take this out")));
    }
}

#[cfg(test)]
mod tests {
    use crate::draft::Draft;

    const VARIANT: &str = "[for.key.answer]\nnot_found_when = 'response_status == 410'\n[outputs]";

    #[test]
    fn a_variant_that_is_never_used_is_told() {
        let open =
            "[connections.open]\ntitle = 'Open'\nauth = 'none'\nbase_url = 'https://acme.example'\n[connections.key]";
        let draft = Draft::new().shared("[connections.key]", open).with("[outputs]", VARIANT);
        assert_eq!(draft.told(), [""; 0]);
        let other = draft.with("effect =", "connections = ['open']\neffect =");
        assert_eq!(other.told(), ["unused-connection: key", "unused-variant: key"]);
    }
}
