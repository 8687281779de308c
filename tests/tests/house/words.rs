//! Words in source code that have a home: what reaches out of a process is done in few places, which are named here.

use crate::root;
use crate::sources::{self, Source};

/// Words and the files or folders below `host/` where they may stand.
struct Rule {
    words: &'static [&'static str],
    homes: &'static [&'static str],
    why: &'static str,
}

const RULES: [Rule; 8] = [
    Rule { words: &["env::var", "env::args"], homes: &["cli/src/"], why: "the environment is read in cli alone" },
    Rule {
        words: &["unsafe {", "unsafe fn", "unsafe impl"],
        homes: &["runtime/src/cache.rs"],
        why: "unsafe code maps compiled code, and nothing else",
    },
    Rule {
        words: &["process::Command", "Command::new(", "fork(", "execv", ".exec("],
        homes: &["connection/src/resolve.rs", "cli/src/connection_files.rs", "cli/src/packages/logins.rs"],
        why: "programs are started for cmd: references, for the editor, and as Docker's credential helpers",
    },
    Rule {
        words: &["process::exit", "process::abort"],
        homes: &["cli/src/panics.rs", "cli/src/run.rs"],
        why: "only the program ends the process, at its end or when it was asked to",
    },
    Rule {
        words: &[
            "fs::write",
            "fs::rename",
            "fs::copy",
            "fs::remove_",
            "remove_file",
            "remove_dir",
            "create_dir",
            "hard_link",
            "fs::symlink(",
            "set_permissions",
            "File::create",
            "File::options",
            "OpenOptions",
            "DirBuilder",
            "tempfile::",
        ],
        homes: &[
            // Sessions, keys, connections, trust and installed bundles: private folders, written by rename.
            "disk/src/",
            "database/src/blank.rs",
            "connection/src/store.rs",
            // Receipts.
            "receipt/src/",
            // What became of the rows of a bulk run.
            "bulk/src/ledger.rs",
            // A folder for the demo, a copy for the editor, and what a person asks to have exported.
            "cli/src/demo.rs",
            "cli/src/demo/",
            "cli/src/connection_files.rs",
            "cli/src/runs.rs",
            // What is pulled, while it comes.
            "cli/src/packages/pull.rs",
            // What a test of a workflow works on while it runs.
            "cli/src/workflow/trial.rs",
            // Bodies that an operator keeps in place of a preset's.
            "cli/src/overrides/file.rs",
            // Manifests that `check --fix` mends.
            "check/src/mend.rs",
            // Cassettes, cases, pages.
            "cli/src/files.rs",
            // New bundles and presets.
            "cli/src/author/new/",
        ],
        why: "files are written by these modules alone",
    },
    Rule {
        words: &[
            "TcpStream",
            "TcpListener",
            "UdpSocket",
            "UnixStream",
            "UnixListener",
            "UnixDatagram",
            "tokio::net",
            "socket2",
            "lookup_host",
            "ToSocketAddrs",
            "to_socket_addrs",
        ],
        homes: &["egress/src/", "cli/src/workflow/door.rs"],
        why: "egress is the only door to the network; a daemon answers on the loopback address",
    },
    Rule { words: &["println!", "print!("], homes: &["cli/src/"], why: "only the program prints" },
    Rule {
        words: &["reqwest::", "rustls::", "wasmtime::"],
        homes: &["egress/src/", "runtime/src/", "pack/src/snapshot.rs"],
        why: "HTTP and TLS belong to egress, wasmtime to runtime and to what packs",
    },
];

/// The crates that do no IO and also run inside guests.
const PURE: [&str; 4] = ["secret/", "template/", "expr/", "manifest/"];

/// What such a crate cannot say at all. Types of `std::net` that only hold an address are left.
const IO: [&str; 12] = [
    "fs::",
    "std::fs",
    "process::",
    "std::process",
    "env::",
    "std::env",
    "thread::",
    "std::thread",
    "SystemTime",
    "Instant",
    "stdin()",
    "tokio",
];

