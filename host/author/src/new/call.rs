//! From the request of a curl command to a blueprint.
//!
//! Owns what is taken for a credential, a value or a word of the API. Invariant: what is a credential is learnt before any
//! sample is made, so that it becomes none, wherever else it stands.

use presetter_manifest::{Effect, Repeat, SlotPlace};
use serde_json::Value;
use url::Url;

use super::Error;
use super::account::Account;
use super::base;
use super::blueprint::{Blueprint, Body, NewInput, SampleAnswer};
use super::credentials::{credentials, is_token};
use super::curl::Call;
use super::infer::{self, Inputs};
use super::names;
use super::secrets::{self, Secrets};
use super::template::{Line, fixed, input, literal};

/// Headers of browsers and of the transport, which say nothing of the API.
const IDLE: [&str; 20] = [
    "accept-encoding",
    "accept-language",
    "cache-control",
    "connection",
    "content-length",
    "dnt",
    "expect",
    "host",
    "if-modified-since",
    "if-none-match",
    "keep-alive",
    "origin",
    "pragma",
    "priority",
    "referer",
    "te",
    "transfer-encoding",
    "upgrade",
    "upgrade-insecure-requests",
    "user-agent",
];

const METHODS: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];

/// JSON deeper than this is no body of a person's.
const DEEPEST: usize = 24;

/// A blueprint, and the secrets that must be nowhere in it.
pub(crate) fn blueprint(mut call: Call, bundle: &str) -> Result<(Blueprint, Secrets), Error> {
    let method = method(&call)?;
    let url = address(&call.url)?;
    let mut making = Inputs::default();
    let mut account = Account::open(base_url(&url, &mut making.notes));
    credentials(&mut call, &url, &mut account, &mut making.secrets);
    let mut query: Vec<(String, String)> =
        url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    let more = call.query.drain(..).chain(if call.get { std::mem::take(&mut call.data) } else { Vec::new() });
    for part in more {
        query.extend(url::form_urlencoded::parse(part.as_bytes()).map(|(n, v)| (n.into_owned(), v.into_owned())));
    }
    if query.iter().any(|(name, _)| name.contains(['{', '"'])) {
        // A secret in it would be one of no name.
        return Err(Error::usage(
            "the query of the command is no list of names and values",
            "-G takes -d 'name=value'",
        ));
    }
    query.retain(|(name, value)| {
        let secret = !value.is_empty() && secrets::by_name(name);
        if secret {
            making.secrets.add(value);
            account.key(SlotPlace::Query, name, "");
        }
        !secret
    });

    let path = path(&url, &mut making)?;
    let mut sent: Vec<(String, Line)> = Vec::new();
    for (name, value) in query {
        if sent.iter().any(|(known, _)| *known == name) {
            making.notes.push("a query parameter came more than once; the first is kept".to_owned());
            continue;
        }
        let id = making.text(&name, &value, "the query parameter", false);
        sent.push((name, input(&id)));
    }
    let mut headers = headers(&call.headers, &mut making)?;
    let body = body(&call, &mut headers, &mut making)?;
    let asks = body.as_ref().is_some_and(|(_, asks)| *asks);
    let effect = match method {
        "GET" | "HEAD" => Effect::Read,
        "POST" if asks => Effect::Read,
        "POST" => Effect::Create,
        "DELETE" => Effect::Delete,
        _ => Effect::Update,
    };
    let keyed = headers.iter().any(|(name, line)| is_repeat_key(name) && fixed(line).is_none());
    if !call.ignored.is_empty() {
        let mut ignored = call.ignored.clone();
        ignored.dedup();
        making.notes.push(format!("options of curl that a preset does without: {}", ignored.join(", ")));
    }
    if call.cut {
        making.notes.push("what comes after the curl command was left out".to_owned());
    }
    let fixed_parts: Vec<Option<String>> = path.iter().map(fixed).collect();
    // The beginning of the address says nothing of what is done.
    let named: Vec<Option<&str>> = fixed_parts.iter().map(Option::as_deref).collect();
    // By what it does: a POST that only asks gets something.
    let name = names::preset(if effect == Effect::Read { "GET" } else { method }, &named);
    let by_id = effect == Effect::Read && path.iter().any(|line| fixed(line).is_none());
    let blueprint = Blueprint {
        title: names::capital(&names::spoken(&name)),
        summary: format!("Sends {method} to {bundle}. Say here what comes of it."),
        object: fixed_parts.iter().flatten().next_back().map(|part| names::snake(part, "")).unwrap_or_default(),
        name,
        effect,
        repeat: effect.writes().then(|| repeat(method, keyed)),
        inputs: making.made,
        method: method.to_owned(),
        path,
        query: sent,
        headers,
        body: body.map(|(body, _)| body),
        not_found: by_id,
        outputs: Vec::new(),
        answer: SampleAnswer {
            status: if effect == Effect::Create { 201 } else { 200 },
            body: (method != "HEAD").then(|| Value::Object(serde_json::Map::new())),
        },
        account,
        notes: making.notes,
    };
    Ok((blueprint, making.secrets))
}

