//! `presetter pack`: a bundle as it is distributed, in a folder of its own.
//!
//! Owns: where the packed bundle is written. Keeps: nothing is packed of which `presetter check` knows an error; a folder that
//! is there is never changed, since what has a version is one thing for ever.

use std::fs;
use std::path::Path;
use std::time::Instant;

use presetter_bundle::Bundle;
use presetter_check::{Finding, Level, Target};
use presetter_pack::{PackError, PackedBundle};
use presetter_package::Artifact;

use super::check;
use crate::args::PackArgs;
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files;
use crate::output::count;
use crate::packages::verify::written;
use crate::world::World;

/// Where a bill of materials lies in a bundle.
const SBOM: &str = "sbom.cdx.json";

/// Follows `presetter pack`.
pub(crate) async fn pack(world: &World, args: &PackArgs) -> Result<Exit, Failure> {
    let report = check::look(world, &Target::of(&args.dir)?).await?;
    // A component that is given here need not lie in the folder.
    let given = |finding: &Finding| args.component.is_some() && finding.lint == Some("missing-component");
    let wrong = report.findings.iter().filter(|finding| finding.level == Level::Error && !given(finding));
    let shown: Vec<String> = wrong.map(|finding| finding.render(world.console.color())).collect();
    if !shown.is_empty() {
        let _ = world.console.data(&shown.join("\n\n"));
        return Err(Failure::new(Exit::Invalid, "nothing was packed: the bundle has errors"));
    }
    let bundle = Bundle::open_folder(&args.dir)?;
    let component = args.component.as_deref().map(|file| read("--component", file)).transpose()?;
    let started = Instant::now();
    let mut packed = presetter_pack::pack(&bundle, component).map_err(|error| told(&bundle, error))?;
    if args.verbose > 0 {
        let made = packed.interpreter.map_or("taken".to_owned(), |name| format!("made from the interpreter {name}"));
        world.console.say(&format!("component {made} in {} ms", started.elapsed().as_millis()));
    }
    if let Some(file) = &args.sbom {
        packed.files.push((SBOM.to_owned(), read("--sbom", file)?));
        packed.files.sort();
    }
    if args.out.extension().is_some_and(|extension| extension == "preset") {
        return package(world, &bundle, &packed, &args.out);
    }
    let folder = args.out.join(&packed.name);
    let there = write(&folder, &packed)?;
    let shown = line(&folder.display().to_string());
    let already = if there { "; it was there already, the same in every byte" } else { "" };
    world.console.say(&format!(
        "{shown}: {}, {}{already}",
        count(bundle.preset_names().len(), "preset"),
        count(packed.files.len(), "file")
    ));
    let _ = world.console.data(&format!("sha256:{}  {shown}", packed.component_sha256));
    Ok(Exit::Ok)
}

fn read(option: &str, path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| Failure::usage(format!("{option} {}: {error}", path.display())))
}

/// Writes the file form, not signed yet.
fn package(world: &World, bundle: &Bundle, packed: &PackedBundle, file: &Path) -> Result<Exit, Failure> {
    let manifest = bundle.manifest();
    let artifact = Artifact::build(manifest.name.as_str(), &manifest.version.to_string(), &packed.files);
    let artifact = artifact.map_err(|refused| {
        Failure::new(Exit::Invalid, format!("it cannot be a package: {refused}")).help("nothing was packed")
    })?;
    written(file, &artifact.to_bytes())?;
    let shown = line(&file.display().to_string());
    world.console.say(&format!(
        "{shown}: {}, {}, signed by nobody yet: presetter sign {shown} --key KEY",
        count(bundle.preset_names().len(), "preset"),
        count(packed.files.len(), "file")
    ));
    let _ = world.console.data(&format!("{}  {shown}", artifact.digest()));
    Ok(Exit::Ok)
}

/// Writes a packed bundle, all of it or nothing. True if it was there already.
fn write(folder: &Path, packed: &PackedBundle) -> Result<bool, Failure> {
    let failed =
        |error: std::io::Error| Failure::new(Exit::Invalid, format!("{} cannot be written: {error}", folder.display()));
    if folder.exists() {
        let same = |(name, bytes): &(String, Vec<u8>)| fs::read(folder.join(name)).is_ok_and(|there| there == *bytes);
        if packed.files.iter().all(same) {
            return Ok(true);
        }
        return Err(Failure::new(Exit::Invalid, format!("{} is there already, with other contents", folder.display()))
            .help("what has a version is not changed: raise `version` in bundle.toml, or remove the folder"));
    }
    files::create_folder(folder, &packed.files).map_err(failed)?;
    Ok(false)
}

/// An error of packing; what the interpreter complains of is shown in its file.
fn told(bundle: &Bundle, error: PackError) -> Failure {
    match error {
        PackError::Bundle(error) => error.into(),
        PackError::Refused(list) => {
            let sources = bundle.sources().unwrap_or_default();
            match presetter_bundle::complaints(&list, &sources, |file| bundle.shown(file)) {
                Ok(diagnostics) => Failure::at(Exit::Invalid, diagnostics),
                Err(list) => Failure::new(Exit::Invalid, format!("the interpreter does not accept the bundle: {list}")),
            }
        }
        PackError::NoPlace(_) => Failure::new(Exit::Invalid, error.to_string())
            .help("say in bundle.toml where it belongs: component = \"component.wasm\""),
        PackError::BadPlace { .. } => Failure::new(Exit::Invalid, error.to_string())
            .help("name a file of its own: component = \"component.wasm\"; nothing was packed"),
        PackError::Broken(why) => Failure::new(Exit::Invalid, why)
            .help("the bundle may be too large: split it, or tell whoever made this program"),
    }
}
