//! Requests and grants as far as manifests tell them: which grant can allow which request.
//!
//! Owns the comparison. A part of a path that is a template may be anything, so a grant that *could* allow a request is never
//! called missing, and one that a request *could* need is never called unused.

use presetter_egress::PathPattern;
use presetter_manifest::{AuthKind, Bundle, GrantRequest, Preset, Request, Text};
use presetter_template::{Context, Names, Template};

use crate::subject::requests;

/// A request below the base URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) method: String,
    /// The parts of the path as they are sent, percent-encoded; nothing for one that is not known.
    pub(crate) path: Vec<Option<String>>,
}

impl Sent {
    /// What a method and a path send.
    pub(crate) fn of(method: &Text, path: &[Text]) -> Self {
        let part = |text: &Text| {
            let template = Template::compile(text.as_str(), Context::PathSegment).ok()?;
            template.render(&Names::new()).ok().filter(|_| template.variables().is_empty())
        };
        Self { method: method.to_string(), path: path.iter().map(part).collect() }
    }

    /// What a preset's request sends.
    pub(crate) fn request(request: &Request) -> Self {
        Self::of(&request.method, &request.path)
    }

    /// Its path as a grant would say it: `users/*`.
    pub(crate) fn pattern(&self) -> String {
        self.path.iter().map(|part| part.as_deref().unwrap_or("*")).collect::<Vec<_>>().join("/")
    }

    /// Whether a path of a grant below the base URL can cover it.
    pub(crate) fn fits(&self, pattern: &str) -> bool {
        let parts = parts(pattern);
        let (fixed, rest) = match parts.split_last() {
            Some((&"**", fixed)) => (fixed, true),
            _ => (&parts[..], false),
        };
        let long = if rest { self.path.len() >= fixed.len() } else { self.path.len() == fixed.len() };
        long && fixed.iter().zip(&self.path).all(|(wanted, part)| match part {
            // No part of a path is empty, whatever a template gives.
            None => !wanted.is_empty(),
            Some(part) => covers(wanted, part),
        })
    }

    /// Whether a grant can allow it. A grant with a host of its own is for redirects.
    pub(crate) fn allowed(&self, grant: &GrantRequest) -> bool {
        grant.host.is_none()
            && grant.methods.iter().any(|method| method.as_str() == self.method)
            && grant.paths.iter().any(|path| self.fits(path.as_str()))
    }
}

/// The granted methods and paths below the base URL that a preset can use, its logins among them, each once. Of a script or a
/// component they are all: what it sends is not known.
#[must_use]
pub fn used_grants<'a>(bundle: &'a Bundle, preset: &Preset) -> Vec<(&'a str, &'a str)> {
    let code = bundle.component.is_some() || preset.script.is_some();
    let kinds = bundle.connections.iter().filter(|(name, _)| preset.works_with(name)).map(|(_, kind)| kind);
    let logins = kinds.filter(|kind| kind.auth == AuthKind::Session).filter_map(|kind| kind.login.as_ref());
    let logins = logins.map(|login| Sent::of(&login.method, &login.path));
    let sent: Vec<Sent> = requests(bundle, preset).into_iter().map(Sent::request).chain(logins).collect();
    let mut used = Vec::new();
    for grant in bundle.grants.iter().filter(|grant| grant.host.is_none()) {
        for method in &grant.methods {
            let needs = |path: &&Text| sent.iter().any(|s| s.method == method.as_str() && s.fits(path.as_str()));
            let paths = grant.paths.iter().filter(|path| code || needs(path));
            used.extend(
                paths
                    .map(|path| (method.as_str(), path.as_str()))
                    .filter(|pair| !used.contains(pair))
                    .collect::<Vec<_>>(),
            );
        }
    }
    used
}

/// The parts of a path pattern below the base URL.
pub(crate) fn parts(pattern: &str) -> Vec<&str> {
    let pattern = pattern.trim_start_matches('/');
    if pattern.is_empty() { Vec::new() } else { pattern.split('/').collect() }
}

/// Whether one part of a pattern covers one part of a path, as egress compares them.
fn covers(wanted: &str, part: &str) -> bool {
    PathPattern::parse(&format!("/{wanted}")).is_ok_and(|pattern| pattern.matches(&format!("/{part}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(path: &[&str]) -> Sent {
        let path: Vec<Text> = path.iter().map(|part| Text::whole(part)).collect();
        Sent::of(&Text::whole("GET"), &path)
    }

    #[test]
    fn a_preset_uses_the_grants_that_its_requests_and_logins_need() {
        let shared = "name = 'a'\nversion = '1.0.0'\ncontract = '0.1'\ntitle = 'A'\n[[grants]]\nmethods = ['GET', 'POST']\npaths = ['login', 'users/*', 'groups']\n";
        let kind = "[connections.s]\ntitle = 'S'\nauth = 'session'\nslots = [{ into = 'header', name = 'T', value = '{{session.token}}' }]\nlogin = { path = ['login'], token = { from = 'header', name = 'T' } }\n";
        let bundle = Bundle::parse("b", &format!("{shared}{kind}")).unwrap();
        let text = "title = 'U'\neffect = 'read'\n[inputs]\nid = { type = 'string' }\n[request]\nmethod = 'GET'\npath = ['users', '{{id}}']\n";
        let preset = Preset::parse("p", text, &bundle).unwrap();
        assert_eq!(used_grants(&bundle, &preset), [("GET", "users/*"), ("POST", "login")]);
        let script = text[..text.find("[request]").unwrap()].replace("effect", "script = 'run.js'\neffect");
        let script = Preset::parse("p", &script, &bundle).unwrap();
        assert_eq!(used_grants(&bundle, &script).len(), 6);
    }

    #[test]
    fn a_pattern_fits_what_it_could_cover() {
        for (path, pattern, fits) in [
            (&["users"][..], "users", true),
            (&["users"], "/users", true),
            (&["users", "{{id}}"], "users/*", true),
            (&["users", "{{id}}"], "users/me", true),
            (&["users", "{{id}}"], "users", false),
            (&["users", "{{id}}"], "groups/*", false),
            (&["users", "{{id}}", "x"], "users/**", true),
            (&["users"], "users/**", true),
            (&["groups"], "users/**", false),
            (&[], "", true),
            (&["a b"], "a%20b", true),
            (&["users"], "users/", false),
            (&["users", "{{id}}"], "users/", false),
        ] {
            assert_eq!(sent(path).fits(pattern), fits, "{path:?} {pattern}");
        }
        assert_eq!(sent(&["users", "{{id}}.json", "a b"]).pattern(), "users/*/a%20b");
    }
}
