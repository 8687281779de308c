//! `presetter new`.
//!
//! Owns: finding out what is asked for, reading what it is made from, and telling what was made and what to do next. Must
//! never: repeat a curl command, or any part of it; it may hold secrets. Keeps: nothing is written before everything is made,
//! and nothing that is there is replaced.

mod write;

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use presetter_author::new::{Error, Existing, Made, Source, Wanted, legal_name, make};
use presetter_bundle::Folder;
use presetter_manifest::{is_bundle_name, is_name, short_name};

use self::write::Place;
use crate::args::NewArgs;
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::select::quoted;
use crate::world::World;

/// The largest source that is read, in bytes: the largest public documents have some twelve million.
const MOST: u64 = 32 * 1024 * 1024;
/// A longer value is not repeated in an example.
const LONG: usize = 60;

/// Follows `presetter new`.
pub(crate) async fn new(world: &World, args: &NewArgs) -> Result<Exit, Failure> {
    let folder = &args.bundle;
    let place = Place::of(folder)?;
    let there = match place {
        Place::Bundle => Some(Bundle::read(folder)?),
        Place::Nothing | Place::Empty => None,
    };
    let name = match (&there, &args.name) {
        (Some(bundle), Some(name)) if bundle.name != *name => {
            let failure = Failure::usage(format!("the bundle in {} is called {}", folder.display(), bundle.name));
            return Err(failure.help("leave out --name, or name another folder"));
        }
        (Some(bundle), _) => bundle.name.clone(),
        (None, Some(name)) if is_bundle_name(name) => name.clone(),
        (None, Some(name)) => {
            let failure = Failure::usage(format!("\"{}\" cannot be a bundle's name", name.escape_debug()));
            return Err(failure
                .help("use lower-case letters, digits and -, at most 64; a scope may stand before it: acme/jamf"));
        }
        (None, None) => bundle_name(folder)?,
    };
    let text = source_text(args)?;
    let source = match (&args.from, &args.operation, &text) {
        (Some(file), Some(operation), Some((_, text))) => {
            Source::OpenApi { file: &file.display().to_string(), text, operation }
        }
        (_, _, Some((_, text))) => Source::Curl(text),
        _ => Source::Example,
    };
    let existing =
        there.as_ref().map(|bundle| Existing { file: &bundle.file, text: &bundle.text, presets: &bundle.presets });
    let wanted = Wanted { bundle: &name, preset: args.preset.as_deref(), script: args.script, existing };
    let made = make(&wanted, &source)?;
    write::write(folder, &place, &made, there.as_ref().map(|bundle| bundle.text.as_str()))?;
    tell(world, folder, &name, &place, &made);
    Ok(Exit::Ok)
}

/// A bundle that is there.
struct Bundle {
    name: String,
    file: String,
    text: String,
    presets: Vec<String>,
}

impl Bundle {
    fn read(folder: &Path) -> Result<Self, Failure> {
        let files = Folder::open(folder)?;
        Ok(Self {
            name: files.bundle()?.manifest().name.to_string(),
            file: files.shown("bundle.toml"),
            text: files.text("bundle.toml")?,
            presets: files.preset_names(),
        })
    }
}

/// The name of a new bundle: that of its folder.
fn bundle_name(folder: &Path) -> Result<String, Failure> {
    // `.` has a name only when it is resolved.
    let resolved =
        if folder.file_name().is_none() { folder.canonicalize().unwrap_or_default() } else { folder.to_owned() };
    let name = resolved.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if is_name(&name) {
        return Ok(name);
    }
    let legal = folder.with_file_name(legal_name(&name));
    let failure = Failure::usage(format!(
        "\"{name}\" cannot be a bundle's name: use lower-case letters, digits and -, at most 64"
    ));
    Err(failure.help(format!("for example: presetter new {}", quoted(&legal.display().to_string()))))
}

