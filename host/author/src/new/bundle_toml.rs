//! `bundle.toml` of a new bundle.

use presetter_manifest::CONTRACT;
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, value};

use super::blueprint::Blueprint;
use super::names::{capital, spoken};
use super::place::Placed;
use super::toml_text::{before, comment, schema};

/// The text of the manifest.
pub(crate) fn text(blueprint: &Blueprint, placed: &Placed, name: &str) -> String {
    let vendor = title(name);
    let mut document = DocumentMut::new();
    let top = document.as_table_mut();
    top["name"] = value(name);
    top["version"] = value("0.1.0");
    top["contract"] = value(CONTRACT);
    top["title"] = value(&vendor);
    top["summary"] = value(format!("Presets for {vendor}."));
    let mut grants = ArrayOfTables::new();
    let mut grant = grant(blueprint, placed);
    let why = "All that a preset of this bundle may ask for, below the base URL of the connection. Nothing else can be reached.";
    before(&mut grant, "methods", &comment(why));
    grants.push(grant);
    top["grants"] = Item::ArrayOfTables(grants);
    let mut connections = Table::new();
    connections.set_implicit(true);
    connections[&placed.kind] = Item::Table(kind(blueprint, name));
    top["connections"] = Item::Table(connections);
    before(top, "name", &schema("bundle"));
    document.to_string()
}

/// The vendor's name, as far as the bundle's tells it.
pub(crate) fn title(name: &str) -> String {
    spoken(name).split(' ').map(capital).collect::<Vec<_>>().join(" ")
}

/// The kind of connection, with what is to be known of it.
pub(crate) fn kind(blueprint: &Blueprint, bundle: &str) -> Table {
    let mut table = blueprint.account.table(&title(bundle));
    if blueprint.account.base_url.is_none() {
        let why = "No base URL is the same for all customers: an operator gives it with --base-url.";
        before(&mut table, "title", &comment(why));
    }
    table
}

/// A grant for the request, and for nothing else.
pub(crate) fn grant(blueprint: &Blueprint, placed: &Placed) -> Table {
    let mut grant = Table::new();
    grant["methods"] = value([blueprint.method.as_str()].into_iter().collect::<Array>());
    grant["paths"] = value([placed.pattern.as_str()].into_iter().collect::<Array>());
    grant
}
