//! Lists the bundles that are built into the program: every text file of the folders in `presets`, embedded.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

fn main() {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("../../presets");
    let root = root.canonicalize().expect("the workspace has a folder presets/");
    let mut table = String::from("&[\n");
    for bundle in ["jamf", "mosyle", "okta"] {
        let folder = root.join(bundle);
        let mut files = Vec::new();
        collect(&folder, &mut files);
        files.sort();
        writeln!(table, "    ({bundle:?}, &[").expect("a string takes all");
        for file in files {
            let name = file.strip_prefix(&folder).expect("below it").to_string_lossy().replace('\\', "/");
            writeln!(table, "        ({name:?}, include_str!({:?})),", file.display().to_string())
                .expect("a string takes all");
        }
        table.push_str("    ]),\n");
    }
    table.push_str("]\n");
    let out = Path::new(&env::var("OUT_DIR").expect("cargo sets it")).join("built_in.rs");
    fs::write(out, table).expect("OUT_DIR can be written");
}

fn collect(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder).expect("a readable folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            // What tests a preset does not run it.
            if path.file_name().is_some_and(|name| name != "tests") {
                collect(&path, files);
            }
        } else if path.extension().is_some_and(|e| e == "toml" || e == "js" || e == "mjs") {
            println!("cargo::rerun-if-changed={}", path.display());
            files.push(path);
        }
    }
}
