//! Many rows through one preset.
//!
//! Owns: how fast rows go ([`Pace`], [`Concurrency`], [`Gate`]), in which order their results come ([`drive`]), what is known of each after a
//! crash ([`Ledger`]), and the numbers of a whole run ([`Tally`]).
//! Never: what a row is, or what running it means: that is whoever implements [`Runs`].
//!
//! Invariants: a row that ended is never run again; a row that may have been sent is never run again unless somebody says so; memory
//! does not grow with the number of rows.
#![forbid(unsafe_code)]

mod again;
mod concurrency;
mod course;
mod drive;
mod driver;
mod gate;
mod group;
mod lanes;
mod ledger;
mod pace;
mod printing;
mod tally;

pub use again::{Again, Next};
pub use concurrency::{Concurrency, MOST};
pub use drive::{Drive, Ended, Kind, OnError, Order, Row, Runs, Sink, Summary, Turn, drive};
pub use gate::{Gate, Pass};
pub use ledger::{Before, Ledger, LedgerError, Told};
pub use pace::{NoRate, Pace, Rate, Refusals};
pub use tally::{Percentiles, Tally};
