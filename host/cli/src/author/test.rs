//! `presetter test`.
//!
//! Owns: the course of a test run, from a folder to an exit code. Keeps: nothing runs while a file is wrong; a case is
//! written only with `--update`, and only where something differs; what is printed on standard output is the report alone.

mod json;
mod junit;
pub(super) mod report;
pub(super) mod table;

use std::sync::Arc;
use std::time::Instant;

use presetter_bundle::Bundle;
use presetter_check::Target;
use presetter_manifest::Diagnostics;
use presetter_manifest::nearest;
use presetter_runtime::Engine;
use presetter_trial::{Case, Coverage, OpenError, Suite, cases, updated};

use self::report::{Report, Tried};
use super::scripts;
use crate::args::{TestArgs, TestFormat};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files;
use crate::output::count;
use crate::prepare;
use crate::world::World;

/// Follows `presetter test`.
pub(crate) async fn test(world: &World, args: &TestArgs) -> Result<Exit, Failure> {
    let started = Instant::now();
    let target = Target::of(&args.dir)?;
    let bundle = Arc::new(Bundle::open_folder(&target.folder)?);
    let presets = target.preset.map_or_else(|| bundle.preset_names(), |one| vec![one]);
    let (mut all, untested) = read(&bundle, &presets)?;
    if let Some(word) = &args.case {
        all = chosen(all, word)?;
    }
    let suite = open(world, &bundle, &presets).await?;
    if world.interactive {
        world.console.say(&format!("running {}", count(all.len(), "case")));
    }
    let trials = suite.run_all(&all);
    let mut report = Report {
        bundle: bundle.manifest().name.as_str().to_owned(),
        cases: all.into_iter().zip(trials).map(|(case, trial)| Tried { case, trial }).collect(),
        faults: Vec::new(),
        coverage: Coverage::default(),
        // With a choice of cases, nothing can be said of presets without any.
        untested: if args.case.is_some() { Vec::new() } else { untested },
        took: started.elapsed(),
    };
    if args.update {
        update(world, &suite, &mut report)?;
    }
    let (cases, trials): (Vec<_>, Vec<_>) =
        report.cases.iter().map(|tried| (tried.case.clone(), tried.trial.clone())).unzip();
    report.coverage = suite.coverage(&cases, &trials);
    if !args.no_faults {
        report.faults = suite.faults(&cases, &trials);
    }
    report.took = started.elapsed();
    let shown = match args.format {
        TestFormat::Table => {
            world.console.data(&table::shown(&report, args.verbose, args.coverage, world.console.color()))
        }
        TestFormat::Json => world.console.json(&json::shown(&report)),
        TestFormat::Junit => world.console.data(&junit::shown(&report)),
    };
    // Nobody reads any more: the code still tells.
    let _: Result<(), _> = shown;
    Ok(if report.failed() + report.insane() == 0 { Exit::Ok } else { Exit::Failed })
}

/// All cases of these presets, and the presets that have none. Everything that is wrong is told at once.
pub(super) fn read(bundle: &Bundle, presets: &[String]) -> Result<(Vec<Case>, Vec<String>), Failure> {
    let (mut all, mut untested, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
    for name in presets {
        match bundle.preset(name).and_then(|preset| cases(bundle, &preset)) {
            Ok(cases) if cases.is_empty() => untested.push(name.clone()),
            Ok(cases) => all.extend(cases),
            Err(presetter_bundle::Error::Invalid(diagnostics)) => wrong.extend(diagnostics.0),
            Err(other) => return Err(other.into()),
        }
    }
    if wrong.is_empty() { Ok((all, untested)) } else { Err(Failure::at(Exit::Invalid, Diagnostics(wrong))) }
}

/// The cases with a word in their name.
fn chosen(all: Vec<Case>, word: &str) -> Result<Vec<Case>, Failure> {
    let names: Vec<String> = all.iter().map(Case::full_name).collect();
    let chosen: Vec<Case> = all.into_iter().filter(|case| case.full_name().contains(word)).collect();
    if chosen.is_empty() {
        let own = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
        let known: Vec<String> = names.iter().map(|name| own(name)).collect();
        let meant = nearest(word, known.iter().map(String::as_str));
        let failure = Failure::usage(format!("no case has \"{word}\" in its name"));
        return Err(match meant {
            Some(meant) => failure.help(format!("did you mean \"{meant}\"?")),
            None => failure.help(format!("there are: {}", names.join(", "))),
        });
    }
    Ok(chosen)
}

pub(super) async fn open(world: &World, bundle: &Arc<Bundle>, presets: &[String]) -> Result<Suite, Failure> {
    let limits = prepare::bundle_limits(bundle);
    let engine = prepare::engine(world, &limits)?;
    if let Some(wrong) = scripts::wrong(bundle, presets, || Ok(engine.clone())).await? {
        return Err(Failure::at(Exit::Invalid, wrong));
    }
    suite(bundle, presets, &engine)
}

/// These presets, ready to be tested.
pub(super) fn suite(bundle: &Arc<Bundle>, presets: &[String], engine: &Engine) -> Result<Suite, Failure> {
    Suite::open(bundle.clone(), presets.iter().map(String::as_str), engine).map_err(|error| match error {
        OpenError::Bundle(error) => error.into(),
        OpenError::Load { of, error } => Failure::new(Exit::Invalid, format!("{of}{error}")).help(error.hint()),
    })
}

/// Writes what came out into the cases, and looks again.
fn update(world: &World, suite: &Suite, report: &mut Report) -> Result<(), Failure> {
    for tried in &mut report.cases {
        let file = &tried.case.file;
        let wrong = |why: String| Failure::new(Exit::Invalid, format!("cannot write {file}: {why}"));
        if tried.trial.unanswered > 0 {
            world.console.warn(&format!("{file} is not updated: a request of it has no recorded answer"), &[]);
        }
        let Some(text) = updated(&tried.case, &tried.trial).map_err(&wrong)? else { continue };
        files::replace(&tried.case.path, &text).map_err(|error| wrong(error.to_string()))?;
        world.console.say(&format!("updated {file}"));
        let bundle = suite.bundle();
        let preset = bundle.preset(&tried.case.preset)?;
        tried.case = presetter_trial::case(bundle, &preset, tried.case.path.clone())?;
        tried.trial.mismatches.clear();
    }
    let cases: Vec<Case> = report.cases.iter().map(|tried| tried.case.clone()).collect();
    for (tried, trial) in report.cases.iter_mut().zip(suite.run_all(&cases)) {
        tried.trial = trial;
    }
    Ok(())
}
