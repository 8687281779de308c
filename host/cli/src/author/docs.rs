//! `presetter docs`: pages about a bundle's presets.
//!
//! Owns: which pages are made, running the cases that give their samples, and writing. Keeps: a file that `presetter docs` did not write is
//! never overwritten, and then nothing is; nothing is removed.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use presetter_author::pages::{self, MARK, Page, Sample};
use presetter_bundle::{Bundle, PresetFile};
use presetter_check::Target;
use presetter_trial::{Case, cases};

use super::test;
use crate::args::DocsArgs;
use crate::console::{line, text};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files;
use crate::output::count;
use crate::world::World;

/// Follows `presetter docs`.
pub(crate) async fn docs(world: &World, args: &DocsArgs) -> Result<Exit, Failure> {
    let target = Target::of(&args.dir)?;
    let bundle = Arc::new(Bundle::open_folder(&target.folder)?);
    let names = target.preset.clone().map_or_else(|| bundle.preset_names(), |one| vec![one]);
    let (presets, cases) = read(&bundle, &names)?;
    let samples = samples(world, &bundle, &names, &cases).await?;
    let mut made = Vec::new();
    if target.preset.is_none() {
        made.push(pages::index(&bundle, &presets));
    }
    for preset in &presets {
        let own: Vec<Sample> =
            samples.iter().filter(|(name, _)| *name == preset.name).map(|(_, sample)| sample.clone()).collect();
        made.push(pages::preset(&bundle, preset, &own));
    }
    let Some(folder) = &args.out else {
        let all: Vec<String> = made.iter().map(|page| text(&page.text)).collect();
        // A closed pipe is the reader's choice.
        let _ = world.console.data(&all.join("\n---\n\n"));
        return Ok(Exit::Ok);
    };
    let stale = if target.preset.is_none() { stale(folder, &made) } else { Vec::new() };
    if args.check { check(world, folder, &made, &stale) } else { write(world, folder, &made, &stale) }
}

/// The presets with their cases. What is wrong with any of them is told at once.
fn read(bundle: &Bundle, names: &[String]) -> Result<(Vec<PresetFile>, Vec<Case>), Failure> {
    let (mut presets, mut all, mut wrong) = (Vec::new(), Vec::new(), None);
    for name in names {
        let read = bundle.preset(name).and_then(|preset| Ok((cases(bundle, &preset)?, preset)));
        match read {
            Ok((cases, preset)) => {
                all.extend(cases);
                presets.push(preset);
            }
            Err(error) => {
                let failure = Failure::from(error);
                wrong = Some(match wrong.take() {
                    Some(before) => Failure::and(before, failure),
                    None => failure,
                });
            }
        }
    }
    wrong.map_or(Ok((presets, all)), Err)
}

/// What the cases show, by preset. A case that does not come out as it says shows nothing.
async fn samples(
    world: &World,
    bundle: &Arc<Bundle>,
    names: &[String],
    cases: &[Case],
) -> Result<Vec<(String, Sample)>, Failure> {
    if cases.is_empty() {
        return Ok(Vec::new());
    }
    let trials = test::open(world, bundle, names).await?.run_all(cases);
    let mut samples = Vec::new();
    for (case, trial) in cases.iter().zip(&trials) {
        if trial.passed() {
            samples.push((case.preset.clone(), Sample::of(case, trial)));
        } else {
            let message = format!("{} is left out: it does not come out as it says", case.full_name());
            world.console.warn(&message, &["see it with: presetter test".to_owned()]);
        }
    }
    Ok(samples)
}

/// Pages in the folder that no preset has any more.
fn stale(folder: &Path, made: &[Page]) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let pages = entries.filter(|path| path.extension().is_some_and(|e| e == "md") && ours(path));
    let mut stale: Vec<PathBuf> = pages
        .filter(|path| !made.iter().any(|page| path.file_name().is_some_and(|name| name == page.file.as_str())))
        .collect();
    stale.sort();
    stale
}

/// Whether a file was written by `presetter docs`.
fn ours(path: &Path) -> bool {
    fs::read_to_string(path).is_ok_and(|text| text.starts_with(MARK))
}

fn check(world: &World, folder: &Path, made: &[Page], stale: &[PathBuf]) -> Result<Exit, Failure> {
    let mut wrong: Option<Failure> = None;
    let mut tell = |message: String| {
        let failure = Failure::new(Exit::Failed, message);
        wrong = Some(match wrong.take() {
            Some(before) => before.and(failure),
            None => failure,
        });
    };
    for page in made {
        let path = folder.join(&page.file);
        match fs::read_to_string(&path) {
            Ok(kept) if kept == page.text => {}
            Ok(_) => tell(format!("{} is not as it would be written", path.display())),
            Err(_) => tell(format!("{} is not there", path.display())),
        }
    }
    for path in stale {
        tell(format!("{} is about a preset that is not there any more", path.display()));
    }
    match wrong {
        Some(failure) => {
            Err(failure.help("write the pages with the same command without --check; remove what is left over"))
        }
        None => {
            world.console.say(&format!("{} as they would be written", count(made.len(), "page")));
            Ok(Exit::Ok)
        }
    }
}

fn write(world: &World, folder: &Path, made: &[Page], stale: &[PathBuf]) -> Result<Exit, Failure> {
    for page in made {
        let path = folder.join(&page.file);
        if path.exists() && !ours(&path) {
            return Err(Failure::usage(format!(
                "{} was not written by presetter docs; nothing was written",
                path.display()
            ))
            .help("move the file, or choose another folder"));
        }
    }
    let mut written = 0;
    for page in made {
        let path = folder.join(&page.file);
        if fs::read_to_string(&path).is_ok_and(|kept| kept == page.text) {
            continue;
        }
        let done = if path.exists() { files::replace(&path, &page.text) } else { files::create(&path, &page.text) };
        done.map_err(|error| Failure::new(Exit::Invalid, format!("cannot write {}: {error}", path.display())))?;
        written += 1;
    }
    for path in stale {
        let message = format!("{} is about a preset that is not there any more", path.display());
        world.console.warn(&message, &["remove the file".to_owned()]);
    }
    let shown = line(&folder.display().to_string());
    world.console.say(&format!("{} in {shown}, {written} of them changed", count(made.len(), "page")));
    Ok(Exit::Ok)
}
