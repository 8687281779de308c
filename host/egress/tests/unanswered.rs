//! Servers that misbehave and hang up at every point: what is said to have been sent, and that nothing is sent twice.
#![allow(clippy::unwrap_used)] // helpers of tests may fail a test

mod common;

use std::time::Duration;

use common::{Connection, Server, assert_not_sent, assert_unanswered, get, ok, policy, post, request};
use presetter_egress::{Error, Live, Part, Transport};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use url::Url;

#[tokio::test]
async fn nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    assert_not_sent(post(&url).await, "nothing answers at this address");
}

/// The server ends its side at once and then counts what still comes. Whether the client notices before it writes is a
/// race; what it says must be true either way.
#[tokio::test]
async fn hung_up_right_after_accepting() {
    for _ in 0..50 {
        let (tell, told) = tokio::sync::oneshot::channel();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.shutdown().await.unwrap();
            let mut came = Vec::new();
            let _ = stream.read_to_end(&mut came).await;
            tell.send(came.len()).unwrap();
        });
        let error = post(&url).await.unwrap_err();
        let came = told.await.unwrap();
        match error {
            Error::NotSent { .. } => assert_eq!(came, 0, "said to be unsent"),
            Error::Unanswered { .. } => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn hung_up_after_the_first_byte() {
    let server = Server::start(|mut connection: Connection<TcpStream>| async move {
        connection.stream.read_u8().await.unwrap();
    })
    .await;
    assert_unanswered(post(&server.url("/")).await, "");
    assert_unanswered(get(&server.url("/")).await, "");
}

#[tokio::test]
async fn answers_that_are_cut_or_invalid() {
    let table: &[(&str, &str)] = &[
        ("", "hung up without a complete answer"),
        ("HTTP/1.1 20", "hung up without a complete answer"),
        ("HTTP/1.1 200 OK\r\nContent-Le", "hung up without a complete answer"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", "in the middle of the answer"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhalf", "in the middle of the answer"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhalf\r\n", "in the middle of the answer"),
        ("SSH-2.0-OpenSSH_9.6\r\n", "not valid HTTP"),
        ("HTTP/1.1 banana\r\n\r\n", "not valid HTTP"),
        ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "not valid HTTP"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "not valid HTTP"),
        ("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "not valid HTTP"),
        ("HTTP/1.1 200 OK\r\na : b\r\n\r\n", "not valid HTTP"),
    ];
    for (answer, words) in table {
        let server = Server::answering_once(*answer).await;
        assert_unanswered(post(&server.url("/")).await, words);
        assert_eq!(server.seen.requests().len(), 1, "{answer:?} must not be asked for again");
    }
}

#[tokio::test]
async fn a_longer_answer_than_announced_is_cut_at_its_length() {
    let server = Server::answering_once("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi and more").await;
    assert_eq!(get(&server.url("/")).await.unwrap().body, "hi");
}

#[tokio::test]
async fn time_runs_out_after_the_request_was_read() {
    let mut waiting = tokio::task::JoinSet::new();
    for answer in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhi"] {
        for method in ["GET", "POST"] {
            let server = Server::answering(answer).await;
            let url = server.url("/");
            let mut policy = policy(&url);
            policy.limits.timeout = Duration::from_secs(1);
            waiting.spawn(async move {
                let result = Live::new().send(&policy, request(method, &url, None)).await;
                (server.seen.requests().len(), result)
            });
        }
    }
    for (came, result) in waiting.join_all().await {
        assert_eq!(came, 1);
        assert_unanswered(result, "no complete answer within 1 s");
    }
}

#[tokio::test]
async fn slow_drip_ends_with_the_time() {
    let server = Server::start(|mut connection: Connection<TcpStream>| async move {
        connection.request().await;
        connection.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
        // One byte now and then: never idle for long, never done.
        while connection.say(b"1\r\nx\r\n").await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    let url = server.url("/");
    let mut policy = policy(&url);
    policy.limits.timeout = Duration::from_secs(1);
    assert_unanswered(Live::new().send(&policy, request("GET", &url, None)).await, "no complete answer within");
}

#[tokio::test]
async fn endless_answers_end_at_the_limit() {
    for head in ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"] {
        let server = Server::start(move |mut connection: Connection<TcpStream>| async move {
            connection.request().await;
            connection.say(head.as_bytes()).await;
            while connection.say(&[b'x'; 8192]).await {}
        })
        .await;
        let url = server.url("/");
        let mut policy = policy(&url);
        policy.limits.response_bytes = 1_000_000;
        let result = Live::new().send(&policy, request("GET", &url, None)).await;
        assert_eq!(result, Err(Error::TooLarge { part: Part::AnswerBody, limit: 1_000_000 }));
    }
    // An endless head.
    let server = Server::start(|mut connection: Connection<TcpStream>| async move {
        connection.request().await;
        connection.say(b"HTTP/1.1 200 OK\r\n").await;
        while connection.say(b"X-More: and more and more and more and more\r\n").await {}
    })
    .await;
    assert_unanswered(get(&server.url("/")).await, "headers are far too large");
}

/// A connection that the server closes while it idles: each write arrives at most once, and never where it is said to be
/// unsent.
#[tokio::test]
async fn a_closed_kept_alive_connection_sends_nothing_twice() {
    let server = Server::answering_once(ok("", b"hi")).await;
    let url = server.url("/");
    let (live, policy) = (Live::new(), policy(&url));
    for number in 0..100 {
        let body = format!("write {number}.");
        let result = live.send(&policy, request("POST", &url, Some(&body))).await;
        let came = server.seen.requests().iter().filter(|request| request.ends_with(&body)).count();
        match result {
            Ok(_) => assert_eq!(came, 1),
            Err(Error::NotSent { .. }) => assert_eq!(came, 0),
            Err(_) => assert!(came <= 1),
        }
    }
}

#[tokio::test]
async fn a_write_that_a_kept_alive_connection_swallowed_is_not_repeated() {
    let server = Server::start(|mut connection: Connection<TcpStream>| async move {
        connection.request().await;
        connection.say(&ok("", b"hi")).await;
        connection.request().await; // reads the second, and hangs up
    })
    .await;
    let url = server.url("/");
    let (live, policy) = (Live::new(), policy(&url));
    live.send(&policy, request("POST", &url, Some("first"))).await.unwrap();
    assert_unanswered(live.send(&policy, request("POST", &url, Some("second"))).await, "hung up");
    let requests = server.seen.requests();
    assert_eq!(requests.iter().filter(|request| request.ends_with("second")).count(), 1);
    assert_eq!(server.seen.connections(), 1);
}
