//! From a manifest's `[request]` and values to a request, each value encoded for its place.

use std::sync::Arc;

use presetter_connection::{Body, Outgoing, Redirects};
use presetter_manifest::{Diagnostics, Preset, Request, Text};
use presetter_template::{Context, Names, Options, Problem, RenderError, Scope, Template, encode};
use serde_json::{Map, Value};

use crate::contract::presetter::preset::{http, types};
use crate::given::{Given, Tell, Telling};
use crate::runner::BodyOverride;

/// A request's templates, compiled, with the file that they stand in.
#[derive(Debug)]
pub(crate) struct Prepared {
    file: String,
    source: Arc<str>,
    method: String,
    path: Vec<Part>,
    query: Vec<(String, Part)>,
    headers: Vec<(String, Part)>,
    body: Option<PreparedBody>,
    form: Option<Vec<(String, Part)>>,
    body_set: Vec<(String, Value)>,
    inputs: Vec<(String, String)>,
    pub(crate) writes: bool,
    redirects: Option<Redirects>,
}

/// A template and its place in the manifest.
#[derive(Debug)]
struct Part {
    template: Template,
    text: Text,
}

/// A body's template; Advanced Mode brings its own file.
#[derive(Debug)]
struct PreparedBody {
    part: Part,
    own: Option<(String, Arc<str>)>,
}

impl Prepared {
    /// Compiles the request of a preset. `Ok(None)`: it has none, its component makes its own.
    pub(crate) fn new(
        preset: &Preset,
        file: &str,
        source: &Arc<str>,
        body: Option<&BodyOverride>,
        body_set: &[(String, Value)],
    ) -> Result<Option<Self>, Diagnostics> {
        let Some(request) = &preset.request else { return Ok(None) };
        let mut problems = Vec::new();
        let mut compile = |text: &Text, context: Context| match Template::compile_with(
            text.as_str(),
            context,
            Options { unsafe_raw: request.unsafe_raw && context == Context::Json },
        ) {
            Ok(template) => Some(Part { template, text: text.clone() }),
            Err(found) => {
                problems.extend(found.into_iter().map(|p| text.locate(source, p)));
                None
            }
        };
        let path = request.path.iter().filter_map(|t| compile(t, Context::PathSegment)).collect();
        let mut pairs = |texts: &indexmap::IndexMap<String, Text>, context| -> Vec<(String, Part)> {
            texts.iter().filter_map(|(name, text)| Some((name.clone(), compile(text, context)?))).collect()
        };
        let query = pairs(&request.query, Context::Query);
        let headers = pairs(&request.headers, Context::Header);
        let form = request.form.as_ref().map(|form| pairs(form, Context::Form));
        let own_body = request.body.as_ref().filter(|_| body.is_none());
        let mut prepared_body =
            own_body.and_then(|text| compile(text, Context::Json)).map(|part| PreparedBody { part, own: None });
        if !problems.is_empty() {
            return Err(Diagnostics::of(file, source, problems));
        }
        if let Some(body) = body {
            prepared_body = Some(overridden(body, request)?);
        }
        let inputs = preset.inputs.iter().map(|(name, input)| (name.clone(), input.help.clone())).collect();
        Ok(Some(Self {
            file: file.to_owned(),
            source: source.clone(),
            method: request.method.as_str().to_owned(),
            path,
            query,
            headers,
            body: prepared_body,
            form,
            body_set: body_set.to_vec(),
            inputs,
            // Another body can turn a request that reads into one that writes.
            writes: preset.effect.writes()
                || changes(request.method.as_str())
                || body.is_some()
                || !body_set.is_empty(),
            redirects: redirects(preset, file),
        }))
    }

