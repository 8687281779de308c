//! `presetter runs`: what the receipts tell of runs.
//!
//! Keeps: the log is read as a stream, so memory does not grow with it; an entry whose hash does not fit is never shown as
//! if it were true, but told.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::Path;

use presetter_receipt::{Run, Runs, Unreadable, since};
use serde_json::{Value, json};

use crate::args::{ExportArgs, ExportFormat, RunsListArgs, RunsShowArgs, TableFormat};
use crate::console::{Paint, json_text, line, painted, text};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{aligned, cell, time};
use crate::receipt::unwritable;
use crate::rows::Rows;
use crate::world::World;

/// How much of a run's id a table shows: its time and some random digits. It is enough to name the run.
const SHORT_ID: usize = 18;

/// Lists the newest runs.
pub(crate) fn list(world: &World, args: &RunsListArgs) -> Result<Exit, Failure> {
    let from = args.since.as_deref().map(|text| since(text).ok_or_else(|| no_moment(text))).transpose()?;
    let wanted = |run: &Run| {
        args.preset.as_ref().is_none_or(|name| run.text("/preset") == name)
            && args.connection.as_ref().is_none_or(|name| run.text("/connection/name") == name)
            && args.outcome.is_none_or(|outcome| run.outcome() == outcome.name())
            && from.as_deref().is_none_or(|from| run.started() >= from)
    };
    let mut newest: BTreeMap<u64, Run> = BTreeMap::new();
    let mut more: u64 = 0;
    each(world, |run| {
        if wanted(&run) {
            newest.insert(run.seq(), run);
            if newest.len() > args.limit {
                newest.pop_first();
                more += 1;
            }
        }
        Ok(())
    })?;
    let mut rows = Rows::new(args.format.into());
    for run in newest.values().rev() {
        let row = if args.format == TableFormat::Json { summary(run) } else { short(run) };
        if !rows.add(row, &world.console) {
            return Ok(Exit::Ok);
        }
    }
    rows.end(&world.console);
    if newest.is_empty() && more == 0 {
        world.console.say("there is no such run");
    } else if more > 0 {
        world.console.say(&format!("{more} older; --limit shows more"));
    }
    Ok(Exit::Ok)
}

/// Shows one run.
pub(crate) fn show(world: &World, args: &RunsShowArgs) -> Result<Exit, Failure> {
    let wanted = args.run.to_ascii_lowercase();
    let mut found: Vec<Run> = Vec::new();
    let mut several: Vec<String> = Vec::new();
    each(world, |run| {
        if run.id.starts_with(&wanted) {
            several.push(run.id.clone());
            several.truncate(4);
            found.push(run);
            found.truncate(1);
        }
        Ok(())
    })?;
    if several.len() > 1 {
        let mut names = several;
        if names.len() > 3 {
            names[3] = "...".to_owned();
        }
        return Err(Failure::usage(format!("several runs begin with \"{}\"", args.run)).help(names.join("\n")));
    }
    let Some(run) = found.pop() else {
        return Err(Failure::usage(format!("there is no run \"{}\"", args.run))
            .help("`presetter runs list` lists them; the first characters of its id are enough to name one"));
    };
    // A closed pipe is the reader's choice, not an error.
    let _ = match args.format {
        TableFormat::Json => world.console.json(&Value::Object(run.object())),
        TableFormat::Table => world.console.data(&account(&run, world.console.color())),
    };
    Ok(Exit::Ok)
}

/// Prints every run.
pub(crate) fn export(world: &World, args: &ExportArgs) -> Result<Exit, Failure> {
    let mut to = Target::open(world, args.output.as_deref())?;
    if args.format == ExportFormat::Csv {
        to.line(&COLUMNS.map(|(name, _)| name).join(","))?;
    }
    each(world, |run| match args.format {
        ExportFormat::Jsonl => to.line(&json_text(&Value::Object(run.object()))),
        ExportFormat::Csv => to.line(&COLUMNS.map(|(_, value)| csv(&value(&run))).join(",")),
    })?;
    to.close()
}

/// All runs, to be taken one by one. Lines that are no entries are told.
fn each(world: &World, mut take: impl FnMut(Run) -> Result<(), Failure>) -> Result<(), Failure> {
    let unreadable = |error| unwritable(&error, "the receipts cannot be read");
    let mut wrong: Option<(Unreadable, u64)> = None;
    for run in Runs::of(world.receipts().entries().map_err(unreadable)?) {
        match run.map_err(unreadable)? {
            Ok(run) => take(run)?,
            Err(first) => wrong.get_or_insert((first, 0)).1 += 1,
        }
    }
    if let Some((first, count)) = wrong {
        let more = if count > 1 { format!(" (and {} more)", count - 1) } else { String::new() };
        let help = "what such a line told is not shown; `presetter receipts verify` looks at the whole log".to_owned();
        world.console.warn(&format!("{first}{more}"), &[help]);
    }
    Ok(())
}

