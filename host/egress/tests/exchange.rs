//! The live transport with servers that behave: what is sent, what comes back, what is left alone.
#![allow(clippy::unwrap_used)] // helpers of tests may fail a test

mod common;

use common::{Connection, Server, get, ok, policy, post, request};
use presetter_egress::{Live, Transport};
use tokio::{io::AsyncReadExt, net::TcpStream};

#[tokio::test]
async fn a_request_arrives_as_it_was_made() {
    let server =
        Server::answering(ok("X-One: 1\r\nSet-Cookie: a=1\r\nX-Two: caf\u{e9}\r\nset-cookie: b=2\r\n", b"hi")).await;
    let url = server.url("/v1/users?q=a%20b#fragment");
    let mut made = request("POST", &url, Some("{\"a\":1}"));
    made.headers = [("accessToken", "t"), ("X-Many", "1"), ("X-Many", "2"), ("X-Name", "Zoë")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
    let live = Live::new();
    let response = live.send(&policy(&url), made).await.unwrap();
    assert_eq!(response.status, 200);
    assert_eq!(response.body, "hi");
    let headers: Vec<_> = response.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(
        headers,
        [("x-one", "1"), ("set-cookie", "a=1"), ("set-cookie", "b=2"), ("x-two", "caf\u{e9}"), ("content-length", "2")]
    );
    live.send(&policy(&url), request("GET", &url, None)).await.unwrap();
    live.send(&policy(&url), request("POST", &url, None)).await.unwrap();

    let [first, second, third] = <[String; 3]>::try_from(server.seen.requests()).unwrap();
    assert!(first.starts_with("POST /v1/users?q=a%20b HTTP/1.1\r\n"), "{first}");
    assert!(first.ends_with("\r\n\r\n{\"a\":1}"), "{first}");
    let lines: Vec<&str> = first.lines().skip(1).take_while(|line| !line.is_empty()).collect();
    for line in [
        format!("host: {}", server.address),
        format!("user-agent: presetter/{}", env!("CARGO_PKG_VERSION")),
        "accesstoken: t".to_owned(),
        "x-many: 1".to_owned(),
        "x-many: 2".to_owned(),
        "x-name: Zoë".to_owned(),
        "accept: */*".to_owned(),
        "accept-encoding: gzip".to_owned(),
        "content-length: 7".to_owned(),
    ] {
        assert!(lines.contains(&line.as_str()), "{line} is missing in {first}");
    }
    assert_eq!(lines.len(), 9, "nothing is added: {first}");
    // No cookie was kept, no referer made, and a body that is none has no framing that a server may choke on.
    assert!(
        !second.contains("cookie") && !second.contains("referer") && !second.contains("transfer-encoding"),
        "{second}"
    );
    assert!(third.contains("content-length: 0") && !third.contains("transfer-encoding"), "{third}");
    assert_eq!(server.seen.connections(), 1, "connections are kept alive");
}

#[tokio::test]
async fn a_value_that_is_not_utf8_is_kept_as_far_as_it_can_be() {
    let mut answer = b"HTTP/1.1 200 OK\r\nX-Raw: a".to_vec();
    answer.push(0xff);
    answer.extend_from_slice(b"b\r\nContent-Length: 0\r\n\r\n");
    let server = Server::answering(answer).await;
    let response = get(&server.url("/")).await.unwrap();
    assert!(response.headers.contains(&("x-raw".to_owned(), "a\u{fffd}b".to_owned())));
}

#[tokio::test]
async fn redirects_are_returned_and_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let server =
            Server::answering(format!("HTTP/1.1 {status} Go\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n")).await;
        let response = post(&server.url("/")).await.unwrap();
        assert_eq!(response.status, status);
        assert!(response.headers.contains(&("location".to_owned(), "/other".to_owned())));
        assert_eq!(server.seen.requests().len(), 1);
    }
}

#[tokio::test]
async fn dropping_the_future_closes_the_connection() {
    let (tell, mut told) = tokio::sync::mpsc::channel(2);
    let server = Server::start(move |mut connection: Connection<TcpStream>| {
        let tell = tell.clone();
        async move {
            connection.request().await;
            tell.send("read").await.unwrap();
            assert_eq!(connection.stream.read(&mut [0]).await.unwrap_or(0), 0);
            tell.send("closed").await.unwrap();
        }
    })
    .await;
    let url = server.url("/");
    let sending = tokio::spawn(async move { get(&url).await });
    assert_eq!(told.recv().await, Some("read"));
    sending.abort();
    assert_eq!(told.recv().await, Some("closed"));
}

/// Runs this test binary again with proxies in its environment, which must change nothing.
#[test]
fn proxies_of_the_environment_are_ignored() {
    let nowhere = "http://127.0.0.1:9";
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "redirects_are_returned_and_not_followed"])
        .envs(
            ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
                .map(|name| (name, nowhere)),
        )
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
}

/// Addresses that strain a client end in an answer or an error, never in a panic.
#[tokio::test]
async fn odd_addresses() {
    let server = Server::answering(ok("", b"hi")).await;
    let live = Live::new();
    let longest = format!("/{}", "x".repeat(59 * 1024));
    for path in [
        "/a|b^c`{}\"<>?q=\"'|{}[]\\^`#{}",
        "/%",
        "/%zz?%",
        "/a b?a b",
        "/\u{e9}?\u{1f600}",
        "/;=,@:!$&'()*+",
        "/?",
        &longest,
    ] {
        let url = server.url(path);
        let mut policy = policy(&url);
        policy.limits.request_bytes = 0;
        let response = live.send(&policy, request("GET", &url, None)).await.unwrap();
        assert_eq!(response.status, 200, "{path}");
    }
    for (seen, target) in
        server.seen.requests().iter().zip(["/a|b^c%60%7B%7D", "/%", "/%zz?%", "/a%20b?a%20b", "/%C3%A9?%F0"])
    {
        assert!(seen.starts_with(&format!("GET {target}")), "{seen}");
    }
}