/// How a repeat of a write is safe, as HTTP tells it (RFC 9110, 9.2.2): a PUT or DELETE twice is the same as once.
pub(crate) fn repeat(method: &str, keyed: bool) -> Repeat {
    match method {
        _ if keyed => Repeat::Key,
        "PUT" | "DELETE" => Repeat::Natural,
        _ => Repeat::None,
    }
}

/// A header by which a vendor knows a repeat.
pub(crate) fn is_repeat_key(name: &str) -> bool {
    ["idempotency-key", "x-idempotency-key", "idempotent-key"].contains(&name.to_ascii_lowercase().as_str())
}

fn method(call: &Call) -> Result<&'static str, Error> {
    let implied = match (call.head, call.get, call.data.is_empty()) {
        (true, ..) => "HEAD",
        (_, false, false) => "POST",
        _ => "GET",
    };
    let Some(given) = &call.method else { return Ok(implied) };
    METHODS.into_iter().find(|method| method.eq_ignore_ascii_case(given)).ok_or_else(|| {
        Error::usage(
            "the command sends a method that a preset cannot send",
            format!("possible: {}", METHODS.join(", ")),
        )
    })
}

/// The address. curl takes one without a scheme for http; an API is hardly ever that.
fn address(text: &str) -> Result<Url, Error> {
    let whole = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let url = Url::parse(&whole).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let url = url.filter(|url| url.host_str().is_some_and(|host| !host.contains(['%', '$', '{'])));
    url.ok_or_else(|| {
        Error::usage(
            "the address of the command cannot be read",
            "it is written as https://host/path; put a real name where the host has a placeholder",
        )
    })
}

/// Host, port, and as much of the path as reads like an API's root: `https://api.acme.example/v1`.
fn base_url(url: &Url, notes: &mut Vec<String>) -> Option<String> {
    let root: String = parts(url).take_while(|part| is_root(part)).map(|part| format!("/{part}")).collect();
    let base = base::base_url(url, &root);
    base.map_err(|why| notes.push(format!("the address {why}; an operator gives it with --base-url"))).ok()
}

fn parts(url: &Url) -> impl Iterator<Item = &str> {
    url.path_segments().into_iter().flatten().filter(|part| !part.is_empty())
}

/// Whether a part of a path belongs to the API rather than to one request of it.
fn is_root(part: &str) -> bool {
    let version = part.strip_prefix('v').unwrap_or(part);
    let version = !version.is_empty()
        && version.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && (part.starts_with('v') || version.contains('.'));
    version || ["api", "rest", "public", "services"].contains(&part.to_ascii_lowercase().as_str())
}

/// The parts below the base URL: words of the API, and inputs.
fn path(url: &Url, making: &mut Inputs) -> Result<Vec<Line>, Error> {
    let all: Vec<&str> = url.path_segments().into_iter().flatten().collect();
    if all.len() > 1 && all.iter().any(|part| part.is_empty()) {
        making.notes.push("the address has an empty part, or a slash at its end; a preset sends none".to_owned());
    }
    let mut path: Vec<Line> = Vec::new();
    let mut before: Option<String> = None;
    for part in parts(url).skip_while(|part| is_root(part)) {
        let text = percent_encoding::percent_decode_str(part).decode_utf8().map_err(|_| {
            Error::usage("a part of the address is no text", "use letters in UTF-8 where the address has %XX")
        })?;
        if text.contains(['/', '\\']) || text.chars().any(char::is_control) {
            let help = "a preset cannot send it: servers take such an address in two ways";
            return Err(Error::usage("a part of the address hides a slash or a control character", help));
        }
        let value = infer::is_value(before.as_deref(), &text) || making.secrets.in_text(&text);
        if value {
            let id = making.part(before.as_deref(), &text);
            path.push(input(&id));
        } else {
            path.push(literal(&text));
        }
        before = (!value).then(|| text.into_owned());
    }
    Ok(path)
}

