//! `check` on its own: grants, schemes, addresses in every notation, and what messages show.
#![allow(clippy::unwrap_used)] // helpers of tests may fail a test

mod common;

use common::{policy, request};
use presetter_egress::{Error, Grant, Limits, PathPattern, Policy, Tls, check, shown};
use url::Url;

fn grant(methods: &[&str], host: &str, port: Option<u16>, path: &str) -> Grant {
    Grant {
        methods: methods.iter().map(|&method| method.to_owned()).collect(),
        host: host.to_owned(),
        port,
        path: PathPattern::parse(path).unwrap(),
        origin: format!("bundle.toml, grant for {host}"),
    }
}

fn with(grants: Vec<Grant>) -> Policy {
    Policy {
        grants,
        allow_private: false,
        advice: "Ask for it.".to_owned(),
        limits: Limits::default(),
        tls: Tls::default(),
        proxy: None,
    }
}

fn try_url(policy: &Policy, method: &str, url: &str) -> Result<String, Error> {
    check(policy, method, &Url::parse(url).unwrap()).map(|grant| grant.origin.clone())
}

#[test]
fn only_what_is_granted_is_allowed() {
    let policy = with(vec![
        grant(&["POST"], "businessapi.mosyle.com", None, "/v1/*"),
        grant(&["GET", "DELETE"], "API.example.com", Some(8443), "/v2/**"),
        grant(&["GET"], "bücher.example", None, "/"),
    ]);
    for (method, url, host) in [
        ("POST", "https://businessapi.mosyle.com/v1/users", "businessapi.mosyle.com"),
        ("POST", "https://BusinessAPI.mosyle.com:443/v1/users?x=1#y", "businessapi.mosyle.com"),
        ("DELETE", "https://api.example.com:8443/v2/a/b", "API.example.com"),
        ("GET", "https://xn--bcher-kva.example/", "bücher.example"),
    ] {
        assert_eq!(try_url(&policy, method, url).unwrap(), format!("bundle.toml, grant for {host}"));
    }
    for (method, url) in [
        ("GET", "https://businessapi.mosyle.com/v1/users"),
        ("POST", "https://businessapi.mosyle.com/v1/../v2/users"),
        ("POST", "https://businessapi.mosyle.com/v1/a/../../v2"),
        ("POST", "https://businessapi.mosyle.com/v1/users/7"),
        ("POST", "https://businessapi.mosyle.com:8443/v1/users"),
        ("POST", "https://businessapi.mosyle.com./v1/users"),
        ("POST", "https://evil.businessapi.mosyle.com/v1/users"),
        ("POST", "https://businessapi.mosyle.com.evil.example/v1/users"),
        ("GET", "https://api.example.com/v2/a"),
        ("GET", "https://api.example.com:8443/v2/%2e%2e/v3"),
        ("GET", "https://api.example.com:8443/v2/a%2F..%2F..%2Fv3"),
    ] {
        let error = try_url(&policy, method, url).unwrap_err();
        let Error::Denied { reason, advice } = &error else { panic!("{url}: {error:?}") };
        assert!(reason.starts_with(&format!("no grant allows {method} https://")), "{reason}");
        assert!(reason.contains("POST businessapi.mosyle.com/v1/* (bundle.toml"), "{reason}");
        assert_eq!(advice, "Ask for it.");
    }
    assert!(matches!(try_url(&with(vec![]), "GET", "https://example.com/"), Err(Error::Denied { .. })));
}

#[test]
fn only_https_unless_the_operator_allows_http() {
    let mut policy =
        with(vec![grant(&["GET"], "example.com", None, "/**"), grant(&["GET"], "example.com", Some(80), "/**")]);
    for url in
        ["http://example.com/", "ftp://example.com/", "ws://example.com/", "file:///etc/passwd", "data:text/plain,x"]
    {
        assert!(matches!(try_url(&policy, "GET", url), Err(Error::Denied { .. })), "{url}");
    }
    policy.allow_private = true;
    assert!(try_url(&policy, "GET", "http://example.com/").is_ok());
    for url in ["ftp://example.com/", "ws://example.com/", "file:///etc/passwd"] {
        assert!(matches!(try_url(&policy, "GET", url), Err(Error::Denied { .. })), "{url}");
    }
}