fn no_moment(text: &str) -> Failure {
    Failure::usage(format!("--since {text}: this is no time"))
        .help("how long ago: 7d, 12h, 30m; or a day or time in UTC: 2026-05-01, 2026-05-01T08:00:00Z")
}

/// A run in a table.
fn short(run: &Run) -> Value {
    json!({
        "started (UTC)": stamp(run.started()),
        "preset": run.get("/preset"),
        "connection": run.get("/connection/name"),
        "outcome": outcome(run),
        "run": run.id.get(..SHORT_ID).unwrap_or(&run.id),
    })
}

/// A run in a line of JSON.
fn summary(run: &Run) -> Value {
    let value = |pointer: &str| run.get(pointer).cloned().unwrap_or_default();
    json!({
        "run": run.id,
        "started": run.started(),
        "preset": value("/preset"),
        "effect": value("/effect"),
        "connection": value("/connection/name"),
        "user": value("/who/user"),
        "host": value("/who/host"),
        "outcome": run.outcome(),
        "class": value("/class"),
        "message": value("/message"),
        "requests": value("/requests_sent"),
        "duration_ms": value("/duration_ms"),
    })
}

/// `failed (auth)`.
fn outcome(run: &Run) -> String {
    match run.text("/class") {
        "" => run.outcome().to_owned(),
        class => format!("{} ({class})", run.outcome()),
    }
}

/// `2026-05-01 08:00:00`.
fn stamp(at: &str) -> String {
    line(&at.split('.').next().unwrap_or_default().replace('T', " "))
}

/// A length of time, if it is one: a log of someone else may say anything.
fn length(ms: &Value) -> Option<String> {
    let seconds = ms.as_f64()?.max(0.0) / 1000.0;
    std::time::Duration::try_from_secs_f64(seconds).ok().map(time)
}

/// A run for a person.
fn account(run: &Run, color: bool) -> String {
    let value = |pointer: &str| run.get(pointer).map(cell).unwrap_or_default();
    let paint = if run.outcome() == "ok" { Paint::Good } else { Paint::Bad };
    let took = run.get("/duration_ms").and_then(length).map(|took| format!(", took {took}"));
    let mut rows = vec![
        ("run", line(&run.id)),
        ("outcome", painted(paint, &line(&outcome(run)), color)),
        ("message", value("/message")),
        ("evidence", value("/evidence")),
        ("when", format!("{} UTC{}", stamp(run.started()), took.unwrap_or_default())),
        ("who", who(run)),
        ("command", format!("presetter {} (version {})", value("/command"), value("/program"))),
        ("preset", format!("{} ({})", value("/preset"), value("/effect"))),
        ("bundle", format!("{}, version {}", value("/source"), value("/version"))),
        ("digest", value("/digest")),
        ("component", value("/component")),
        (
            "connection",
            format!("{} ({}), {}", value("/connection/name"), value("/connection/kind"), value("/connection/base_url")),
        ),
        ("requests", sent(run)),
        ("entries", entries(run)),
    ];
    if run.begun.is_none() {
        // All that its beginning would tell is not known.
        rows.retain(|(name, _)| {
            ["run", "outcome", "message", "evidence", "when", "requests", "entries"].contains(name)
        });
    }
    rows.retain(|(_, value)| !value.is_empty());
    let rows: Vec<(String, String)> = rows.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let mut shown = aligned(&rows, "", color);
    if run.get("/inputs_hidden").is_some() {
        shown.push(
            "Its secrets were not looked up, so that no input could be told from one: all are hidden.".to_owned(),
        );
    }
    if run.ended.is_none() {
        shown.push("It has no end: it is still under way, or it was killed.".to_owned());
        if run.get("/writes").and_then(Value::as_bool) == Some(true) {
            shown.push("It may have changed something: look before you run it again.".to_owned());
        }
    }
    for (title, pointer) in
        [("settings", "/settings"), ("limits", "/limits"), ("inputs", inputs(run)), ("body fields", "/body_set")]
    {
        section(&mut shown, title, run.get(pointer), color);
    }
    let kept = run.get("/overridden").and_then(Value::as_bool) == Some(true);
    let title = if kept { "body template (the preset's override)" } else { "body template" };
    match run.get("/body") {
        Some(Value::String(body)) => {
            shown.push(painted(Paint::Bold, title, color));
            shown.extend(text(body).lines().map(|line| format!("  {line}")));
        }
        other => section(&mut shown, title, other, color),
    }
    if let Some(requests) = run.get("/requests").and_then(Value::as_array).filter(|requests| !requests.is_empty()) {
        shown.push(painted(Paint::Bold, "requests", color));
        shown.extend(requests.iter().flat_map(request));
        // Where each says what was left out before it, the whole would say it twice.
        let said = requests.iter().any(|request| request.get("left_out_before").is_some());
        if let Some(more) = run.get("/requests_left_out").filter(|_| !said) {
            shown.push(format!("  and {} more", cell(more)));
        }
    }
    shown.extend(left_out(run));
    shown.join("\n")
}

