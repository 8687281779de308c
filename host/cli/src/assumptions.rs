//! Which settings (assumptions of a bundle) a preset's requests rest on.

use std::collections::BTreeSet;

use presetter_manifest::{Preset, Request, Text};
use presetter_template::path::Step;
use presetter_template::{Context, Template};

/// The names of the settings that a preset's request refers to, sorted; for one kind of connection, or for all.
pub(crate) fn used_by(preset: &Preset, kind: Option<&str>) -> BTreeSet<String> {
    match kind {
        Some(kind) => preset.for_kind(kind).request.iter().flat_map(used_in).collect(),
        None => {
            let variants = preset.variants.values().filter_map(|variant| variant.request.as_ref());
            preset.request.iter().chain(variants).flat_map(used_in).collect()
        }
    }
}

fn used_in(request: &Request) -> BTreeSet<String> {
    let texts = request.path.iter().chain(request.query.values()).chain(request.headers.values());
    let texts = texts.chain(request.form.iter().flat_map(|form| form.values()));
    let mut used: BTreeSet<String> = texts.flat_map(|text| names(text, Context::Text)).collect();
    used.extend(request.body.iter().flat_map(|body| names(body, Context::Json)));
    used
}

/// A text that does not compile names nothing: the manifest's own check has told so before.
fn names(text: &Text, context: Context) -> Vec<String> {
    let Ok(template) = Template::compile(text.as_str(), context) else { return Vec::new() };
    let settings = template.variables().iter().filter(|v| v.path.root == "settings");
    settings
        .filter_map(|v| match v.path.steps.first() {
            Some(Step::Key(name)) => Some(name.clone()),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use presetter_bundle::Bundle;

    use super::*;

    #[test]
    fn settings_are_found_for_each_kind_of_connection() {
        let bundle = Bundle::built_in("mosyle").unwrap().unwrap();
        let users = bundle.preset("users").unwrap().manifest;
        assert_eq!(used_by(&users, Some("session")).into_iter().collect::<Vec<_>>(), ["list_operation", "page_size"]);
        assert_eq!(used_by(&users, Some("manager-session")).into_iter().collect::<Vec<_>>(), ["page_size"]);
        assert_eq!(used_by(&users, None).len(), 2);
    }
}
