//! What the machine takes for what no program does without: `machine` prints a line each, `NANOSECONDS what`. It tells whether the
//! machine was quiet, and what kind it is. It has the system's allocator, which gives a large piece back when it is dropped.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "it is run by developers; a panic is a failed measurement"
)]

use std::hint::black_box;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Instant;

fn main() {
    for (what, took) in [
        ("a page touched for the first time", page()),
        ("a byte sent and received", byte()),
        ("a call through a table of eight, in turn", call()),
        ("a KiB copied, of 16 MiB", copied()),
    ] {
        println!("{took} {what}");
    }
}

/// What each of so many times takes, in nanoseconds.
fn each(times: usize, what: impl FnMut(usize)) -> f64 {
    let started = Instant::now();
    (0..times).for_each(what);
    started.elapsed().as_nanos() as f64 / times as f64
}

fn page() -> f64 {
    const PAGE: usize = 4096;
    const PAGES: usize = 16 << 10;
    // More than the allocator keeps for itself, so the system's own pages, which are there when they are touched.
    let mut memory = vec![0_u8; PAGE * PAGES];
    each(PAGES, |page| black_box(&mut memory)[page * PAGE] = 1)
}

fn byte() -> f64 {
    let (mut one, mut other) = UnixStream::pair().unwrap();
    let mut byte = [0];
    each(10_000, |_| {
        one.write_all(&byte).unwrap();
        other.read_exact(&mut byte).unwrap();
    })
}

/// As futures and interpreters call: another function each time, and it is known only from memory which.
fn call() -> f64 {
    fn adds<const N: u64>(to: u64) -> u64 {
        black_box(to) + N
    }
    let table: [fn(u64) -> u64; 8] =
        [adds::<0>, adds::<1>, adds::<2>, adds::<3>, adds::<4>, adds::<5>, adds::<6>, adds::<7>];
    let mut sum = 0;
    each(1_000_000, |time| sum = black_box(&table)[time % table.len()](sum))
}

fn copied() -> f64 {
    const KIB: usize = 1024;
    let (from, mut to) = (vec![1_u8; 16 * KIB * KIB], vec![2_u8; 16 * KIB * KIB]);
    each(8, |_| black_box(&mut to).copy_from_slice(black_box(&from))) * KIB as f64 / from.len() as f64
}
