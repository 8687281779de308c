//! `presetter receipts`: whether the log is as it was written.

use presetter_receipt::{Problem, Verified};
use serde_json::json;

use crate::args::{TableFormat, VerifyArgs};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::aligned;
use crate::receipt::unwritable;
use crate::world::World;

/// Looks at the whole log.
pub(crate) fn verify(world: &World, args: &VerifyArgs) -> Result<Exit, Failure> {
    let found = world.receipts().verify(args.head.as_ref());
    let found = found.map_err(|error| unwritable(&error, "the receipts cannot be read"))?;
    let console = &world.console;
    // A closed pipe is the reader's choice, not an error.
    let _ = match args.format {
        TableFormat::Json => console.json(&json!({
            "entries": found.entries,
            "files": found.files,
            "head": found.head.to_string(),
            "mended": found.mended,
            "torn": found.torn.as_ref().map(|torn| json!({
                "file": torn.file.display().to_string(), "line": torn.line, "bytes": torn.bytes,
            })),
            "problem": found.problem.as_ref().map(|Problem { file, line, fault }| json!({
                "file": file.display().to_string(), "line": line, "what": fault.to_string(),
            })),
        })),
        TableFormat::Table => console.data(&table(&found, console.color())),
    };
    if let Some(problem) = &found.problem {
        return Err(Failure::new(Exit::Trust, problem.to_string()).help(match found.entries {
            0 => "nothing in this log can be relied on".to_owned(),
            good => format!(
                "the chain holds up to entry {good}; nothing after it can be relied on. Keep a copy of the folder as it is"
            ),
        }));
    }
    if args.head.is_none() {
        console.say("That the newest entries were not removed shows only against a head that was kept elsewhere: --head SEQ:HASH");
    }
    Ok(Exit::Ok)
}

fn table(found: &Verified, color: bool) -> String {
    let files = if found.files == 1 { "file" } else { "files" };
    let mut rows =
        vec![("entries", format!("{} in {} {files}", found.entries, found.files)), ("head", found.head.to_string())];
    if found.mended > 0 {
        rows.push((
            "mended",
            format!("{}: half a line that a crash left was cut off, and the next entry says so", found.mended),
        ));
    }
    if let Some(torn) = &found.torn {
        let what = format!("{}:{}: {} bytes of a line that a crash left", torn.file.display(), torn.line, torn.bytes);
        rows.push(("torn", format!("{what}; the next entry cuts them off, and says so")));
    }
    if found.problem.is_none() {
        rows.push(("verdict", "no edit, no gap, no reordering".to_owned()));
    }
    let rows: Vec<(String, String)> = rows.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    aligned(&rows, "", color).join("\n")
}

/// Prints the head, to be kept elsewhere.
pub(crate) fn head(world: &World) -> Result<Exit, Failure> {
    let head = world.receipts().head();
    let head = head.map_err(|error| unwritable(&error, "the receipts cannot be read"))?;
    let _ = world.console.data(&head.to_string());
    Ok(Exit::Ok)
}
