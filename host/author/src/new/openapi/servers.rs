//! The base URL of an operation.

use serde_json::Value;
use url::Url;

use super::document::Document;
use super::schema::list;
use crate::new::base;

/// The first server's address, with the defaults of its variables; nothing if it is not the same for all customers.
pub(crate) fn base_url(
    document: &Document,
    item: &Value,
    operation: &Value,
    notes: &mut Vec<String>,
) -> Option<String> {
    let server = [operation, item, &document.root].into_iter().find_map(|value| list(value, "servers").next())?;
    let mut text = server.get("url").and_then(Value::as_str).unwrap_or_default().to_owned();
    for (name, variable) in server.get("variables").and_then(Value::as_object).into_iter().flatten() {
        if let Some(default) = variable.get("default").and_then(Value::as_str) {
            text = text.replace(&format!("{{{name}}}"), default);
        }
    }
    let given =
        |why: &str| format!("{why}; an operator gives the address with --base-url, or write base_url into the kind");
    let Some(url) = Url::parse(&text).ok().filter(|url| url.has_host() && !text.contains(['{', '}'])) else {
        notes.push(given("the document's server is not a whole address"));
        return None;
    };
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        notes.push(given("the document's server has more than host and path in its address"));
        return None;
    }
    let base = base::base_url(&url, url.path().trim_end_matches('/'));
    base.map_err(|why| notes.push(given(&format!("the document's server {why}")))).ok()
}