    /// Renders the request. All names that have no value are reported at once. `tell` is told of the blocks of the
    /// manifest's own templates.
    pub(crate) fn render(
        &self,
        values: &Map<String, Value>,
        settings: &Value,
        tell: Tell<'_>,
    ) -> Result<Outgoing, Diagnostics> {
        let scope = Given { values, settings, inputs: &self.inputs };
        let mut wrong = Vec::new();
        let mut part = |part: &Part| -> Option<String> {
            match part.template.render(&Telling::new(&scope, &part.text, &self.source, tell)) {
                Ok(text) => Some(text),
                Err(error) => {
                    wrong.extend(located(error, &part.text, &self.source));
                    None
                }
            }
        };
        let path: Vec<String> = self.path.iter().filter_map(&mut part).collect();
        let mut pairs = |from: &[(String, Part)], to_name: fn(&str) -> String| -> Vec<(String, String)> {
            let present = from.iter().filter(|(_, p)| !left_out(p, &scope));
            present.filter_map(|(name, p)| Some((to_name(name), part(p)?))).collect()
        };
        let query = pairs(&self.query, encode::query);
        let headers = pairs(&self.headers, str::to_owned);
        let form = self.form.as_ref().map(|form| pairs(form, encode::form));
        let mut diagnostics = Diagnostics::of(&self.file, &self.source, wrong);
        let mut body = form.map(Body::Form);
        if let Some(prepared) = &self.body {
            let rendered = match &prepared.own {
                Some(_) => prepared.part.template.render(&scope),
                None => prepared.part.template.render(&Telling::new(&scope, &prepared.part.text, &self.source, tell)),
            };
            match rendered {
                Ok(text) => body = Some(Body::Json(text)),
                Err(error) => {
                    let (file, source) = prepared.own.as_ref().map_or((&self.file, &self.source), |(f, s)| (f, s));
                    diagnostics.0.extend(Diagnostics::of(file, source, located(error, &prepared.part.text, source)).0);
                }
            }
        }
        if !diagnostics.0.is_empty() {
            return Err(diagnostics);
        }
        if !self.body_set.is_empty() {
            body = Some(Body::Json(self.set_fields(body)?));
        }
        Ok(Outgoing {
            method: self.method.clone(),
            path,
            query,
            headers,
            body,
            writes: self.writes,
            redirects: self.redirects.clone(),
        })
    }

    /// Advanced Mode's single fields, by JSON pointer.
    fn set_fields(&self, body: Option<Body>) -> Result<String, Diagnostics> {
        let refuse = |pointer: &str, why: &str| {
            let problem = Problem::new(format!("the field \"{pointer}\" cannot be set: {why}"), 0..pointer.len());
            Diagnostics::of("--body-set", pointer, vec![problem])
        };
        let mut value = match body {
            None => Value::Object(Map::new()),
            Some(Body::Json(text)) => exact(&text).map_err(|why| refuse(&self.body_set[0].0, &why))?,
            Some(_) => return Err(refuse(&self.body_set[0].0, "this preset's body is not JSON")),
        };
        for (pointer, new) in &self.body_set {
            set(&mut value, pointer, new.clone()).map_err(|why| refuse(pointer, &why))?;
        }
        Ok(value.to_string())
    }
}

/// What a preset says of redirects.
pub(crate) fn redirects(preset: &Preset, file: &str) -> Option<Redirects> {
    // Its manifest was checked: the number is small.
    let most = u8::try_from(preset.redirects?).ok()?;
    Some(Redirects { most, origin: format!("redirects = {most} in {file}") })
}

/// Methods that change something, whatever a preset says of itself (RFC 9110, 9.3). A POST may be a read.
fn changes(method: &str) -> bool {
    !matches!(method, "GET" | "HEAD" | "POST")
}

/// The body that a person gave in place of the preset's.
fn overridden(body: &BodyOverride, request: &Request) -> Result<PreparedBody, Diagnostics> {
    let options = Options { unsafe_raw: request.unsafe_raw };
    let template = Template::compile_with(&body.text, Context::Json, options)
        .map_err(|problems| Diagnostics::of(&body.file, &body.text, problems))?;
    let part = Part { template, text: Text::whole(&body.text) };
    Ok(PreparedBody { part, own: Some((body.file.clone(), body.text.as_str().into())) })
}

/// A parameter or header is left out if nothing is left of its template because its optional values are absent.
fn left_out(part: &Part, scope: &dyn Scope) -> bool {
    let absent =
        part.template.variables().iter().any(|v| v.optional && v.path.resolve(scope).is_none_or(Value::is_null));
    absent && part.template.render(scope).is_ok_and(|text| text.is_empty())
}

