//! Records from files and to them, however many there are.
//!
//! Keeps: nothing of a file is held but a batch of rows; refused rows are told as they come, a few on the terminal and all in a file
//! that was asked for.

use std::fs::File;
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::path::Path;

use presetter_records::{
    Cause, ExportError, ExportOptions, Format, ImportEvent, ImportOptions, ImportReport, Mode, Object, Refused,
    WhenArchived,
};
use serde_json::json;

use super::{broken, not_exported, not_imported, open, person, unusable, value, which};
use crate::args::{RecordsExportArgs, RecordsForm, RecordsImportArgs, TableFormat};
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::count;
use crate::packages::progress::Progress;
use crate::world::World;

/// How many refused rows are told on the terminal.
const TOLD: u64 = 20;

/// Follows `presetter records import`.
pub(crate) fn import(world: &World, args: &RecordsImportArgs) -> Result<Exit, Failure> {
    let format = form(&args.file, args.form)?;
    let mut records = open(world)?;
    let options = options(&records, args)?;
    let (reader, whole, name): (Box<dyn Read>, u64, String) = if args.file == Path::new("-") {
        (Box::new(io::stdin().lock()), 0, "standard input".to_owned())
    } else {
        let file = File::open(&args.file).map_err(|error| unusable(&args.file, &error))?;
        let whole = file.metadata().map_or(0, |found| found.len());
        (Box::new(file), whole, args.file.display().to_string())
    };
    let mut kept = match &args.refused {
        Some(path) => Some(crate::files::new_private(path).map_err(|error| unusable(path, &error))?),
        None => None,
    };
    let mut progress = Progress::new(&world.console, &name, whole);
    let (mut told, mut lost) = (0, None);
    let cause = Cause::import(&name, person(world));
    let report = records.import(reader, format, &options, &cause, &mut |event| {
        match event {
            ImportEvent::Refused(refused) => {
                told += 1;
                if told <= TOLD {
                    world.console.say(&refusal(refused));
                }
                let row = json!({ "line": refused.line, "field": refused.field, "column": refused.column, "reason": refused.reason });
                if let Some(Err(error)) = kept.as_mut().map(|kept| writeln!(kept, "{row}")) {
                    lost = Some(error);
                    return ControlFlow::Break(());
                }
            }
            ImportEvent::Changed(change) if options.dry_run && args.format == TableFormat::Table => {
                let fields = change.fields.iter().map(|field| format!("{}={}", field.field, line(&field.new.to_text())));
                let record = change.record.map_or_else(|| "a new record".to_owned(), |id| id.to_string());
                let fields = fields.collect::<Vec<_>>().join(" ");
                let _ = world.console.data(format!("{} {record} {fields}", change.effect.name()).trim_end());
            }
            ImportEvent::Changed(_) => {}
            ImportEvent::Progress(is) => progress.at(is.bytes),
        }
        ControlFlow::Continue(())
    });
    drop(progress);
    if let Some((path, error)) = args.refused.as_ref().zip(lost) {
        return Err(unusable(path, &error).help("what was read until then is imported; import the file again"));
    }
    let report = report.map_err(|error| not_imported(&error))?;
    if report.refused > TOLD && args.refused.is_none() {
        let more = count(report.refused - TOLD, "more row");
        world.console.say(&format!("{more} refused; all of them: --refused FILE"));
    }
    tell(world, &report, args);
    Ok(if report.refused > 0 { Exit::Invalid } else { Exit::Ok })
}

fn options(records: &presetter_records::Records, args: &RecordsImportArgs) -> Result<ImportOptions, Failure> {
    let usual: &[&str] = match args.object {
        Object::Users => &["email"],
        Object::SaasUsers => &["software", "external_id"],
        Object::Software => &["name"],
    };
    let mut options = ImportOptions::new(args.object, "");
    options.keys =
        if args.key.is_empty() { usual.iter().map(|key| (*key).to_owned()).collect() } else { args.key.clone() };
    options.mode = match (args.create_only, args.update_only) {
        (true, _) => Mode::CreateOnly,
        (_, true) => Mode::UpdateOnly,
        _ => Mode::CreateAndUpdate,
    };
    options.when_archived = if args.reactivate { WhenArchived::Reactivate } else { WhenArchived::Refuse };
    options.columns = args.column.iter().cloned().collect();
    let fields = records.fields(args.object).map_err(|error| broken(&error))?;
    for (name, text) in &args.set {
        options.constants.insert(name.clone(), value(&fields, name, text)?);
    }
    options.separator = args.separator;
    options.ignore_unknown = args.ignore_unknown;
    options.keep_empty = args.keep_empty;
    options.dry_run = args.dry_run;
    Ok(options)
}

