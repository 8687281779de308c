//! `presetter plan`: walks the way of `run` and stops at the door.
//!
//! Owns: printing the first request, and naming what depends on an answer. Keeps: no socket is opened, no session is looked
//! up, no secret is resolved: the transport refuses, and the observer vetoes before it is asked.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use presetter_connection::{Error, Preview};
use presetter_egress::{Policy, Request, Response, Transport};
use presetter_manifest::{AuthKind, Repeat};
use presetter_runtime::{CancellationToken, RunObserver, Sending, Verdict};
use serde_json::{Map, Value, json};

use crate::args::{PlanArgs, PlanFormat};
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::prepare::{self, Prepared, Sessions};
use crate::select::quoted;
use crate::world::World;

/// Prints the first request of a run.
pub(crate) async fn plan(world: &World, args: &PlanArgs) -> Result<Exit, Failure> {
    if args.each.given() {
        return crate::bulk::plan(world, args).await;
    }
    let prepared = prepare::prepare(world, &args.call, closed(), Sessions::Kept)?;
    let Some(preview) = first(world, &prepared).await? else {
        world.console.say("this run would end without sending anything");
        return Ok(Exit::Ok);
    };
    let then = afterwards(&prepared, args.call.confirm);
    if args.format == PlanFormat::Json {
        // A closed pipe is the reader's choice, not an error.
        let _ = world.console.json(&object(&prepared, Some(&preview), &then));
    } else {
        print(world, args.format, &preview);
        talk(world, &prepared, &then);
    }
    Ok(Exit::Ok)
}

/// The first request of a run; none if it would end without one.
pub(crate) async fn first(world: &World, prepared: &Prepared) -> Result<Option<Preview>, Failure> {
    let (component, sources) = prepare::load(&prepare::engine_for_one(world, &prepared.limits)?, &prepared.chosen)?;
    let door = Arc::new(Door::default());
    let invocation = prepared.invocation(door.clone(), CancellationToken::new());
    let report = prepared.runner(component, sources).run(&invocation).await;

    let seen = door.seen.lock().unwrap_or_else(PoisonError::into_inner).take();
    match seen {
        Some(Ok(preview)) => Ok(Some(preview)),
        Some(Err(error)) => Err(prepare::access_failure(&error)),
        // It never came to a request: something is wrong with the templates or inputs, or nothing is ever sent.
        None if report.diagnostics.as_ref().is_some_and(|d| !d.0.is_empty()) => Err(Failure::at(
            Exit::of(&report),
            report.diagnostics.unwrap_or_else(|| presetter_manifest::Diagnostics(Vec::new())),
        )),
        None if Exit::of(&report) == Exit::Ok => Ok(None),
        None => {
            Err(Failure::new(Exit::of(&report), output::message(&report)).help(report.outcome.hint.unwrap_or_default()))
        }
    }
}

/// Looks at the first request and lets none through.
#[derive(Default)]
struct Door {
    seen: Mutex<Option<Result<Preview, Error>>>,
}

#[async_trait]
impl RunObserver for Door {
    async fn before_send(&self, sending: &Sending<'_>) -> Verdict {
        let preview = sending.preview();
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(preview);
        Verdict::Veto
    }
}

/// A transport without a network: whatever gets past the veto ends here.
struct Closed;

/// The transport of a plan.
pub(crate) fn closed() -> Arc<dyn Transport> {
    Arc::new(Closed)
}

#[async_trait]
impl Transport for Closed {
    async fn send(&self, _: &Policy, _: Request) -> Result<Response, presetter_egress::Error> {
        Err(presetter_egress::Error::Denied {
            reason: "a plan sends nothing".into(),
            advice: "use `presetter run`".into(),
        })
    }
}

/// What would follow, as far as it can be known without an answer.
pub(crate) fn afterwards(prepared: &Prepared, confirm: bool) -> Vec<String> {
    let kind = &prepared.connection.kind;
    let preset = prepared.chosen.preset.manifest.for_kind(kind);
    let mut then = Vec::new();
    let session = prepared.chosen.bundle.manifest().connections.get(kind).filter(|k| k.auth == AuthKind::Session);
    if let Some(login) = session.and_then(|kind| kind.login.as_ref()) {
        let path: Vec<&str> = login.path.iter().map(|segment| segment.as_str()).collect();
        then.push(format!(
            "before it, unless a session is open: {} {}/{} to log in",
            login.method,
            prepared.connection.base_url.trim_end_matches('/'),
            path.join("/")
        ));
    }
    let looks = if confirm { " (--confirm)" } else { ", only with --confirm" };
    if preset.repeat() == Repeat::Probe
        && let Some(probe) = &preset.probe
    {
        then.push(format!(
            "before it{looks}: {} looks whether it is there already; then nothing is sent",
            probe.preset
        ));
    }
    if let Some(most) = preset.redirects {
        then.push(format!(
            "if the answer redirects: at most {most} in a row are followed; each needs a grant, and other servers get no credentials"
        ));
    }
    if let Some(pages) = &preset.pages {
        let until = if preset.find.is_some() { "until it is found" } else { "until the last one" };
        then.push(format!(
            "page {} and later: the same with the next page number, {until}, at most {} pages",
            pages.start + 1,
            pages.max
        ));
    }
    if preset.most() > 1 {
        then.push(format!("with --each: up to {} rows in one request", preset.most()));
    }
    if let Some(mixup) = &preset.mixup {
        then.push(format!("if nothing is found: {} looks whether the id is of another kind", mixup.preset));
    }
    if let Some(probe) = &preset.probe {
        then.push(format!("after it{looks}: {} looks whether it took place", probe.preset));
    }
    then
}

