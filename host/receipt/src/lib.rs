//! The hash-chained account of runs.
//!
//! Owns: the log of receipts ([`Log`]): appending to it, reading it, proving that nothing in it was changed
//! ([`Log::verify`]); the shape of what is written ([`Begun`], [`Ended`]); how much of it is kept ([`Retention`]).
//!
//! Must never: write anything that did not go through the redactor ([`Log::append`] is the only way in, and it takes one);
//! read the environment; print; repair anything but the torn end that a crash leaves.
//!
//! Invariants: an entry is acknowledged only when its whole line is written; entries are numbered from 1 without gaps, and
//! each holds the hash of the one before, however many threads and processes write at once; memory stays flat however
//! long the log is.
//!
//! What it does not prove: whoever can write the files can also compute the chain anew, from any entry to the end. That
//! shows only against a [`Head`] that was kept elsewhere, and so does the removal of the newest entries.
#![forbid(unsafe_code)]

mod body;
mod end;
mod entry;
mod error;
mod lines;
mod lock;
mod log;
mod platform;
mod record;
mod retention;
mod runs;
mod segment;
mod time;
mod verify;

pub use entry::{Entry, Head, Kind, MAX_LINE, sha256};
pub use error::Error;
pub use lines::{Entries, Unreadable};
pub use log::{Log, New};
pub use platform::Who;
pub use record::{Account, Begun, Ended, MAX_HEADERS, MAX_TOLD, MAX_URL, Requested, Told};
pub use retention::{Inputs, Requests, Retention};
pub use runs::{INTERRUPTED, Run, Runs};
pub use time::since;
pub use verify::{Fault, Problem, Torn, Verified};
