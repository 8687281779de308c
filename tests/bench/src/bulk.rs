//! Many rows in one process, 64 at once, against a server that takes 20 ms and one that takes no time.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use crate::kit::{Got, Kit, Server, Took};
use crate::rounds::{Contender, PEAK, rounds};
use crate::stage::Stage;
use crate::table::{Section, Wanted};

/// As many at once.
pub(crate) const AT_ONCE: &str = "64";

/// Each server, each kind of request.
pub(crate) fn bulk(stage: &Stage<'_>) -> Vec<Section> {
    let servers = [("fast", &stage.fast, "no delay", [0.55, 0.15]), ("slow", &stage.slow, "20 ms", [0.97, 0.97])];
    let rows = stage.kit.of(20_000, 500);
    let mut sections = Vec::new();
    for (name, server, takes, wanted) in servers {
        for what in ["create", "get"] {
            let section = Section::new(format!("{rows} rows, {what}, {takes}"));
            sections.push(one(stage, section, (name, server), what, rows, wanted));
        }
    }
    sections
}

/// The same requests by everybody.
fn one(
    stage: &Stage<'_>,
    mut section: Section,
    (server_name, server): (&str, &Server),
    what: &'static str,
    rows: usize,
    wanted: [f64; 2],
) -> Section {
    let kit = stage.kit;
    // What goes one after the other would take minutes: fewer requests are as good for what one costs.
    let few = if server_name == "slow" { rows / 40 } else { rows / 4 };
    let fewer = few.min(rows / 20);
    let file = people(kit, rows);
    let raw = |threads: &'static str| {
        move || per(kit.took(&kit.command("raw", [threads, what, &server.url(), &rows.to_string(), AT_ONCE])?), rows)
    };
    let python = |threads: &'static str, count: usize| {
        let program = kit.inputs.join("loop.py").display().to_string();
        move || {
            let call = [&program, what, &server.url(), &count.to_string(), threads];
            per(kit.took(&kit.command("python", call)?), count)
        }
    };
    let [one_file, many_files] =
        [1, 64].map(|files| requests(kit, what, server, if files == 1 { few } else { rows }, files));
    let contenders = vec![
        Contender::new("presetter, recipe", || per(each(stage, what, server_name, &file), rows)),
        Contender::new("presetter, script", || {
            per(each(stage, &format!("{what}-by-script"), server_name, &file), rows)
        }),
        Contender::new("reqwest, 1 thread", raw("1")),
        Contender::new("reqwest, 2 threads", raw("2")),
        Contender::new("hurl, one file", || {
            per(kit.took(&kit.command("hurl", ["--no-output"].map(PathBuf::from).iter().chain(&one_file))?), few)
        }),
        Contender::new("hurl, 64 files at once", || {
            let options = ["--no-output", "--parallel", "--jobs", AT_ONCE].map(PathBuf::from);
            per(kit.took(&kit.command("hurl", options.iter().chain(&many_files))?), rows)
        }),
        Contender::new("python requests, 1 thread", python("1", fewer)),
        Contender::new("python requests, 64 threads", python(AT_ONCE, fewer)),
    ];
    let figures = [
        ("requests", "per second", (|took| 1.0 / took.seconds) as fn(&Took) -> f64),
        ("computing time of a request", "µs", |took| took.computing * 1e6),
        PEAK,
    ];
    // Where the server is waited for, rounds differ little and take long.
    rounds(kit.of(if server_name == "slow" { 3 } else { 5 }, 2), contenders, &mut section, &figures);
    let rate = |who: &str| section.median("requests", who).unwrap_or(0.0);
    let faster =
        if rate("reqwest, 1 thread") > rate("reqwest, 2 threads") { "reqwest, 1 thread" } else { "reqwest, 2 threads" };
    for (who, wanted) in ["presetter, recipe", "presetter, script"].into_iter().zip(wanted) {
        section.ratio("requests", who, faster, Some(Wanted::AtLeast(wanted)));
    }
    section.ratio("computing time of a request", "presetter, recipe", "hurl, one file", Some(Wanted::AtMost(0.5)));
    section.ratio("computing time of a request", "presetter, recipe", faster, None);
    section
}

/// The program with the rows of a file, against the server `fast` or `slow`.
pub(crate) fn each(stage: &Stage<'_>, preset: &str, server: &str, file: &str) -> Got<Took> {
    stage.took(command(stage, preset, server, file).iter().map(String::as_str).chain(["--concurrency", AT_ONCE]))
}

/// The command, without a word on how many at once.
pub(crate) fn command(stage: &Stage<'_>, preset: &str, server: &str, file: &str) -> Vec<String> {
    let [preset, connection] = stage.preset(preset, server);
    let words = ["run", &preset, "-c", &connection, "--each", file, "--ignore-unknown", "--yes"];
    words.map(str::to_owned).into()
}

/// What one of so many requests took.
fn per(took: Got<Took>, count: usize) -> Got<Took> {
    let Took { seconds, computing, peak_mib } = took?;
    Ok(Took { seconds: seconds / count as f64, computing: computing / count as f64, peak_mib })
}

/// A file of so many people.
pub(crate) fn people(kit: &Kit, rows: usize) -> String {
    let file = kit.place(&format!("people-{rows}.csv"));
    if !file.exists() {
        let mut text = "user_id,name,type,email\n".to_owned();
        (0..rows).for_each(|n| writeln!(text, "e{n},Person {n},ENDUSER,e{n}@example.com").unwrap());
        fs::write(&file, text).unwrap();
    }
    file.display().to_string()
}

/// The same requests as files of Hurl.
fn requests(kit: &Kit, what: &str, server: &Server, count: usize, files: usize) -> Vec<PathBuf> {
    let url = server.url();
    let entry = |n: usize| {
        let request = if what == "create" {
            format!(
                "POST {url}/users\nAuthorization: Bearer key\n{{ \"operation\": \"create_user\", \"user_id\": \"e{n}\", \
                 \"name\": \"Person {n}\", \"type\": \"ENDUSER\", \"email\": \"e{n}@example.com\" }}\n"
            )
        } else {
            format!("GET {url}/users/e{n}\nAuthorization: Bearer key\n")
        };
        request
            + "HTTP 200\n[Asserts]\njsonpath \"$.status\" == \"OK\"\njsonpath \"$.response[0].status\" == \"OK\"\n\n"
    };
    let write = |file: usize| {
        let place = kit.place(&format!("{what}-{files}-{file}.hurl"));
        fs::write(&place, (file..count).step_by(files).map(entry).collect::<String>()).unwrap();
        place
    };
    (0..files).map(write).collect()
}
