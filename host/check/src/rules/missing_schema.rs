//! A manifest that does not name its schema, where there is one at hand.

use std::path::{Path, PathBuf};

use presetter_manifest::Preset;
use presetter_template::Problem;

use crate::finding::{Edit, Level, Tell};
use crate::lint::{Lint, Look};
use crate::subject::{Manifest, Source, Subject};

pub(crate) const LINT: Lint = Lint {
    name: "missing-schema",
    level: Level::Warning,
    means: "A manifest does not begin with `#:schema PATH`, and a folder above it has the schema in `docs/schemas`.",
    why: "With it an editor completes keys and shows mistakes while one writes.",
    mended: "adds the line",
    look: Look::Both(bundle, preset),
};

fn bundle(subject: &Subject, tell: &mut Tell<'_>) {
    missing(&subject.bundle.source, &subject.path, "bundle", tell);
}

fn preset(subject: &Subject, preset: &Manifest<Preset>, tell: &mut Tell<'_>) {
    missing(&preset.source, &subject.path.join(&preset.name), "preset", tell);
}

fn missing(source: &Source, folder: &Path, what: &str, tell: &mut Tell<'_>) {
    let comments = source.text.lines().take_while(|line| line.starts_with('#') || line.trim().is_empty());
    if comments.into_iter().any(|line| line.starts_with("#:schema")) {
        return;
    }
    let Some(schema) = nearest(folder, what) else { return };
    let first = 0..source.text.find('\n').unwrap_or(source.text.len());
    let line = format!("#:schema {schema}");
    let problem = Problem::new("the manifest does not name its schema", first);
    let edit = Edit { span: 0..0, text: format!("{line}\n") };
    tell.mendable(source, problem.with_hint(format!("begin with the line {line}")), "named the schema", vec![edit]);
}

/// The way to the schema in the nearest folder above.
fn nearest(folder: &Path, what: &str) -> Option<String> {
    let full = folder.canonicalize().ok()?;
    let below = PathBuf::from("docs/schemas").join(format!("{what}.schema.json"));
    let up = full.ancestors().position(|above| above.join(&below).is_file())?;
    Some(format!("{}docs/schemas/{what}.schema.json", "../".repeat(up)))
}

#[cfg(test)]
mod tests {
    use crate::draft::Draft;

    #[test]
    fn a_schema_at_hand_is_named() {
        let draft =
            Draft::new().file("docs/schemas/bundle.schema.json", "{}").file("../docs/schemas/preset.schema.json", "{}");
        assert_eq!(draft.told(), ["missing-schema: name = 'acme'", "missing-schema: title = 'Get user'"]);
        let mended = draft.mended();
        assert!(mended.read("bundle.toml").starts_with("#:schema docs/schemas/bundle.schema.json\nname = "));
        let preset = mended.read("get-user/preset.toml");
        assert!(preset.starts_with("#:schema ../../docs/schemas/preset.schema.json\ntitle = "), "{preset}");
        assert_eq!(mended.told(), [""; 0]);
    }

    #[test]
    fn another_schema_is_the_authors_choice() {
        let draft = Draft::new().file("docs/schemas/bundle.schema.json", "{}");
        let named = draft.shared("name = 'acme'", "# Acme\n#:schema https://example.com/bundle.json\nname = 'acme'");
        assert_eq!(named.told(), [""; 0]);
    }
}
