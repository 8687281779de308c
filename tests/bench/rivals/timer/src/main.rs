//! Runs a command and waits for its end:
//!
//!     timer OUT-FILE ERR-FILE PROGRAM ARGUMENTS...
//!
//! Its standard output and error go to the files. One line on standard output tells what it took:
//! `EXIT-CODE WALL-NANOSECONDS CPU-MICROSECONDS PEAK-KIB`. The peak is never below this program's own, of about 2 MB.

use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;
use std::{env, fs, io, mem};

fn main() -> io::Result<ExitCode> {
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    let [out, err, program, rest @ ..] = &arguments[..] else {
        eprintln!("timer OUT-FILE ERR-FILE PROGRAM ARGUMENTS...");
        return Ok(ExitCode::from(2));
    };
    let mut command = Command::new(program);
    command.args(rest).stdin(Stdio::null()).stdout(fs::File::create(out)?).stderr(fs::File::create(err)?);
    let started = Instant::now();
    let child = command.spawn()?;
    let (exit, usage) = wait(child.id())?;
    let wall = started.elapsed().as_nanos();
    let micros = |time: libc::timeval| time.tv_sec * 1_000_000 + time.tv_usec;
    println!("{exit} {wall} {} {}", micros(usage.ru_utime) + micros(usage.ru_stime), usage.ru_maxrss);
    Ok(ExitCode::SUCCESS)
}

/// Waits for a child's end: its exit code (-1 if a signal ended it), and what it used.
fn wait(child: u32) -> io::Result<(i32, libc::rusage)> {
    let mut status = 0;
    // SAFETY: all zeros are a value of this type, which consists of numbers alone.
    let mut usage: libc::rusage = unsafe { mem::zeroed() };
    // SAFETY: both places live until the call returns, and nothing else waits for this child.
    let waited = unsafe { libc::wait4(child as libc::pid_t, &raw mut status, 0, &raw mut usage) };
    if waited < 0 {
        return Err(io::Error::last_os_error());
    }
    let exit = if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { -1 };
    Ok((exit, usage))
}
