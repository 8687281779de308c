//! `presetter dev`.
//!
//! Owns: waiting for saves, and beginning a round for what they changed. Keeps: a mistake ends no watch; what is saved while a
//! round goes on is looked at in the next one; Ctrl-C is an end like any other.

mod changes;
mod round;

use std::time::Duration;

use presetter_check::Target;
use tokio::sync::mpsc::{self, Receiver};
use tokio::time::timeout;

use self::changes::{Changed, Snapshot};
use self::round::Rounds;
use crate::args::DevArgs;
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::world::World;

/// A save is over when nothing happens for so long: editors write a file in several steps.
const QUIET: Duration = Duration::from_millis(50);
/// So many steps at most: who writes without end must not keep a round from beginning.
const STEPS: usize = 20;

/// Follows `presetter dev`.
pub(crate) async fn dev(world: &World, args: &DevArgs) -> Result<Exit, Failure> {
    let target = Target::of(&args.dir)?;
    let folder = target.folder.clone();
    let mut rounds = Rounds::new(target);
    if args.once {
        return rounds.play(world, &Changed::everything()).await;
    }
    // Taken before the first round, which is not to be killed either.
    let mut interrupted = world.signals.then(|| tokio::spawn(tokio::signal::ctrl_c()));
    let (tell, mut told) = mpsc::channel(1);
    let _watcher = changes::watch(&folder, tell).map_err(|why| {
        Failure::new(Exit::Invalid, format!("{} cannot be watched: {why}", folder.display()))
            .help("presetter dev --once does one round without watching")
    })?;
    let mut snapshot = Snapshot::of(&folder);
    played(world, &mut rounds, &Changed::everything()).await;
    world.console.say(&format!("watching {}; Ctrl-C ends it", line(&folder.display().to_string())));
    loop {
        let end = async {
            match &mut interrupted {
                Some(task) => drop(task.await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = end => return Ok(Exit::Ok),
            something = told.recv() => if something.is_none() { return Ok(Exit::Ok) },
        }
        settle(&mut told).await;
        let now = Snapshot::of(&folder);
        let changed = snapshot.until(&now);
        snapshot = now;
        if let Some(changed) = changed {
            played(world, &mut rounds, &changed).await;
        }
    }
}

/// Waits until a save is over.
async fn settle(told: &mut Receiver<()>) {
    for _ in 0..STEPS {
        if !matches!(timeout(QUIET, told.recv()).await, Ok(Some(()))) {
            return;
        }
    }
}

/// A round whose mistakes are told, and end nothing.
async fn played(world: &World, rounds: &mut Rounds, changed: &Changed) {
    if let Err(failure) = rounds.play(world, changed).await {
        world.console.fail(&failure);
    }
}
