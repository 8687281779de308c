//! Where a request goes: the base URL and the path and query below it.
//!
//! Owns joining. Invariants: a joined address has the base URL's scheme, host, port and path in front, and exactly one
//! segment for each that was given; whatever a server could read otherwise is refused, not repaired.

use url::Url;

use crate::Error;

/// Reads an operator's base URL. `allow_private` also allows plain http, for a test server in one's own network.
///
/// # Errors
/// One sentence on what is wrong with it and what to write.
pub(crate) fn base(text: &str, allow_private: bool) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|_| "it is not an address; write it as https://host/path".to_owned())?;
    match url.scheme() {
        "https" => {}
        "http" if allow_private => {}
        "http" => return Err("it uses http, which anyone on the way can read; use https, or --allow-private for a test server in your own network".into()),
        _ => return Err("only https addresses can be called".into()),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it carries a user name or password; take it out and put it into the connection's secrets".into());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("it has a ? or #; leave that out and what follows".into());
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err("it names no host; write it as https://host/path".into());
    }
    if !prefix(&url).split('/').skip(1).all(segment) {
        return Err("its path has an empty part, or a part that servers read differently".into());
    }
    Ok(url)
}

/// The address that somebody meant who left out its `https://`.
pub(crate) fn meant(text: &str, allow_private: bool) -> Option<Url> {
    if text.contains("://") {
        return None;
    }
    let scheme = if allow_private { "http" } else { "https" };
    base(&format!("{scheme}://{text}"), allow_private).ok()
}

/// The path of a base URL without the slash at its end: `/v1`, or nothing.
pub(crate) fn prefix(base: &Url) -> &str {
    base.path().strip_suffix('/').unwrap_or(base.path())
}

/// The address of segments and query parameters below a base URL.
pub(crate) fn join(base: &Url, path: &[String], query: &[(String, String)]) -> Result<Url, Error> {
    let mut wanted = prefix(base).to_owned();
    for part in path {
        if !segment(part) {
            return Err(Error::Invalid(format!(
                "{part:?} cannot be one part of a path; a part is percent-encoded, holds no slash, and is not empty, \".\" or \"..\""
            )));
        }
        wanted.push('/');
        wanted.push_str(part);
    }
    if wanted.is_empty() {
        wanted.push('/');
    }
    let mut url = base.clone();
    url.set_path(&wanted);
    // The parser folds what it takes for `..`; were it to read a part otherwise than we do, that would show here.
    if url.path() != wanted {
        return Err(Error::Invalid(format!(
            "the path {wanted:?} is read differently by servers; percent-encode its parts"
        )));
    }
    if !query.is_empty() {
        url.set_query(Some(&pairs(query)?));
    }
    Ok(url)
}

/// An address with more parameters, in place of those of its own that `replaced` names.
pub(crate) fn with_query(url: &Url, replaced: impl Fn(&str) -> bool, more: &[(String, String)]) -> Result<Url, Error> {
    let kept = url.query().into_iter().flat_map(|query| query.split('&')).filter(|pair| !replaced(&decoded(pair)));
    let more = pairs(more)?;
    let query: Vec<&str> = kept.chain(Some(more.as_str()).filter(|more| !more.is_empty())).collect();
    let mut url = url.clone();
    url.set_query(Some(query.join("&").as_str()).filter(|query| !query.is_empty()));
    Ok(url)
}

/// Encoded pairs as `a=1&b=2`.
pub(crate) fn pairs(pairs: &[(String, String)]) -> Result<String, Error> {
    let mut text = String::new();
    for (name, value) in pairs {
        if !encoded(name) || !encoded(value) {
            return Err(Error::Invalid(format!("the parameter {name:?} is not percent-encoded")));
        }
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        text.push_str(value);
    }
    Ok(text)
}

/// An encoded name or value as a person wrote it.
pub(crate) fn decoded(text: &str) -> String {
    url::form_urlencoded::parse(text.as_bytes()).next().map(|(name, _)| name.into_owned()).unwrap_or_default()
}

