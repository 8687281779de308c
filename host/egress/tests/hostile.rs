//! Servers that mean harm: each exchange ends within its bounds and with the right kind of error, and the next one, with
//! another server, is as good as ever.
#![allow(clippy::unwrap_used)] // helpers of tests may fail a test

mod common;

use std::{sync::Arc, time::Duration};

use common::{Connection, Server, assert_unanswered, ok, policy, request};
use presetter_egress::{Error, Limits, Live, Part, Policy, Response, Transport};
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsAcceptor;
use url::Url;

/// Short, for servers that only time can end. Those that end by something else have 20 s, which they never come near.
const SHORT: Duration = Duration::from_millis(500);

fn bounded(url: &Url, timeout: Duration) -> Policy {
    let mut policy = policy(url);
    policy.limits = Limits { timeout, response_bytes: 1_000_000, ..policy.limits };
    policy
}

/// Sends to `server`, and then to one that behaves: the transport must be as good as before.
async fn survive(live: &Live, server: &Server, timeout: Duration) -> Result<Response, Error> {
    let url = server.url("/");
    let result = live.send(&bounded(&url, timeout), request("POST", &url, Some("{}"))).await;
    let good = Server::answering(ok("", b"hi")).await;
    let url = good.url("/");
    assert_eq!(live.send(&policy(&url), request("GET", &url, None)).await.unwrap().body, "hi");
    result
}

/// Answers one request with `head`, and then with `more` for as long as it is taken.
async fn endless(head: &'static [u8], more: &'static [u8]) -> Server {
    Server::start(move |mut connection: Connection<TcpStream>| async move {
        connection.request().await;
        connection.say(head).await;
        while connection.say(more).await {}
    })
    .await
}