fn located(error: RenderError, text: &Text, source: &str) -> Vec<Problem> {
    error.problems.into_iter().map(|p| text.locate(source, p)).collect()
}

/// Reads a body that will be written anew, if each of its numbers comes back as it was written.
fn exact(text: &str) -> Result<Value, String> {
    let value: Value = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let again = value.to_string();
    let changed = numbers(text).zip(numbers(&again)).find(|(before, after)| before != after);
    match changed {
        Some((before, _)) => Err(format!("the body has the number {before}, which would be changed; put it in quotes")),
        None => Ok(value),
    }
}

/// The numbers of a JSON text, as they are written.
fn numbers(json: &str) -> impl Iterator<Item = &str> {
    let mut in_text = false;
    let mut escaped = false;
    let outside = move |c: char| {
        let part = !in_text && (c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E'));
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = in_text,
            '"' => in_text = !in_text,
            _ => {}
        }
        !part
    };
    // Between numbers stand true, false and other words, whose letter e is no number.
    json.split(outside).filter(|part| part.contains(|c: char| c.is_ascii_digit()))
}

/// Sets a field by JSON pointer (RFC 6901); objects on the way are made, `-` appends to a list.
fn set(value: &mut Value, pointer: &str, new: Value) -> Result<(), String> {
    if pointer.is_empty() {
        *value = new;
        return Ok(());
    }
    let mut at = value;
    let keys = pointer.strip_prefix('/').ok_or_else(|| format!("a JSON pointer begins with /, as in /{pointer}"))?;
    for key in keys.split('/') {
        let key = key.replace("~1", "/").replace("~0", "~");
        at = match at {
            Value::Object(map) => map.entry(key).or_insert_with(|| Value::Object(Map::new())),
            Value::Array(list) => {
                let len = list.len();
                if key == "-" {
                    list.push(Value::Object(Map::new()));
                }
                let index = if key == "-" { Some(len) } else { key.parse().ok() };
                let place = index.and_then(|i: usize| list.get_mut(i));
                place.ok_or_else(|| format!("the list has {len} elements, and none \"{key}\""))?
            }
            _ => return Err(format!("what stands before \"{key}\" is neither an object nor a list")),
        };
    }
    *at = new;
    Ok(())
}

/// A request that a component put together, encoded. The error is one sentence for the component's author.
pub(crate) fn explicit(
    request: http::Request,
    preset: Option<&Prepared>,
    settings: &Value,
    preset_writes: bool,
    redirects: Option<Redirects>,
) -> Result<Outgoing, String> {
    let reads = matches!(request.method.as_str(), "GET" | "HEAD");
    let path =
        request.path.iter().map(|s| encode::path_segment(s).map_err(|e| e.to_string())).collect::<Result<_, _>>()?;
    let pair = |p: types::Pair, encode: fn(&str) -> String| (encode(&p.name), encode(&p.value));
    let mut headers: Vec<_> = request.headers.into_iter().map(|h| (h.name, h.value)).collect();
    let media = request.body.as_ref().and_then(|body| body.content_type.clone());
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
        headers.extend(media.map(|media| ("Content-Type".to_owned(), media)));
    }
    let query = request.query.into_iter().map(|p| pair(p, encode::query)).collect();
    let body = request.body.map(|body| explicit_body(body, preset, settings)).transpose()?;
    Ok(Outgoing {
        path,
        query,
        headers,
        body,
        writes: changes(&request.method) || preset_writes && !reads,
        redirects,
        method: request.method,
    })
}