/// Whether a text is one non-empty, percent-encoded segment that no server takes for a step up or for two segments.
fn segment(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let dots = lower.replace("%2e", ".");
    !text.is_empty()
        && !matches!(dots.as_str(), "." | "..")
        && !["%2f", "%5c", "%00"].iter().any(|hidden| lower.contains(hidden))
        && escaped(text, b"-._~!$&'()*+,;=:@")
}

fn encoded(text: &str) -> bool {
    escaped(text, b"-._~!$'()*+,;:@/?")
}

/// Whether a text is letters, digits, `%XX` and these marks alone.
fn escaped(text: &str, marks: &[u8]) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().enumerate().all(|(at, byte)| match byte {
        b'%' => bytes.get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)),
        byte => byte.is_ascii_alphanumeric() || marks.contains(byte),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn strings(list: &[&str]) -> Vec<String> {
        list.iter().map(|s| (*s).to_owned()).collect()
    }

    #[test]
    fn base_urls() {
        for (text, fine, fine_private) in [
            ("https://businessapi.mosyle.com/v1", true, true),
            ("https://h/v1/", true, true),
            ("https://h", true, true),
            ("http://127.0.0.1:8080/v1", false, true),
            ("ftp://h/", false, false),
            ("https://user@h/", false, false),
            ("https://h/?a=1", false, false),
            ("https://h/#x", false, false),
            ("https://h//v1", false, false),
            ("https://h/a%2Fb", false, false),
            ("h/v1", false, false),
            ("", false, false),
        ] {
            assert_eq!(base(text, false).is_ok(), fine, "{text}");
            assert_eq!(base(text, true).is_ok(), fine_private, "{text}");
        }
    }

    #[test]
    fn a_forgotten_scheme_is_put_in_front() {
        for (text, private, wanted) in [
            ("api.example.com/v1", false, Some("https://api.example.com/v1")),
            ("localhost:8080/v1", true, Some("http://localhost:8080/v1")),
            ("user:hunter2@host/v1", false, None),
            ("ftp://host/v1", false, None),
            ("", false, None),
        ] {
            assert_eq!(meant(text, private).as_ref().map(Url::as_str), wanted, "{text}");
        }
    }

    #[test]
    fn joining() {
        let base = base("https://h:8443/v1/", false).unwrap();
        let url =
            join(&base, &strings(&["users", "a%20b"]), &[("q".into(), "a%26b".into()), ("e".into(), String::new())])
                .unwrap();
        assert_eq!(url.as_str(), "https://h:8443/v1/users/a%20b?q=a%26b&e=");
        assert_eq!(join(&base, &[], &[]).unwrap().as_str(), "https://h:8443/v1");
        for bad in [
            "", ".", "..", "%2e", "%2E.", "a/b", "a%2fb", "a\\b", "a%5Cb", "a?b", "a#b", "a b", "é", "%", "%zz", "a%00",
        ] {
            assert!(matches!(join(&base, &strings(&["users", bad]), &[]), Err(Error::Invalid(_))), "{bad}");
        }
        for bad in ["a&b", "a=b", "a#b", "a b", "é", "%4"] {
            assert!(join(&base, &[], &[("q".into(), bad.into())]).is_err(), "{bad}");
            assert!(join(&base, &[], &[(bad.into(), "v".into())]).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_joined_path_has_the_segments_given(part in "\\PC{0,8}|([a./%]|%2e|%2f|%5c){0,5}") {
            let base = base("https://h/v1", false).unwrap();
            if let Ok(url) = join(&base, &[part.clone(), "end".into()], &[]) {
                let wanted = ["v1", &part, "end"];
                prop_assert_eq!(url.path_segments().unwrap().collect::<Vec<_>>(), wanted);
                prop_assert_eq!(url.host_str(), Some("h"));
            }
        }
    }
}
