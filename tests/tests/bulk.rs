//! Many rows through one preset, by the command line.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]
#![allow(clippy::print_stdout, reason = "what was under way at the kills is of interest to whoever runs it at length")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use mosyle_standin::{HiddenFailure, Oddities, RateLimit};
use presetter_tests::Stage;
use serde_json::Value;

const CREATE: &str = "presetter run mosyle/create-user -c m --each new.csv --yes";

/// A stage with a connection, and so many new people in `new.csv`.
fn stage(count: usize) -> Stage {
    let stage = Stage::new(Oddities::default());
    stage.connect("m", "mosyle/session");
    let rows = (0..count).map(|n| format!("new{n},New {n},ENDUSER,new{n}@example.com\n")).collect::<String>();
    write(&stage, "new.csv", &format!("user_id,name,type,email\n{rows}"));
    stage
}

fn write(stage: &Stage, name: &str, text: &str) {
    fs::write(stage.folder().join(name), text).unwrap();
}

fn lines(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn numbers(lines: &[Value]) -> Vec<u64> {
    lines.iter().map(|line| line["row"].as_u64().unwrap()).collect()
}

/// How often each of the new was created.
fn created(stage: &Stage) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for user in stage.server().users().into_iter().filter(|user| user.identifier.starts_with("new")) {
        *counts.entry(user.identifier).or_default() += 1;
    }
    counts
}

/// So many were created, each once.
fn each_once(stage: &Stage, count: usize) {
    let created = created(stage);
    assert!(created.len() == count && created.values().all(|count| *count == 1), "{created:?}");
}

/// A run tells of so many rows, in their order, that each went well; and so many were created, each once.
fn all_created(stage: &Stage, line: &str, count: usize) {
    let told = lines(&stage.does(line));
    assert_eq!(numbers(&told), (1..=count as u64).collect::<Vec<_>>());
    assert!(told.iter().all(|line| line["outcome"] == "ok"), "{told:?}");
    each_once(stage, count);
}

/// The server answers 429 to one call of `every`, so many times.
fn refuses(stage: &Stage, every: u32, retry_after: &str, times: u32) {
    let limit = RateLimit { every, retry_after: Some(retry_after.to_owned()), times };
    stage.server().set_oddities(Oddities { rate_limit: Some(limit), ..Oddities::default() });
}

/// The ledgers that wait to be gone on with.
fn ledgers(stage: &Stage) -> usize {
    fs::read_dir(stage.home().join("state/bulk")).map_or(0, Iterator::count)
}

