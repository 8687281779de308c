//! `presetter check`: what can be known about a bundle without running it.
//!
//! Owns: the order of checking and mending, where what is found is printed, and the exit code. Findings are data and go to standard output;
//! what was mended, and the summary, are talk.

use presetter_bundle::Bundle;
use presetter_check::{Level, Report, Target, github, json, mend};

use super::scripts;
use crate::args::{CheckArgs, CheckFormat};
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::prepare;
use crate::world::World;

/// What is mended may bring to light what can be mended next. It is done when nothing more is; this only bounds a mistake of ours.
const ROUNDS: usize = 8;

/// Follows `presetter check`.
pub(crate) async fn check(world: &World, args: &CheckArgs) -> Result<Exit, Failure> {
    let target = Target::of(&args.dir)?;
    let (report, kept) = if args.fix { mended(world, &target).await? } else { (look(world, &target).await?, None) };
    // A closed pipe is the reader's choice.
    let _ = match args.format {
        CheckFormat::Json => world.console.json(&json(&report)),
        CheckFormat::Table | CheckFormat::Github if report.findings.is_empty() => Ok(()),
        CheckFormat::Github => world.console.data(&github(&report)),
        CheckFormat::Table => {
            let shown: Vec<String> = report.findings.iter().map(|f| f.render(world.console.color())).collect();
            world.console.data(&shown.join("\n\n"))
        }
    };
    world.console.say(&report.summary());
    if let Some(failure) = kept {
        return Err(failure);
    }
    let wrong = report.count(Level::Error) > 0 || args.deny_warnings && !report.findings.is_empty();
    Ok(if wrong { Exit::Invalid } else { Exit::Ok })
}

/// Checks; scripts are looked at where all manifests are right.
pub(super) async fn look(world: &World, target: &Target) -> Result<Report, Failure> {
    let mut report = presetter_check::check(target)?;
    if report.count(Level::Error) == 0 {
        let bundle = Bundle::open_folder(&target.folder)?;
        let presets = target.preset.clone().map_or_else(|| bundle.preset_names(), |one| vec![one]);
        let limits = prepare::bundle_limits(&bundle);
        if let Some(wrong) = scripts::wrong(&bundle, &presets, || prepare::engine(world, &limits)).await? {
            report.add(wrong);
        }
    }
    Ok(report)
}

/// Mends until nothing more can be; the failure tells of files that were left alone.
async fn mended(world: &World, target: &Target) -> Result<(Report, Option<Failure>), Failure> {
    let mut report = look(world, target).await?;
    for _ in 0..ROUNDS {
        let mended = mend(target, &report);
        for done in &mended.done {
            world.console.say(&format!("mended {}", line(done)));
        }
        let kept = mended.kept.into_iter().map(|(file, why)| {
            Failure::new(Exit::Invalid, format!("{file} was not mended: {why}")).help("run the same command again")
        });
        let kept = kept.reduce(Failure::and);
        let over = kept.is_some() || mended.done.is_empty();
        if !mended.done.is_empty() {
            report = look(world, target).await?;
        }
        if over {
            return Ok((report, kept));
        }
    }
    Ok((report, None))
}
