//! Reading `[expect]`.

use std::ops::Range;

use indexmap::IndexMap;
use presetter_manifest::Text;
use presetter_runtime::Kind;
use presetter_template::Problem;
use serde_json::Value;
use toml::Spanned;
use url::Url;

use crate::case::{At, Expect, ExpectedRequest};
use crate::form::{self, ExpectForm, RequestForm};

/// The kinds of outcome, by the names that cases use.
const KINDS: [(&str, Kind); 4] =
    [("ok", Kind::Ok), ("not_found", Kind::NotFound), ("failed", Kind::Failed), ("unknown", Kind::Unknown)];

/// What is expected, of a case with this text.
pub(crate) fn read(
    form: Option<Spanned<ExpectForm>>,
    text: &str,
    base_url: &Url,
    problems: &mut Vec<Problem>,
) -> Expect {
    let Some(form) = form else { return Expect { place: text.len()..text.len(), ..Expect::default() } };
    let place = first_line(text, form.span());
    let form = form.into_inner();
    let rows = form.rows.map(|rows| {
        let place = rows.span();
        let value = rows.get_ref().iter().map(|row| Value::Object(form::table(row, &place, problems))).collect();
        At { value, place: first_line(text, place) }
    });
    let outputs = form.outputs.map(|outputs| {
        let value = form::table(outputs.get_ref(), &outputs.span(), problems);
        At { value, place: first_line(text, outputs.span()) }
    });
    let requests = form
        .requests
        .map(|requests| requests.into_iter().filter_map(|one| request(one, text, base_url, problems)).collect());
    Expect {
        place,
        outcome: form.outcome.and_then(|text| kind(&text, problems)),
        class: form.class.map(at),
        evidence: form.evidence.map(at),
        message: form.message.map(at),
        logins: form.logins.map(|logins| At { place: logins.span(), value: logins.into_inner() }),
        outputs,
        rows,
        requests,
    }
}

fn at(text: Text) -> At<String> {
    At { value: text.as_str().to_owned(), place: text.span() }
}

fn kind(text: &Text, problems: &mut Vec<Problem>) -> Option<At<Kind>> {
    let found = KINDS.iter().find(|(name, _)| *name == text.as_str());
    if found.is_none() {
        let possible = KINDS.map(|(name, _)| name).join(", ");
        let problem = Problem::new(format!("\"{text}\" is no outcome"), text.span());
        problems.push(problem.with_hint(format!("possible here: {possible}")));
    }
    found.map(|(_, kind)| At { value: *kind, place: text.span() })
}

fn request(
    form: Spanned<RequestForm>,
    text: &str,
    base_url: &Url,
    problems: &mut Vec<Problem>,
) -> Option<At<ExpectedRequest>> {
    let place = first_line(text, form.span());
    let RequestForm { method, url, body, headers } = form.into_inner();
    let Some(address) = below(base_url, url.as_str()) else {
        let problem = Problem::new("this is neither an address nor a path below the base URL", url.span());
        problems.push(problem.with_hint("write for example url = \"users?page=1\""));
        return None;
    };
    let value = ExpectedRequest {
        method: method.as_str().to_owned(),
        url: address,
        body: body.map(|body| body.as_str().to_owned()),
        headers: headers.into_iter().map(|(name, value)| (name, value.as_str().to_owned())).collect::<IndexMap<_, _>>(),
    };
    Some(At { value, place })
}

/// An address below the base URL, or a whole one.
fn below(base_url: &Url, text: &str) -> Option<Url> {
    if text.contains("://") {
        return Url::parse(text).ok();
    }
    let path = text.trim_start_matches('/');
    let gap = if path.is_empty() || path.starts_with('?') { "" } else { "/" };
    Url::parse(&format!("{}{gap}{path}", base_url.as_str().trim_end_matches('/'))).ok()
}

/// A table may take many lines; its first is enough to point at.
fn first_line(text: &str, place: Range<usize>) -> Range<usize> {
    let inside = text.get(place.clone()).unwrap_or_default();
    place.start..place.start + inside.find('\n').unwrap_or(inside.len())
}
