//! `presetter connection list | show`.
//!
//! Owns: what is told of a connection, in words and as JSON. Must never: look a secret up; what is shown is where it is.

use presetter_connection::{Connection, Source};
use serde_json::{Map, Value, json};

use crate::args::{ListConnectionsArgs, ShowConnectionArgs, TableFormat};
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{aligned, cell, width};
use crate::select::{self, stored};
use crate::world::World;

/// Lists all.
pub(crate) fn list(world: &World, args: &ListConnectionsArgs) -> Result<Exit, Failure> {
    let all = world.store().list().map_err(stored)?;
    if args.format == TableFormat::Json {
        // A closed pipe is the reader's choice.
        let _ = all.iter().try_for_each(|connection| world.console.json(&object(connection)));
        return Ok(Exit::Ok);
    }
    if all.is_empty() {
        world.console.say("no connection is set up yet; see `presetter connection add --help`");
        return Ok(Exit::Ok);
    }
    let rows: Vec<[String; 4]> = all
        .iter()
        .map(|c| [line(&c.name), line(&format!("{}/{}", c.source.bundle(), c.kind)), line(&c.base_url), marks(c)])
        .collect();
    let wide = |column: usize| rows.iter().map(|row| width(&row[column])).max().unwrap_or(0);
    let (a, b, c) = (wide(0), wide(1), wide(2));
    let lines: Vec<String> = rows
        .iter()
        .map(|[name, kind, url, marks]| format!("{name:<a$}  {kind:<b$}  {url:<c$}  {marks}").trim_end().to_owned())
        .collect();
    let _ = world.console.data(&lines.join("\n"));
    Ok(Exit::Ok)
}

/// Shows one; secrets stay references.
pub(crate) fn show(world: &World, args: &ShowConnectionArgs) -> Result<Exit, Failure> {
    let connection = select::stored_connection(world, &args.name)?;
    if args.format == TableFormat::Json {
        let _ = world.console.json(&object(&connection));
        return Ok(Exit::Ok);
    }
    let color = world.console.color();
    let mut rows = vec![
        ("name".to_owned(), line(&connection.name)),
        ("kind".to_owned(), line(&format!("{}/{}", connection.source.bundle(), connection.kind))),
    ];
    rows.extend(served(&connection));
    rows.push(("base URL".to_owned(), line(&connection.base_url)));
    let marks = marks(&connection);
    if !marks.is_empty() {
        rows.push(("also".into(), marks));
    }
    rows.extend(network_rows(&connection));
    rows.extend(connection.fields.iter().map(|(name, value)| (line(&format!("field {name}")), line(value))));
    rows.extend(
        connection.secrets.iter().map(|(name, from)| (line(&format!("secret {name}")), line(&from.to_string()))),
    );
    rows.extend(connection.settings.iter().map(|(name, value)| (line(&format!("setting {name}")), cell(value))));
    rows.extend(connection.limits.iter().map(|(limit, amount)| (format!("limit {limit}"), limit.show(amount))));
    let _ = world.console.data(&aligned(&rows, "", color).join("\n"));
    Ok(Exit::Ok)
}

/// The sources that a connection serves, in rows.
pub(crate) fn served(connection: &Connection) -> Vec<(String, String)> {
    let names = std::iter::once("serves").chain(std::iter::repeat("also serves"));
    names.zip(connection.sources()).map(|(name, source)| (name.to_owned(), line(&source.to_string()))).collect()
}

/// All of a connection.
fn object(connection: &Connection) -> Value {
    let c = connection;
    let sources: Vec<Value> = c.sources().map(|source| json!(source)).collect();
    let limits: Map<String, Value> =
        c.limits.iter().map(|(limit, amount)| (limit.to_string(), limit.show(amount).into())).collect();
    let secrets: Map<String, Value> =
        c.secrets.iter().map(|(name, from)| (name.clone(), from.to_string().into())).collect();
    json!({
        "name": c.name,
        "kind": c.kind,
        "serves": sources,
        "base_url": c.base_url,
        "allow_private": c.allow_private,
        "read_only": c.read_only,
        "ca": c.ca,
        "client_certificate": c.client_certificate.as_ref().map(ToString::to_string),
        "proxy": c.proxy,
        "fields": c.fields,
        "secrets": secrets,
        "settings": c.settings,
        "limits": limits,
    })
}

/// What a connection says of its network, in rows.
pub(crate) fn network_rows(connection: &Connection) -> Vec<(String, String)> {
    let rows = [
        ("ca", connection.ca.as_ref().map(|file| file.display().to_string())),
        ("client certificate", connection.client_certificate.as_ref().map(ToString::to_string)),
        ("proxy", connection.proxy.clone()),
    ];
    rows.into_iter().filter_map(|(name, value)| Some((name.to_owned(), line(&value?)))).collect()
}

/// What is out of the ordinary about a connection.
fn marks(connection: &Connection) -> String {
    let folder = connection.sources().any(|source| matches!(source, Source::Folder { .. }));
    let more = format!("serves {} sources", connection.allowed.len() + 1);
    let marks = [
        (connection.read_only, "read-only"),
        (connection.allow_private, "private addresses allowed"),
        (folder, "bundle in a folder"),
        (!connection.allowed.is_empty(), more.as_str()),
    ];
    marks.iter().filter(|(is, _)| *is).map(|(_, mark)| *mark).collect::<Vec<_>>().join(", ")
}
