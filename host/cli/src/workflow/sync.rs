//! `presetter sync`: a vendor's users into the records.

use std::sync::Arc;

use jiff::Timestamp;
use presetter_journal::seam::{Cancellation, RunId, RunState};
use presetter_manifest::Diagnostics;
use presetter_records::{Object, RowChange};
use presetter_workflow::sync::{Collector, Counts, ENDING, Sync, Synced, bring, propose};
use presetter_workflow::{Call, Kind, Mappings, Presets};
use serde_json::{Map, json};

use super::files;
use super::machine::{Machine, broken, failed};
use super::make;
use crate::args::{SyncArgs, TableFormat};
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::world::World;

/// Follows `presetter sync`.
pub(crate) async fn sync(world: &World, args: &SyncArgs) -> Result<Exit, Failure> {
    let Some(name) = &args.name else { return list(world) };
    if args.new {
        return new(world, name, args);
    }
    let sync = files::sync(world, name)?;
    let mappings = files::mappings(world)?;
    let machine = Machine::open(world).await?;
    if args.deactivate {
        let was = machine.engine.remove_schedule(&sync.flow()).await.map_err(|error| broken(&error))?;
        world.console.say(&format!("{} {}", sync.name, if was { "is not active any more" } else { "was not active" }));
        return Ok(Exit::Ok);
    }
    let digest = checked(&machine, &sync)?;
    if args.activate {
        return activate(world, &machine, &sync).await;
    }
    if args.dry_run {
        return dry_run(world, &machine, &sync, &mappings, digest, args.format).await;
    }
    let submission = sync.submission(&digest, &mappings);
    let run = machine.engine.submit(submission).await.map_err(|error| broken(&error))?.run;
    super::run::work(&machine, std::slice::from_ref(&run)).await.map_err(|error| broken(&error))?;
    let run = machine.engine.get(&run).await.map_err(|error| broken(&error))?;
    match (run.state, run.failure, run.result) {
        (RunState::Done, _, Some(result)) => {
            let synced: Synced = serde_json::from_value(result).map_err(|error| failed(&error.to_string()))?;
            Ok(tell(world, &synced, args.format, false))
        }
        (_, Some(failure), _) => Err(Failure::new(Exit::of_class(&failure.class, true), line(&failure.message))
            .help(format!("presetter workflow logs --run {}", run.id))),
        (state, ..) => Err(failed(&format!("the sync is {}", super::run::state(state)))
            .help(format!("presetter workflow logs --run {}", run.id))),
    }
}

/// The digest of the sync's preset, if nothing is wrong with the sync.
fn checked(machine: &Machine, sync: &Sync) -> Result<String, Failure> {
    let trouble = |text: &presetter_manifest::Text, trouble: presetter_workflow::Trouble| {
        let problem = presetter_template::Problem::new(trouble.message, text.span());
        let problem = if trouble.hint.is_empty() { problem } else { problem.with_hint(trouble.hint) };
        Failure::at(Exit::Invalid, Diagnostics::of(&sync.file, &sync.source, vec![problem]))
    };
    let info = machine.caller.describe(sync.preset.as_str()).map_err(|error| trouble(&sync.preset, error))?;
    machine
        .caller
        .connection(sync.preset.as_str(), sync.connection.as_str())
        .map_err(|error| trouble(&sync.connection, error))?;
    let records = machine.records()?;
    let fields = |object| records.fields(object).map_err(|error| failed(&error.to_string()));
    let problems = sync.check(&info, &*fields(Object::Users)?, &*fields(Object::SaasUsers)?);
    if problems.is_empty() {
        Ok(info.digest)
    } else {
        Err(Failure::at(Exit::Invalid, Diagnostics::of(&sync.file, &sync.source, problems)))
    }
}

async fn activate(world: &World, machine: &Machine, sync: &Sync) -> Result<Exit, Failure> {
    let Some(timer) = sync.timer(Timestamp::now()) else {
        return Err(Failure::usage(format!("{} has no schedule", sync.name))
            .help(format!("add cron = \"0 5 * * *\" to {}", line(&sync.file))));
    };
    let next = timer.next;
    machine.engine.put_schedule(timer).await.map_err(|error| broken(&error))?;
    world.console.say(&format!("{} is active; it runs next at {}", sync.name, next.strftime("%Y-%m-%d %H:%M:%S UTC")));
    super::run::warn_without_daemon(world, machine)?;
    Ok(Exit::Ok)
}

async fn dry_run(
    world: &World,
    machine: &Machine,
    sync: &Sync,
    mappings: &Mappings,
    digest: String,
    format: TableFormat,
) -> Result<Exit, Failure> {
    let (_nobody, cancellation) = Cancellation::pair();
    let call = Call {
        preset: sync.preset.as_str().to_owned(),
        digest,
        connection: sync.connection.as_str().to_owned(),
        inputs: Map::new(),
        body: None,
        confirm: false,
        run: RunId("dry-run".to_owned()),
        workflow: sync.flow(),
        cancellation,
    };
    let collector = Arc::new(Collector::default());
    let called = machine.caller.call(&call, collector.clone()).await;
    let rows = collector.rows();
    if called.kind != Kind::Ok {
        return Err(Failure::new(Exit::of_class(&called.class, true), line(&called.message)));
    }
    if rows.is_empty() {
        return Err(failed("the vendor lists nobody; no record would be changed"));
    }
    let mut records = machine.records()?;
    let mut watch = |object: Object, change: &RowChange| {
        if change.effect == presetter_records::Effect::Unchanged {
            return;
        }
        if format == TableFormat::Json {
            let _ = world.console.json(&json!({ "object": object, "change": change }));
            return;
        }
        let who = change.record.map_or_else(|| "new".to_owned(), |record| record.to_string());
        let fields: Vec<String> = change
            .fields
            .iter()
            .map(|field| {
                let old = field.old.as_ref().map(|old| format!("{} -> ", old.to_text())).unwrap_or_default();
                format!("{}: {old}{}", field.field, field.new.to_text())
            })
            .collect();
        let _ = world.console.data(&line(&format!("{object} {who}  {}  {}", change.effect.name(), fields.join(", "))));
    };
    let synced = bring(&mut records, sync, mappings, &rows, true, &mut watch);
    let synced = synced.map_err(|failure| failed(&failure.message))?;
    Ok(tell(world, &synced, format, true))
}

