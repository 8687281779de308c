//! What it was measured on, and with what; and whether it was quiet.

use std::fs;
use std::thread;

use crate::kit::Kit;
use crate::stage::Stage;
use crate::table::Section;

/// What the machine takes by itself: by it a reader sees what the figures of others are worth.
pub(crate) fn quiet(stage: &Stage<'_>) -> Vec<Section> {
    let mut section = Section::new("The machine by itself");
    let mut all: Vec<(String, Vec<f64>)> = Vec::new();
    for _ in 0..stage.kit.of(21, 3) {
        let told = match stage.kit.command("machine", [""; 0]).and_then(|command| stage.kit.done(command)) {
            Ok(told) => told,
            Err(why) => {
                section.missing("the machine", &why);
                break;
            }
        };
        for (took, what) in told.lines().filter_map(|line| line.split_once(' ')) {
            let Ok(took) = took.parse() else { continue };
            match all.iter_mut().find(|(known, _)| known == what) {
                Some((_, figures)) => figures.push(took),
                None => all.push((what.to_owned(), vec![took])),
            }
        }
    }
    for (what, figures) in all {
        section.line(&what, "the machine", "ns", figures);
    }
    vec![section]
}

/// How much of the machine's time others had, from then on.
pub(crate) struct Stolen(Option<Ticks>);

/// All of them, and those in which something was to be done but another machine had the processor (proc_stat(5): `steal`).
type Ticks = (u64, u64);

impl Stolen {
    pub(crate) fn begin() -> Self {
        Self(Self::ticks(&fs::read_to_string("/proc/stat").unwrap_or_default()))
    }

    fn ticks(stat: &str) -> Option<Ticks> {
        let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
        // The last two are part of the first two.
        let ticks: Vec<u64> = line.split_whitespace().take(8).map_while(|ticks| ticks.parse().ok()).collect();
        Some((ticks.iter().sum(), *ticks.get(7)?))
    }

    /// In percent, if the system tells it.
    fn told(&self) -> Option<String> {
        let ((all, stolen), (before, stolen_before)) = (Self::begin().0?, self.0?);
        let part = stolen.saturating_sub(stolen_before) as f64 / all.saturating_sub(before).max(1) as f64;
        Some(format!("{:.1} %", part * 100.0))
    }
}

/// The machine and the versions, a line each. No date: a page that is written anew on the same machine differs by its figures alone.
pub(crate) fn told(kit: &Kit, stolen: &Stolen) -> String {
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
    told.push_str(&format!(
        "- of its time, while this was measured, other machines had {}\n",
        stolen.told().as_deref().unwrap_or("an unknown part")
    ));
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
    use super::{EXTISM, OURS, Stolen, locked};

    #[test]
    fn stolen_time_is_read_from_the_line_of_all_processors() {
        let stat = "cpu  100 1 20 300 4 0 5 70 6 7\ncpu0 1 2 3 4 5 6 7 8 9 10\n";
        assert_eq!(Stolen::ticks(stat), Some((500, 70)));
        assert_eq!(Stolen::ticks("cpu  100 1 20\n"), None);
    }

    #[test]
    fn versions_stand_in_the_lock_files() {
        assert!(locked(OURS, "wasmtime").starts_with(|digit: char| digit.is_ascii_digit()));
        assert_ne!(locked(EXTISM, "extism"), "unknown");
        assert_eq!(locked(OURS, "wasm"), "unknown");
    }
}
