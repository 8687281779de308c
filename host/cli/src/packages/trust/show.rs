//! `presetter trust list` and `trust check`: what the trust store says, and what is amiss with it.

use jiff::Timestamp;
use presetter_trust::{Denied, KeyState, Level, Trust};
use serde_json::json;

use super::{current, warned};
use crate::args::TableFormat;
use crate::console::{Paint, line};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::world::World;

/// Follows `presetter trust list`.
pub(crate) fn list(world: &World, format: TableFormat) -> Result<Exit, Failure> {
    let trust = current(world)?;
    let now = World::now();
    if format == TableFormat::Json {
        let document = trust.document();
        let _ = world.console.json(&json!({
            "version": document.version,
            "expires": document.expires.to_string(),
            "root": document.root,
            "keys": trust.explain_all(now),
            "rules": document.rules,
            "denied": document.denied,
        }));
    } else {
        let _ = world.console.data(&table(&trust, now));
    }
    warn(world, &trust, now);
    Ok(Exit::Ok)
}

fn table(trust: &Trust, now: Timestamp) -> String {
    let document = trust.document();
    let mut lines = vec![format!("version {}, expires {}", document.version, document.expires)];
    lines.push(format!("root: {} of {} keys sign a change", document.root.threshold, document.root.keys.len()));
    lines.push("\nkeys".into());
    for info in trust.explain_all(now) {
        let state = match info.state {
            KeyState::Valid => format!("until {}", info.key.not_after.strftime("%F")),
            KeyState::NotYetValid => format!("from {}", info.key.not_before.strftime("%F")),
            KeyState::Expired => format!("expired {}", info.key.not_after.strftime("%F")),
            KeyState::Revoked => format!("REVOKED: {}", line(info.reason.unwrap_or_default())),
        };
        let uses = if info.uses.is_empty() { "no rule".to_owned() } else { info.uses.join(", ") };
        lines.push(format!("  {}\n      {}; {state}; {}", info.key.id, line(&info.key.owner), line(&uses)));
    }
    lines.push("\nrules".into());
    if document.rules.is_empty() {
        lines.push("  none: no bundle is trusted; presetter trust rule NAME --key ID".into());
    }
    for rule in &document.rules {
        let keys: Vec<String> = rule.keys.iter().map(|id| line(&document.named(*id))).collect();
        lines.push(format!("  {}: {} of {}", rule.pattern, rule.threshold, keys.join(", ")));
    }
    let digests = document.denied.iter().filter_map(|deny| match deny.what {
        Denied::Digest(digest) => Some(format!("  {digest}: {}", line(&deny.reason))),
        Denied::Key(_) => None,
    });
    let digests: Vec<String> = digests.collect();
    if !digests.is_empty() {
        lines.push("\nrevoked bundles".into());
        lines.extend(digests);
    }
    lines.join("\n")
}

/// Follows `presetter trust check`.
pub(crate) fn check(world: &World, format: TableFormat) -> Result<Exit, Failure> {
    let trust = current(world)?;
    let findings = trust.check(World::now());
    if format == TableFormat::Json {
        let _ = world.console.json(&json!({ "version": trust.version().version, "findings": findings }));
    } else {
        for finding in &findings {
            let paint = if finding.level == Level::Error { Paint::Bad } else { Paint::Bold };
            let level = if finding.level == Level::Error { "error" } else { "warning" };
            let told = format!("{}: {} [{}]", world.console.paint(paint, level), line(&finding.message), finding.code);
            let help: Vec<String> = finding.help.lines().map(line).collect();
            world.console.say(&format!("{told}\nhelp: {}", help.join("\n      ")));
        }
        if findings.is_empty() {
            world.console.say("nothing is amiss");
        }
    }
    let wrong = findings.iter().any(|finding| finding.level == Level::Error);
    Ok(if wrong { Exit::Trust } else { Exit::Ok })
}

/// Tells that the store ends soon.
fn warn(world: &World, trust: &Trust, now: Timestamp) {
    let ends: Vec<_> = trust.check(now).into_iter().filter(|finding| finding.code.starts_with("store-")).collect();
    warned(world, &ends);
}
