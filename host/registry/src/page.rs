//! The next page of a list: the header `Link` (RFC 8288).
//!
//! Invariant: a next page is on the same server, at the same path, and none that was read already.

use presetter_egress::Response;
use url::Url;

use crate::wire::same_server;

/// Where the next page is, if there is one.
///
/// # Errors
///
/// Why it is not read.
pub(crate) fn next(response: &Response, read: &[Url]) -> Result<Option<Url>, &'static str> {
    let Some(here) = read.last() else { return Ok(None) };
    let links = response.headers.iter().filter(|(name, _)| name == "link").flat_map(|(_, value)| targets(value));
    let Some(target) = links.into_iter().next() else { return Ok(None) };
    let url = here.join(&target).map_err(|_| "it is not an address")?;
    if !same_server(&url, here) || url.path() != here.path() || !url.username().is_empty() || url.password().is_some() {
        return Err("it is another list's");
    }
    if read.contains(&url) {
        return Err("it was read already");
    }
    Ok(Some(url))
}

/// The targets of a header whose relation is `next`.
fn targets(value: &str) -> Vec<String> {
    let mut targets = Vec::new();
    let mut rest = value;
    while let Some((_, begun)) = rest.split_once('<') {
        let Some((target, after)) = begun.split_once('>') else { break };
        let parameters = after.split_once('<').map_or(after, |(parameters, _)| parameters);
        let is_next = parameters.split([';', ',']).any(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or_default();
            let mut relations = value.trim().trim_matches('"').split_ascii_whitespace();
            name.trim().eq_ignore_ascii_case("rel") && relations.any(|relation| relation.eq_ignore_ascii_case("next"))
        });
        if is_next {
            targets.push(target.to_owned());
        }
        rest = after;
    }
    targets
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn next_of(link: &str, read: &[&str]) -> Result<Option<String>, &'static str> {
        let read: Vec<Url> = read.iter().map(|url| Url::parse(url).unwrap()).collect();
        let headers = vec![("link".to_owned(), link.to_owned())];
        next(&Response { status: 200, headers, body: Bytes::new() }, &read).map(|url| url.map(String::from))
    }

    #[test]
    fn pages_stay_in_their_list() {
        let first = "https://r.example/v2/a/tags/list?n=2";
        for (link, page) in [
            (r#"</v2/a/tags/list?n=2&last=b>; rel="next""#, Some("https://r.example/v2/a/tags/list?n=2&last=b")),
            (r"<list?last=b>;rel=next", Some("https://r.example/v2/a/tags/list?last=b")),
            (r#"<?last=b>; title=x; REL="prev next""#, Some("https://r.example/v2/a/tags/list?last=b")),
            (r#"<?last=a>; rel="prev", <?last=b>; rel="next""#, Some("https://r.example/v2/a/tags/list?last=b")),
            (r#"<?last=a>; rel="prev""#, None),
            ("", None),
            ("<x", None),
        ] {
            assert_eq!(next_of(link, &[first]), Ok(page.map(str::to_owned)), "{link}");
        }
        for link in [
            "</v2/b/tags/list>; rel=next",
            "<https://evil.example/v2/a/tags/list>; rel=next",
            "<//evil.example/v2/a/tags/list>; rel=next",
            "<http://r.example/v2/a/tags/list>; rel=next",
            "<https://r.example:444/v2/a/tags/list>; rel=next",
            "<https://u@r.example/v2/a/tags/list>; rel=next",
            "<https://[>; rel=next",
            "<?n=2>; rel=next",
        ] {
            assert!(next_of(link, &[first]).is_err(), "{link}");
        }
    }
}
