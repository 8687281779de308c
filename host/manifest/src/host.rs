//! How the host of a grant is written: one way for each host.
//!
//! Owns the rule that a person who reads a bundle sees where it goes. Browsers and libraries read `0x7f.1`, `2130706433`,
//! `0177.0.0.1`, `127.1` and `１２７.0.0.1` all as 127.0.0.1; here only `127.0.0.1` is. Whether an address may be reached is
//! not said here: `egress` judges it, at each request.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Whether a text is a host as it is to be written; if not, why, and what to write.
///
/// A name has labels of lower-case letters, digits, `-` and `_`, the last not a number. An IPv4 address has four decimal
/// numbers; an IPv6 address stands in brackets, in its shortest form.
pub(crate) fn plain(host: &str) -> Result<(), (&'static str, String)> {
    const NAME: &str = "write the name alone, such as files.example.com";
    if let Some(inner) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return match inner.parse::<Ipv6Addr>() {
            Ok(ip) if ip.to_string() == inner => Ok(()),
            Ok(ip) => Err(("it is not the usual way to write this address", format!("write \"[{ip}]\""))),
            Err(_) => Err(("what stands in the brackets is no IPv6 address", NAME.to_owned())),
        };
    }
    if let Ok(ip) = host.parse::<Ipv6Addr>() {
        return Err(("an IPv6 address stands in brackets", format!("write \"[{ip}]\"")));
    }
    if host.parse::<Ipv4Addr>().is_ok() {
        return Ok(());
    }
    if !host.is_ascii() {
        return Err((
            "letters beyond ASCII may look like others",
            "write the name in its ASCII form, which begins with xn--".to_owned(),
        ));
    }
    if host.contains(['@', ':', '/', '\\', '?', '#', '%']) {
        return Err((
            "it is more than a host, or hides one",
            format!("{NAME}; a port has a line of its own: port = 8443"),
        ));
    }
    if host.ends_with('.') {
        return Err(("it ends with a dot", NAME.to_owned()));
    }
    if host.contains('*') {
        return Err(("a grant is for one host", "write a grant for each".to_owned()));
    }
    if host.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(("it has capitals", format!("write \"{}\"", host.to_ascii_lowercase())));
    }
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'))
    };
    if host.len() > 253 || !host.split('.').all(label) {
        return Err(("a name has letters, digits and -, in parts between dots", NAME.to_owned()));
    }
    // A last part of this form makes readers of URLs take the whole for an IPv4 address.
    let last = host.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|b| b.is_ascii_digit()) || last.starts_with("0x") {
        return Err((
            "it is an address in a form that hides it",
            "write an IPv4 address as four decimal numbers, such as 192.0.2.1".to_owned(),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn a_host_has_one_spelling() {
        for host in [
            "files.example.com",
            "a",
            "localhost",
            "xn--bcher-kva.example",
            "_x.a-b.example",
            "1.example",
            "1password.com",
            "0xcafe.example",
            "127.0.0.1",
            "169.254.169.254",
            "[::1]",
            "[2606:4700::1111]",
            "[::ffff:10.0.0.1]",
            "[64:ff9b::a00:1]",
        ] {
            assert_eq!(plain(host), Ok(()), "{host}");
        }
        for (host, why, hint) in [
            ("2130706433", "form that hides it", "four decimal"),
            ("0177.0.0.1", "form that hides it", "four decimal"),
            ("0x7f.1", "form that hides it", "four decimal"),
            ("0x7f000001", "form that hides it", "four decimal"),
            ("a.0x7f", "form that hides it", "four decimal"),
            ("127.1", "form that hides it", "four decimal"),
            ("127.0.0.01", "form that hides it", "four decimal"),
            ("127.0.0.256", "form that hides it", "four decimal"),
            ("1.2.3.4.5", "form that hides it", "four decimal"),
            ("127.0.0.1.", "ends with a dot", ""),
            ("localhost.", "ends with a dot", ""),
            ("a.example.", "ends with a dot", ""),
            ("１２７.0.0.1", "beyond ASCII", "xn--"),
            ("bücher.example", "beyond ASCII", "xn--"),
            ("a。example", "beyond ASCII", "xn--"),
            ("ex\u{ad}ample.com", "beyond ASCII", "xn--"),
            ("%31%32%37.0.0.1", "hides one", "port = 8443"),
            ("a%2eexample", "hides one", ""),
            ("user@a.example", "more than a host", ""),
            ("a.example:8443", "more than a host", "port = 8443"),
            ("https://a.example", "more than a host", ""),
            ("a.example/b", "more than a host", ""),
            ("a.example\\b", "more than a host", ""),
            ("A.Example", "capitals", "\"a.example\""),
            ("*.example.com", "one host", "each"),
            ("::1", "in brackets", "\"[::1]\""),
            ("[::FFFF:a00:1]", "usual way", "\"[::ffff:10.0.0.1]\""),
            ("[0:0:0:0:0:0:0:1]", "usual way", "\"[::1]\""),
            ("[fe80::1%25eth0]", "no IPv6", ""),
            ("[127.0.0.1]", "no IPv6", ""),
            ("[::1", "more than a host", ""),
            ("", "parts between dots", ""),
            ("a..b", "parts between dots", ""),
            (".a", "parts between dots", ""),
            ("a b", "parts between dots", ""),
            ("a\0", "parts between dots", ""),
            ("a\n", "parts between dots", ""),
        ] {
            let (said, advised) = plain(host).expect_err(host);
            assert!(said.contains(why) && advised.contains(hint), "{host}: {said}; {advised}");
        }
    }
}
