//! `README.md` of a new bundle.

use super::blueprint::Blueprint;
use super::bundle_toml::title;
use super::place::Placed;

/// The text.
pub(crate) fn text(blueprint: &Blueprint, placed: &Placed, bundle: &str) -> String {
    let vendor = title(bundle);
    let asked: Vec<String> = placed.asks.iter().map(|ask| format!("`{}`", ask.name)).collect();
    let needs = match asked.len() {
        0 => "It needs no credentials.".to_owned(),
        1 => format!("It asks for {}. Say here where an operator finds it.", asked[0]),
        _ => format!("It asks for {}. Say here where an operator finds them.", asked.join(" and ")),
    };
    format!(
        "# {vendor}\n\n\
         Presets for {vendor}, run by [Presetter]({repository}).\n\n\
         | preset | what it does |\n|---|---|\n| `{bundle}/{preset}` | {what} |\n\n\
         ## Set up a connection\n\n\
         The kind is `{kind}`. {needs}\n\n\
         ## What is assumed\n\n\
         Say here what of the API is known, from where, and what is a guess.\n\n\
         ## Work on it\n\n    \
             presetter check .\n    \
             presetter test .\n    \
             presetter dev .\n",
        repository = env!("CARGO_PKG_REPOSITORY"),
        preset = blueprint.name,
        what = cell(&blueprint.title),
        kind = placed.kind,
    )
}

/// A text of a stranger in a cell of a table.
fn cell(text: &str) -> String {
    let mut cell = String::new();
    for c in super::toml_text::line(text, 120).chars() {
        match c {
            '<' => cell.push_str("&lt;"),
            '&' => cell.push_str("&amp;"),
            c if "|`*_[]\\!".contains(c) => cell.extend(['\\', c]),
            c => cell.push(c),
        }
    }
    cell
}
