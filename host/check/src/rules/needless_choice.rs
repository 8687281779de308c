//! `needs_one_of` that asks for nothing.

use presetter_manifest::{Input, Preset};
use presetter_template::Problem;

use crate::finding::{Level, Tell};
use crate::lint::{Lint, Look};
use crate::subject::{Manifest, Subject};

pub(crate) const LINT: Lint = Lint {
    name: "needless-choice",
    level: Level::Warning,
    means: "`needs_one_of` names a single input, or one that is always there.",
    why: "A single one is `required = true`. One that is required or has a default is always given, so the line never asks for anything.",
    mended: "",
    look: Look::Preset(look),
};

fn look(_: &Subject, preset: &Manifest<Preset>, tell: &mut Tell<'_>) {
    let choice = &preset.is.needs_one_of;
    let always = choice.iter().find(|name| {
        let input = preset.is.inputs.get(name.as_str());
        input.is_some_and(Input::is_always_there)
    });
    let (name, message, hint) = match (always, choice.as_slice()) {
        (Some(name), _) => (
            name,
            format!("\"{name}\" is always there, so one of these always is"),
            "take `needs_one_of` out".to_owned(),
        ),
        (None, [name]) => (
            name,
            format!("\"{name}\" is the only one of `needs_one_of`"),
            format!("write required = true at the input \"{name}\" instead"),
        ),
        _ => return,
    };
    tell.at(&preset.source, Problem::new(message, name.span()).with_hint(hint));
}

#[cfg(test)]
mod tests {
    use crate::draft::Draft;

    fn choosing(choice: &str) -> Draft {
        let inputs = "help = 'the id' }\na = { type = 'string', help = 'a' }\nb = { type = 'string', help = 'b' }";
        Draft::new()
            .with("help = 'the id' }", inputs)
            .with("query = {", "query = { a = '{{optional a}}', b = '{{optional b}}',")
            .with("effect =", &format!("needs_one_of = {choice}\neffect ="))
    }

    #[test]
    fn a_choice_that_is_none_is_told() {
        assert_eq!(choosing("['a']").told(), ["needless-choice: 'a'"]);
        assert_eq!(choosing("['a', 'id']").told(), ["needless-choice: 'id'"]);
        assert_eq!(choosing("['a', 'b']").told(), [""; 0]);
        assert_eq!(choosing("[]").told(), [""; 0]);
    }
}
