//! The places of requests that the host fills with credentials, and with which.
//!
//! Owns how such a place is called, for everyone who tells of it. Keeps: every template of a kind that knows a credential is
//! part of one place.

use std::collections::BTreeSet;

use presetter_template::{Context, Template};

use crate::{AuthKind, ConnectionKind, SlotPlace, Text};

/// A place that the host fills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// The place in plain words: `the header Authorization (Bearer)`, `the login, POST /login`.
    pub place: String,
    /// What is put there, as templates name it: `secrets.token`, `fields.email`, `session.token`.
    pub with: BTreeSet<String>,
}

impl ConnectionKind {
    /// Every place that the host fills, the login first.
    #[must_use]
    pub fn filled(&self) -> Vec<Filled> {
        let login = self.login.as_ref().map(|login| {
            let path: String = login.path.iter().map(|part| format!("/{part}")).collect();
            let parts = login.path.iter().map(|text| (text, Context::PathSegment));
            let parts = parts.chain(login.headers.values().map(|text| (text, Context::Header)));
            let parts = parts.chain(login.body.iter().map(|text| (text, Context::Json)));
            let parts = parts.chain(login.form.values().map(|text| (text, Context::Form)));
            let parts = parts.chain(login.basic.iter().flatten().map(|text| (text, Context::Text)));
            Filled { place: format!("the login, {} {path}", login.method), with: named(parts) }
        });
        let own = match self.auth {
            AuthKind::Basic => vec![self.username.iter().chain(&self.password).collect::<Vec<_>>()],
            AuthKind::Bearer => vec![self.token.iter().collect()],
            AuthKind::None | AuthKind::ApiKey | AuthKind::Session => Vec::new(),
        };
        let texts = own.into_iter().chain(self.slots.iter().map(|slot| vec![&slot.value]));
        let places = self.filled_places(str::to_owned).into_iter().zip(texts);
        let places = places
            .map(|(place, texts)| Filled { place, with: named(texts.into_iter().map(|text| (text, Context::Text))) });
        login.into_iter().chain(places).collect()
    }

    /// The places that the host fills with credentials, in plain words; the name of each is written by `named`. A login is
    /// not among them.
    #[must_use]
    pub fn filled_places(&self, named: impl Fn(&str) -> String) -> Vec<String> {
        let own = match self.auth {
            AuthKind::Basic => Some("HTTP Basic"),
            AuthKind::Bearer => Some("Bearer"),
            AuthKind::None | AuthKind::ApiKey | AuthKind::Session => None,
        };
        let own = own.map(|scheme| format!("the header {} ({scheme})", named("Authorization")));
        let slots = self.slots.iter().map(|slot| {
            let name = named(slot.name.as_str());
            match slot.into {
                SlotPlace::Header => format!("the header {name}"),
                SlotPlace::Query => format!("the query parameter {name}"),
                SlotPlace::Cookie => format!("the cookie {name}"),
                SlotPlace::Form => format!("the form field {name}"),
                SlotPlace::Json => format!("{name} in the JSON body"),
            }
        });
        own.into_iter().chain(slots).collect()
    }
}

/// What templates name, as they name it.
fn named<'t>(texts: impl Iterator<Item = (&'t Text, Context)>) -> BTreeSet<String> {
    let compiled = texts.filter_map(|(text, context)| Template::compile(text.as_str(), context).ok());
    compiled.flat_map(|template| template.variables().iter().map(|v| v.path.to_string()).collect::<Vec<_>>()).collect()
}

#[cfg(test)]
mod tests {
    use crate::Bundle;

    fn filled(kind: &str) -> Vec<(String, Vec<String>)> {
        let head = "name = 'a'\nversion = '1.0.0'\ncontract = '0.1'\ntitle = 'A'\n[connections.k]\ntitle = 'K'\n";
        let text = format!(
            "{head}fields.user = {{ help = 'u' }}\nsecrets.one = {{ help = 'o' }}\nsecrets.two = {{ help = 't' }}\n{kind}"
        );
        let bundle = Bundle::parse("bundle.toml", &text).unwrap_or_else(|e| panic!("{e}"));
        let all = bundle.connections["k"].filled().into_iter();
        all.map(|filled| (filled.place, filled.with.into_iter().collect())).collect()
    }

    fn is(place: &str, with: &[&str]) -> (String, Vec<String>) {
        (place.to_owned(), with.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn a_place_is_told_with_what_is_put_there() {
        let basic = "auth = 'basic'\nusername = '{{fields.user}}'\npassword = '{{secrets.one}}{{secrets.two}}'\nslots = [{ into = 'query', name = 'k', value = 'x{{secrets.two}}' }]";
        assert_eq!(
            filled(basic),
            [
                is("the header Authorization (HTTP Basic)", &["fields.user", "secrets.one", "secrets.two"]),
                is("the query parameter k", &["secrets.two"]),
            ]
        );
        assert_eq!(
            filled("auth = 'bearer'\ntoken = '{{secrets.one}}'"),
            [is("the header Authorization (Bearer)", &["secrets.one"])]
        );
        let session = "auth = 'session'\nslots = [{ into = 'header', name = 'T', value = '{{session.token}}' }]\n[connections.k.login]\npath = ['login', '{{fields.user}}']\nbody = '{\"p\": {{secrets.one}}}'\nheaders = { K = '{{secrets.two}}' }\ntoken = { from = 'header', name = 'T' }\n";
        assert_eq!(
            filled(session),
            [
                is("the login, POST /login/{{fields.user}}", &["fields.user", "secrets.one", "secrets.two"]),
                is("the header T", &["session.token"]),
            ]
        );
        assert_eq!(filled("auth = 'none'"), []);
    }
}
