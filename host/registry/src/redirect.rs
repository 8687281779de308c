//! Where a blob may be instead: the rules for redirects.
//!
//! Invariants: at most three; https alone (from a registry on this machine also http, to this machine); never with a login;
//! never twice to the same place; each by a policy that grants GET on that one server, and a private address only where
//! the registry itself is one.

use presetter_egress::{PathPattern, Response};
use url::Url;

use crate::{
    Error, Repository, bounds,
    registry::grant,
    text,
    wire::{Draft, header, is_safe},
};

impl Repository<'_> {
    /// Sends a read of a blob, and follows where the registry points to.
    pub(crate) async fn fetch(&self, draft: &Draft) -> Result<Response, Error> {
        let mut response = self.send(draft).await?;
        let mut trail = vec![draft.url.clone()];
        while matches!(response.status, 301 | 302 | 303 | 307 | 308) {
            let url = next(&response, &trail, self.is_loopback())
                .map_err(|why| Error::Redirect { what: draft.what.clone(), why })?;
            let grants = grant(&url, &["GET"], Some(PathPattern::any())).into_iter().collect();
            let policy = self.registry.policy(grants, self.is_private(), draft.cap);
            let hop = draft.at(url.clone());
            response = self.registry.exchange(&policy, &hop, None).await?;
            if matches!(response.status, 401 | 403) {
                let why = format!("{} refuses it without a login, which is never sent there", server(&url));
                return Err(Error::Redirect { what: draft.what.clone(), why });
            }
            trail.push(url);
        }
        Ok(response)
    }
}

/// Where `response` points to, if that may be gone to after `trail`.
fn next(response: &Response, trail: &[Url], from_loopback: bool) -> Result<Url, String> {
    if trail.len() > bounds::REDIRECTS {
        return Err(format!("there were {} before it", bounds::REDIRECTS));
    }
    let location = header(response, "location").ok_or("it does not say where to")?;
    let here = trail.last().ok_or("it comes from nowhere")?;
    let mut url = here.join(location).map_err(|_| format!("`{}` is not an address", text::clean(location, 100)))?;
    url.set_fragment(None);
    is_safe(&url, from_loopback).map_err(|why| format!("it leads to {}, and {why}", server(&url)))?;
    if trail.contains(&url) {
        return Err(format!("it leads in a circle by way of {}", server(&url)));
    }
    Ok(url)
}

/// A server, as messages show it: what follows may hold a key of its own.
fn server(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn to(location: Option<&str>, trail: &[&str], from_loopback: bool) -> Result<String, String> {
        let headers = location.map(|to| ("location".to_owned(), to.to_owned())).into_iter().collect();
        let trail: Vec<Url> = trail.iter().map(|url| Url::parse(url).unwrap()).collect();
        next(&Response { status: 307, headers, body: Bytes::new() }, &trail, from_loopback).map(String::from)
    }

    #[test]
    fn where_a_blob_may_be() {
        let start = "https://r.example/v2/a/blobs/x";
        for (location, url) in [
            ("https://cdn.example/x?sig=1#f", "https://cdn.example/x?sig=1"),
            ("https://cdn.example//x", "https://cdn.example//x"),
            ("/elsewhere", "https://r.example/elsewhere"),
            ("//cdn.example/x", "https://cdn.example/x"),
        ] {
            assert_eq!(to(Some(location), &[start], false).unwrap(), url);
        }
        for (location, words) in [
            ("http://cdn.example/x", "not https"),
            ("http://127.0.0.1/x", "not https"),
            ("ftp://cdn.example/x", "not https"),
            ("file:///etc/passwd", "not https"),
            ("https://ann:p@cdn.example/x", "user name"),
            ("https://[/", "not an address"),
            (start, "circle"),
            ("#again", "circle"),
        ] {
            let why = to(Some(location), &[start], false).unwrap_err();
            assert!(why.contains(words) && !why.contains("ann"), "{location}: {why}");
        }
        assert!(to(None, &[start], false).unwrap_err().contains("where to"));
        let four = [start, "https://1.example", "https://2.example", "https://3.example"];
        assert!(to(Some("https://4.example/"), &four, false).unwrap_err().contains("3 before"));
        assert!(to(Some("https://3.example/"), &four[..3], false).is_ok());
    }

    #[test]
    fn from_this_machine_to_this_machine_by_http() {
        let start = "http://127.0.0.1:5000/v2/a/blobs/x";
        assert!(to(Some("http://localhost:6000/x"), &[start], true).is_ok());
        assert!(to(Some("http://10.0.0.1/x"), &[start], true).unwrap_err().contains("not https"));
        assert!(to(Some("http://127.0.0.1.example/x"), &[start], true).unwrap_err().contains("not https"));
    }
}