/// What breaks the rules in one source.
fn broken(source: &Source) -> Vec<String> {
    let mut broken = Vec::new();
    let mut tell = |line: usize, word: &str, why: &str| {
        broken.push(format!("host/{}:{line}: {word}: {why}", source.name));
    };
    let at_home = |homes: &[&str]| homes.iter().any(|home| source.name.starts_with(home));
    for (number, line) in sources::code(&source.text) {
        for rule in RULES.iter().filter(|rule| !at_home(rule.homes)) {
            rule.words.iter().filter(|word| line.contains(**word)).for_each(|word| tell(number, word, rule.why));
        }
        if at_home(&PURE) {
            let why = "this crate does no IO, and also runs inside guests";
            IO.iter().filter(|word| line.contains(**word)).for_each(|word| tell(number, word, why));
        }
    }
    broken
}

#[test]
fn words_have_one_home() {
    let sources = sources::below(&root().join("host"));
    assert!(sources.len() > 40, "the sources were not found");
    let broken: Vec<String> = sources.iter().flat_map(broken).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_home_is_there() {
    let sources = sources::below(&root().join("host"));
    for home in RULES.iter().flat_map(|rule| rule.homes) {
        assert!(
            sources.iter().any(|source| source.name.starts_with(home)),
            "host/{home} is gone: take it off the list"
        );
    }
}

/// Each rule by a line that breaks it outside of its home, and not inside.
#[test]
fn every_rule_can_fail() {
    let told = |name: &str, line: &str| {
        let text = format!("//! fs::write is only spoken of here.\nfn f() {{\n    {line}\n}}\n");
        broken(&Source { name: name.into(), text })
    };
    for (line, elsewhere, home) in [
        ("let key = std::env::var(\"KEY\");", "egress/src/live.rs", "cli/src/world.rs"),
        ("unsafe { map(file) }", "runtime/src/engine.rs", "runtime/src/cache.rs"),
        ("std::process::Command::new(\"sh\").spawn()?;", "runtime/src/engine.rs", "connection/src/resolve.rs"),
        ("std::process::exit(1);", "cli/src/output.rs", "cli/src/panics.rs"),
        ("fs::write(path, text)?;", "bundle/src/files.rs", "receipt/src/store.rs"),
        ("let file = OpenOptions::new().append(true);", "cli/src/output.rs", "disk/src/lib.rs"),
        ("let folder = tempfile::tempdir()?;", "egress/src/live.rs", "cli/src/demo.rs"),
        ("TcpListener::bind(\"127.0.0.1:0\")?;", "cli/src/demo.rs", "egress/src/live.rs"),
        ("use tokio::net::UnixStream;", "connection/src/access.rs", "egress/src/proxy.rs"),
        ("println!(\"{answer}\");", "connection/src/access.rs", "cli/src/output.rs"),
        ("let client = reqwest::Client::new();", "connection/src/login.rs", "egress/src/live.rs"),
    ] {
        assert!(!told(elsewhere, line).is_empty(), "{line} in {elsewhere}");
        assert_eq!(told(home, line), [""; 0], "{line} in {home}");
    }
    for (line, word) in [
        ("let text = fs::read_to_string(path)?;", "fs::"),
        ("use std::time::SystemTime;", "SystemTime"),
        ("std::thread::sleep(pause);", "thread::"),
        ("let home = std::env::current_dir();", "env::"),
    ] {
        assert!(told("manifest/src/check.rs", line).iter().any(|told| told.contains(word)), "{line}");
        assert_eq!(told("receipt/src/store.rs", line), [""; 0], "{line}");
    }
    // An address is only a value, and tests and comments may say anything.
    assert_eq!(told("manifest/src/host.rs", "use std::net::{Ipv4Addr, Ipv6Addr};"), [""; 0]);
    assert_eq!(told("manifest/src/host.rs", "// fs::write"), [""; 0]);
    assert_eq!(told("manifest/src/host.rs", "}\nmod tests {\n    fs::write(a, b);"), [""; 0]);
}
