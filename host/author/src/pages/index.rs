//! The page about a bundle: what it is for, how it is reached, what it assumes and may reach.

use presetter_bundle::{Bundle, PresetFile};
use presetter_manifest::ConnectionKind;

use super::markdown::{cell_code, code, list, table, text};
use super::words;

pub(super) fn parts(bundle: &Bundle, presets: &[PresetFile]) -> Vec<String> {
    let manifest = bundle.manifest();
    let mut parts = vec![
        format!("# {}", text(&manifest.title)),
        text(&manifest.summary),
        format!("Bundle {}, version {}", code(manifest.name.as_str()), code(&manifest.version.to_string())),
        "## Presets".to_owned(),
    ];
    if presets.is_empty() {
        parts.push("None.".to_owned());
    } else {
        let row = |preset: &PresetFile| {
            let link = format!("[{}]({}.md)", text(&preset.name), preset.name);
            vec![link, preset.manifest.effect.name().to_owned(), text(&preset.manifest.summary)]
        };
        parts.push(table(&["preset", "effect", "what it does"], &presets.iter().map(row).collect::<Vec<_>>()));
    }

    parts.push("## Connections".to_owned());
    if manifest.connections.is_empty() {
        parts.push("None.".to_owned());
    }
    for (name, kind) in &manifest.connections {
        parts.extend(connection(name, kind));
    }

    if !manifest.settings.is_empty() {
        parts.push("## Settings".to_owned());
        parts.push(
            "What the bundle assumes. An operator can correct it for a connection, without touching the bundle."
                .to_owned(),
        );
        let rows = manifest.settings.iter().map(|(name, setting)| {
            let allowed = setting.allowed.iter().flatten().map(|value| cell_code(&words::value(value)));
            let mut takes = vec![setting.kind.name().to_owned()];
            takes.extend(setting.minimum.map(|least| format!("at least {least}")));
            takes.extend(setting.maximum.map(|most| format!("at most {most}")));
            vec![
                cell_code(name),
                takes.join(", "),
                cell_code(&words::value(&setting.default)),
                allowed.collect::<Vec<_>>().join(", "),
                text(&setting.help),
            ]
        });
        parts.push(table(&["setting", "type", "default", "possible", "what it is"], &rows.collect::<Vec<_>>()));
    }

    parts.push("## What it may reach".to_owned());
    let grants: Vec<String> = manifest.grants.iter().map(words::grant).collect();
    parts.push(if grants.is_empty() { "Nothing.".to_owned() } else { list(&grants) });
    parts
}

fn connection(name: &str, kind: &ConnectionKind) -> Vec<String> {
    let base_url = match &kind.base_url {
        Some(url) => code(url.as_str()),
        None => "given by whoever adds a connection".to_owned(),
    };
    let facts = [format!("**Base URL:** {base_url}"), format!("**Credentials go into:** {}", words::auth(kind))];
    let fields = kind.fields.iter().map(|(name, field)| {
        let what = if field.required { "field" } else { "field, may be left out" };
        vec![cell_code(name), what.to_owned(), text(&field.help)]
    });
    let secrets =
        kind.secrets.iter().map(|(name, secret)| vec![cell_code(name), "secret".to_owned(), text(&secret.help)]);
    let rows: Vec<Vec<String>> = fields.chain(secrets).collect();
    let asked = if rows.is_empty() { String::new() } else { table(&["name", "what", "help"], &rows) };
    vec![format!("### {}", text(name)), text(&kind.title), text(&kind.help), list(&facts), asked]
}