/// Every address that may not be reached, in notations that hide it. The grant names the very host, so that the address
/// alone is what denies.
#[test]
fn literal_addresses_are_judged_in_every_notation() {
    let judge = |host: &str, allow_private: bool| {
        let url = Url::parse(&format!("https://{host}/a")).unwrap();
        let mut policy = policy(&url);
        policy.allow_private = allow_private;
        check(&policy, "GET", &url).map(|_| ()).map_err(|error| error.to_string())
    };
    for host in [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "0x7f000001",
        "2130706433",
        "0177.0.0.1",
        "017700000001",
        "127.0.0.1.",
        "１２７.0.0.1",
        "%31%32%37.0.0.1",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "a.localhost",
        "10.0.0.1",
        "0xa000001",
        "192.168.257",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:10.0.0.1]",
        "[::ffff:a00:1]",
        "[64:ff9b::a00:1]",
        "[fe80::1]",
        "[fd12::1]",
        "100.64.0.1",
    ] {
        let error = judge(host, false).expect_err(host);
        assert!(error.contains("--allow-private"), "{host}: {error}");
        judge(host, true).expect(host);
    }
    for host in [
        "169.254.169.254",
        "0xa9fea9fe",
        "2852039166",
        "0251.0376.0251.0376",
        "169.254.43518",
        "[::ffff:169.254.169.254]",
        "[64:ff9b::a9fe:a9fe]",
        "[::a9fe:a9fe]",
        "[fd00:ec2::254]",
        "100.100.100.200",
        "0.0.0.0",
        "0",
        "0x0",
        "[::]",
        "224.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "[2001:db8::1]",
        "[2002:7f00:1::]",
        "[2001::1]",
        "[ff02::1]",
    ] {
        for allow_private in [false, true] {
            let error = judge(host, allow_private).expect_err(host);
            assert!(error.contains("No setting allows this address"), "{host}: {error}");
        }
    }
    assert_eq!(judge("1.1.1.1", false), Ok(()));
    assert_eq!(judge("[2606:4700::1111]", false), Ok(()));
}

#[test]
fn messages_and_debug_show_no_secret() {
    let url = Url::parse("https://ann:s3cret-user@example.com:8443/a/b?key=s3cret-query#s3cret-fragment").unwrap();
    assert_eq!(shown(&url), "https://example.com:8443/a/b");
    let mut made = request("POST", &url, Some("s3cret-body"));
    made.headers.push(("Authorization".to_owned(), "s3cret-header".to_owned()));
    let debug = format!("{made:?}");
    assert!(debug.contains("Authorization") && debug.contains("11") && !debug.contains("s3cret"), "{debug}");
    for denying in [with(vec![]), policy(&url)] {
        let error = check(&denying, "POST", &url).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cret"));
    }
    let answer = presetter_egress::Response { status: 200, headers: made.headers.clone(), body: "s3cret".into() };
    assert!(!format!("{answer:?}").contains("s3cret"));
}

#[test]
fn user_info_in_an_address_is_refused() {
    let policy = with(vec![grant(&["GET"], "example.com", None, "/**")]);
    for url in [
        "https://s3cret@example.com/",
        "https://:s3cret@example.com/",
        "https://a:s3cret@example.com/",
        "https://example.com@example.com/",
    ] {
        let error = try_url(&policy, "GET", url).unwrap_err();
        assert!(error.to_string().contains("carries a user name or password"), "{error}");
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
    try_url(&policy, "GET", "https://@example.com/").expect("nothing stands before the sign");
}
