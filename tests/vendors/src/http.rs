//! As much of HTTP/1.1 as a stand-in needs: one request and one answer a connection.
//!
//! Owns: both forms, and how they are read and written.

use std::io::{self, BufRead, BufReader, Read, Write};

use serde_json::Value;
use url::Url;

/// The largest head and the largest body that are read, in bytes. Far above any honest request.
const MOST: u64 = 1024 * 1024;

/// One request, read whole.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// The target as written: path and query.
    pub(crate) target: String,
    /// The path's segments, decoded.
    pub(crate) path: Vec<String>,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    /// Reads a request; nothing where the other side only connected.
    pub(crate) fn read(from: impl Read) -> io::Result<Option<Self>> {
        let mut from = BufReader::new(from.take(2 * MOST));
        let mut line = String::new();
        if from.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let mut words = line.split_whitespace();
        let (Some(method), Some(target)) = (words.next(), words.next()) else { return Err(broken("request line")) };
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            from.read_line(&mut line)?;
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').ok_or_else(|| broken("header"))?;
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length = length.map_or(Ok(0), |(_, value)| value.parse::<u64>()).map_err(|_| broken("Content-Length"))?;
        if length > MOST {
            return Err(broken("Content-Length"));
        }
        let mut body = Vec::new();
        from.take(length).read_to_end(&mut body)?;

        let url = Url::parse("http://standin").and_then(|base| base.join(target)).map_err(|_| broken("target"))?;
        let path = url.path().split('/').skip(1).map(decoded).collect();
        let query = url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        Ok(Some(Self { method: method.to_owned(), target: target.to_owned(), path, query, headers, body }))
    }

    /// The first value of a query parameter.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The first value of a header; its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON, if it is.
    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// A segment without its percent-encoding. `+` is a plus in a path, and a space in a form.
fn decoded(segment: &str) -> String {
    let form = format!("s={}", segment.replace('+', "%2B"));
    url::form_urlencoded::parse(form.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the request's {what} cannot be read"))
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The body; 204 has none.
    pub(crate) body: Option<Value>,
}

impl Reply {
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), body: Some(body) }
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: None }
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Writes it, and says that the connection ends with it.
    pub(crate) fn write(&self, mut to: impl Write) -> io::Result<()> {
        let body = self.body.as_ref().map(Value::to_string);
        let mut head = format!("HTTP/1.1 {}\r\nConnection: close\r\n", self.status);
        if let Some(body) = &body {
            head += &format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
        }
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        to.write_all(format!("{head}\r\n{}", body.unwrap_or_default()).as_bytes())?;
        to.flush()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_is_read_whole() {
        let text = "POST /api/v1/users/a%2Fb+c?filter=x%20y&limit=2 HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\n{\"a\": 1}rest";
        let request = Request::read(text.as_bytes()).unwrap().unwrap();
        assert_eq!(request.path, ["api", "v1", "users", "a/b+c"]);
        assert_eq!((request.query("filter"), request.query("limit")), (Some("x y"), Some("2")));
        assert_eq!((request.header("host"), request.json()), (Some("h"), Some(json!({ "a": 1 }))));
    }

    #[test]
    fn nothing_is_no_request_and_nonsense_is_an_error() {
        assert!(Request::read(&b""[..]).unwrap().is_none());
        for text in
            ["nonsense\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n"]
        {
            assert!(Request::read(text.as_bytes()).is_err(), "{text}");
        }
    }
}
