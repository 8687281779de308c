//! The base URL of an operation.

use serde_json::Value;
use url::Url;

use super::document::Document;
use super::schema::list;

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
    let host = url.host_str().unwrap_or_default();
    let near = host == "localhost" || host.starts_with("127.") || host == "[::1]";
    if url.scheme() != "https" && !(url.scheme() == "http" && near) {
        notes.push(given("the document's server does not go by https"));
        return None;
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        notes.push(given("the document's server has more than host and path in its address"));
        return None;
    }
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{}://{host}{port}{}", url.scheme(), url.path().trim_end_matches('/')))
}
