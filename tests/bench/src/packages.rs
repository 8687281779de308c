//! Packing, verifying and installing a bundle, from the start of a process to its end.

use std::fs;
use std::process::Command;

use crate::kit::{Got, Took};
use crate::rounds::{COMPUTING, Contender, PEAK, TIME, rounds};
use crate::stage::Stage;
use crate::table::Section;

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
        command.env("PRESETTER_HOME", &home).env("PASSPHRASE", "a phrase of the benchmark");
        Ok(command)
    };
    let does = |line: &str| kit.done(presetter(line)?);
    let took = |line: &str| -> Got<Took> { kit.took(&presetter(line)?) };
    let phrase = "--passphrase env:PASSPHRASE";
    for key in ["team.key", "root.key"] {
        does(&format!("key generate {key} {phrase}"))?;
    }
    let id = does("key id team.key.pub")?;
    does(&format!("trust init --root-key root.key {phrase}"))?;
    does(&format!("trust add-key team.key.pub --owner Team --root-key root.key {phrase}"))?;
    does(&format!("trust rule bench --key {} --root-key root.key {phrase}", id.trim()))?;
    let bundle = stage.bundle();
    does(&format!("pack {} -o bench.preset", bundle.display()))?;
    does(&format!("sign bench.preset --key team.key {phrase}"))?;
    section.title = format!("A package of {} bytes", fs::metadata(kit.place("bench.preset")).map_or(0, |m| m.len()));
    let contenders = vec![
        Contender::new("presetter --version", || took("--version")),
        Contender::new("presetter pack", || {
            let _ = fs::remove_file(kit.place("again.preset"));
            took(&format!("pack {} -o again.preset", bundle.display()))
        }),
        Contender::new("presetter verify", || took("verify bench.preset --key team.key.pub")),
        Contender::new("presetter install", || {
            let _ = fs::remove_dir_all(home.join("data"));
            took("install bench.preset --yes")
        }),
    ];
    rounds(kit.of(21, 3), contenders, section, &[TIME, COMPUTING, PEAK]);
    Ok(())
}