/// What was too large for the receipt, or held back.
fn left_out(run: &Run) -> Vec<String> {
    let mut told = Vec::new();
    for (name, value) in [&run.begun, &run.ended].into_iter().flatten().flat_map(|entry| &entry.body) {
        match (name.as_str(), value.get("left_out_bytes")) {
            ("withheld", _) => told.push(format!("What else an entry told was held back: {}.", cell(value))),
            ("left_out_bytes", _) => {
                told.push(format!(
                    "Left out, because it is too large for a receipt: an entry ({} bytes).",
                    cell(value)
                ));
            }
            (name, Some(bytes)) if value.as_object().is_some_and(|value| value.len() == 1) => {
                let (name, bytes) = (line(name), cell(bytes));
                told.push(format!("Left out, because it is too large for a receipt: {name} ({bytes} bytes)."));
            }
            _ => {}
        }
    }
    told
}

/// The inputs, or their names where nothing else is known.
fn inputs(run: &Run) -> &'static str {
    if run.get("/inputs").is_some() { "/inputs" } else { "/input_names" }
}

/// A title, and what stands under it: names with values, or names alone.
fn section(shown: &mut Vec<String>, title: &str, value: Option<&Value>, color: bool) {
    let rows: Vec<(String, String)> = match value {
        Some(Value::Object(object)) => object.iter().map(|(name, value)| (line(name), cell(value))).collect(),
        Some(Value::Array(names)) => names.iter().map(|name| (cell(name), String::new())).collect(),
        _ => return,
    };
    if !rows.is_empty() {
        shown.push(painted(Paint::Bold, title, color));
        shown.extend(aligned(&rows, "  ", color));
    }
}

fn who(run: &Run) -> String {
    let user = run.get("/who/user").map(cell);
    let uid = run.get("/who/uid").map(|uid| format!("uid {}", cell(uid)));
    let named = match (user, uid) {
        (Some(user), Some(uid)) => format!("{user} ({uid})"),
        (user, uid) => user.or(uid).unwrap_or_else(|| "not known".to_owned()),
    };
    match run.get("/who/host") {
        Some(host) => format!("{named} on {}", cell(host)),
        None => named,
    }
}