/// Prints a request.
pub(crate) fn print(world: &World, format: PlanFormat, preview: &Preview) {
    // A closed pipe is the reader's choice, not an error.
    let _ = world.console.raw(&if format == PlanFormat::Curl { curl(preview) } else { http(preview) });
}

/// Tells what belongs to a request, and what would follow.
pub(crate) fn talk(world: &World, prepared: &Prepared, then: &[String]) {
    let console = &world.console;
    console.say("");
    console.say(&format!("nothing was sent; connection {}", line(&prepared.connection.name)));
    for (name, value) in &corrected(prepared) {
        console.say(&format!("setting {}: {} (not the bundle's own)", line(name), output::cell(value)));
    }
    if prepared.overridden {
        console.say(&format!("body: that of presetter override {} (not the preset's own)", line(&prepared.name())));
    }
    for next in then {
        console.say(&line(next));
    }
}

/// A plan as scripts see it.
pub(crate) fn object(prepared: &Prepared, preview: Option<&Preview>, then: &[String]) -> Value {
    let body = |body: &str| serde_json::from_str(body).unwrap_or_else(|_| Value::from(body));
    let request = |preview: &Preview| {
        json!({
            "method": preview.method,
            "url": preview.url,
            "headers": presetter_workflow::headers(&preview.headers),
            "body": preview.body.as_deref().map(body),
        })
    };
    let mut object = json!({
        "preset": prepared.name(),
        "connection": prepared.connection.name,
        "settings": prepared.settings,
        "request": preview.map(request),
        "then": then,
    });
    if prepared.overridden {
        object["overridden"] = true.into();
    }
    object
}

/// The settings that the operator corrected.
pub(crate) fn corrected(prepared: &Prepared) -> Map<String, Value> {
    let declared = &prepared.chosen.bundle.manifest().settings;
    let differs = |name: &String, value: &Value| declared.get(name).is_none_or(|s| s.default != *value);
    prepared.settings.iter().filter(|(name, value)| differs(name, value)).map(|(n, v)| (n.clone(), v.clone())).collect()
}

/// As it goes over the wire, but for the masks.
fn http(preview: &Preview) -> String {
    let mut lines = vec![format!("{} {}", preview.method, preview.url)];
    lines.extend(preview.headers.iter().map(|(name, value)| format!("{name}: {value}")));
    if let Some(body) = &preview.body {
        lines.push(String::new());
        lines.push(body.clone());
    }
    lines.join("\n")
}

/// A command to paste.
fn curl(preview: &Preview) -> String {
    let mut parts = vec![format!("curl -X {} {}", quoted(&preview.method), quoted(&preview.url))];
    parts.extend(preview.headers.iter().map(|(name, value)| format!("-H {}", quoted(&format!("{name}: {value}")))));
    if let Some(body) = &preview.body {
        // --data-raw: an @ at the beginning must not name a file.
        parts.push(format!("--data-raw {}", quoted(body)));
    }
    parts.join(" \\\n  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preview() -> Preview {
        Preview {
            method: "POST".into(),
            url: "https://a.example/v1/users".into(),
            headers: vec![("accessToken".into(), "[secret access_token]".into())],
            body: Some(r#"{"iduser":"1\",\"type\":\"ADMIN","name":"O'Brien"}"#.into()),
        }
    }

    #[test]
    fn http_is_the_request() {
        assert_eq!(
            http(&preview()),
            "POST https://a.example/v1/users\naccessToken: [secret access_token]\n\n{\"iduser\":\"1\\\",\\\"type\\\":\\\"ADMIN\",\"name\":\"O'Brien\"}"
        );
    }

    #[test]
    fn curl_can_be_pasted() {
        assert_eq!(
            curl(&preview()),
            "curl -X POST https://a.example/v1/users \\\n  -H 'accessToken: [secret access_token]' \\\n  --data-raw '{\"iduser\":\"1\\\",\\\"type\\\":\\\"ADMIN\",\"name\":\"O'\\''Brien\"}'"
        );
    }
}
