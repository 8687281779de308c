//! `presetter policy`: which files hold, and what they say.

use std::path::PathBuf;

use presetter_trust::Pattern;
use serde_json::{Value, json};

use super::file::Policy;
use super::{files, read};
use crate::args::{PolicyArgs, TableFormat};
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::aligned;
use crate::world::World;

/// Shows what holds, or looks at a file that is not in its place yet.
pub(crate) fn show(world: &World, args: &PolicyArgs) -> Result<Exit, Failure> {
    let paths = args.file.as_ref().map_or_else(|| files(world), |file| vec![file.clone()]);
    let mut shown: Vec<(PathBuf, Option<Policy>)> = Vec::new();
    let mut wrong = None;
    for path in paths {
        match read(&path) {
            Ok(policy) => shown.push((path, policy)),
            Err(failure) => {
                wrong = Some(match wrong.take() {
                    Some(before) => Failure::and(before, failure),
                    None => failure,
                });
            }
        }
    }
    if let (Some(file), [(_, None)]) = (&args.file, shown.as_slice()) {
        return Err(Failure::usage(format!("there is no file {}", file.display())));
    }
    // A closed pipe is the reader's choice.
    let _ = match args.format {
        TableFormat::Json => world.console.json(&json!({ "files": shown.iter().map(object).collect::<Vec<_>>() })),
        TableFormat::Table => {
            let color = world.console.color();
            let told: Vec<String> = shown.iter().map(|(path, policy)| words(path, policy.as_ref(), color)).collect();
            if told.is_empty() { Ok(()) } else { world.console.data(&told.join("\n")) }
        }
    };
    wrong.map_or(Ok(Exit::Ok), Err)
}

fn words(path: &std::path::Path, policy: Option<&Policy>, color: bool) -> String {
    let file = line(&path.display().to_string());
    let Some(policy) = policy else { return format!("{file}: there is no such file") };
    let rules = rules(policy);
    if rules.is_empty() {
        return format!("{file}: it forbids nothing");
    }
    let rows: Vec<(String, String)> = rules.into_iter().map(|(at, rule)| (format!("line {at}"), line(&rule))).collect();
    format!("{file}:\n{}", aligned(&rows, "  ", color).join("\n"))
}

/// What a policy says, in plain words, with its lines.
fn rules(policy: &Policy) -> Vec<(usize, String)> {
    let mut rules = Vec::new();
    rules.extend(
        policy.signatures.map(|line| (line, "bundles in folders may not run, since nobody signed them".to_owned())),
    );
    rules.extend(
        policy.no_built_in.map(|line| (line, "bundles that are built into the program may not run".to_owned())),
    );
    if let Some((keys, line)) = &policy.signers {
        let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
        rules.push((*line, format!("bundles that are not built in must be signed by {}", keys.join(" or "))));
    }
    rules.extend(policy.forbidden.iter().map(|rule| {
        let said = format!(
            "presets of {} whose effect is {} may not run, and none with a body of your own",
            bundles(&rule.bundle),
            rule.names()
        );
        (rule.line, said)
    }));
    rules.sort_by_key(|(line, _)| *line);
    rules
}

/// The bundles of a pattern, in words.
fn bundles(pattern: &Pattern) -> String {
    match pattern {
        Pattern::All => "any bundle".to_owned(),
        pattern => pattern.to_string(),
    }
}

fn object((path, policy): &(PathBuf, Option<Policy>)) -> Value {
    let mut object = json!({ "file": path.display().to_string(), "there": policy.is_some() });
    if let Some(policy) = policy {
        let keys = policy.signers.as_ref().map(|(keys, _)| keys.iter().map(ToString::to_string).collect::<Vec<_>>());
        let forbid: Vec<Value> = policy
            .forbidden
            .iter()
            .map(|rule| {
                let effects: Vec<&str> = rule.effects.iter().map(|effect| effect.name()).collect();
                json!({ "bundle": rule.bundle.to_string(), "effects": effects })
            })
            .collect();
        object["require_signatures"] = (policy.signatures.is_some() || policy.signers.is_some()).into();
        object["built_in"] = policy.no_built_in.is_none().into();
        object["signers"] = json!(keys);
        object["forbid"] = forbid.into();
    }
    object
}
