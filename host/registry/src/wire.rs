//! One request, as it is before anyone's login is put into it, and what is read of an answer's head.
//!
//! Invariant: every request asks for an answer that is not compressed, so that lengths and digests are those of the bytes
//! that were stored.

use bytes::Bytes;
use presetter_egress::{Error as Broken, Part, Request, Response};
use presetter_secret::Secret;
use url::Url;

use crate::{Error, bounds::Cap};

/// A request to be, which may be sent several times.
pub(crate) struct Draft {
    pub(crate) method: &'static str,
    pub(crate) url: Url,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Option<Bytes>,
    /// How large the answer may be.
    pub(crate) cap: Cap,
    /// What it is about, for messages: `the blob sha256:... of HOST/REPOSITORY`.
    pub(crate) what: String,
}

impl Draft {
    pub(crate) fn new(method: &'static str, url: Url, cap: Cap, what: impl Into<String>) -> Draft {
        Draft { method, url, headers: Vec::new(), body: None, cap, what: what.into() }
    }

    pub(crate) fn get(url: Url, cap: Cap, what: impl Into<String>) -> Draft {
        Draft::new("GET", url, cap, what)
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Draft {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn body(mut self, media_type: &str, body: Bytes) -> Draft {
        self.body = Some(body);
        self.header("Content-Type", media_type)
    }

    /// The same, elsewhere.
    pub(crate) fn at(&self, url: Url) -> Draft {
        let (headers, body) = (self.headers.clone(), self.body.clone());
        Draft { method: self.method, url, headers, body, cap: self.cap, what: self.what.clone() }
    }

    /// Whether it changes nothing, so that it may be sent again.
    pub(crate) fn reads(&self) -> bool {
        matches!(self.method, "GET" | "HEAD")
    }

    pub(crate) fn request(&self, authorization: Option<&Secret>) -> Request {
        let mut headers = vec![("Accept-Encoding".to_owned(), "identity".to_owned())];
        headers.extend(self.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        headers.extend(authorization.map(|value| ("Authorization".to_owned(), value.expose().to_owned())));
        Request { method: self.method.to_owned(), url: self.url.clone(), headers, body: self.body.clone() }
    }

    /// Why there is no answer to it.
    pub(crate) fn failed(&self, error: Broken) -> Error {
        match error {
            Broken::TooLarge { part: Part::AnswerBody, limit } => {
                Error::TooLarge { what: self.what.clone(), limit: limit as u64 }
            }
            source => Error::Network { what: self.what.clone(), source },
        }
    }
}

/// The first value of a header of an answer; `name` in lower case.
pub(crate) fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
}

/// Whether the body is in another form than the one that was asked for.
pub(crate) fn is_encoded(response: &Response) -> bool {
    let encoding = header(response, "content-encoding").unwrap_or_default().trim();
    !encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity")
}

/// Whether two addresses are the same server, by the same scheme.
pub(crate) fn same_server(a: &Url, b: &Url) -> bool {
    a.origin() == b.origin()
}

/// Whether an address may be gone to at all, from a registry that is or is not this machine itself: https; from loopback
/// also http, to loopback alone. Nothing that carries a login in itself.
pub(crate) fn is_safe(url: &Url, from_loopback: bool) -> Result<(), &'static str> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the address carries a user name");
    }
    let loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    match url.scheme() {
        "https" => Ok(()),
        "http" if from_loopback && loopback => Ok(()),
        "http" => Err("it is not https, so that anyone on the way could read and change it"),
        _ => Err("it is not https"),
    }
}
