//! Packing, verifying and installing a bundle, from the start of a process to its end.

use std::fs;
use std::process::Command;

use crate::kit::{Got, Took};
use crate::rounds::{COMPUTING, Contender, PEAK, TIME, rounds};
use crate::stage::{Stage, folder, package, packed};
use crate::table::Section;

/// The larger one: it has the interpreter of scripts in it.
const BUNDLE: &str = "scripts";

/// See the module.
pub(crate) fn packages(stage: &Stage<'_>) -> Vec<Section> {
    let mut section = Section::new("Packages");
    if let Err(why) = steps(stage, &mut section) {
        section.missing("presetter", &why);
    }
    vec![section]
}

fn steps(stage: &Stage<'_>, section: &mut Section) -> Got<()> {
    let kit = stage.kit;
    let home = kit.place("home-packages");
    let presetter = |line: &str| -> Got<Command> {
        let mut command = stage.presetter(line.split(' '))?;
        command.env("PRESETTER_HOME", &home);
        Ok(command)
    };
    let took = |line: &str| -> Got<Took> { kit.took(&presetter(line)?) };
    let (bundle, packed) = (folder(kit, BUNDLE), packed(BUNDLE));
    package(kit, BUNDLE, &|line| kit.done(presetter(line)?))?;
    section.title = format!("A package of {} bytes", fs::metadata(kit.place(&packed)).map_or(0, |m| m.len()));
    let contenders = vec![
        Contender::new("presetter --version", || took("--version")),
        Contender::new("presetter pack", || {
            let _ = fs::remove_file(kit.place("again.preset"));
            took(&format!("pack {} -o again.preset", bundle.display()))
        }),
        Contender::new("presetter verify", || took(&format!("verify {packed} --key team.key.pub"))),
        Contender::new("presetter install, nothing compiled", || {
            for folder in ["data", "cache"] {
                let _ = fs::remove_dir_all(home.join(folder));
            }
            took(&format!("install {packed} --yes"))
        }),
    ];
    rounds(kit.of(7, 2), contenders, section, &[TIME, COMPUTING, PEAK]);
    Ok(())
}
