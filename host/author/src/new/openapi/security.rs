//! How an operation authenticates, from a document's `security`.

use presetter_manifest::SlotPlace;
use serde_json::Value;

use super::document::Document;
use crate::new::account::Account;
use crate::new::credentials::is_token;
use crate::new::toml_text::line;

/// Adds to an account what an operation asks for: of several ways the first that a connection can go.
pub(crate) fn add(document: &Document, operation: &Value, account: &mut Account, notes: &mut Vec<String>) {
    let asked = operation.get("security").or_else(|| document.root.get("security"));
    let ways: Vec<&serde_json::Map<String, Value>> =
        asked.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object).collect();
    if ways.is_empty() {
        if asked.is_none() {
            notes.push(
                "the document does not say how the operation authenticates; the kind has no credentials".to_owned(),
            );
        }
        return;
    }
    let mut wrong = Vec::new();
    for way in ways.iter().filter(|way| !way.is_empty()) {
        let mut tried = account.clone();
        let mut told = Vec::new();
        match way.keys().try_for_each(|name| scheme(document, name, &mut tried, &mut told)) {
            Ok(()) => {
                *account = tried;
                notes.extend(told);
                return;
            }
            Err(why) => wrong.push(why),
        }
    }
    notes.extend(wrong.into_iter().next());
}

fn scheme(document: &Document, name: &str, account: &mut Account, notes: &mut Vec<String>) -> Result<(), String> {
    let shown = line(name, 60);
    let schemes = document.root.get("components").and_then(|all| all.get("securitySchemes"));
    let is = schemes.and_then(|schemes| document.get(schemes, name));
    let is = is.ok_or_else(|| {
        format!("the security scheme {shown} is not in the document; add its credentials to the kind")
    })?;
    let text = |key: &str| is.get(key).and_then(Value::as_str).unwrap_or_default();
    match (text("type"), text("in"), text("scheme").to_ascii_lowercase().as_str()) {
        ("http", _, "bearer") => account.bearer(),
        ("http", _, "basic") => account.basic(),
        ("oauth2" | "openIdConnect", ..) => {
            account.bearer();
            notes.push(format!(
                "{shown} is {}: the kind takes an access token that somebody got elsewhere",
                text("type")
            ));
        }
        ("apiKey", "header", _) if is_token(text("name")) => {
            let name = text("name");
            // Where the key stands behind a scheme, only its description says so.
            account.key(SlotPlace::Header, name, "");
            if name.eq_ignore_ascii_case("authorization") {
                notes.push(format!(
                    "{shown} is sent in Authorization as it is; put a scheme before it in `slots` if the API wants one"
                ));
            }
        }
        ("apiKey", "query", _) if !text("name").is_empty() => account.key(SlotPlace::Query, text("name"), ""),
        ("apiKey", "cookie", _) if is_token(text("name")) => account.key(SlotPlace::Cookie, text("name"), ""),
        (kind, _, how) => {
            let how = if how.is_empty() { String::new() } else { format!(" {}", line(how, 40)) };
            return Err(format!(
                "the security scheme {shown} ({}{how}) is none that a connection can follow",
                line(kind, 40)
            ));
        }
    }
    Ok(())
}