fn explicit_body(body: http::Body, preset: Option<&Prepared>, settings: &Value) -> Result<Body, String> {
    let text = |data: Vec<u8>| String::from_utf8(data).map_err(|_| "the body is not UTF-8".to_owned());
    Ok(match body.kind.as_str() {
        "template" => {
            let values: Map<String, Value> =
                serde_json::from_slice(&body.data).map_err(|e| format!("the values are no JSON object: {e}"))?;
            let prepared = preset
                .and_then(|p| p.body.as_ref().map(|b| (p, b)))
                .ok_or("the preset's manifest has no body template")?;
            let scope = Given { values: &values, settings, inputs: &prepared.0.inputs };
            Body::Json(
                prepared
                    .1
                    .part
                    .template
                    .render(&scope)
                    .map_err(|e| e.problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))?,
            )
        }
        "json" => {
            let text = text(body.data)?;
            serde_json::from_str::<serde::de::IgnoredAny>(&text).map_err(|e| format!("the body is not JSON: {e}"))?;
            Body::Json(text)
        }
        "form" => {
            let pairs: Vec<(String, String)> =
                serde_json::from_slice(&body.data).map_err(|e| format!("the form is no JSON list of pairs: {e}"))?;
            Body::Form(pairs.into_iter().map(|(n, v)| (encode::form(&n), encode::form(&v))).collect())
        }
        "text" => Body::Text {
            content_type: body.content_type.unwrap_or_else(|| "text/plain; charset=utf-8".into()),
            text: text(body.data)?,
        },
        "bytes" => Body::Bytes {
            content_type: body.content_type.unwrap_or_else(|| "application/octet-stream".into()),
            bytes: body.data.into(),
        },
        other => return Err(format!("there is no kind of body \"{other}\"")),
    })
}

/// The names that a template over an answer knows, for probes and mappings.
pub(crate) fn names<'a>(values: &'a Map<String, Value>, settings: &'a Value) -> Names<'a> {
    values.iter().fold(Names::default().with("settings", settings), |names, (name, value)| names.with(name, value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_beside_a_field_that_is_set_stay_as_they_are() {
        let fine =
            r#"{"a":[1,-2.5,18446744073709551615],"t":"12345678901234567890123 \" 1.10","b":true,"n":null,"f":false}"#;
        assert_eq!(exact(fine).unwrap().to_string(), fine);
        for (text, number) in [
            (r#"{"a":12345678901234567890123}"#, "12345678901234567890123"),
            (r#"{"t":"\\","a":1.00000000000000000001}"#, "1.00000000000000000001"),
            (r#"[true,1.10]"#, "1.10"),
        ] {
            let why = exact(text).unwrap_err();
            assert!(why.contains(number), "{why}");
        }
    }

    #[test]
    fn a_body_has_the_media_type_that_its_component_names() {
        let sent = |kind: &str, data: &str, media: Option<&str>, header: Option<&str>| {
            let headers = header.map(|value| types::Pair { name: "content-type".into(), value: value.into() });
            let body = http::Body { kind: kind.into(), data: data.into(), content_type: media.map(str::to_owned) };
            let (path, query) = (vec!["x".into()], Vec::new());
            let headers = headers.into_iter().collect();
            let request = http::Request { method: "POST".into(), path, query, headers, body: Some(body) };
            explicit(request, None, &Value::Null, true, None).unwrap().headers
        };
        let named = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        for (kind, data) in [("json", "{}"), ("form", "[]"), ("text", "x"), ("bytes", "x")] {
            assert_eq!(
                sent(kind, data, Some("application/scim+json"), None),
                named("Content-Type", "application/scim+json")
            );
            assert_eq!(sent(kind, data, None, None), []);
            assert_eq!(sent(kind, data, Some("a/b"), Some("c/d")), named("content-type", "c/d"));
        }
    }

    #[test]
    fn fields_are_set_by_pointer() {
        let mut value = json!({ "a": [1, 2], "b": "x" });
        set(&mut value, "/c/d", json!(1)).unwrap();
        set(&mut value, "/a/-", json!(3)).unwrap();
        set(&mut value, "/a/0", json!({})).unwrap();
        set(&mut value, "/e~1f", json!(null)).unwrap();
        assert_eq!(value, json!({ "a": [{}, 2, 3], "b": "x", "c": { "d": 1 }, "e/f": null }));
        for (pointer, word) in [("c", "begins with /"), ("/a/7", "2"), ("/b/x", "neither")] {
            let fails = set(&mut json!({ "a": [1, 2], "b": "x" }), pointer, json!(0)).unwrap_err();
            assert!(fails.contains(word), "{fails}");
        }
    }
}
