//! What the `bundle.toml` of a bundle gains by a new preset: a grant, and where needed a kind of connection.
//!
//! Owns the smallest change that does it. Invariants: comments, order and everything else stay; what cannot be added so is
//! told, with what to write by hand, and nothing is changed.

use presetter_manifest::{Bundle, GrantRequest};
use toml_edit::{ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value};

use super::blueprint::Blueprint;
use super::place::Placed;
use super::{Error, Existing, bundle_toml};

/// The text with what it gains, and that in words; nothing if the bundle has all that is needed.
pub(crate) fn text(
    blueprint: &Blueprint,
    placed: &Placed,
    existing: &Existing<'_>,
    bundle: &Bundle,
) -> Result<Option<(String, Vec<String>)>, Error> {
    let granted = bundle.grants.iter().any(|grant| covers(grant, &blueprint.method, &placed.pattern));
    if granted && !placed.new {
        return Ok(None);
    }
    let by_hand = || {
        let grant = bundle_toml::grant(blueprint, placed).to_string();
        Error::usage(
            format!("{} is written in a way that nothing can be added to", existing.file),
            format!("add [[grants]] and [connections.{}] as tables of their own, first of all:\n{grant}", placed.kind),
        )
    };
    let mut document: DocumentMut = existing.text.parse().map_err(|_| by_hand())?;
    if !granted {
        grant(document.as_table_mut(), blueprint, placed, bundle).ok_or_else(by_hand)?;
    }
    if placed.new {
        kind(document.as_table_mut(), blueprint, placed, bundle).ok_or_else(by_hand)?;
    }
    let text = document.to_string();
    let changed = Bundle::parse(existing.file, &text).map_err(|_| by_hand())?;
    let more = usize::from(placed.new);
    let kept = bundle.connections.keys().all(|name| changed.connections.contains_key(name))
        && changed.connections.len() == bundle.connections.len() + more
        && changed.connections.contains_key(&placed.kind)
        && changed.grants.iter().any(|grant| covers(grant, &blueprint.method, &placed.pattern))
        && bundle.grants.iter().all(|old| {
            old.methods.iter().all(|m| {
                old.paths
                    .iter()
                    .all(|p| changed.grants.iter().any(|g| g.host == old.host && has(g, m.as_str(), p.as_str())))
            })
        });
    if !kept {
        return Err(by_hand());
    }
    let grant = (!granted).then(|| format!("a grant for {} {}", blueprint.method, placed.pattern));
    let kind = placed.new.then(|| format!("the connection kind {}", placed.kind));
    Ok(Some((text, grant.into_iter().chain(kind).collect())))
}

fn has(grant: &GrantRequest, method: &str, path: &str) -> bool {
    grant.methods.iter().any(|m| m.as_str() == method) && grant.paths.iter().any(|p| p.as_str() == path)
}

/// Whether a grant surely allows a path, whatever stands for its `*`.
fn covers(grant: &GrantRequest, method: &str, path: &str) -> bool {
    let parts = |path: &str| -> Vec<String> {
        let path = path.trim_start_matches('/');
        if path.is_empty() { Vec::new() } else { path.split('/').map(str::to_owned).collect() }
    };
    let needed = parts(path);
    let covered = |pattern: &str| {
        let pattern = parts(pattern);
        let (fixed, rest) = match pattern.split_last() {
            Some((last, fixed)) if last == "**" => (fixed, true),
            _ => (&pattern[..], false),
        };
        let long = if rest { needed.len() >= fixed.len() } else { needed.len() == fixed.len() };
        long && fixed.iter().zip(&needed).all(|(wanted, part)| wanted == "*" || wanted == part)
    };
    grant.host.is_none()
        && grant.methods.iter().any(|m| m.as_str() == method)
        && grant.paths.iter().any(|path| covered(path.as_str()))
}

/// Adds the path to a grant that is for this method alone, else a grant.
fn grant(document: &mut Table, blueprint: &Blueprint, placed: &Placed, bundle: &Bundle) -> Option<()> {
    let alone = |grant: &GrantRequest| {
        grant.host.is_none() && matches!(&grant.methods[..], [only] if only.as_str() == blueprint.method)
    };
    let at = bundle.grants.iter().position(alone);
    let new = bundle_toml::grant(blueprint, placed);
    match (document.entry("grants").or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new())), at) {
        (Item::ArrayOfTables(grants), Some(at)) => {
            push(grants.get_mut(at)?.get_mut("paths")?.as_array_mut()?, &placed.pattern);
        }
        (Item::ArrayOfTables(grants), None) => grants.push(new),
        (Item::Value(Value::Array(grants)), Some(at)) => {
            push(grants.get_mut(at)?.as_inline_table_mut()?.get_mut("paths")?.as_array_mut()?, &placed.pattern);
        }
        (Item::Value(Value::Array(grants)), None) => grants.push(new.into_inline_table()),
        _ => return None,
    }
    Some(())
}

/// Adds to a list in the way in which it is written: on a line of its own, if its last one has one.
fn push(list: &mut toml_edit::Array, text: &str) {
    let last = list.iter().last().and_then(|value| value.decor().prefix()?.as_str().map(str::to_owned));
    let Some(prefix) = last.filter(|prefix| prefix.contains('\n')) else { return list.push(text) };
    // Comments that stand before the last one are not repeated; one behind it stays there.
    let indent = prefix.rsplit('\n').next().unwrap_or_default();
    let behind = list.trailing().as_str().filter(|text| text.contains('#')).map(str::to_owned);
    let mut value = Value::from(text);
    value.decor_mut().set_prefix(match &behind {
        Some(comment) => format!("{}{indent}", comment.trim_end_matches([' ', '\t'])),
        None => format!("\n{indent}"),
    });
    if behind.is_some() {
        list.set_trailing("\n");
    }
    list.push_formatted(value);
}

fn kind(document: &mut Table, blueprint: &Blueprint, placed: &Placed, bundle: &Bundle) -> Option<()> {
    let implicit = || {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    };
    let table = bundle_toml::kind(blueprint, bundle.name.as_str());
    match document.entry("connections").or_insert_with(implicit) {
        Item::Table(kinds) if kinds.is_dotted() => return None,
        Item::Table(kinds) => drop(kinds.insert(&placed.kind, Item::Table(table))),
        Item::Value(Value::InlineTable(kinds)) => drop(kinds.insert(&placed.kind, inline(table).into())),
        _ => return None,
    }
    Some(())
}

/// A table with everything in it on one line.
fn inline(table: Table) -> InlineTable {
    let mut table = table.into_inline_table();
    table.fmt();
    table
}
