//! A request and an answer as plain data.
//!
//! Both carry secrets once credentials are filled in, so neither can be printed by accident: `Debug` shows names and
//! sizes, never a header's value, a body or a query.

use std::fmt;

use bytes::Bytes;
use url::Url;

/// One request. Not `Clone`: it may hold credentials, and it is sent once.
pub struct Request {
    /// The HTTP method, in capitals as the server expects it.
    pub method: String,
    /// The whole address. A fragment is never sent.
    pub url: Url,
    /// Names and values in the order to send them; a name may occur more than once.
    pub headers: Vec<(String, String)>,
    /// The body, or `None` for none.
    pub body: Option<Bytes>,
}

/// One answer, read to its end.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// The status, 100 to 999.
    pub status: u16,
    /// Names in lower case, in the order that each name first came; values decoded as UTF-8, with U+FFFD for what is not.
    /// `content-encoding` and `content-length` are gone where the body was decompressed.
    pub headers: Vec<(String, String)>,
    /// The body, decompressed.
    pub body: Bytes,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("url", &shown(&self.url))
            .field("header_names", &names(&self.headers))
            .field("body_bytes", &self.body.as_ref().map(Bytes::len))
            .finish()
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("header_names", &names(&self.headers))
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

fn names(headers: &[(String, String)]) -> Vec<&str> {
    headers.iter().map(|(name, _)| name.as_str()).collect()
}

/// An address as messages show it: `scheme://host:port/path`, without user info, query and fragment. The port is left
/// out where it is the scheme's own.
pub fn shown(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path())
}
