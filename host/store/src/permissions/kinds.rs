//! How kinds of connection differ: what they ask an operator for, and where the host puts it.

use std::collections::BTreeSet;

use super::difference::Telling;
use super::{Kind, Permissions};

pub(super) fn difference(old: &Permissions, new: &Permissions, telling: &mut Telling) {
    for (name, kind) in &new.connections {
        match old.connections.get(name) {
            Some(before) => changed(name, before, kind, telling),
            None => added(name, kind, telling),
        }
    }
    for name in old.connections.keys().filter(|name| !new.connections.contains_key(*name)) {
        telling.other(format!("no longer has the connection kind {name}"));
    }
}

fn added(name: &str, kind: &Kind, telling: &mut Telling) {
    let new = if telling.first { "" } else { "new " };
    let address = kind.base_url.as_ref().map(|url| format!(" at {url}")).unwrap_or_default();
    let asks = match list(kind.secrets.iter()) {
        secrets if secrets.is_empty() => "asks for no secret".to_owned(),
        secrets => format!("asks for {secrets}"),
    };
    let fills: Vec<String> = kind.fills.iter().map(|(place, with)| fill(place, with)).collect();
    let fills = if fills.is_empty() { String::new() } else { format!("; puts {}", fills.join(", ")) };
    telling.wider(format!("{new}connection kind {name}{address}: {asks}{fills}"));
}

fn changed(name: &str, old: &Kind, new: &Kind, telling: &mut Telling) {
    let kind = format!("connection kind {name}");
    match (&old.base_url, &new.base_url) {
        (before, Some(now)) if before.as_ref() != Some(now) => {
            telling.wider(format!("{kind}: its usual address is now {now}"));
        }
        (Some(before), None) => telling.other(format!("{kind}: {before} is no longer its usual address")),
        _ => {}
    }
    for (what, old, new, widens) in
        [("secret", &old.secrets, &new.secrets, true), ("field", &old.fields, &new.fields, false)]
    {
        for name in new.difference(old) {
            let words = format!("{kind}: now asks for the {what} `{name}`");
            if widens { telling.wider(words) } else { telling.other(words) }
        }
        for name in old.difference(new) {
            telling.other(format!("{kind}: no longer asks for the {what} `{name}`"));
        }
    }
    let none = BTreeSet::new();
    for (place, with) in &new.fills {
        let before = old.fills.get(place).unwrap_or(&none);
        let more: BTreeSet<String> = with.difference(before).cloned().collect();
        // A place that is filled with a fixed text alone is a place all the same.
        if !more.is_empty() || !old.fills.contains_key(place) {
            telling.wider(format!("{kind}: now puts {}", fill(place, &more)));
        }
    }
    for (place, with) in &old.fills {
        let now = new.fills.get(place).unwrap_or(&none);
        let less: BTreeSet<String> = with.difference(now).cloned().collect();
        if !less.is_empty() || !new.fills.contains_key(place) {
            telling.other(format!("{kind}: no longer puts {}", fill(place, &less)));
        }
    }
}

/// `secrets.token into the header X`.
fn fill(place: &str, with: &BTreeSet<String>) -> String {
    let what = if with.is_empty() { "a fixed text".to_owned() } else { list(with.iter()) };
    format!("{what} into {place}")
}

fn list<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ")
}
