//! `presetter connection add | list | show | set | remove`.
//!
//! Owns: turning options into a [`Connection`] that its kind accepts. Must never: take a secret's value, or repeat what stood
//! after `--secret` where it is no reference, because it may be one.

use presetter_bundle::{Bundle, Reference as Name};
use presetter_connection::{Complaint, Connection, Reference, ReferenceError, Source, nearest};
use presetter_manifest::{ConnectionKind, Limit};

use crate::add_command::{Given, add_command};
use crate::args::{AddArgs, NetworkArgs, SetArgs};
use crate::ask;
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{aligned, cell, width};
use crate::select::{self, quoted, stored};
use crate::world::World;

/// Sets one up.
pub(crate) fn add(world: &World, args: &AddArgs) -> Result<Exit, Failure> {
    let reference: Name = args.kind.parse().map_err(|message: String| {
        Failure::usage(message).help(format!("the kinds there are: {}", built_in_kinds().join(", ")))
    })?;
    let bundle = select::open(&reference)?;
    let kind = kind_of(&bundle, reference.item())?;
    let store = world.store();
    if store.list().map_err(stored)?.iter().any(|known| known.name == args.name) {
        return Err(Failure::usage(format!("there is a connection \"{}\" already", args.name)).help(format!(
            "change it with `presetter connection set {0}`, or remove it: presetter connection remove {0}",
            quoted(&args.name)
        )));
    }
    let base_url = args.base_url.clone().or_else(|| kind.base_url.as_ref().map(|url| url.as_str().to_owned()));
    let base_url = base_url.ok_or_else(|| {
        Failure::usage(format!("{reference} does not say where the server is")).help("add --base-url https://HOST/PATH")
    })?;
    let mut connection = Connection::new(&args.name, reference.item(), bundle.source().clone(), &base_url);
    connection.allow_private = args.allow_private;
    connection.read_only = args.read_only;
    network(world, &mut connection, &args.network)?;
    once("--field", &args.field)?;
    once("--setting", &args.setting)?;
    once("--limit", &args.limit)?;
    allow(&mut connection, &args.limit)?;
    connection.fields.extend(args.field.iter().cloned());
    let secrets = references(world, &args.secret)?;
    connection.secrets.extend(secrets);
    strangers(args, &connection, &reference, kind)?;
    settle(&mut connection, &bundle, &args.setting)?;
    complete(world, args, &mut connection, &reference, kind)?;
    check(&connection, kind, &reference.to_string())?;
    store.add(&connection, false).map_err(stored)?;

    let name = quoted(&connection.name);
    world.console.say(&format!(
        "connection {} is set up for {}, {}",
        line(&connection.name),
        reference,
        line(&connection.base_url)
    ));
    world.console.say(&format!("look whether it works: presetter connection test {name}"));
    Ok(Exit::Ok)
}

/// Lists all.
pub(crate) fn list(world: &World) -> Result<Exit, Failure> {
    let all = world.store().list().map_err(stored)?;
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
pub(crate) fn show(world: &World, name: &str) -> Result<Exit, Failure> {
    let connection = select::stored_connection(world, name)?;
    let color = world.console.color();
    let mut rows = vec![
        ("name".to_owned(), line(&connection.name)),
        ("kind".to_owned(), line(&format!("{}/{}", connection.source.bundle(), connection.kind))),
        ("serves".to_owned(), line(&connection.source.to_string())),
        ("base URL".to_owned(), line(&connection.base_url)),
    ];
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

/// Changes one.
pub(crate) fn set(world: &World, args: &SetArgs) -> Result<Exit, Failure> {
    let mut connection = select::stored_connection(world, &args.name)?;
    let before = connection.clone();
    once("--field", &args.field)?;
    once("--setting", &args.setting)?;
    once("--limit", &args.limit)?;
    allow(&mut connection, &args.limit)?;
    if let Some(url) = &args.base_url {
        connection.base_url.clone_from(url);
    }
    connection.allow_private = args.allow_private.unwrap_or(connection.allow_private);
    connection.read_only = args.read_only.unwrap_or(connection.read_only);
    network(world, &mut connection, &args.network)?;
    for (name, value) in &args.field {
        if value.is_empty() {
            connection.fields.shift_remove(name);
        } else {
            connection.fields.insert(name.clone(), value.clone());
        }
    }
    connection.secrets.extend(references(world, &args.secret)?);
    if connection == before && args.setting.is_empty() {
        world.console.say("nothing is changed; see `presetter connection set --help`");
        return Ok(Exit::Ok);
    }
    let bundle = bundle_of(&connection)?;
    settle(&mut connection, &bundle, &args.setting)?;
    check(&connection, kind_of(&bundle, &connection.kind)?, &kind_name(&connection))?;
    world.store().add(&connection, true).map_err(stored)?;
    world.console.say(&format!("connection {} is changed", line(&connection.name)));
    Ok(Exit::Ok)
}

/// Removes one, and its session.
pub(crate) fn remove(world: &World, name: &str) -> Result<Exit, Failure> {
    select::stored_connection(world, name)?;
    world.store().remove(name).map_err(stored)?;
    world.console.say(&format!("connection {} is removed, and its session", line(name)));
    Ok(Exit::Ok)
}

/// The bundle that a connection serves.
pub(crate) fn bundle_of(connection: &Connection) -> Result<Bundle, Failure> {
    let bundle = match &connection.source {
        Source::BuiltIn { bundle } => Bundle::built_in(bundle).transpose()?,
        Source::Folder { path, .. } => Some(Bundle::open_folder(path)?),
        _ => None,
    };
    let bundle = bundle.filter(|bundle| *bundle.source() == connection.source);
    bundle.ok_or_else(|| {
        Failure::new(
            Exit::Trust,
            format!("connection \"{}\" serves {}, which is not there any more", connection.name, connection.source),
        )
        .help("remove it and add it again for the bundle that it should serve")
    })
}

/// A kind of a bundle.
pub(crate) fn kind_of<'a>(bundle: &'a Bundle, name: &str) -> Result<&'a ConnectionKind, Failure> {
    let kinds = &bundle.manifest().connections;
    kinds.get(name).ok_or_else(|| {
        let source = bundle.source();
        let wide = kinds.keys().map(|name| width(&typed(source, name))).max().unwrap_or(0);
        let known: Vec<String> =
            kinds.iter().map(|(name, kind)| format!("{:<wide$}  {}", typed(source, name), kind.title)).collect();
        let meant = nearest(name, kinds.keys().map(String::as_str));
        let meant = meant.map(|name| format!("did you mean {}?", typed(source, name))).unwrap_or_default();
        Failure::new(Exit::Invalid, format!("bundle \"{}\" has no connection kind \"{name}\"", bundle.manifest().name))
            .help(meant)
            .help(format!("its kinds:\n{}", known.join("\n")))
    })
}