/// The headers that the API wants: as they are, and the key of a repeat as an input.
fn headers(given: &[(String, String)], making: &mut Inputs) -> Result<Vec<(String, Line)>, Error> {
    let mut kept: Vec<(String, Line)> = Vec::new();
    let (mut dropped, mut refused) = (Vec::new(), Vec::new());
    for (name, value) in given {
        let lower = name.to_ascii_lowercase();
        if !is_token(name) || value.chars().any(char::is_control) {
            return Err(Error::usage(
                "a header of the command is no header",
                "it is written as 'Name: value', on one line",
            ));
        }
        if lower == "content-type" || lower == "accept" && value == "*/*" {
            continue;
        }
        if IDLE.contains(&lower.as_str()) || lower.starts_with("sec-") {
            dropped.push(lower);
            continue;
        }
        if !presetter_egress::may_be_sent(name) {
            refused.push(lower);
            continue;
        }
        let line = if is_repeat_key(name) || making.secrets.in_text(value) {
            let id = making.names.give(&[name]);
            let help = if is_repeat_key(name) {
                "a new text for each write, by which the vendor knows a repeat"
            } else {
                "a header"
            };
            making.made.push(NewInput::required(
                id.clone(),
                presetter_manifest::InputKind::String,
                help.to_owned(),
                secrets::sample(name).into(),
            ));
            input(&id)
        } else {
            literal(value)
        };
        match kept.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some((_, known)) => *known = line,
            None => kept.push((name.clone(), line)),
        }
    }
    if !dropped.is_empty() {
        making.notes.push(format!("headers of the browser or the transport were left out: {}", dropped.join(", ")));
    }
    if !refused.is_empty() {
        making.notes.push(format!("no preset may send these headers; they were left out: {}", refused.join(", ")));
    }
    Ok(kept)
}

/// The body, and whether it only asks.
fn body(call: &Call, headers: &mut Vec<(String, Line)>, making: &mut Inputs) -> Result<Option<(Body, bool)>, Error> {
    let media = call.headers.iter().rev().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let media = media.map(|(_, value)| value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    let text = call.data.join(if call.json { "" } else { "&" });
    if text.trim().is_empty() {
        return Ok(None);
    }
    let json = call.json || media.as_deref().is_some_and(|media| media.ends_with("/json") || media.ends_with("+json"));
    let form = media.as_deref().is_none_or(|media| media == "application/x-www-form-urlencoded");
    let looks = text.trim_start().starts_with(['{', '[']);
    match serde_json::from_str::<Value>(&text) {
        Ok(value) if json || looks => {
            if depth(&value) > DEEPEST {
                let message = format!("the body is nested deeper than {DEEPEST} levels");
                return Err(Error::usage(message, "shorten it; write the rest into the preset by hand"));
            }
            if let Some(media) = media.filter(|media| media.ends_with("+json")) {
                headers.push(("Content-Type".to_owned(), literal(&media)));
            }
            Ok(Some((Body::Json(making.body(&value)), infer::only_asks(&value))))
        }
        Err(error) if json || looks && media.is_none() => {
            let place = format!("line {}, column {} of it", error.line(), error.column());
            Err(Error::usage(
                "the body of the command is not JSON",
                format!("look at {place}; are its quotes those of the shell?"),
            ))
        }
        _ if form && !looks => {
            let mut pairs: Vec<(String, Line)> = Vec::new();
            for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
                if pairs.iter().any(|(known, _)| *known == name) {
                    making.notes.push("a field of the form came more than once; the first is kept".to_owned());
                    continue;
                }
                let id = making.text(&name, &value, "the field", true);
                pairs.push((name.into_owned(), input(&id)));
            }
            Ok(Some((Body::Form(pairs), false)))
        }
        _ => Err(Error::usage(
            "the body of the command is neither JSON nor a form",
            "a recipe sends no other; a script does: --script, then host.send({ text })",
        )),
    }
}

/// How many objects and lists stand inside one another.
pub(crate) fn depth(value: &Value) -> usize {
    match value {
        Value::Array(list) => 1 + list.iter().map(depth).max().unwrap_or_default(),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or_default(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_no_preset_may_send_are_left_out_and_told() {
        let call =
            Call::parse("curl -H 'X-HTTP-Method-Override: PUT' -H 'trailer: x' -H 'x-own: y' https://a.example/b");
        let (blueprint, _) = blueprint(call.unwrap(), "acme").unwrap();
        assert_eq!(blueprint.headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["x-own"]);
        let told = blueprint.notes.iter().find(|note| note.starts_with("no preset may send")).unwrap();
        assert!(told.ends_with(": x-http-method-override, trailer"), "{told}");
    }
}
