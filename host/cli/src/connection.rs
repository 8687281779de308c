//! `presetter connection add | set | remove`.
//!
//! Owns: turning options into a [`Connection`] that its kind accepts. Must never: take a secret's value, or repeat what stood
//! after `--secret` where it is no reference, because it may be one.

use presetter_bundle::{Bundle, Reference as Name};
use presetter_connection::{Complaint, Connection, Reference, ReferenceError, Source};
use presetter_manifest::nearest;
use presetter_manifest::{ConnectionKind, Limit};
use url::Url;

use crate::add_command::{Given, add_command};
use crate::args::{AddArgs, NetworkArgs, SetArgs};
use crate::ask;
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::width;
use crate::packages::load;
use crate::select::{self, quoted, stored};
use crate::world::World;

/// Sets one up.
pub(crate) fn add(world: &World, args: &AddArgs) -> Result<Exit, Failure> {
    let reference: Name = args.kind.parse().map_err(|message: String| {
        Failure::usage(message).help(format!("the kinds there are: {}", built_in_kinds().join(", ")))
    })?;
    let bundle = select::open(world, &reference)?;
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
    let mut connection = Connection::new(&args.name, reference.item(), bundle.source().clone(), &ascii(base_url));
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

/// An address as it is used: letters beyond ASCII may look like others, so that what is shown would not be where it leads.
fn ascii(url: String) -> String {
    if url.is_ascii() {
        return url;
    }
    Url::parse(&url).map_or(url, |parsed| parsed.as_str().trim_end_matches('/').to_owned())
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
        connection.base_url = ascii(url.clone());
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
    let bundle = bundle_of(world, &connection)?;
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

/// The bundle that a connection was added for.
pub(crate) fn bundle_of(world: &World, connection: &Connection) -> Result<Bundle, Failure> {
    bundle_from(world, connection, &connection.source).map_err(|failure| {
        failure.help(format!(
            "let it serve another, and take this one away: presetter connection allow {0} SOURCE, then presetter connection disallow {0} SOURCE",
            quoted(&connection.name)
        ))
    })
}

/// The bundle of one of a connection's sources. One that is signed is verified.
pub(crate) fn bundle_from(world: &World, connection: &Connection, source: &Source) -> Result<Bundle, Failure> {
    let bundle = match source {
        Source::BuiltIn { bundle } => Bundle::built_in(bundle).transpose()?,
        Source::Folder { path, .. } => Some(Bundle::open_folder(path)?),
        Source::Signed { bundle, .. } => load::installed(world, bundle)?,
        _ => None,
    };
    let bundle = bundle.filter(|bundle| source.covers(bundle.source()));
    bundle.ok_or_else(|| {
        Failure::new(Exit::Trust, format!("connection \"{}\" serves {source}, which is not there", connection.name))
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
pub(crate) fn typed(source: &Source, kind: &str) -> String {
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
