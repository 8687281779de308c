//! Puts a request together and fills the slots of the connection.
//!
//! Owns the one way from [`Outgoing`] to a request of the transport, for real values and for markers alike, so that what a
//! plan shows is what is sent. Invariants: a place that a slot fills is filled by the host alone: a guest that sets it is
//! denied, never overruled; nothing else of the guest's request changes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use indexmap::IndexMap;
use presetter_egress::Request;
use presetter_manifest::SlotPlace;
use presetter_secret::{Redactor, Secret};
use presetter_template::encode;
use serde_json::value::RawValue;
use url::Url;
use zeroize::Zeroizing;

use crate::plan::{Filling, Slot};
use crate::values::Values;
use crate::{Body, Error, Outgoing, target};

/// Builds the request with its slots filled.
pub(crate) fn build(base: &Url, outgoing: &Outgoing, slots: &[Slot], values: &Values) -> Result<Request, Error> {
    let url = |query: &[Pair]| target::join(base, &outgoing.path, &[&outgoing.query[..], query].concat());
    filled(url, outgoing, slots, values)
}

/// Builds the same request for another address of the connection's server, which that server gave. Parameters that slots
/// fill are filled anew: the server may have repeated them.
pub(crate) fn rebuild(at: &Url, outgoing: &Outgoing, slots: &[Slot], values: &Values) -> Result<Request, Error> {
    let ours = |name: &str| slots.iter().any(|slot| slot.place == SlotPlace::Query && slot.name == name);
    filled(|query| target::with_query(at, ours, query), outgoing, slots, values)
}

/// Headers that carry credentials and nothing else. No preset sets them, whether or not a slot does.
const CREDENTIALS: [&str; 2] = ["Authorization", "Cookie"];

/// A name and a value, percent-encoded.
type Pair = (String, String);

/// Fills the slots; `url` makes the address from the parameters among them.
fn filled(
    url: impl FnOnce(&[Pair]) -> Result<Url, Error>,
    outgoing: &Outgoing,
    slots: &[Slot],
    values: &Values,
) -> Result<Request, Error> {
    if let Some(name) = CREDENTIALS.into_iter().find(|name| has_header(&outgoing.headers, name)) {
        return Err(Error::denied(
            format!("the preset sets the header \"{name}\", which is for credentials"),
            "Credentials are the connection's: declare a slot of its kind in bundle.toml, and take the header out of the preset.",
        ));
    }
    let mut query = Vec::new();
    let mut headers = outgoing.headers.clone();
    let mut body = outgoing.body.clone();
    let mut cookies: Vec<String> = Vec::new();
    for slot in slots {
        let value = fill(&slot.filling, values)?;
        match slot.place {
            SlotPlace::Header => {
                if has_header(&outgoing.headers, &slot.name) {
                    return Err(taken("header", &slot.name));
                }
                headers.push((slot.name.clone(), value.to_string()));
            }
            SlotPlace::Query => {
                let name = encode::query(&slot.name);
                if outgoing.query.iter().any(|(given, _)| target::decoded(given) == slot.name) {
                    return Err(taken("query parameter", &slot.name));
                }
                query.push((name, value.to_string()));
            }
            SlotPlace::Cookie => cookies.push(cookie(&slot.name, &value)?),
            SlotPlace::Form => body = Some(form(body, outgoing, &slot.name, &value)?),
            SlotPlace::Json => body = Some(json(body, outgoing, &slot.name, &value)?),
        }
    }
    if !cookies.is_empty() {
        headers.push(("Cookie".to_owned(), cookies.join("; ")));
    }
    let url = url(&query)?;
    let body = body.map(|body| bytes(body, &mut headers)).transpose()?;
    Ok(Request { method: outgoing.method.clone(), url, headers, body })
}

/// The value of a slot, encoded for its place.
pub(crate) fn fill(filling: &Filling, values: &Values) -> Result<Zeroizing<String>, Error> {
    match filling {
        Filling::Template(template) => template.render(values),
        Filling::Bearer(token) => Ok(Zeroizing::new(format!("Bearer {}", &*header(token.render(values)?)?))),
        Filling::Basic(user, password) => {
            let (user, password) = (user.render(values)?, password.render(values)?);
            if user.contains(':') {
                let message = "HTTP Basic cannot carry a user name with a colon in it; check the connection's fields";
                return Err(Error::Invalid(message.to_owned()));
            }
            let pair = Zeroizing::new(format!("{}:{}", &*user, &*password));
            if values.is_masked() {
                return Ok(Zeroizing::new(format!("Basic [base64 of {}]", &*header(pair)?)));
            }
            Ok(Zeroizing::new(format!("Basic {}", &*Zeroizing::new(STANDARD.encode(pair.as_bytes())))))
        }
    }
}

/// Tells the redactor the pairs of HTTP Basic, whose base64 hides the password together with the user name.
pub(crate) fn learn_pairs<'a>(
    fillings: impl IntoIterator<Item = &'a Filling>,
    values: &Values,
    redactor: &Redactor,
) -> Result<(), Error> {
    for filling in fillings {
        if let Filling::Basic(user, password) = filling {
            redactor.add_pair("credentials", &user.render(values)?, &Secret::new(password.render(values)?.to_string()));
        }
    }
    Ok(())
}

