//! What a preset does and may reach, in plain words.

use presetter_bundle::Bundle;
use presetter_check::used_grants;
use presetter_manifest::{AuthKind, ConnectionKind, Effect, GrantRequest, Preset, Repeat, Text};
use serde_json::Value;

use super::markdown::{code, text};

/// What it does to the account.
pub(super) fn effect(preset: &Preset) -> String {
    let about = if preset.object.is_empty() { "something".to_owned() } else { text(&preset.object) };
    match preset.effect {
        Effect::Read => "read: changes nothing".to_owned(),
        Effect::Create => format!("create: makes new {about}"),
        Effect::Update => format!("update: changes {about}"),
        Effect::Delete => format!("delete: removes {about}"),
    }
}

/// How a repeat is safe.
pub(super) fn repeat(preset: &Preset) -> String {
    match (preset.repeat(), &preset.probe) {
        (Repeat::Natural, _) => "is safe: twice is the same as once".to_owned(),
        (Repeat::Key, _) => "is safe: the request bears a key by which the vendor knows a repeat".to_owned(),
        (Repeat::Probe, Some(probe)) => {
            format!(
                "needs a look: with `--confirm` {} looks before the write and after it",
                code(probe.preset.as_str())
            )
        }
        _ => "is not safe: whoever repeats it does it twice".to_owned(),
    }
}

/// What runs it.
pub(super) fn runs_as(bundle: &Bundle, preset: &Preset) -> String {
    match (&bundle.manifest().component, &preset.script) {
        (Some(component), _) => format!("a component of the bundle's own, {}", code(component.as_str())),
        (None, Some(script)) => format!("a script, {}", code(script.as_str())),
        (None, None) => "a recipe: data that is read by an interpreter".to_owned(),
    }
}

/// The names of kinds of connection.
pub(super) fn kinds(bundle: &Bundle, preset: &Preset) -> String {
    let kinds = bundle.manifest().connections.keys().filter(|kind| preset.works_with(kind));
    kinds.map(|kind| code(kind)).collect::<Vec<_>>().join(", ")
}

/// What a preset can use of the bundle's grants, a line each.
pub(super) fn granted(bundle: &Bundle, preset: &Preset) -> Vec<String> {
    let below = used_grants(bundle.manifest(), preset).into_iter().map(|(method, path)| {
        let path = path.trim_start_matches('/');
        let at = if path.is_empty() { "the base URL itself".to_owned() } else { code(path) };
        format!("{method} {at}, below the connection's base URL")
    });
    let hosts = bundle.manifest().grants.iter().filter(|_| preset.redirects.is_some());
    below.chain(hosts.filter(|grant| grant.host.is_some()).map(grant)).collect()
}

/// One grant.
pub(super) fn grant(grant: &GrantRequest) -> String {
    let methods = grant.methods.iter().map(Text::as_str).collect::<Vec<_>>().join(", ");
    let paths: Vec<String> = grant
        .paths
        .iter()
        .map(|path| match path.as_str().trim_start_matches('/') {
            "" => "the base URL itself".to_owned(),
            path => code(path),
        })
        .collect();
    let place = match &grant.host {
        None => "below the connection's base URL".to_owned(),
        Some(host) => {
            let port = grant.port.filter(|port| *port != 443).map(|port| format!(":{port}")).unwrap_or_default();
            format!("at {}, if a redirect leads there, without credentials", code(&format!("https://{host}{port}")))
        }
    };
    format!("{} {}, {place}", text(&methods), paths.join(", "))
}

/// How a kind of connection authenticates.
pub(super) fn auth(kind: &ConnectionKind) -> String {
    let none = (kind.auth == AuthKind::None).then(|| "no credentials".to_owned());
    let places = none.into_iter().chain(kind.filled_places(code)).collect::<Vec<_>>().join(", ");
    match &kind.login {
        Some(login) if kind.auth == AuthKind::Session => {
            let path = login.path.iter().map(Text::as_str).collect::<Vec<_>>().join("/");
            format!("{places}; a session is opened by {} {}", text(login.method.as_str()), code(&path))
        }
        _ => places,
    }
}

/// A value as a person would type it.
pub(super) fn value(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
