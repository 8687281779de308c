//! Reading cases: from `PRESET/tests` to [`Case`]s that fit their preset.
//!
//! Owns finding the files, and holding each against its preset and bundle. Must never: run anything or write. Every mistake
//! is told with its place, all of a preset's at once.

use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;
use presetter_bundle::{Bundle, Error, PresetFile, Source, read_text};
use presetter_egress::{Exchange, Tape, har};
use presetter_manifest::{ConnectionKind, Diagnostics, MAX_MANIFEST_BYTES, Text, check_inputs, read_toml, short_name};
use presetter_template::Problem;
use serde_json::{Map, Value};
use url::Url;

use crate::case::{Case, CassetteFile};
use crate::expect_form;
use crate::form::{self, Form, Values};
use crate::sample;

/// The folder of a preset's cases, and its name in messages. Nothing for a bundle that is built in.
#[must_use]
pub fn tests_folder(bundle: &Bundle, preset: &PresetFile) -> Option<PathBuf> {
    matches!(bundle.source(), Source::Folder { .. }).then(|| Path::new(&preset.file).with_file_name("tests"))
}

/// The cases of a preset, sorted by name. None if it has no folder `tests`, or is built in.
///
/// # Errors
/// All that is wrong with the files of cases and cassettes.
pub fn cases(bundle: &Bundle, preset: &PresetFile) -> Result<Vec<Case>, Error> {
    let Some(folder) = tests_folder(bundle, preset).filter(|folder| folder.is_dir()) else { return Ok(Vec::new()) };
    let io = |error: std::io::Error| Error::Io { file: folder.display().to_string(), reason: error.to_string() };
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if !hidden && path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    // By their names, which are shorter than their files': `found` comes before `found-again`.
    files.sort_by_key(|path| path.with_extension(""));
    let (mut cases, mut wrong) = (Vec::new(), Vec::new());
    for path in files {
        match case(bundle, preset, path) {
            Ok(case) => cases.push(case),
            Err(Error::Invalid(diagnostics)) => wrong.extend(diagnostics.0),
            Err(other) => return Err(other),
        }
    }
    if wrong.is_empty() { Ok(cases) } else { Err(Error::Invalid(Diagnostics(wrong))) }
}

/// One case.
///
/// # Errors
/// All that is wrong with it and its cassettes.
pub fn case(bundle: &Bundle, preset: &PresetFile, path: PathBuf) -> Result<Case, Error> {
    let file = path.display().to_string();
    let text = read_text(&path, MAX_MANIFEST_BYTES as u64)?;
    let form: Form = read_toml(&file, &text)?;
    let mut problems = Vec::new();
    let kind = kind(bundle, preset, form.connection.as_ref(), &mut problems);
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let base_url = base_url(bundle, kind, form.base_url.as_ref(), &mut problems);
    let (Some((connection, kind)), Some(base_url)) = (kind, base_url) else {
        return Err(Diagnostics::of(&file, &text, problems).into());
    };
    let given = form::object(&form.inputs, &mut problems);
    let inputs = inputs(preset, given, &form.inputs, &mut problems);
    let settings = settings(bundle, &form.settings, &mut problems);
    let fields = fields(kind, &form.fields, &mut problems);
    let files = cassette_files(&path, form.cassettes.as_deref(), &mut problems);
    let expect = expect_form::read(form.expect, &text, &base_url, &mut problems);
    let mut wrong = Diagnostics::of(&file, &text, problems).0;
    let (mut exchanges, mut cassettes) = (Vec::new(), Vec::new());
    for path in files {
        match cassette(&path) {
            Ok(read) => {
                cassettes.push(CassetteFile { file: path.display().to_string(), entries: read.len() });
                exchanges.extend(read);
            }
            Err(Error::Invalid(diagnostics)) => wrong.extend(diagnostics.0),
            Err(other) => return Err(other),
        }
    }
    if !wrong.is_empty() {
        return Err(Error::Invalid(Diagnostics(wrong)));
    }
    Ok(Case {
        preset: preset.name.clone(),
        title: form.title.unwrap_or_else(|| name.clone()),
        name,
        file,
        text: text.into(),
        path,
        connection: connection.to_owned(),
        base_url,
        fields,
        inputs,
        settings,
        confirm: form.confirm,
        cassettes,
        tape: Arc::new(Tape::new(exchanges)),
        expect,
    })
}

/// The exchanges of a cassette's file.
///
/// # Errors
/// It cannot be read, or is no HAR.
pub fn cassette(path: &Path) -> Result<Vec<Exchange>, Error> {
    let text = read_text(path, har::MAX_BYTES as u64)?;
    har::read(&text).map_err(|bad| {
        let problem = Problem::new(bad.message, bad.place).with_hint(bad.hint);
        Diagnostics::of(&path.display().to_string(), &text, vec![problem]).into()
    })
}

/// A kind of connection with its name.
type Named<'a> = (&'a str, &'a ConnectionKind);

