//! The lock that all writers share.
//!
//! Keeps: it goes when its holder does, also when that is killed; nobody waits for ever.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::{Error, platform};

const NAME: &str = "lock";
/// How long others may hold it. They hold it for as long as it takes to write one line.
const PATIENCE: Duration = Duration::from_secs(30);

/// The lock; released when dropped.
#[derive(Debug)]
pub(crate) struct Held(#[allow(dead_code, reason = "held, not used")] File);

/// Waits for the lock. The folder is there.
pub(crate) fn take(folder: &Path) -> Result<Held, Error> {
    let path = folder.join(NAME);
    let file = platform::open(&path, true)?;
    wait(&path, file)
}

/// Waits for the lock as someone who only reads; nothing where there is none, as in a copy of a log.
pub(crate) fn take_to_read(folder: &Path) -> Option<Held> {
    let path = folder.join(NAME);
    wait(&path, File::open(&path).ok()?).ok()
}

fn wait(path: &Path, file: File) -> Result<Held, Error> {
    let begin = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Held(file)),
            Err(TryLockError::Error(error)) => return Err(Error::io(path, "lock this file", &error)),
            Err(TryLockError::WouldBlock) if begin.elapsed() > PATIENCE => {
                let why = format!("another process has held this lock for {} seconds", PATIENCE.as_secs());
                return Err(Error::new(path, why, format!("see which: fuser -v {}", platform::quoted(path))));
            }
            Err(TryLockError::WouldBlock) => {
                thread::sleep(pause);
                pause = (pause * 2).min(Duration::from_millis(16));
            }
        }
    }
}