/// The body's bytes; adds its media type unless the request names one.
pub(crate) fn bytes(body: Body, headers: &mut Vec<(String, String)>) -> Result<Bytes, Error> {
    let (kind, bytes) = match body {
        Body::Json(text) => ("application/json".to_owned(), Bytes::from(text)),
        Body::Form(pairs) => ("application/x-www-form-urlencoded".to_owned(), Bytes::from(target::pairs(&pairs)?)),
        Body::Text { content_type, text } => (content_type, Bytes::from(text)),
        Body::Bytes { content_type, bytes } => (content_type, bytes),
    };
    if !has_header(headers, "content-type") {
        headers.push(("Content-Type".to_owned(), kind));
    }
    Ok(bytes)
}

fn has_header(headers: &[(String, String)], name: &str) -> bool {
    headers.iter().any(|(given, _)| given.eq_ignore_ascii_case(name))
}

fn header(value: Zeroizing<String>) -> Result<Zeroizing<String>, Error> {
    if value.chars().any(|c| c.is_control()) {
        return Err(Error::Invalid(
            "a header cannot carry line breaks or control characters; check the connection's secrets".into(),
        ));
    }
    Ok(value)
}

fn taken(what: &str, name: &str) -> Error {
    Error::denied(
        format!("the preset sets the {what} \"{name}\", which the connection fills with a credential"),
        "Only the connection may set it. Take it out of the preset's request.",
    )
}

fn cookie(name: &str, value: &str) -> Result<String, Error> {
    // RFC 6265, cookie-octet.
    let fine = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | ',' | ';' | '\\');
    if !value.chars().all(fine) || !name.chars().all(|c| fine(c) && c != '=') {
        return Err(Error::Invalid(format!(
            "the cookie \"{name}\" cannot carry the connection's credential: a character of it is not allowed in cookies"
        )));
    }
    Ok(format!("{name}={value}"))
}

/// An empty body for a slot, where a request without one may have one.
fn none(outgoing: &Outgoing, empty: Body, place: &str) -> Result<Body, Error> {
    if matches!(outgoing.method.as_str(), "GET" | "HEAD") {
        let reason =
            format!("the connection puts a credential into {place}, and a {} request has no body", outgoing.method);
        return Err(Error::Invalid(reason));
    }
    Ok(empty)
}

fn wrong(body: &Body, place: &str) -> Error {
    Error::Invalid(format!(
        "the connection puts a credential into {place}, and the preset's request has {}",
        body.name()
    ))
}

fn form(body: Option<Body>, outgoing: &Outgoing, name: &str, value: &str) -> Result<Body, Error> {
    match body.map_or_else(|| none(outgoing, Body::Form(Vec::new()), "a form"), Ok)? {
        Body::Form(mut pairs) => {
            if pairs.iter().any(|(given, _)| target::decoded(given) == name) {
                return Err(taken("form field", name));
            }
            pairs.push((encode::form(name), value.to_owned()));
            Ok(Body::Form(pairs))
        }
        other => Err(wrong(&other, "a form")),
    }
}

/// One level of a JSON object; what is not on the way to a slot stays as the letters it was.
type Members = IndexMap<String, Box<RawValue>>;

fn json(body: Option<Body>, outgoing: &Outgoing, pointer: &str, value: &str) -> Result<Body, Error> {
    const PLACE: &str = "a JSON body";
    match body.map_or_else(|| none(outgoing, Body::Json("{}".into()), PLACE), Ok)? {
        Body::Json(text) => {
            let keys: Vec<String> =
                pointer.split('/').skip(1).map(|key| key.replace("~1", "/").replace("~0", "~")).collect();
            if keys.is_empty() || !pointer.starts_with('/') {
                return Err(Error::Invalid(format!(
                    "the connection kind's slot \"{pointer}\" is not a JSON pointer to a property"
                )));
            }
            insert(&text, &keys, pointer, value).map(Body::Json)
        }
        other => Err(wrong(&other, PLACE)),
    }
}

fn insert(text: &str, keys: &[String], pointer: &str, value: &str) -> Result<String, Error> {
    let Some((key, rest)) = keys.split_first() else { return Err(taken("JSON property", pointer)) };
    let broken = || {
        Error::Invalid(format!(
            "the connection puts a credential at \"{pointer}\", and the preset's body has no object around that place"
        ))
    };
    let mut members: Members = serde_json::from_str(text).map_err(|_| broken())?;
    let filled = match (members.get(key), rest.is_empty()) {
        (Some(_), true) => return Err(taken("JSON property", pointer)),
        (Some(inner), false) => insert(inner.get(), rest, pointer, value)?,
        (None, true) => serde_json::to_string(value).map_err(|_| broken())?,
        (None, false) => insert("{}", rest, pointer, value)?,
    };
    members.insert(key.clone(), RawValue::from_string(filled).map_err(|_| broken())?);
    serde_json::to_string(&members).map_err(|_| broken())
}