/// The text that the preset is made from, if there is one.
fn source_text(args: &NewArgs) -> Result<Option<(PathBuf, String)>, Failure> {
    let (name, read) = match (&args.from, args.from_curl.as_deref()) {
        (Some(file), _) => {
            let wrong = |why: String| {
                let failure = Failure::new(Exit::Invalid, format!("cannot read {}: {why}", file.display()));
                let remote = file.to_string_lossy().contains("://");
                failure.help(if remote { "documents are read from files alone; download it first" } else { "" })
            };
            // Opening a pipe would wait for a writer.
            if !fs::metadata(file).map_err(|error| wrong(error.to_string()))?.is_file() {
                return Err(wrong("it is not a plain file".to_owned()));
            }
            (file.clone(), bounded(fs::File::open(file).map_err(|error| wrong(error.to_string()))?))
        }
        (None, Some("-")) => (PathBuf::from("standard input"), bounded(io::stdin().lock())),
        (None, Some(line)) => return Ok(Some((PathBuf::new(), line.to_owned()))),
        (None, None) => return Ok(None),
    };
    let text = read.map_err(|why| Failure::new(Exit::Invalid, format!("cannot read {}: {why}", name.display())))?;
    Ok(Some((name, text)))
}

fn bounded(from: impl Read) -> Result<String, String> {
    let mut bytes = Vec::new();
    from.take(MOST + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MOST {
        return Err(format!("it has more than {MOST} bytes"));
    }
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Usage { message, help } => Self::usage(message).help(help),
            Error::Unreadable { message, help } => Self::new(Exit::Invalid, message).help(help),
            Error::Invalid(diagnostics) => Self::at(Exit::Invalid, diagnostics),
            Error::Fault(message) => {
                Self::new(Exit::Internal, message).help("this is a fault of Presetter; nothing was written")
            }
        }
    }
}

/// What was made, and what to do with it.
fn tell(world: &World, folder: &Path, bundle: &str, place: &Place, made: &Made) {
    let mut files: Vec<String> = made.files.iter().map(|(path, _)| path.clone()).collect();
    if *place != Place::Bundle {
        files.insert(0, "bundle.toml".to_owned());
    }
    let paths: Vec<String> = files.iter().map(|file| line(&folder.join(file).display().to_string())).collect();
    // A closed pipe is the reader's choice.
    let _ = world.console.data(&paths.join("\n"));
    if !made.gained.is_empty() {
        let manifest = folder.join("bundle.toml").display().to_string();
        world.console.say(&format!("added to {}: {}", line(&manifest), line(&made.gained.join(", "))));
    }
    for note in &made.notes {
        world.console.say(&format!("note: {}", line(note)));
    }
    let shown = folder.display().to_string();
    let path = match shown.starts_with('.') || folder.is_absolute() {
        true => shown.trim_end_matches('/').to_owned(),
        false => format!("./{}", shown.trim_end_matches('/')),
    };
    let item = |name: &str| quoted(&format!("{path}/{name}"));
    let base_url = if made.needs_base_url { " --base-url https://..." } else { "" };
    let private = if made.this_machine { " --allow-private" } else { "" };
    let asks: String = made
        .asks
        .iter()
        .map(|ask| match ask.secret {
            true => format!(" --secret {}=env:{}", ask.name, variable(bundle, &ask.name)),
            false => format!(" --field {}=...", ask.name),
        })
        .collect();
    let sets: String = made
        .inputs
        .iter()
        .map(|(name, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let text = if text.len() > LONG { "..." } else { text.as_str() };
            format!(" --set {}", quoted(&format!("{name}={text}")))
        })
        .collect();
    let preset = item(&made.preset);
    // Of a bundle that was there, the connection of the same name is of another kind.
    let short = short_name(bundle);
    let connection =
        if *place == Place::Bundle && made.new_kind { format!("{short}-{}", made.kind) } else { short.to_owned() };
    let mut steps = vec![format!("presetter check {}", quoted(&path)), format!("presetter test {}", quoted(&path))];
    if made.new_kind {
        steps.push(format!(
            "presetter connection add {connection} --kind {}{base_url}{private}{asks}",
            item(&made.kind)
        ));
    }
    for verb in ["plan", "run"] {
        steps.push(format!("presetter {verb} {preset} -c {connection}{sets}"));
    }
    let steps: Vec<String> = steps.iter().map(|step| format!("  {}", line(step))).collect();
    world.console.say(&format!("next:\n{}", steps.join("\n")));
}

/// A variable for a secret: `ACME_TOKEN`.
fn variable(bundle: &str, secret: &str) -> String {
    format!("{}_{secret}", short_name(bundle)).replace('-', "_").to_uppercase()
}
