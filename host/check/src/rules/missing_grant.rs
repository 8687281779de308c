//! A request that no grant can allow.

use presetter_manifest::{AuthKind, Preset, Text};
use presetter_template::Problem;

use crate::finding::{Level, Tell};
use crate::grants::Sent;
use crate::lint::{Lint, Look};
use crate::subject::{Manifest, Source, Subject};

pub(crate) const LINT: Lint = Lint {
    name: "missing-grant",
    level: Level::Error,
    means: "No grant allows the request of a preset, or of a login. A part of a path that is a template is taken for anything.",
    why: "The request is always denied.",
    mended: "",
    look: Look::Both(logins, requests),
};

fn logins(subject: &Subject, tell: &mut Tell<'_>) {
    let kinds = subject.bundle.is.connections.values().filter(|kind| kind.auth == AuthKind::Session);
    for login in kinds.filter_map(|kind| kind.login.as_ref()) {
        missing(subject, &subject.bundle.source, "the login", (&login.method, &login.path), tell);
    }
}

fn requests(subject: &Subject, preset: &Manifest<Preset>, tell: &mut Tell<'_>) {
    for request in subject.requests(&preset.is) {
        missing(subject, &preset.source, "the request", (&request.method, &request.path), tell);
    }
}

fn missing(subject: &Subject, source: &Source, what: &str, (method, path): (&Text, &[Text]), tell: &mut Tell<'_>) {
    let sent = Sent::of(method, path);
    if subject.bundle.is.grants.iter().any(|grant| sent.allowed(grant)) {
        return;
    }
    let span = match (path.first(), path.last()) {
        (Some(first), Some(last)) => first.span().start..last.span().end,
        // A path without parts has no place, and a method that is not written none either.
        _ => method.span(),
    };
    let pattern = sent.pattern();
    let at = if pattern.is_empty() { "the base URL itself" } else { pattern.as_str() };
    let problem = Problem::new(format!("no grant allows {what}, {} {at}", sent.method), span);
    let hint = format!(
        "add to {}: [[grants]] with methods = [\"{}\"] and paths = [\"{pattern}\"]",
        subject.bundle.source.file, sent.method
    );
    tell.at(source, problem.with_hint(hint));
}

#[cfg(test)]
mod tests {
    use crate::draft::Draft;

    #[test]
    fn a_request_that_no_grant_allows_is_an_error() {
        let path = Draft::new().with("['users', '{{id}}']", "['users', '{{id}}', 'role']");
        assert_eq!(path.told(), ["wide-grant: 'users/*'", "missing-grant: 'users', '{{id}}', 'role'"]);
        assert!(path.messages().contains(&"no grant allows the request, GET users/*/role".to_owned()));
        let method = Draft::new().with("method = 'GET'", "method = 'HEAD'");
        assert!(method.told().contains(&"missing-grant: 'users', '{{id}}'".to_owned()), "{:?}", method.told());
    }

    #[test]
    fn a_login_needs_a_grant_too() {
        let draft = Draft::new().shared(
            "auth = 'api-key'",
            "auth = 'session'\nlogin = { path = ['login'], token = { from = 'header', name = 'T' } }",
        );
        assert_eq!(draft.told(), ["missing-grant: 'login'"]);
        let granted = draft.shared("[settings]", "[[grants]]\nmethods = ['POST']\npaths = ['login']\n\n[settings]");
        assert_eq!(granted.told(), [""; 0]);
    }

    #[test]
    fn each_kind_that_the_preset_works_with_counts() {
        let variant = "[for.key.request]\nmethod = 'GET'\npath = ['people', '{{id}}']\nquery = { shape = '{{settings.shape}}' }\n[outputs]";
        let draft = Draft::new().with("[outputs]", variant);
        // The preset's own request is never sent: its only kind has another.
        assert_eq!(draft.told(), ["wide-grant: 'users/*'", "missing-grant: 'people', '{{id}}'"]);
        assert_eq!(draft.shared("'users/*'", "'people/*'").told(), [""; 0]);
    }
}
