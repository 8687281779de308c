//! Many processes at once that all need the same session, which none has: there must be one login.

use std::process::Stdio;
use std::time::Instant;

use crate::kit::Got;
use crate::stage::Stage;
use crate::table::{Section, Wanted};

/// As many processes.
const PROCESSES: usize = 200;

/// See the module.
pub(crate) fn crowd(stage: &Stage<'_>) -> Vec<Section> {
    let mut section = Section::new(format!("{PROCESSES} processes at once, and no session"));
    let (mut seconds, mut logins) = (Vec::new(), Vec::new());
    for _ in 0..stage.kit.of(5, 1) {
        match once(stage) {
            Ok((took, count)) => {
                seconds.push(took);
                logins.push(count);
            }
            Err(why) => section.missing("presetter", &why),
        }
    }
    section.line("all of them", "presetter", "s", seconds);
    section.line("logins", "presetter", "at the server", logins);
    section.figure("logins", "presetter", Wanted::AtMost(1.0));
    vec![section]
}

/// How long all took, and how many logged in.
fn once(stage: &Stage<'_>) -> Got<(f64, f64)> {
    stage.forget();
    let (before, _) = stage.fast.counts();
    let started = Instant::now();
    let start = || {
        let mut command = stage.create_user()?;
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().map_err(|error| error.to_string())
    };
    let children: Vec<_> = (0..PROCESSES).map(|_| start()).collect();
    let mut wrong = None;
    for child in children {
        let output = child?.wait_with_output().map_err(|error| error.to_string())?;
        if !output.status.success() {
            wrong = Some(String::from_utf8_lossy(&output.stderr).into_owned());
        }
    }
    let took = started.elapsed().as_secs_f64();
    wrong.map_or(Ok((took, (stage.fast.counts().0 - before) as f64)), Err)
}
