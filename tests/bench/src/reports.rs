//! What a report of 2,000 runs costs: the run with it, less the run without.

use std::fs;

use crate::bulk::{AT_ONCE, command, people};
use crate::kit::{Got, Took};
use crate::rounds::{Contender, PEAK, TIME, rounds};
use crate::stage::Stage;
use crate::table::{Section, Wanted};

const RUNS: usize = 2_000;
const FORMS: [&str; 4] = ["junit", "json", "html", "csv"];
/// Hurl's reports by its options; what each writes is a file, or a folder of files.
const HURLS: [(&str, &str); 3] = [("junit", "--report-junit"), ("json", "--report-json"), ("html", "--report-html")];

/// Each form, by the program and by Hurl.
pub(crate) fn reports(stage: &Stage<'_>) -> Vec<Section> {
    let kit = stage.kit;
    let mut section = Section::new(format!("A report of {RUNS} runs"));
    let rows = command(stage, "get", "fast", &people(kit, RUNS));
    let report = kit.place("report");
    let report_at = report.display().to_string();
    let clear = || {
        let _ = fs::remove_file(&report);
        let _ = fs::remove_dir_all(&report);
    };
    let run = |more: &[&str]| -> Got<Took> {
        clear();
        stage.took(rows.iter().map(String::as_str).chain(["--concurrency", AT_ONCE]).chain(more.iter().copied()))
    };
    let file = kit.inputs.join("create.hurl").display().to_string();
    let url = format!("url={}", stage.fast.url());
    let hurl = |more: &[&str]| -> Got<Took> {
        clear();
        let count = RUNS.to_string();
        let run = ["--test", "--variable", &url, "--variable", "access_token=access-token", "--repeat", &count, &file];
        kit.took(&kit.command("hurl", [&run[..], more].concat())?)
    };
    let mut contenders = vec![Contender::new("presetter, no report", || run(&[]))];
    for form in FORMS {
        let report_at = &report_at;
        contenders.push(Contender::new(format!("presetter, {form}"), move || run(&["--report", form, report_at])));
    }
    contenders.push(Contender::new("hurl, no report", || hurl(&[])));
    for (form, option) in HURLS {
        let report_at = &report_at;
        contenders.push(Contender::new(format!("hurl, {form}"), move || hurl(&[option, report_at])));
    }
    rounds(kit.of(5, 2), contenders, &mut section, &[TIME, PEAK]);
    for (who, forms) in [("presetter", &FORMS[..]), ("hurl", &HURLS.map(|(form, _)| form)[..])] {
        for form in forms {
            section.difference(TIME.0, "the report alone", &format!("{who}, {form}"), &format!("{who}, no report"));
            if who == "presetter" {
                section.figure("the report alone", &format!("{who}, {form}"), Wanted::AtMost(1000.0));
            }
        }
    }
    vec![section]
}
