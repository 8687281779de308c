//! An input that is required and has a default.

use presetter_manifest::Preset;
use presetter_template::Problem;

use crate::finding::{Level, Tell};
use crate::lint::{Lint, Look};
use crate::subject::{Manifest, Subject};

pub(crate) const LINT: Lint = Lint {
    name: "required-with-default",
    level: Level::Warning,
    means: "An input has both `required = true` and a `default`.",
    why: "The one says that it must be given, the other that it need not. The default wins: nobody is ever asked for it.",
    mended: "",
    look: Look::Preset(look),
};

fn look(_: &Subject, preset: &Manifest<Preset>, tell: &mut Tell<'_>) {
    for (name, _) in preset.is.inputs.iter().filter(|(_, input)| input.required && input.default.is_some()) {
        let span = preset.source.places.key(&["inputs", name, "required"]);
        let problem = Problem::new(format!("the input \"{name}\" is required, and has a default"), span);
        tell.at(&preset.source, problem.with_hint("take out `required = true`, or the default"));
    }
}

#[cfg(test)]
mod tests {
    use crate::draft::Draft;

    #[test]
    fn an_input_that_is_both_is_told() {
        let both = Draft::new().with("required = true", "required = true, default = 'a'");
        assert_eq!(both.told(), ["required-with-default: required"]);
        let one = Draft::new().with("required = true", "default = 'a'");
        assert!(!one.told().iter().any(|told| told.starts_with("required-with-default")), "{:?}", one.told());
    }
}
