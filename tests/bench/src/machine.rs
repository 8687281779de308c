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
        text("/proc/sys/kernel/osrelease").trim(),
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
    told
}