#[tokio::test]
async fn endless_parts_of_an_answer_end_at_a_bound() {
    let live = Live::new();
    for (what, head, more) in [
        ("a status line", &b"HTTP/1.1 200 "[..], &b"OK OK OK OK OK OK OK OK "[..]),
        ("one header", b"HTTP/1.1 200 OK\r\nX: ", b"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
        ("headers", b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        ("a name", b"HTTP/1.1 200 OK\r\n", b"xxxxxxxxxxxxxxxxxxxxxxxxx"),
        ("a chunk's extension", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"xxxxxxxxxxxxxxxxxxxxxx"),
        (
            "extensions of many chunks",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nx\r\n",
        ),
        ("trailers", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: yyyyyyyyyyyyyyyyyyyyyyyy\r\n"),
        ("one trailer", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ", b"yyyyyyyyyyyyyyyyyyyyyyyy"),
    ] {
        let server = endless(head, more).await;
        let error = survive(&live, &server, Duration::from_secs(20)).await.unwrap_err();
        assert!(matches!(error, Error::Unanswered { .. }), "{what}: {error:?}");
        // By a size and not by the time, which would read for ever as fast as it can.
        assert!(!error.to_string().contains("within"), "{what}: {error}");
        assert_eq!(server.seen.requests().len(), 1, "{what}");
    }
    for head in [
        &b"HTTP/1.1 200 OK\r\n\r\n"[..],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551613\r\n\r\n",
    ] {
        let server = endless(head, &[b'x'; 4096]).await;
        let error = survive(&live, &server, Duration::from_secs(20)).await.unwrap_err();
        assert_eq!(error, Error::TooLarge { part: Part::AnswerBody, limit: 1_000_000 });
    }
    let server = endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n").await;
    let error = survive(&live, &server, Duration::from_secs(20)).await.unwrap_err();
    assert_eq!(error, Error::TooLarge { part: Part::AnswerBody, limit: 1_000_000 });
}

/// Interim answers (1xx) are no answer, however many there are.
#[tokio::test]
async fn a_storm_of_interim_answers_ends_with_the_time() {
    let live = Live::new();
    for more in [
        &b"HTTP/1.1 100 Continue\r\n\r\n"[..],
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 199 x\r\nX: y\r\n\r\n",
        // Nor are the zeros of a chunk's size that never comes.
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n00000000000000000000000000",
    ] {
        let (head, more) = match more.strip_suffix(b"00000000000000000000000000") {
            Some(head) => (head, &b"00000000000000000000000000"[..]),
            None => (&b""[..], more),
        };
        let server = endless(head, more).await;
        assert_unanswered(survive(&live, &server, SHORT).await, "no complete answer within");
    }
    let polite = ["HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n"].concat();
    let server = Server::answering_once([polite.as_bytes(), &ok("", b"hi")].concat()).await;
    assert_eq!(survive(&live, &server, Duration::from_secs(20)).await.unwrap().body, "hi");
}

/// An answer that would turn the connection into something else ends; nothing goes on behind the transport's back.
#[tokio::test]
async fn nobody_switches_protocols() {
    let live = Live::new();
    let answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nwhatever";
    let server = Server::answering_once(answer).await;
    let url = server.url("/");
    for number in 1..=2 {
        let answer = live.send(&policy(&url), request("POST", &url, Some("{}"))).await.unwrap();
        assert_eq!((answer.status, answer.body.len()), (101, 0));
        assert_eq!(server.seen.connections(), number, "what became of the connection is not used again");
    }
}

#[tokio::test]
async fn lengths_that_do_not_fit_are_no_answer() {
    let live = Live::new();
    for (answer, words) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", "in the middle of the answer"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi", "not valid HTTP"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\nhi", "not valid HTTP"),
        ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nhi", "not valid HTTP"),
        ("HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nhi", "not valid HTTP"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\nhi", "not valid HTTP"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2 2\r\n\r\nhi", "not valid HTTP"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\nhi", "not valid HTTP"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\nhi", "in the middle of the answer"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nhi\r\n0\r\n\r\n", "in the middle of the answer"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhiXX0\r\n\r\n", "in the middle of the answer"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n", "in the middle of the answer"),
    ] {
        let server = Server::answering_once(answer).await;
        assert_unanswered(survive(&live, &server, Duration::from_secs(20)).await, words);
        assert_eq!(server.seen.requests().len(), 1, "{answer:?} must not be asked for again");
    }
}

#[tokio::test]
async fn heads_that_are_not_http_are_no_answer() {
    let live = Live::new();
    for answer in [
        "HTTP/1.1 99 x\r\n\r\n",
        "HTTP/1.1 1000 x\r\n\r\n",
        "HTTP/1.1 -20 x\r\n\r\n",
        "HTTP/1.1 2 0 0\r\n\r\n",
        "HTTP/1.1\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/9.9 200 OK\r\n\r\n",
        "http/1.1 200 OK\r\n\r\n",
        "ICY 200 OK\r\n\r\n",
        "<html>\r\n\r\n",
        "\0\0\0\0\r\n\r\n",
        "HTTP/1.1 200 O\0K\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX\0: a\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: a\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX Y: a\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\r\n folded\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n",
    ] {
        let server = Server::answering_once(answer).await;
        let error = survive(&live, &server, Duration::from_secs(20)).await.unwrap_err();
        assert!(matches!(error, Error::Unanswered { .. }), "{answer:?}: {error:?}");
        assert_eq!(server.seen.requests().len(), 1, "{answer:?} must not be asked for again");
    }
}

#[tokio::test]
async fn many_headers_are_told_by_number_and_size() {
    let live = Live::new();
    let limits = Limits::default();
    let many = "X: y\r\n".repeat(limits.answer_header_count);
    let server = Server::answering_once(ok(&many, b"hi")).await;
    let error = survive(&live, &server, Duration::from_secs(20)).await.unwrap_err();
    assert_eq!(error, Error::TooLarge { part: Part::AnswerHeaderCount, limit: limits.answer_header_count });
    let large = format!("X: {}\r\n", "y".repeat(limits.answer_header_bytes));
    let server = Server::answering_once(ok(&large, b"hi")).await;
    let error = survive(&live, &server, Duration::from_secs(20)).await.unwrap_err();
    assert_eq!(error, Error::TooLarge { part: Part::AnswerHeaderBytes, limit: limits.answer_header_bytes });
    let bomb = "X: y\r\n".repeat(3000);
    let server = Server::answering_once(ok(&bomb, b"hi")).await;
    assert_unanswered(survive(&live, &server, Duration::from_secs(20)).await, "far too large");
}

#[tokio::test]
async fn trailers_are_read_and_dropped() {
    let server = Server::answering(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Authorization\r\n\r\n2;a=b\r\nhi\r\n0\r\nAuthorization: x\r\n\r\n",
    )
    .await;
    let live = Live::new();
    for _ in 0..2 {
        let answer = survive(&live, &server, Duration::from_secs(20)).await.unwrap();
        assert_eq!(answer.body, "hi");
        assert!(!answer.headers.iter().any(|(name, _)| name == "authorization"), "{:?}", answer.headers);
    }
}

/// What stands behind an answer is never taken for the answer to the next request, whichever length the server meant.
#[tokio::test]
async fn an_answer_that_was_smuggled_in_is_not_believed() {
    let forged = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged";
    for first in [
        format!("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi{forged}"),
        format!("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi{forged}"),
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n{forged}"),
        format!(
            "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n{forged}"
        ),
        format!("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n{forged}"),
        format!("HTTP/1.1 304 Not Modified\r\nContent-Length: 6\r\n\r\n{forged}"),
    ] {
        let answer = Arc::new(first.clone());
        // The first answer of a connection brings the forged one along, the others are honest.
        let server = Server::start(move |mut connection: Connection<TcpStream>| {
            let answer = answer.clone();
            async move {
                connection.request().await;
                connection.say(answer.as_bytes()).await;
                while connection.request().await.is_some() {
                    connection.say(&ok("", b"honest")).await;
                }
            }
        })
        .await;
        let url = server.url("/");
        let (live, policy) = (Live::new(), policy(&url));
        for number in 0..5 {
            if let Ok(answer) = live.send(&policy, request("GET", &url, None)).await {
                assert_ne!(answer.body, "forged", "request {number} after {first:?}");
            }
        }
    }
}

/// An HTTP/2 server that speaks `frames` once and then `more` for as long as it is taken.
async fn http2(frames: &'static [u8], more: &'static [u8]) -> (Server, Live) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let mut config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let server = Server::start(move |connection: Connection<TcpStream>| {
        let acceptor = acceptor.clone();
        async move {
            let (mut from, mut to) = tokio::io::split(acceptor.accept(connection.stream).await.unwrap());
            // What the client says is read and dropped, so that neither side waits for the other.
            let reading = async { while from.read(&mut [0; 4096]).await.is_ok_and(|read| read > 0) {} };
            let writing = async {
                let mut going = to.write_all(frames).await.is_ok();
                while going && !more.is_empty() {
                    going = to.write_all(more).await.is_ok();
                }
                let _ = to.flush().await;
            };
            tokio::join!(reading, writing);
        }
    })
    .await;
    let live = Live::new().trusting(certificate.pem().as_bytes()).unwrap();
    (server, live)
}

#[tokio::test]
async fn nonsense_in_http2_ends_within_bounds() {
    const SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";
    for (what, frames, more) in [
        ("text", &b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi and more of it"[..], &b""[..]),
        ("zeros", &[0; 64], &[0; 4096]),
        ("a frame of 16 MiB", b"\xff\xff\xff\0\0\0\0\0\x01", &[b'x'; 4096]),
        ("a stream that nobody opened", b"\0\0\0\x04\0\0\0\0\0\0\0\x01\0\x01\0\0\0\x09x", b""),
        ("data before headers", b"\0\0\0\x04\0\0\0\0\0\0\0\x01\0\x01\0\0\0\x01x", b""),
        ("a bad header block", b"\0\0\0\x04\0\0\0\0\0\0\0\x04\x01\x05\0\0\0\x01\xff\xff\xff\xff", b""),
        ("pushes that nobody wanted", b"\0\0\0\x04\0\0\0\0\0\0\0\x05\x05\x04\0\0\0\x01\0\0\0\x02\x88", b""),
        ("goodbye", b"\0\0\0\x04\0\0\0\0\0\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\0", b""),
        ("windows of nothing", SETTINGS, b"\0\0\x04\x08\0\0\0\0\0\0\0\0\0"),
        ("windows beyond all bounds", SETTINGS, b"\0\0\x04\x08\0\0\0\0\0\x7f\xff\xff\xff"),
        (
            "headers without an end",
            b"\0\0\0\x04\0\0\0\0\0\0\0\x01\x01\0\0\0\0\x01\x88",
            b"\0\0\x08\x09\0\0\0\0\x01\0\x01x\x04yyyy",
        ),
        ("empty continuations", b"\0\0\0\x04\0\0\0\0\0\0\0\x01\x01\0\0\0\0\x01\x88", b"\0\0\0\x09\0\0\0\0\x01"),
        ("settings without end", b"", SETTINGS),
        ("pings without end", SETTINGS, b"\0\0\x08\x06\0\0\0\0\0abcdefgh"),
        ("resets without end", SETTINGS, b"\0\0\x04\x03\0\0\0\0\x01\0\0\0\x08"),
    ] {
        let (server, live) = http2(frames, more).await;
        let url = server.named("https", "localhost", "/");
        let error = live.send(&bounded(&url, SHORT), request("POST", &url, Some("{}"))).await.unwrap_err();
        assert!(matches!(error, Error::Unanswered { .. } | Error::NotSent { .. }), "{what}: {error:?}");
        let good = Server::answering(ok("", b"hi")).await;
        let url = good.url("/");
        assert_eq!(live.send(&policy(&url), request("GET", &url, None)).await.unwrap().body, "hi", "{what}");
    }
}
