//! New files: a workflow that works when its gaps are filled, and a sync with proposals.

use presetter_manifest::{Input, is_name};
use presetter_records::Object;
use presetter_workflow::{ENDING, Presets};
use serde_json::Value;

use super::caller::Caller;
use super::files::folder;
use crate::args::WorkflowNewArgs;
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::world::World;

/// Follows `presetter workflow new`.
pub(super) fn new(world: &World, args: &WorkflowNewArgs) -> Result<Exit, Failure> {
    named(&args.name, "workflow")?;
    let object = match args.object {
        Object::Software => return Err(Failure::usage("a workflow's object is users or saas_users")),
        object => object,
    };
    let mut text = format!(
        "title = \"{}\"\ndescription = \"\"\nobject = \"{object}\"\n\n[begin]\non = [\"manual\"]            # new, edited, archived, synced, schedule, manual\n# cron = \"0 6 * * 1-5\"     # for schedule: minute hour day month weekday\n# zone = \"Europe/Berlin\"\n# rules = {{ all = [\"department equals IT\", \"end_date is empty\"] }}\n",
        args.name.replace('-', " ")
    );
    match &args.preset {
        None => text.push_str(
            "\n[[block]]\nname = \"note\"\ntype = \"update\"              # api, role, update, condition, wait, notify, approval\nfields = { title = \"seen\" }\n",
        ),
        Some(preset) => {
            let info = Caller::new(world)?.describe(preset);
            let info = info.map_err(|trouble| Failure::new(Exit::Invalid, trouble.message).help(trouble.hint))?;
            let records = super::machine::records(world)?;
            let fields = records.fields(object).map_err(|error| Failure::new(Exit::Invalid, error.to_string()))?;
            let connection = args.connection.as_deref().unwrap_or("NAME");
            text.push_str(&format!(
                "\n[[block]]\nname = \"{}\"\ntype = \"api\"\npreset = \"{preset}\"\nconnection = \"{connection}\"\n{}\n[block.inputs]\n",
                preset.rsplit('/').next().unwrap_or("call"),
                if info.manifest.probe.is_some() { "confirm = true              # looks before and after, which may take a scan\n" } else { "" }
            ));
            for (name, input) in &info.manifest.inputs {
                let known = fields.get(name).is_ok();
                let mark = if input.must_be_given() || known { "" } else { "# " };
                let gap = if known || input.allowed.is_some() { "" } else { "no field has this name, fill it in; " };
                let help = format!("{gap}{}", line(&input.help));
                let help = if help.is_empty() { String::new() } else { format!("  # {help}") };
                text.push_str(&format!("{mark}{name} = {}{help}\n", value(name, input)));
            }
            let outputs: Vec<&str> = info.manifest.output_names().collect();
            if !outputs.is_empty() {
                text.push_str("\n# [block.success]\n# fields = { ");
                let shown: Vec<String> = outputs.iter().map(|name| format!("{name} = \"{{{{outputs.{name}}}}}\"")).collect();
                text.push_str(&format!("{} }}\n", shown.join(", ")));
            }
        }
    }
    write(world, &args.name, ENDING, &text)?;
    world.console.say(&format!("next: presetter workflow validate {}", args.name));
    Ok(Exit::Ok)
}

fn value(name: &str, input: &Input) -> String {
    match input.allowed.as_ref().and_then(|allowed| allowed.last()) {
        Some(Value::String(text)) => format!("\"{text}\""),
        Some(other) => other.to_string(),
        None => format!("\"{{{{record.{name}}}}}\""),
    }
}

pub(super) fn named(name: &str, what: &str) -> Result<(), Failure> {
    if is_name(name) {
        return Ok(());
    }
    Err(Failure::usage(format!("\"{}\" is no name of a {what}", line(name)))
        .help("a name has lower-case letters, digits and -, and begins with a letter"))
}

/// Writes a new file into the folder of workflows; nothing is overwritten.
pub(super) fn write(world: &World, name: &str, ending: &str, text: &str) -> Result<(), Failure> {
    let path = folder(world).join(format!("{name}{ending}"));
    let shown = line(&path.display().to_string());
    crate::files::create_private(&path, text).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Failure::usage(format!("{shown} is there already")).help("take another name, or edit that file")
        }
        _ => Failure::new(Exit::Invalid, format!("cannot write {shown}: {error}")),
    })?;
    let _ = world.console.data(&shown);
    Ok(())
}
