//! The archive with the program, and the checksums of all that is released.
//!
//! Keeps: entries in the order of their names, no time, no owner, fixed modes; so the same files give the same bytes.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use flate2::{Compression, GzBuilder};
use presetter_package::Digest;

/// Where the checksums stand, in the form that `sha256sum --check` reads.
const CHECKSUMS: &str = "SHA256SUMS";

/// Writes the archive of the program for this machine's target.
pub(crate) fn write(root: &Path, out: &Path, program: &Path, bom: &str) -> Result<PathBuf> {
    let name = format!("presetter-{}-{}", env!("CARGO_PKG_VERSION"), target()?);
    let mut files: Vec<(String, u32, Vec<u8>)> = vec![
        (format!("presetter{}", std::env::consts::EXE_SUFFIX), 0o755, fs::read(program)?),
        ("sbom.cdx.json".into(), 0o644, bom.as_bytes().to_vec()),
    ];
    for file in ["README.md", "LICENSE-APACHE", "LICENSE-MIT"] {
        files.push((file.into(), 0o644, fs::read(root.join(file))?));
    }
    for shell in ["bash", "fish", "zsh", "powershell"] {
        let printed = Command::new(program).args(["completions", shell]).output()?;
        if !printed.status.success() {
            bail!("presetter completions {shell} failed");
        }
        files.push((format!("completions/presetter.{shell}"), 0o644, printed.stdout));
    }
    files.sort();
    let path = out.join(format!("{name}.tar.gz"));
    let file = fs::File::create(&path).with_context(|| path.display().to_string())?;
    let packed = GzBuilder::new().mtime(0).write(file, Compression::best());
    let mut archive = tar::Builder::new(packed);
    for (file, mode, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(mode);
        archive.append_data(&mut header, format!("{name}/{file}"), bytes.as_slice())?;
    }
    archive.into_inner()?.finish()?.flush()?;
    Ok(path)
}

/// The target that the compiler on this machine builds for.
fn target() -> Result<String> {
    let printed = Command::new("rustc").arg("-vV").output()?;
    let printed = String::from_utf8(printed.stdout)?;
    let host = printed.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc -vV names no host")
}

/// Writes the checksums of all other files of a folder.
pub(crate) fn checksums(out: &Path) -> Result<()> {
    let mut lines = Vec::new();
    for entry in fs::read_dir(out)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name != CHECKSUMS {
            lines.push(format!("{}  {name}\n", Digest::of(&fs::read(out.join(&name))?).hex()));
        }
    }
    lines.sort_by(|one, other| one[64..].cmp(&other[64..]));
    fs::write(out.join(CHECKSUMS), lines.concat())?;
    Ok(())
}
