//! The base URL that a new kind of connection has.
//!
//! Owns the question whether an address may be one for all customers: it goes by https to the public internet, or by http to
//! this machine, for an API that is being developed.

use presetter_egress::address::is_public;
use url::{Host, Url};

/// Scheme, host and port of an address with this path; what keeps it from being a base URL, in words.
pub(crate) fn base_url(url: &Url, path: &str) -> Result<String, &'static str> {
    let this_machine = match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => return Err("is not a whole address"),
    };
    let public = match url.host() {
        Some(Host::Ipv4(ip)) => is_public(ip.into()),
        Some(Host::Ipv6(ip)) => is_public(ip.into()),
        _ => !this_machine,
    };
    match url.scheme() {
        "http" if this_machine => {}
        "https" if public => {}
        "https" => return Err("leads into a private network"),
        _ => return Err("does not go by https"),
    }
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Ok(format!("{}://{}{port}{path}", url.scheme(), url.host_str().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_public_or_this_machine_is_a_base() {
        for (text, wanted) in [
            ("https://api.acme.example:8443/v1", Some("https://api.acme.example:8443/p")),
            ("http://localhost:8080", Some("http://localhost:8080/p")),
            ("http://127.0.0.1", Some("http://127.0.0.1/p")),
            ("https://8.8.8.8", Some("https://8.8.8.8/p")),
            ("http://api.acme.example", None),
            ("https://10.0.0.1", None),
            ("https://0.0.0.0", None),
            ("https://[::1]", None),
            ("https://localhost", None),
            ("ftp://api.acme.example", None),
        ] {
            assert_eq!(base_url(&Url::parse(text).unwrap(), "/p").ok().as_deref(), wanted, "{text}");
        }
    }
}
