//! What it was measured on, and with what.

use std::fs;
use std::thread;

use crate::kit::Kit;

/// The machine and the versions, a line each. No date: a page that is written anew on the same machine differs by its figures alone.
pub(crate) fn told(kit: &Kit) -> String {
    let text = |file: &str| fs::read_to_string(file).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_once(':').map_or("unknown", |(_, value)| value.trim()).to_owned()
    };
    let kib: f64 = field(&text("/proc/meminfo"), "MemTotal").trim_end_matches(" kB").parse().unwrap_or(f64::NAN);
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let mut told = format!(
        "- machine: {cores} cores of {}, {:.0} GiB of memory, kernel {}{}\n",
        field(&text("/proc/cpuinfo"), "model name"),
        kib / 1024.0 / 1024.0,
        // What stands behind the version is whoever built it.
        text("/proc/sys/kernel/osrelease").trim().split('-').next().unwrap_or_default(),
        if kit.quick { "; measured with `--quick`, so with few rounds" } else { "" },
    );
    for (tool, arguments) in [
        ("presetter", &["--version"][..]),
        ("hurl", &["--version"]),
        ("curl", &["--version"]),
        (
            "python",
            &[
                "-c",
                "import platform, requests; print('Python', platform.python_version(), 'requests', requests.__version__)",
            ],
        ),
    ] {
        match kit.command(tool, arguments).and_then(|command| kit.done(command)) {
            // What it was built with stands in brackets.
            Ok(version) => told.push_str(&format!(
                "- {}\n",
                version.lines().next().map_or("", |line| line.split(" (").next().unwrap_or(line))
            )),
            Err(why) => {
                told.push_str(&format!("- {tool}: not measured: {}\n", why.trim().lines().next().unwrap_or_default()))
            }
        }
    }
    let of = |lock: &str, names: &[&str]| {
        names.iter().map(|name| format!("{name} {}", locked(lock, name))).collect::<Vec<_>>().join(", ")
    };
    told.push_str(&format!("- in presetter: {}\n", of(OURS, &["wasmtime", "reqwest"])));
    told.push_str(&format!("- {}\n", of(EXTISM, &["extism", "wasmtime"])));
    told
}

const OURS: &str = include_str!("../../../Cargo.lock");
const EXTISM: &str = include_str!("../rivals/extism-host/Cargo.lock");

/// The version of a crate in a lock file.
fn locked<'l>(lock: &'l str, name: &str) -> &'l str {
    let entry = lock.split("[[package]]").find(|entry| entry.trim().starts_with(&format!("name = \"{name}\"\n")));
    let version = entry.and_then(|entry| entry.lines().find_map(|line| line.strip_prefix("version = ")));
    version.map_or("unknown", |version| version.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::{EXTISM, OURS, locked};

    #[test]
    fn versions_stand_in_the_lock_files() {
        assert!(locked(OURS, "wasmtime").starts_with(|digit: char| digit.is_ascii_digit()));
        assert_ne!(locked(EXTISM, "extism"), "unknown");
        assert_eq!(locked(OURS, "wasm"), "unknown");
    }
}