fn tell(world: &World, synced: &Synced, format: TableFormat, dry_run: bool) -> Exit {
    let refused = synced.users.refused + synced.saas_users.refused;
    let exit = if refused == 0 { Exit::Ok } else { Exit::Invalid };
    if format == TableFormat::Json {
        let _ = world.console.json(&json!(synced));
        return exit;
    }
    for refusal in &synced.refused {
        world.console.say(&format!("refused: {}", line(refusal)));
    }
    if synced.refused.iter().any(|refusal| refusal.contains("is archived")) {
        world.console.say(
            "to put an account in use again: presetter saas reactivate ID, or reactivate = true in the sync's file",
        );
    }
    let would = if dry_run { " would be" } else { "" };
    let counts = |what: &str, counts: Counts| {
        let Counts { created, updated, unchanged, refused } = counts;
        format!("{what}: {created}{would} created, {updated}{would} updated, {unchanged} unchanged, {refused} refused")
    };
    world.console.say(&format!("{} users of the vendor", synced.rows));
    if synced.users != Counts::default() {
        world.console.say(&counts("users", synced.users));
    }
    if synced.saas_users != Counts::default() {
        world.console.say(&counts("saas_users", synced.saas_users));
    }
    if synced.linked > 0 {
        world.console.say(&format!("{} saas_users were connected with their user", synced.linked));
    }
    exit
}

/// What the daemon submits when a sync's time has come, and when it comes next.
pub(super) fn due(
    world: &World,
    machine: &Machine,
    name: &str,
    now: Timestamp,
) -> Result<(presetter_journal::seam::Submission, Option<Timestamp>), String> {
    let told = |failure: Failure| failure.in_line();
    let sync = files::sync(world, name).map_err(told)?;
    let mappings = files::mappings(world).map_err(told)?;
    let digest = checked(machine, &sync).map_err(told)?;
    let next = sync.when.as_ref().and_then(|when| when.next(now));
    Ok((sync.submission(&digest, &mappings), next))
}

fn list(world: &World) -> Result<Exit, Failure> {
    let names = files::names(world, ENDING)?;
    for name in &names {
        let _ = world.console.data(&match files::sync(world, name) {
            Ok(sync) => line(&format!("{name}  {}  {}", sync.preset, sync.title)),
            Err(_) => format!("{name}  its file is wrong"),
        });
    }
    if names.is_empty() {
        world.console.say("there is no sync; make one by `presetter sync NAME --new --preset mosyle/users -c NAME`");
    }
    Ok(Exit::Ok)
}

/// A new sync, with proposals by name.
fn new(world: &World, name: &str, args: &SyncArgs) -> Result<Exit, Failure> {
    make::named(name, "sync")?;
    let (Some(preset), Some(connection)) = (&args.preset, &args.connection) else {
        return Err(Failure::usage("a new sync needs --preset and --connection"));
    };
    let caller = super::caller::Caller::new(world)?;
    let trouble =
        |trouble: presetter_workflow::Trouble| Failure::new(Exit::Invalid, trouble.message).help(trouble.hint);
    let info = caller.describe(preset).map_err(trouble)?;
    caller.connection(preset, connection).map_err(trouble)?;
    if !info.manifest.lists() {
        return Err(Failure::usage(format!("{preset} lists nothing")).help("take a preset that lists users"));
    }
    let records = super::machine::records(world)?;
    let rows: Vec<&str> = info.manifest.row_names().collect();
    let software = preset.split('/').next().unwrap_or(name);
    let proposed = |object| -> Result<Vec<(String, String)>, Failure> {
        let fields = records.fields(object).map_err(|error| failed(&error.to_string()))?;
        Ok(propose(&fields, &rows, software))
    };
    let mut text = format!(
        "title = \"Users of {software}\"\npreset = \"{preset}\"\nconnection = \"{connection}\"\nsoftware = \"{software}\"\ncreate = [\"saas_users\"]\nupdate = [\"saas_users\", \"users\"]\n# cron = \"0 5 * * *\"\n# zone = \"Europe/Berlin\"\n\n# Field of the record = field of a row: {}\n",
        rows.join(", ")
    );
    for (table, pairs) in [("users", proposed(Object::Users)?), ("saas_users", proposed(Object::SaasUsers)?)] {
        text.push_str(&format!("\n[{table}]\n"));
        for (field, row) in pairs {
            // A person's name is the organisation's to say.
            let mark = if table == "users" && !["email"].contains(&field.as_str()) && !field.contains(software) {
                "# "
            } else {
                ""
            };
            text.push_str(&format!("{mark}{field} = \"{row}\"\n"));
        }
    }
    make::write(world, name, ENDING, &text)?;
    world.console.say(&format!("next: presetter sync {name} --dry-run"));
    Ok(Exit::Ok)
}