/// The kind of connection: the one that is named, else the first that the preset works with.
fn kind<'a>(
    bundle: &'a Bundle,
    preset: &PresetFile,
    named: Option<&Text>,
    problems: &mut Vec<Problem>,
) -> Option<Named<'a>> {
    let kinds = bundle.manifest().connections.iter();
    let fitting: Vec<Named<'a>> =
        kinds.filter(|(name, _)| preset.manifest.works_with(name)).map(|(name, kind)| (name.as_str(), kind)).collect();
    let known = || fitting.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    match named {
        Some(text) => {
            let found = fitting.iter().find(|(name, _)| *name == text.as_str()).copied();
            if found.is_none() {
                let message = format!("\"{}\" is no kind of connection that {} works with", text, preset.name);
                problems.push(Problem::new(message, text.span()).with_hint(format!("possible here: {}", known())));
            }
            found
        }
        None => {
            if fitting.is_empty() {
                let message = format!("{} has no kind of connection that this preset works with", bundle.file());
                let hint =
                    "for an API without credentials: [connections.open] with title = \"...\" and auth = \"none\"";
                problems.push(Problem::new(message, 0..0).with_hint(hint));
            }
            fitting.first().copied()
        }
    }
}

/// The base URL of a case: its own, else the kind's, else one that no server has.
fn base_url(
    bundle: &Bundle,
    kind: Option<Named<'_>>,
    given: Option<&Text>,
    problems: &mut Vec<Problem>,
) -> Option<Url> {
    let Some(text) = given else { return Some(usual_base_url(bundle, kind.map(|(_, kind)| kind))) };
    let url = Url::parse(text.as_str()).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if url.is_none() {
        let problem = Problem::new("this is not an address", text.span());
        problems.push(problem.with_hint("write it as https://host/path"));
    }
    url
}

/// The base URL of a kind of connection: its own, else `https://BUNDLE.example` without the scope, where no server is (RFC 2606).
#[must_use]
pub fn usual_base_url(bundle: &Bundle, kind: Option<&ConnectionKind>) -> Url {
    let own = kind.and_then(|kind| kind.base_url.as_ref()).and_then(|text| Url::parse(text.as_str()).ok());
    let example = || Url::parse(&format!("https://{}.example", short_name(bundle.manifest().name.as_str())));
    own.or_else(|| example().ok()).unwrap_or_else(sample::base_url)
}

/// The inputs, checked as those of a run are.
fn inputs(
    preset: &PresetFile,
    given: Map<String, Value>,
    places: &Values,
    problems: &mut Vec<Problem>,
) -> Map<String, Value> {
    check_inputs(&preset.manifest, given).unwrap_or_else(|found| {
        for problem in found {
            // Which input it is about stands in its message alone.
            let quoted = problem.message.split('"').nth(1).and_then(|name| places.get(name));
            let place = quoted.map_or(0..0, |value| value.span());
            let hint = problem.hint.map(|hint| hint.replace("give it with --set", "give it under [inputs]:"));
            problems.push(Problem { message: problem.message, span: place, hint });
        }
        Map::new()
    })
}

/// The bundle's settings, corrected.
fn settings(bundle: &Bundle, given: &Values, problems: &mut Vec<Problem>) -> Map<String, Value> {
    let declared = &bundle.manifest().settings;
    let mut settings = bundle.manifest().assumed_settings();
    for (name, value) in form::object(given, problems) {
        let place = given.get(&name).map_or(0..0, |value| value.span());
        match declared.get(&name) {
            None => {
                let problem = Problem::new(format!("{} has no setting \"{name}\"", bundle.file()), place);
                problems.push(problem.with_hint(possible(declared.keys())));
            }
            Some(setting) if !setting.takes(&value) => {
                let problem = Problem::new(format!("the setting \"{name}\" cannot be {value}"), place);
                problems.push(problem.with_hint(format!("it takes {}", setting.kind.name())));
            }
            Some(_) => drop(settings.insert(name, value)),
        }
    }
    settings
}

/// What to write in place of a name that is not known.
fn possible<'a>(known: impl Iterator<Item = &'a String>) -> String {
    let known: Vec<&str> = known.map(String::as_str).collect();
    if known.is_empty() {
        "there are none: take it out".to_owned()
    } else {
        format!("possible here: {}", known.join(", "))
    }
}

/// The fields of the connection: those that are given, and samples of the others.
fn fields(
    kind: &ConnectionKind,
    given: &IndexMap<String, Text>,
    problems: &mut Vec<Problem>,
) -> IndexMap<String, String> {
    for (name, value) in given.iter().filter(|(name, _)| !kind.fields.contains_key(*name)) {
        let hint = match kind.secrets.contains_key(name) {
            true => "it is a secret: cases have none, a sample stands in for each".to_owned(),
            false => possible(kind.fields.keys()),
        };
        let message = format!("this kind of connection has no field \"{name}\"");
        problems.push(Problem::new(message, value.span()).with_hint(hint));
    }
    let value = |name: &String| given.get(name).map_or_else(|| sample::field(name), |text| text.as_str().to_owned());
    kind.fields.keys().map(|name| (name.clone(), value(name))).collect()
}

/// The files of a case's cassettes: those that it names, else the one of its own name, if it is there.
fn cassette_files(case: &Path, named: Option<&[Text]>, problems: &mut Vec<Problem>) -> Vec<PathBuf> {
    let Some(named) = named else {
        return Some(case.with_extension("har")).filter(|path| path.exists()).into_iter().collect();
    };
    let mut files = Vec::new();
    for name in named {
        let below = Path::new(name.as_str()).components().all(|part| matches!(part, Component::Normal(_)));
        let path = case.with_file_name(name.as_str());
        let wrong = match (below, path.is_file()) {
            (false, _) => Some("a cassette lies beside its case, or in a folder there".to_owned()),
            (_, false) => Some(format!("there is no file {}", path.display())),
            _ => None,
        };
        match wrong {
            None => files.push(path),
            Some(message) => {
                let hint = "`presetter run --record FILE` records one";
                problems.push(Problem::new(message, name.span()).with_hint(hint));
            }
        }
    }
    files
}