/// What its kind says to a connection.
pub(crate) fn check(connection: &Connection, kind: &ConnectionKind, kind_name: &str) -> Result<(), Failure> {
    let Err(complaints) = connection.check(kind, kind_name) else { return Ok(()) };
    Err(complained(complaints).unwrap_or_else(|| Failure::usage("the connection is not as its kind wants it")))
}

fn complained(complaints: Vec<Complaint>) -> Option<Failure> {
    complaints.into_iter().map(|c| Failure::usage(c.message).help(c.hint)).reduce(Failure::and)
}

/// How the kind of a stored connection is typed.
pub(crate) fn kind_name(connection: &Connection) -> String {
    typed(&connection.source, &connection.kind)
}

/// How a kind of a bundle is typed.
fn typed(source: &Source, kind: &str) -> String {
    match source {
        Source::Folder { path, .. } => path.join(kind).display().to_string(),
        source => format!("{}/{kind}", source.bundle()),
    }
}

/// The kinds of all built-in bundles, as they are typed.
fn built_in_kinds() -> Vec<String> {
    let bundles = Bundle::built_in_names().into_iter().filter_map(|name| Bundle::built_in(name)?.ok());
    bundles
        .flat_map(|bundle| {
            bundle.manifest().connections.keys().map(|kind| typed(bundle.source(), kind)).collect::<Vec<_>>()
        })
        .collect()
}

/// Reads `--limit`s. An empty one goes back to what the bundle says, or to the default.
fn allow(connection: &mut Connection, given: &[(String, String)]) -> Result<(), Failure> {
    for (name, amount) in given {
        let limit = Limit::named(name)
            .map_err(|problem| Failure::usage(problem.message).help(problem.hint.unwrap_or_default()))?;
        let amount = match amount.as_str() {
            "" => None,
            amount => Some(limit.read(amount).map_err(Failure::usage)?),
        };
        connection.limits.set(limit, amount);
    }
    Ok(())
}

/// Reads `--setting`s. An empty one goes back to the bundle's own.
fn settle(connection: &mut Connection, bundle: &Bundle, given: &[(String, String)]) -> Result<(), Failure> {
    let declared = &bundle.manifest().settings;
    for (name, value) in given {
        if value.is_empty() {
            connection.settings.shift_remove(name);
            continue;
        }
        let setting = declared.get(name).ok_or_else(|| {
            let known: Vec<String> = declared.iter().map(|(name, s)| format!("{name}: {}", s.help)).collect();
            let known = if known.is_empty() {
                "it has none".to_owned()
            } else {
                format!("its settings:\n{}", known.join("\n"))
            };
            Failure::usage(format!("bundle \"{}\" has no setting \"{name}\"", bundle.manifest().name)).help(known)
        })?;
        let value =
            setting.parse_text(name, value).map_err(|message| Failure::usage(message).help(setting.help.clone()))?;
        connection.settings.insert(name.clone(), value);
    }
    Ok(())
}