fn sent(run: &Run) -> String {
    let count = |pointer: &str, one: &str, many: &str| {
        run.get(pointer).map(|n| format!("{} {}", cell(n), if *n == json!(1) { one } else { many }))
    };
    let parts = [count("/requests_sent", "request", "requests"), count("/logins", "login", "logins")];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn entries(run: &Run) -> String {
    let parts = [&run.begun, &run.ended].into_iter().flatten().map(|entry| entry.seq.to_string());
    parts.collect::<Vec<_>>().join(" and ")
}

/// A request in lines: what it was and how it went, then its headers and bodies if they are kept.
fn request(request: &Value) -> Vec<String> {
    let how = match (&request["status"], &request["error"]) {
        (Value::Null, Value::Null) => "?".to_owned(),
        (Value::Null, error) => format!("no answer ({})", cell(error)),
        (status, _) => cell(status),
    };
    let took = length(&request["ms"]).map(|took| format!(" in {took}"));
    let first =
        format!("  {} {} -> {how}{}", cell(&request["method"]), cell(&request["url"]), took.unwrap_or_default());
    let mut lines = vec![first];
    if let Some(before) = request.get("left_out_before") {
        lines.insert(0, format!("  ({} more, not told)", cell(before)));
    }
    if let Some(bytes) = request.get("url_bytes") {
        lines.push(format!("    (the whole address has {} bytes)", cell(bytes)));
    }
    for (mark, told) in [('>', &request["request"]), ('<', &request["answer"])] {
        let headers = told["headers"].as_object().into_iter().flatten();
        lines.extend(headers.map(|(name, value)| format!("    {mark} {}: {}", line(name), cell(value))));
        if let Some(bytes) = told.get("headers_bytes") {
            lines.push(format!("    {mark} (all headers have {} bytes)", cell(bytes)));
        }
        if let Some(body) = told["body"].as_str().filter(|body| !body.is_empty()) {
            lines.extend(text(body).lines().map(|line| format!("    {mark} {line}")));
        }
        if told["cut"] == true || (told["body"].is_null() && told["body_bytes"].as_u64().is_some_and(|n| n > 0)) {
            lines.push(format!("    {mark} (the whole body has {} bytes)", cell(&told["body_bytes"])));
        }
    }
    lines
}

/// Where an export goes.
enum Target<'a> {
    Console(&'a World),
    /// A new file that takes the place of an old one when it is whole.
    File(io::BufWriter<tempfile::NamedTempFile>, &'a Path),
}

impl<'a> Target<'a> {
    fn open(world: &'a World, file: Option<&'a Path>) -> Result<Self, Failure> {
        let Some(file) = file.filter(|file| *file != Path::new("-")) else { return Ok(Self::Console(world)) };
        let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // Made for its owner alone on Unix: it holds people's data.
        let new = tempfile::Builder::new().prefix(".presetter-export-").tempfile_in(parent);
        // Its own words name a file that nobody asked for.
        let new = new.map_err(|e| match e.kind() {
            io::ErrorKind::NotFound => Failure::usage(format!("there is no folder {}", parent.display())),
            kind => unwritten(file, &kind.into()),
        })?;
        Ok(Self::File(io::BufWriter::new(new), file))
    }

    fn line(&mut self, shown: &str) -> Result<(), Failure> {
        match self {
            Self::Console(world) => {
                // A closed pipe is the reader's choice, not an error.
                let _ = world.console.raw(shown);
                Ok(())
            }
            Self::File(to, file) => writeln!(to, "{shown}").map_err(|e| unwritten(file, &e)),
        }
    }

    fn close(self) -> Result<Exit, Failure> {
        if let Self::File(to, file) = self {
            let new = to.into_inner().map_err(|e| unwritten(file, e.error()))?;
            new.persist(file).map_err(|e| unwritten(file, &e.error))?;
        }
        Ok(Exit::Ok)
    }
}

fn unwritten(file: &Path, error: &io::Error) -> Failure {
    Failure::usage(format!("cannot write {}: {error}", file.display()))
}

type Column = (&'static str, fn(&Run) -> String);

/// The columns of the CSV form.
const COLUMNS: [Column; 22] = [
    ("run", |run| run.id.clone()),
    ("started", |run| run.begun.as_ref().map(|entry| entry.at.clone()).unwrap_or_default()),
    ("ended", |run| run.ended.as_ref().map(|entry| entry.at.clone()).unwrap_or_default()),
    ("user", |run| plain(run, "/who/user")),
    ("uid", |run| plain(run, "/who/uid")),
    ("host", |run| plain(run, "/who/host")),
    ("command", |run| plain(run, "/command")),
    ("preset", |run| plain(run, "/preset")),
    ("effect", |run| plain(run, "/effect")),
    ("source", |run| plain(run, "/source")),
    ("version", |run| plain(run, "/version")),
    ("digest", |run| plain(run, "/digest")),
    ("connection", |run| plain(run, "/connection/name")),
    ("base_url", |run| plain(run, "/connection/base_url")),
    ("outcome", |run| run.outcome().to_owned()),
    ("class", |run| plain(run, "/class")),
    ("message", |run| plain(run, "/message")),
    ("evidence", |run| plain(run, "/evidence")),
    ("requests", |run| plain(run, "/requests_sent")),
    ("logins", |run| plain(run, "/logins")),
    ("duration_ms", |run| plain(run, "/duration_ms")),
    ("inputs", |run| plain(run, inputs(run))),
];

/// A value as a cell: texts bare, everything else as JSON, nothing as nothing.
fn plain(run: &Run, pointer: &str) -> String {
    run.get(pointer).filter(|value| !value.is_null()).map(cell).unwrap_or_default()
}

/// A cell of CSV (RFC 4180). What a spreadsheet would take for a formula gets an apostrophe before it: the texts are
/// strangers'.
pub(crate) fn csv(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r', '\'']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use presetter_receipt::{Entry, Kind};

    use super::*;

    fn run(begun: Value, ended: Value) -> Run {
        let entry = |seq, kind, body| {
            let Value::Object(body) = body else { return None };
            let at = "2026-05-01T08:00:00.123Z".into();
            Some(Entry { seq, prev: String::new(), at, kind, run: "r".into(), mended: None, body })
        };
        Run { id: "r".into(), begun: entry(1, Kind::Begun, begun), ended: entry(4, Kind::Ended, ended) }
    }

    #[test]
    fn a_cell_is_no_formula_and_breaks_no_row() {
        for (text, wanted) in [
            ("a", "a"),
            ("a,b", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("=1+1", "\"'=1+1\""),
            ("-1", "\"'-1\""),
            ("", ""),
        ] {
            assert_eq!(csv(text), wanted);
        }
    }

    #[test]
    fn an_account_of_a_killed_write_warns() {
        let killed =
            run(json!({ "preset": "a/b", "effect": "create", "writes": true, "input_names": ["id"] }), Value::Null);
        let shown = account(&killed, false);
        assert!(shown.contains("outcome     interrupted\n"), "{shown}");
        assert!(shown.ends_with("look before you run it again.\ninputs\n  id"), "{shown}");
        let reads = run(json!({ "preset": "a/b", "writes": false }), Value::Null);
        assert!(!account(&reads, false).contains("look before"));
    }

    #[test]
    fn an_account_steers_no_terminal() {
        let hostile = "x\u{1b}[2Jy";
        let shown = account(
            &run(
                json!({ "preset": hostile, "who": { "user": hostile }, "connection": { "name": hostile } }),
                json!({ "outcome": hostile, "message": hostile, "inputs": { hostile: hostile }, "body": hostile,
                        "requests": [{ "method": hostile, "url": hostile, "status": 200,
                                       "answer": { "headers": { hostile: hostile }, "body": hostile, "body_bytes": 5 } }] }),
            ),
            false,
        );
        assert!(!shown.contains('\u{1b}'), "{shown:?}");
    }

    #[test]
    fn a_time_that_is_none_steers_no_terminal_and_ends_no_program() {
        let mut hostile =
            run(json!({}), json!({ "duration_ms": 1e300, "requests": [{ "ms": 1e300, "method": "GET" }] }));
        let Some(begun) = &mut hostile.begun else { unreachable!() };
        begun.at = "x\u{1b}[2J\u{61c}y".into();
        let shown = account(&hostile, false);
        assert!(shown.contains("when        x?[2J?y UTC\n"), "{shown:?}");
        assert!(shown.contains("  GET - -> ?"), "{shown:?}");
        assert_eq!(length(&json!(-1.0)).as_deref(), Some("0.00 ms"));
        assert_eq!(length(&json!(1500)).as_deref(), Some("1500 ms"));
    }

    #[test]
    fn what_was_left_out_is_told() {
        let told = |ended| account(&run(json!({ "preset": "a/b" }), ended), false);
        let shown = told(json!({ "outcome": "ok", "requests": { "left_out_bytes": 9_000_000 } }));
        assert!(
            shown.ends_with("\nLeft out, because it is too large for a receipt: requests (9000000 bytes)."),
            "{shown}"
        );
        assert!(told(json!({ "left_out_bytes": 7 })).ends_with("too large for a receipt: an entry (7 bytes)."));
        assert!(told(json!({ "withheld": "why" })).ends_with("\nWhat else an entry told was held back: why."));
        let cut = json!({ "method": "GET", "url": "https://a/", "status": 200, "url_bytes": 9000, "left_out_before": 3,
                          "answer": { "headers": {}, "headers_bytes": 9001, "body_bytes": 0 } });
        let shown = told(json!({ "requests": [cut], "requests_left_out": 3 }));
        assert!(
            shown.ends_with(
                "requests\n  (3 more, not told)\n  GET https://a/ -> 200\n    (the whole address has 9000 bytes)\n    \
                 < (all headers have 9001 bytes)"
            ),
            "{shown}"
        );
        let shown = told(json!({ "requests": [{ "method": "GET" }], "requests_left_out": 3 }));
        assert!(shown.ends_with("\n  and 3 more"), "as receipts had it once: {shown}");
    }

    #[test]
    fn an_end_without_a_beginning_is_told_as_far_as_it_goes() {
        let shown = account(&run(Value::Null, json!({ "outcome": "ok", "requests_sent": 1 })), false);
        assert_eq!(
            shown,
            "run       r\noutcome   ok\nwhen      2026-05-01 08:00:00 UTC\nrequests  1 request\nentries   4"
        );
    }

    #[test]
    fn columns_have_different_names() {
        let mut names = COLUMNS.map(|(name, _)| name);
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