fn refusal(refused: &Refused) -> String {
    let column = refused.column.as_ref().map(|column| format!(" (column {})", line(column))).unwrap_or_default();
    let field = refused.field.as_ref().map(|field| format!("{}{column}: ", line(field))).unwrap_or_default();
    format!("line {}: {field}{}", refused.line, line(&refused.reason))
}

fn tell(world: &World, report: &ImportReport, args: &RecordsImportArgs) {
    if args.format == TableFormat::Json {
        let _ = world.console.json(&json!({
            "dry_run": args.dry_run, "rows": report.rows, "created": report.created, "updated": report.updated,
            "unchanged": report.unchanged, "skipped": report.skipped, "refused": report.refused,
        }));
        return;
    }
    let counts = [
        (report.created, "created"),
        (report.updated, "updated"),
        (report.unchanged, "unchanged"),
        (report.skipped, "skipped"),
        (report.refused, "refused"),
    ];
    let counts = counts.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!("{number} {what}"));
    let counts = counts.collect::<Vec<_>>().join(", ");
    let rows = count(report.rows, "row");
    let dry = if args.dry_run { "; nothing was changed: this was a dry run" } else { "" };
    world.console.say(&if counts.is_empty() { format!("{rows}{dry}") } else { format!("{rows}: {counts}{dry}") });
}

/// Follows `presetter records export`.
pub(crate) fn export(world: &World, args: &RecordsExportArgs) -> Result<Exit, Failure> {
    let format = match (&args.out, args.form) {
        (Some(file), form) => self::form(file, form)?,
        (None, form) => format_of(form.unwrap_or(RecordsForm::Csv)),
    };
    let records = open(world)?;
    let fields = records.fields(args.object).map_err(|error| broken(&error))?;
    let (state, matcher) = which(&fields, &args.which)?;
    let options = ExportOptions {
        columns: (!args.field.is_empty()).then(|| args.field.clone()),
        separator: args.separator,
        neutralise: !args.as_they_are,
        mark: args.mark,
    };
    let write = |sink: &mut dyn Write| {
        let mut progress = |done: u64| {
            world.console.draw(&format!("{done} records"));
            ControlFlow::Continue(())
        };
        let done = records.export(sink, format, args.object, state, &matcher, &options, &mut progress);
        world.console.draw("");
        done
    };
    let done = match &args.out {
        Some(path) => {
            // People's data: for this user alone.
            let mut file = crate::files::new_private(path).map_err(|error| unusable(path, &error))?;
            let done = write(&mut file).map_err(|error| {
                not_exported(&error).help(format!("{} is not complete", line(&path.display().to_string())))
            })?;
            file.sync_all().map_err(|error| unusable(path, &error))?;
            done
        }
        None => {
            let mut lines = world.console.lines();
            match write(&mut lines).and_then(|done| lines.flush().map(|()| done).map_err(ExportError::from)) {
                // Nobody reads on.
                Err(ExportError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(Exit::Ok),
                done => done.map_err(|error| not_exported(&error))?,
            }
        }
    };
    world.console.say(&count(done, "record"));
    Ok(Exit::Ok)
}

/// The form of a file: as it is said, or as its name ends.
pub(crate) fn form(file: &Path, form: Option<RecordsForm>) -> Result<Format, Failure> {
    if let Some(form) = form {
        return Ok(format_of(form));
    }
    let ending = file.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    match ending.as_str() {
        "csv" | "tsv" | "txt" => Ok(Format::Csv),
        "json" => Ok(Format::Json),
        "jsonl" | "ndjson" => Ok(Format::JsonLines),
        _ => Err(Failure::usage(format!(
            "{}: its name does not say which form it has",
            line(&file.display().to_string())
        ))
        .help("say it: --as csv, --as json or --as jsonl")),
    }
}

fn format_of(form: RecordsForm) -> Format {
    match form {
        RecordsForm::Csv => Format::Csv,
        RecordsForm::Json => Format::Json,
        RecordsForm::Jsonl => Format::JsonLines,
    }
}