/// Reads `--secret`s. What is no reference is not repeated: it may be the secret itself.
fn references(world: &World, given: &[String]) -> Result<Vec<(String, Reference)>, Failure> {
    let mut list: Vec<(String, Reference)> = Vec::new();
    for text in given {
        let (name, reference) = text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(|| {
            Failure::usage("--secret takes the name of a secret and where it is: --secret password=env:MOSYLE_PASSWORD")
        })?;
        let reference = reference_of(&format!("--secret {name}"), reference)?;
        if list.iter().any(|(known, _)| known == name) {
            return Err(Failure::usage(format!("--secret {name} is given twice")).help("leave one of them out"));
        }
        list.push((name.to_owned(), reference.anchored(&world.cwd)));
    }
    Ok(list)
}

fn reference_of(option: &str, text: &str) -> Result<Reference, Failure> {
    text.parse().map_err(|error: ReferenceError| {
        Failure::usage(format!("{option}: {}", error.reason())).help(ReferenceError::forms())
    })
}

/// Reads `--ca`, `--client-certificate` and `--proxy`. An empty one takes away what there was.
fn network(world: &World, connection: &mut Connection, given: &NetworkArgs) -> Result<(), Failure> {
    if let Some(file) = &given.ca {
        connection.ca = (!file.is_empty()).then(|| world.cwd.join(file));
        connection.check_ca().map_err(|complaint| Failure::usage(complaint.message).help(complaint.hint))?;
    }
    if let Some(text) = given.client_certificate.as_deref() {
        let reference = (!text.is_empty()).then(|| reference_of("--client-certificate", text)).transpose()?;
        connection.client_certificate = reference.map(|reference| reference.anchored(&world.cwd));
    }
    if let Some(url) = &given.proxy {
        connection.proxy = Some(url.clone()).filter(|url| !url.is_empty());
    }
    Ok(())
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

/// Names what the kind does not know, before anybody is asked for anything; with the whole command as it should be.
fn strangers(args: &AddArgs, connection: &Connection, reference: &Name, kind: &ConnectionKind) -> Result<(), Failure> {
    let Some(failure) = complained(connection.strangers(kind, &reference.to_string())) else { return Ok(()) };
    Err(failure.help(whole_command(args, connection, reference, kind)))
}

/// The command with what was given and what is missing.
fn whole_command(args: &AddArgs, connection: &Connection, reference: &Name, kind: &ConnectionKind) -> String {
    let given = Given::of(args, connection, kind);
    let command = add_command(&connection.name, &reference.to_string(), kind, &given).join("\n");
    format!("the whole command, with your own values in place of the words in capitals:\n{command}")
}

/// Asks for what is missing, if there is a person to ask; else names all of it in one command to type.
fn complete(
    world: &World,
    args: &AddArgs,
    connection: &mut Connection,
    reference: &Name,
    kind: &ConnectionKind,
) -> Result<(), Failure> {
    let fields: Vec<&String> = kind
        .fields
        .iter()
        .filter(|(name, f)| f.required && !connection.fields.contains_key(*name))
        .map(|(name, _)| name)
        .collect();
    let secrets: Vec<&String> = kind.secrets.keys().filter(|name| !connection.secrets.contains_key(*name)).collect();
    if fields.is_empty() && secrets.is_empty() {
        return Ok(());
    }
    if !world.interactive {
        let missing: Vec<String> = fields
            .iter()
            .map(|name| format!("field {name} ({})", kind.fields[*name].help))
            .chain(secrets.iter().map(|name| format!("secret {name} ({})", kind.secrets[*name].help)))
            .collect();
        return Err(Failure::usage(format!("{reference} also needs: {}", missing.join(", ")))
            .help(kind.help.as_str())
            .help(whole_command(args, connection, reference, kind)));
    }
    if !kind.help.is_empty() {
        world.console.say(&line(&kind.help));
    }
    for name in fields {
        let answer = ask::field(world, name, &kind.fields[name].help)?;
        connection.fields.insert(name.clone(), answer);
    }
    for name in secrets {
        let answer = ask::reference(world, name, &kind.secrets[name].help)?;
        connection.secrets.insert(name.clone(), answer.anchored(&world.cwd));
    }
    Ok(())
}

fn once(option: &str, given: &[(String, String)]) -> Result<(), Failure> {
    let twice = given.iter().enumerate().find(|(at, (name, _))| given[..*at].iter().any(|(known, _)| known == name));
    match twice {
        Some((_, (name, _))) => {
            Err(Failure::usage(format!("{option} {name} is given twice")).help("leave one of them out"))
        }
        None => Ok(()),
    }
}

/// What is out of the ordinary about a connection.
fn marks(connection: &Connection) -> String {
    let folder = matches!(connection.source, Source::Folder { .. });
    let marks = [
        (connection.read_only, "read-only"),
        (connection.allow_private, "private addresses allowed"),
        (folder, "bundle in a folder"),
    ];
    marks.iter().filter(|(is, _)| *is).map(|(_, mark)| *mark).collect::<Vec<_>>().join(", ")
}