#[test]
fn rows_come_from_a_spreadsheet_and_results_stand_in_their_order() {
    let stage = stage(0);
    write(
        &stage,
        "staff.csv",
        "\u{feff}Id;Full name;type;notes\nnew1;\"O'Hara; \"\"D\"\"\";ENDUSER;x\nnew2;Two;BOSS;\nnew3;Three;;\nnew4;Four;ADMIN;y\nnew5\n",
    );
    let line = "presetter run mosyle/create-user -c m --each staff.csv --column user_id=Id --column 'name=Full name' \
                --ignore-unknown --map who='{{inputs.user_id}} is {{outputs.mosyle_user_id}}'";
    let ended = stage.ends(3, line);
    let told = lines(&ended.out);
    assert_eq!(numbers(&told), [1, 2, 3, 4, 5]);
    let outcomes: Vec<&str> = told.iter().map(|line| line["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["ok", "invalid", "invalid", "ok", "invalid"]);
    assert_eq!(told[1]["line"], 3);
    assert!(told[1]["message"].as_str().unwrap().contains("possible values: ADMIN, GROUP_ADMIN, ENDUSER"));
    assert!(told[2]["message"].as_str().unwrap().contains("\"type\""));
    assert!(told[4]["message"].as_str().unwrap().contains("1 cells, and the header 4"));
    let id = told[3]["outputs"]["mosyle_user_id"].as_str().unwrap();
    assert_eq!(told[3]["mapped"]["who"], format!("new4 is {id}"));
    // Several at once come to the server in any order.
    let names: BTreeSet<String> = stage.server().users().into_iter().map(|user| user.name).collect();
    assert_eq!(names, ["O'Hara; \"D\"", "Four"].map(str::to_owned).into());
    assert!(ended.err.contains("5 rows: 2 ok, 3 invalid"), "{}", ended.err);
    assert!(ended.err.contains("3 rows did not end well"), "{}", ended.err);
    assert_eq!(ledgers(&stage), 1, "what did not end well may be corrected");
    // One receipt for all of them.
    let runs = lines(&stage.does("presetter runs list --format json"));
    assert_eq!(runs.len(), 1, "{runs:?}");
}

#[test]
fn rows_that_are_corrected_are_sent_and_the_others_not_again() {
    let stage = stage(0);
    stage.server().set_oddities(Oddities { strict_identifier: true, ..Oddities::default() });
    let file = |rows: &str| write(&stage, "new.csv", &format!("user_id,name,type\n{rows}"));
    let sent = || stage.server().requests_to("/v1/users");
    let line = format!("{CREATE} --concurrency 1");
    // The second is wrong, the third is refused.
    file("new1,One,ENDUSER\nnew2,,ENDUSER\nnew1,Three,ENDUSER\nnew4,Four,ENDUSER\n");
    let ended = stage.ends(1, &line);
    assert!(ended.err.contains("2 rows did not end well") && ended.err.contains("--resume"), "{}", ended.err);
    assert_eq!((created(&stage).len(), sent(), ledgers(&stage)), (2, 3, 1));
    // Taken out, it lets the last stand where another stood: that would be sent once more.
    file("new1,One,ENDUSER\nnew3,Three,ENDUSER\nnew4,Four,ENDUSER\n");
    let ended = stage.ends(3, &format!("{line} --resume"));
    assert!(ended.err.contains("there are 3 rows, and row 4 was run before"), "{}", ended.err);
    file("new0,None,ENDUSER\nnew1,One,ENDUSER\nnew3,Three,ENDUSER\nnew4,Four,ENDUSER\n");
    let ended = stage.ends(3, &format!("{line} --resume"));
    assert!(ended.err.contains("row 1 (line 2) was run before with other values"), "{}", ended.err);
    file("new1,,ENDUSER\nnew2,Two,ENDUSER\nnew3,Three,ENDUSER\nnew4,Four,ENDUSER\n");
    let ended = stage.ends(3, &format!("{line} --resume"));
    assert!(ended.err.contains("row 1 (line 2) was run before with other values"), "{}", ended.err);

    file("new1,One,ENDUSER\nnew2,Two,ENDUSER\nnew3,Three,ENDUSER\nnew4,Four,ENDUSER\n");
    let ended = stage.ends(3, &line);
    assert!(ended.err.contains("not all rows ended well") && ended.err.contains("--resume"), "{}", ended.err);
    assert_eq!(sent(), 3, "nothing was sent since");
    let told = lines(&stage.does(&format!("{line} --resume")));
    let resumed: Vec<u64> = numbers(&told.into_iter().filter(|line| line["resumed"] == true).collect::<Vec<_>>());
    assert_eq!((resumed, sent(), ledgers(&stage)), (vec![1, 4], 5, 0));
    let created = created(&stage);
    assert!(created.len() == 4 && created.values().all(|count| *count == 1), "{created:?}");
    // Now that all ended well, the same command is a new run.
    stage.ends(1, &line);
}

#[test]
fn what_failed_is_sent_again_by_a_word_and_where_nothing_was_sent_nothing_is_kept() {
    let stage = stage(3);
    let hidden = HiddenFailure {
        operation: "create_user".to_owned(),
        status: "MISSING_DATA".to_owned(),
        info: "Missing key: os".to_owned(),
        times: Some(1),
    };
    stage.server().set_oddities(Oddities { hidden_failure: Some(hidden), ..Oddities::default() });
    stage.ends(1, CREATE);
    assert_eq!((created(&stage).len(), ledgers(&stage)), (2, 1));
    stage.ends(1, &format!("{CREATE} --resume"));
    assert_eq!((created(&stage).len(), ledgers(&stage)), (2, 1), "as it is it is not sent again without a word");
    stage.does(&format!("{CREATE} --resume --retry-failed"));
    each_once(&stage, 3);
    assert_eq!(ledgers(&stage), 0);

    write(&stage, "new.csv", "user_id,name,type\nnew9,,ENDUSER\n");
    let ended = stage.ends(3, CREATE);
    assert!(!ended.err.contains("--resume"), "{}", ended.err);
    write(&stage, "new.csv", "user_id,name,type\nnew9,Nine,ENDUSER\n");
    stage.does(CREATE);
    assert_eq!(ledgers(&stage), 0);
}

#[test]
fn a_run_of_some_rows_keeps_its_journal_for_the_rest() {
    let stage = stage(5);
    let ended = stage.ends(0, &format!("{CREATE} --limit 2"));
    assert!(ended.err.contains("the rest: the same command with --resume"), "{}", ended.err);
    assert_eq!((created(&stage).len(), ledgers(&stage)), (2, 1));
    stage.does(&format!("{CREATE} --resume"));
    each_once(&stage, 5);
    assert_eq!(ledgers(&stage), 0);
}

#[test]
fn json_lines_and_records_are_rows_too() {
    let stage = stage(0);
    write(&stage, "rows.jsonl", "{\"user_id\":\"new1\",\"name\":\"One\"}\n{\"user_id\":\"new2\",\"name\":2}\n");
    let rows = fs::read_to_string(stage.folder().join("rows.jsonl")).unwrap();
    let line = "presetter run mosyle/create-user -c m --each - --as jsonl --set type=ENDUSER";
    assert!(stage.run_with(line, &rows).err.contains("journal"));
    let ended = stage.run_with(&format!("{line} --journal j"), &rows);
    assert!(ended.exit == 2 && ended.err.contains("--yes"), "{}", ended.err);
    let ended = stage.run_with(&format!("{line} --journal j --yes"), &rows);
    let outcomes: Vec<Value> = lines(&ended.out).iter().map(|line| line["outcome"].clone()).collect();
    assert_eq!((ended.exit, outcomes), (3, vec!["ok".into(), "invalid".into()]));

    write(&stage, "staff.csv", "email,name,department\nann@example.com,Ann,IT\nbob@example.com,Bob,HR\n");
    stage.does("presetter records import users staff.csv");
    let line = "presetter run mosyle/create-user -c m --each-record 'department equals IT' --column user_id=email --set type=ADMIN";
    let told = lines(&stage.does(line));
    assert_eq!((told.len(), &told[0]["record"], &told[0]["outcome"]), (1, &"u-1".into(), &"ok".into()));
    assert_eq!(stage.server().users().last().unwrap().identifier, "ann@example.com");
}

#[test]
fn what_is_there_is_not_written_again() {
    let stage = stage(20);
    stage.does(CREATE);
    stage.server().clear_log();
    let ended = stage.ends(0, &format!("{CREATE} --skip-existing"));
    assert!(ended.err.contains("20 rows: 20 there already"), "{}", ended.err);
    assert_eq!(created(&stage).values().sum::<usize>(), 20);
}

#[test]
fn many_writes_are_asked_about() {
    let stage = stage(51);
    let line = "presetter run mosyle/create-user -c m --each new.csv";
    let ended = stage.run_with(line, "no\n");
    assert_eq!((ended.exit, created(&stage).len(), ledgers(&stage)), (2, 0, 0));
    assert!(ended.err.contains("51 rows would be sent: mosyle/create-user through m"), "{}", ended.err);
    let ended = stage.run_with(line, "yes\n");
    assert_eq!((ended.exit, created(&stage).len()), (0, 51), "{}", ended.err);
}

#[test]
fn a_server_that_asks_to_wait_is_obeyed_by_all_and_gets_no_row_twice() {
    let stage = stage(60);
    refuses(&stage, 7, "1", 6);
    all_created(&stage, CREATE, 60);
    assert!(stage.server().log().iter().filter(|logged| logged.status == 429).count() >= 6);
}

#[test]
fn who_is_refused_among_many_is_not_to_blame() {
    let stage = stage(60);
    refuses(&stage, 2, "0", 200);
    all_created(&stage, CREATE, 60);
}

#[test]
fn a_server_that_asks_for_too_long_ends_the_run_and_it_goes_on_later() {
    let stage = stage(200);
    refuses(&stage, 1, "7200", u32::MAX);
    let ended = stage.ends(1, CREATE);
    assert!(ended.err.contains("the server asks to wait for more than 60 min"), "{}", ended.err);
    assert!(ended.err.contains("go on: the same command with --resume"), "{}", ended.err);
    assert_eq!(
        (ended.out.as_str(), created(&stage).len(), ledgers(&stage)),
        ("", 0, 1),
        "no row was done, and none failed"
    );
    assert!(stage.server().log().len() < 100);
    stage.server().set_oddities(Oddities::default());
    all_created(&stage, &format!("{CREATE} --resume"), 200);
    assert_eq!(ledgers(&stage), 0);
}

/// Starts a run, presses Ctrl-C once the server has done something, and waits for its end: its results, and what it said.
#[cfg(unix)]
fn stopped(stage: &Stage, line: &str, once: impl Fn(&Stage) -> bool) -> (Vec<Value>, String) {
    let words = shlex::split(line).unwrap();
    let child = stage.command(&words[1..]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(120);
    while !once(stage) {
        assert!(Instant::now() < until, "it does not come so far");
        thread::sleep(Duration::from_millis(1));
    }
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::INT).unwrap();
    let ended = child.wait_with_output().unwrap();
    (lines(&String::from_utf8(ended.stdout).unwrap()), String::from_utf8(ended.stderr).unwrap())
}

#[cfg(unix)]
#[test]
fn a_run_that_is_stopped_waits_for_no_server() {
    let stage = stage(200);
    refuses(&stage, 21, "3000", u32::MAX);
    let refused = |stage: &Stage| stage.server().log().iter().any(|logged| logged.status == 429);
    let (told, err) = stopped(&stage, CREATE, refused);
    assert!(told.iter().all(|line| line["outcome"] == "ok") && err.contains("--resume"), "{told:?} {err}");
    assert_eq!(told.len(), created(&stage).len());
    stage.server().set_oddities(Oddities::default());
    all_created(&stage, &format!("{CREATE} --resume"), 200);
}

#[cfg(unix)]
#[test]
fn a_row_that_may_have_been_sent_is_told_also_if_the_run_is_stopped() {
    let stage = stage(3);
    stage.does("presetter connection set m --limit wall_time=1s");
    stage.server().set_oddities(Oddities { slow_create_ms: 20_000, ..Oddities::default() });
    // The look has to wait for its turn, and the run is stopped before that.
    let line = format!("{CREATE} --confirm --concurrency 1 --rate 20/m");
    let (told, err) = stopped(&stage, &line, |stage| !created(stage).is_empty());
    assert!(numbers(&told) == [1] && told[0]["outcome"] == "ok", "{told:?} {err}");
    stage.server().set_oddities(Oddities::default());
    stage.does("presetter connection set m --limit wall_time=30s");
    assert_eq!(numbers(&lines(&stage.does(&format!("{CREATE} --resume")))), [1, 2, 3]);
    each_once(&stage, 3);
}

#[test]
fn a_row_that_is_broken_off_keeps_no_place() {
    let stage = stage(3);
    stage.does("presetter connection set m --limit wall_time=1s");
    // Longer than a row may take: it is looked for after that, while nobody knows what became of it.
    stage.server().set_oddities(Oddities { slow_create_ms: 20_000, ..Oddities::default() });
    let told = lines(&stage.does(&format!("{CREATE} --confirm --concurrency 1")));
    assert_eq!(numbers(&told), [1, 2, 3]);
    assert!(told.iter().all(|line| line["outcome"] == "ok"), "{told:?}");
    each_once(&stage, 3);
}

/// Starts a run, and kills it when so many rows have been created.
fn killed(stage: &Stage, line: &str, at: usize) {
    let words = shlex::split(line).unwrap();
    let mut child = stage.command(&words[1..]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(120);
    while created(stage).len() < at && child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < until, "only {} were created", created(stage).len());
        thread::sleep(Duration::from_millis(1));
    }
    let _ = child.kill();
    child.wait().unwrap();
}

#[test]
fn a_run_that_is_killed_goes_on_and_creates_nobody_twice() {
    let count = std::env::var("PRESETTER_BULK_ROWS").ok().and_then(|text| text.parse().ok()).unwrap_or(400);
    let stage = stage(count);
    stage.server().set_oddities(Oddities { slow_ms: 10, ..Oddities::default() });
    killed(&stage, CREATE, count / 5);
    // The same command does not begin anew what may have been sent.
    let ended = stage.ends(3, CREATE);
    assert!(ended.err.contains("did not come to its end") && ended.err.contains("--resume"), "{}", ended.err);
    for part in 2..=4 {
        killed(&stage, &format!("{CREATE} --resume"), count * part / 5);
    }
    let ended = stage.ends(0, &format!("{CREATE} --resume"));
    let told = lines(&ended.out);
    assert_eq!(numbers(&told), (1..=count as u64).collect::<Vec<_>>());
    let resumed = told.iter().filter(|line| line["resumed"] == true).count();
    let looked = told.iter().filter(|line| line["outcome"] == "skipped").count();
    println!("of {count} rows {resumed} had ended before, and {looked} were found there by the probe");
    assert!(resumed > count / 2, "{resumed}");
    let created = created(&stage);
    assert_eq!(created.len(), count);
    assert!(created.values().all(|count| *count == 1), "{created:?}");
    assert_eq!(ledgers(&stage), 0);
}

#[test]
fn without_a_probe_what_may_have_been_sent_is_listed_and_left_alone() {
    let stage = stage(0);
    // The copy of the bundle says that nothing can look.
    let file = stage.folder().join("presets/mosyle/create-user/preset.toml");
    let text = fs::read_to_string(&file).unwrap();
    let begin = text.find("[probe]").unwrap();
    let end = text[begin + 1..].find("\n[").map_or(text.len(), |at| begin + 1 + at);
    let text = format!("{}{}", &text[..begin], &text[end..]).replace("repeat = \"probe\"", "repeat = \"none\"");
    fs::write(&file, text).unwrap();
    stage.connect("own", "./presets/mosyle/session");
    let rows = (0..100).map(|n| format!("new{n},New {n},ENDUSER\n")).collect::<String>();
    write(&stage, "new.csv", &format!("user_id,name,type\n{rows}"));
    stage.server().set_oddities(Oddities { slow_ms: 30, ..Oddities::default() });
    let line = "presetter run ./presets/mosyle/create-user -c own --each new.csv --yes --concurrency 4";
    killed(&stage, line, 30);
    let ended = stage.ends(7, &format!("{line} --resume"));
    let unknown: Vec<String> = lines(&ended.out)
        .iter()
        .filter(|line| line["outcome"] == "unknown")
        .map(|line| format!("new{}", line["row"].as_u64().unwrap() - 1))
        .collect();
    let created = created(&stage);
    assert!(!unknown.is_empty() && unknown.len() <= 4 + 16, "{unknown:?}");
    for n in 0..100 {
        let name = format!("new{n}");
        let times = created.get(&name).copied().unwrap_or_default();
        assert!(times == 1 || (times == 0 && unknown.contains(&name)), "{name} {times} times; unknown: {unknown:?}");
    }
    // A person has looked, and says so.
    stage.does(&format!("{line} --resume --retry-unknown"));
    assert_eq!(self::created(&stage).len(), 100);
}

#[test]
fn a_run_goes_on_with_what_it_began_with_and_may_be_forgotten() {
    let stage = stage(30);
    stage.server().set_oddities(Oddities { slow_ms: 20, ..Oddities::default() });
    killed(&stage, CREATE, 10);
    assert_eq!(ledgers(&stage), 1);
    write(&stage, "other.csv", "user_id,name,type\nnew0,Other,ADMIN\n");
    let other = CREATE.replace("new.csv", "other.csv");
    let ended = stage.ends(3, &format!("{other} --resume"));
    assert!(ended.err.contains("there is no run of these rows to go on with"), "{}", ended.err);
    let text = fs::read_to_string(stage.folder().join("new.csv")).unwrap();
    write(&stage, "new.csv", &text.replace("New 0,", "Another 0,"));
    let ended = stage.ends(3, &format!("{CREATE} --resume"));
    assert!(ended.err.contains("row 1 (line 2) was run before with other values"), "{}", ended.err);
    // As it was, it may begin anew; what is there is not written again.
    write(&stage, "new.csv", &text);
    stage.does(&format!("{CREATE} --restart --skip-existing"));
    assert_eq!((created(&stage).values().sum::<usize>(), ledgers(&stage)), (30, 0));
}

#[test]
fn a_run_that_ends_early_leaves_whole_reports() {
    let stage = stage(0);
    stage.server().set_oddities(Oddities { strict_identifier: true, ..Oddities::default() });
    let rows = "new1,=cmd|' /C calc'!A0,ENDUSER\nnew1,One,ENDUSER\n";
    write(&stage, "new.csv", &format!("user_id,name,type\n{rows}"));
    write(&stage, "r.xml", "of an earlier run");
    let reports = "--report junit r.xml --report json r.json --report html r.html --report csv r.csv";
    let line = format!("{CREATE} --concurrency 1 --on-error stop {reports} --map said='{{{{inputs.name}}}}'");
    let ended = stage.ends(1, &line);
    let read = |name: &str| fs::read_to_string(stage.folder().join(name)).unwrap();
    let json: Value = serde_json::from_str(&read("r.json")).unwrap();
    assert_eq!(json["rows"], Value::from(lines(&ended.out)));
    assert_eq!((&json["totals"]["ok"], &json["totals"]["failed"]), (&1.into(), &1.into()));
    assert!(json["stopped"].as_str().unwrap().contains("row 2 (line 3) did not end well"));
    assert!(read("r.csv").lines().nth(1).unwrap().ends_with(",\"'=cmd|' /C calc'!A0\""), "{}", read("r.csv"));
    assert!(read("r.xml").contains("tests=\"2\" failures=\"1\"") && read("r.xml").ends_with("</testsuites>\n"));
    assert!(read("r.html").contains("2 rows: 1 ok, 1 failed") && read("r.html").ends_with("</html>\n"));
    // The rows themselves stay, and what was there too if nothing is begun.
    let ended = stage.ends(2, &format!("{CREATE} --resume --report csv ./new.csv"));
    assert!(ended.err.contains("is needed for something else; nothing was sent"), "{}", ended.err);
    write(&stage, "r.xml", "of an earlier run");
    stage.ends(3, &line);
    assert_eq!(read("r.xml"), "of an earlier run");
    let beside = fs::read_dir(stage.folder()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(!beside.into_iter().any(|name| name.to_string_lossy().starts_with(".presetter-")));
}

#[test]
fn a_plan_sends_nothing_and_knows_what_was_sent() {
    let stage = stage(0);
    let row = |n: usize| format!("new{n},New {n},ENDUSER\n");
    let rows = (0..30).map(|n| if n == 7 { "new7,,ENDUSER\n".to_owned() } else { row(n) }).collect::<String>();
    // Two rows are as others were: the same, and the same person.
    write(&stage, "new.csv", &format!("user_id,name,type\n{rows}{}new4,Another,ADMIN\n", row(3)));
    let plan = "presetter plan mosyle/create-user -c m --each new.csv --format json";
    let told = |exit: i32| lines(&stage.ends(exit, plan).out).remove(0);
    let planned = told(3);
    let rows = &planned["rows"];
    assert_eq!(
        (&rows["all"], &rows["sent"], &rows["invalid"], &rows["same"]),
        (&32.into(), &31.into(), &1.into(), &2.into())
    );
    assert_eq!(planned["effects"]["create"], 31);
    assert_eq!((&planned["invalid"][0]["line"], &planned["same"][0]["as"]), (&9.into(), &5.into()));
    assert_eq!((&planned["same"][1]["line"], &planned["same"][1]["as"]), (&33.into(), &6.into()));
    assert_eq!(planned["same"][1]["inputs"], Value::from(vec!["user_id"]));
    assert_eq!(planned["request"]["body"]["user_id"], "new0");
    assert_eq!(stage.server().requests_to("/v1/users") + stage.server().logins(), 0);

    stage.ends(3, CREATE);
    let planned = told(3);
    assert_eq!((&planned["rows"]["sent"], &planned["rows"]["ended_before"]), (&0.into(), &31.into()));
    assert_eq!((&planned["request"], &planned["row"]), (&Value::Null, &Value::Null));
    let text = fs::read_to_string(stage.folder().join("new.csv")).unwrap();
    write(&stage, "new.csv", &text.replace("new7,,", "new7,Seven,"));
    let planned = told(0);
    assert_eq!((&planned["rows"]["sent"], &planned["request"]["body"]["user_id"]), (&1.into(), &"new7".into()));
    write(&stage, "new.csv", &text.replace("new0,New 0,", "new0,Another,"));
    let ended = stage.ends(3, plan);
    assert!(ended.err.contains("row 1 (line 2) was run before with other values"), "{}", ended.err);
}
