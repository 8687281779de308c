//! Compressed answers: read within bounds, or refused in words.
#![allow(clippy::unwrap_used)] // helpers of tests may fail a test

mod common;

use std::io::Write;

use common::{Server, ok, policy, request};
use flate2::{Compression, write::GzEncoder};
use presetter_egress::{Error, Live, Part, Response, Transport};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

async fn get(server: &Server, method: &str, response_bytes: usize) -> Result<Response, Error> {
    let url = server.url("/");
    let mut policy = policy(&url);
    policy.limits.response_bytes = response_bytes;
    Live::new().send(&policy, request(method, &url, None)).await
}

#[tokio::test]
async fn gzip_is_read_and_its_headers_are_dropped() {
    let server = Server::answering(ok("Content-Encoding: gzip\r\nX: y\r\n", &gzip(b"{\"a\":1}"))).await;
    let response = get(&server, "GET", 7).await.unwrap();
    assert_eq!(response.body, "{\"a\":1}");
    assert_eq!(response.headers, [("x".to_owned(), "y".to_owned())]);
}

#[tokio::test]
async fn a_bomb_ends_at_the_limit() {
    let zeros = vec![0; 64 * 1024 * 1024];
    let bomb = gzip(&zeros);
    assert!(bomb.len() < 100_000);
    let server = Server::answering(ok("Content-Encoding: gzip\r\n", &bomb)).await;
    let result = get(&server, "GET", 1_000_000).await;
    assert_eq!(result, Err(Error::TooLarge { part: Part::AnswerBody, limit: 1_000_000 }));
}

#[tokio::test]
async fn a_bomb_in_a_bomb_is_not_unpacked_twice() {
    let server = Server::answering(ok("Content-Encoding: gzip, gzip\r\n", &gzip(&gzip(&vec![0; 1_000_000])))).await;
    let error = get(&server, "GET", 16_000_000).await.unwrap_err();
    assert!(error.to_string().contains("only gzip is known"), "{error}");
}

#[tokio::test]
async fn damaged_or_cut_gzip_is_no_answer() {
    let good = gzip(&[b'x'; 1000]);
    for bad in [b"no gzip at all".to_vec(), good[..good.len() / 2].to_vec(), good[..good.len() - 4].to_vec()] {
        let server = Server::answering(ok("Content-Encoding: gzip\r\n", &bad)).await;
        let error = get(&server, "GET", 1_000_000).await.unwrap_err();
        assert!(matches!(error, Error::Unanswered { .. }), "{error:?}");
        assert!(error.to_string().contains("damaged"), "{error}");
    }
}

#[tokio::test]
async fn other_encodings_are_refused_in_words() {
    for encoding in ["br", "deflate", "zstd", "x", "gzip, br", "identity\r\nContent-Encoding: br"] {
        let server = Server::answering(ok(&format!("Content-Encoding: {encoding}\r\n"), b"xxxx")).await;
        let error = get(&server, "GET", 1_000_000).await.unwrap_err();
        assert!(matches!(error, Error::Unanswered { .. }), "{encoding}: {error:?}");
        assert!(error.to_string().contains("only gzip is known"), "{error}");
    }
    let server = Server::answering(ok("Content-Encoding: Identity\r\n", b"hi")).await;
    assert_eq!(get(&server, "GET", 1_000_000).await.unwrap().body, "hi");
}

#[tokio::test]
async fn an_encoding_without_a_body_is_no_matter() {
    for encoding in ["gzip", "br"] {
        let server =
            Server::answering(format!("HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: 50\r\n\r\n"))
                .await;
        let response = get(&server, "HEAD", 10).await.unwrap();
        assert_eq!((response.status, response.body.len()), (200, 0));
        let server = Server::answering(format!("HTTP/1.1 204 No\r\nContent-Encoding: {encoding}\r\n\r\n")).await;
        assert_eq!(get(&server, "GET", 10).await.unwrap().status, 204);
    }
}
