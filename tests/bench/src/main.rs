//! `cargo xtask bench`: the program beside others that do the same, all against one server on the loopback address.
//!
//!     compare --tools FILE [--quick] [--only PART,PART] [--write PAGE]
//!
//! Owns: what is measured, and the table that is printed. What it prints are figures of this machine; nothing of it is asserted. How the
//! others are got is xtask's (`xtask/src/bench.rs`), how it is all meant is on the page (`docs/performance.md`).
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it is run by developers, and prints what it measures"
)]

mod bulk;
mod cold;
mod crowd;
mod extism;
mod hot;
mod kit;
mod machine;
mod many;
mod packages;
mod page;
mod plain;
mod reports;
mod rounds;
mod spread;
mod stage;
mod table;
mod templates;

use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs};

use kit::{Got, Kit};
use machine::Stolen;
use stage::Stage;
use table::Section;

/// Measures a part.
type Measure = fn(&Stage<'_>) -> Vec<Section>;

/// The parts, in the order in which they are measured.
const PARTS: [(&str, Measure); 9] = [
    ("machine", machine::quiet),
    ("cold", cold::cold),
    ("hot", hot::hot),
    ("bulk", bulk::bulk),
    ("many", many::many),
    ("reports", reports::reports),
    ("packages", packages::packages),
    ("templates", templates::templates),
    ("crowd", crowd::crowd),
];

/// As the program has it: some of what is measured runs in this process.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct Options {
    tools: PathBuf,
    quick: bool,
    only: Vec<String>,
    write: Option<PathBuf>,
}

fn main() -> ExitCode {
    match options(env::args().skip(1)).and_then(|options| compare(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

fn options(mut arguments: impl Iterator<Item = String>) -> Got<Options> {
    let mut options = Options { tools: PathBuf::new(), quick: false, only: Vec::new(), write: None };
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} takes a value"));
        match argument.as_str() {
            "--tools" => options.tools = value()?.into(),
            "--quick" => options.quick = true,
            "--only" => options.only = value()?.split(',').map(str::to_owned).collect(),
            "--write" => options.write = Some(value()?.into()),
            _ => return Err(format!("{argument}? compare --tools FILE [--quick] [--only PART,PART] [--write PAGE]")),
        }
    }
    let known = |part: &&String| !PARTS.iter().any(|(name, _)| name == part);
    if let Some(part) = options.only.iter().find(known) {
        let parts: Vec<&str> = PARTS.iter().map(|(name, _)| *name).collect();
        return Err(format!("there is no part {part}; there are {}", parts.join(", ")));
    }
    Ok(options)
}

fn compare(options: &Options) -> Got<()> {
    let kit = Kit::read(&options.tools, options.quick);
    let stolen = Stolen::begin();
    let stage = Stage::new(&kit)?;
    let mut sections = Vec::new();
    for (name, measure) in PARTS {
        if options.only.is_empty() || options.only.iter().any(|only| only == name) {
            eprintln!("    {name}");
            sections.extend(measure(&stage));
        }
    }
    let all = format!("{}\n{}", machine::told(&kit, &stolen), table::page(&sections));
    println!("{all}");
    let raw: Vec<_> = sections.iter().map(Section::raw).collect();
    let beside = options.tools.with_file_name("rounds.json");
    fs::write(&beside, serde_json::Value::from(raw).to_string()).map_err(|error| error.to_string())?;
    println!("every number of every round: {}", beside.display());
    options.write.as_ref().map_or(Ok(()), |file| page::write(file, &all))
}
