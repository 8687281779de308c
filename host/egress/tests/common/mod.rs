//! A loopback server that speaks raw bytes, so that broken answers can be made, and short ways to a policy and a request.
// Each test file uses its part.
#![allow(dead_code, unreachable_pub)]

use std::{
    future::Future,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use presetter_egress::{Error, Grant, Limits, Live, PathPattern, Policy, Request, Response, Tls, Transport};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use url::Url;

/// What a server saw.
#[derive(Clone, Default)]
pub struct Seen {
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Seen {
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

pub struct Server {
    pub address: SocketAddr,
    pub seen: Seen,
}

impl Server {
    /// Serves each connection with `serve`; ends with the test's runtime.
    pub async fn start<F, T>(serve: F) -> Server
    where
        F: Fn(Connection<TcpStream>) -> T + Send + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Seen::default();
        let counted = seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(Connection { stream, seen: counted.clone() }));
            }
        });
        Server { address, seen }
    }

    /// Answers every request on every connection with the same bytes, and keeps the connection open.
    pub async fn answering(answer: impl Into<Vec<u8>>) -> Server {
        let answer = Arc::new(answer.into());
        Server::start(move |mut connection| {
            let answer = Arc::clone(&answer);
            async move {
                while connection.request().await.is_some() {
                    connection.say(&answer).await;
                }
            }
        })
        .await
    }

    /// Answers one request per connection with these bytes, and hangs up.
    pub async fn answering_once(answer: impl Into<Vec<u8>>) -> Server {
        let answer = Arc::new(answer.into());
        Server::start(move |mut connection| {
            let answer = Arc::clone(&answer);
            async move {
                connection.request().await;
                connection.say(&answer).await;
            }
        })
        .await
    }

    pub fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://{}{path}", self.address)).unwrap()
    }

    /// The same server by a name; for tests with a resolver of their own.
    pub fn named(&self, scheme: &str, name: &str, path: &str) -> Url {
        Url::parse(&format!("{scheme}://{name}:{}{path}", self.address.port())).unwrap()
    }
}

pub struct Connection<S> {
    pub stream: S,
    pub seen: Seen,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Reads one whole request (head, and body by its length) and keeps it in `seen`; `None` at the connection's end.
    pub async fn request(&mut self) -> Option<String> {
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n\r\n") {
            bytes.push(self.stream.read_u8().await.ok()?);
        }
        let head = String::from_utf8(bytes).unwrap();
        let length = head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .map_or(0, |(_, value)| value.parse().unwrap());
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await.ok()?;
        let whole = head + std::str::from_utf8(&body).unwrap();
        self.seen.requests.lock().unwrap().push(whole.clone());
        Some(whole)
    }

    /// Sends bytes; a client that has gone is no failure of the server.
    pub async fn say(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok() && self.stream.flush().await.is_ok()
    }
}

/// An answer with a right length.
pub fn ok(headers: &str, body: &[u8]) -> Vec<u8> {
    let mut answer = format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    answer.extend_from_slice(body);
    answer
}

/// GET, POST and HEAD everywhere at the host and port of `url`; private addresses allowed.
pub fn policy(url: &Url) -> Policy {
    Policy {
        grants: vec![Grant {
            methods: ["GET", "POST", "HEAD"].map(str::to_owned).to_vec(),
            host: url.host_str().unwrap().to_owned(),
            port: url.port(),
            path: PathPattern::parse("/**").unwrap(),
            origin: "bundle.toml line 3".to_owned(),
        }],
        allow_private: true,
        advice: "Add it to [[grants]] in bundle.toml.".to_owned(),
        limits: Limits { timeout: Duration::from_secs(20), ..Limits::default() },
        tls: Tls::default(),
        proxy: None,
    }
}

pub fn request(method: &str, url: &Url, body: Option<&str>) -> Request {
    Request {
        method: method.to_owned(),
        url: url.clone(),
        headers: Vec::new(),
        body: body.map(|text| Bytes::copy_from_slice(text.as_bytes())),
    }
}

pub async fn get(url: &Url) -> Result<Response, Error> {
    Live::new().send(&policy(url), request("GET", url, None)).await
}

pub async fn post(url: &Url) -> Result<Response, Error> {
    Live::new().send(&policy(url), request("POST", url, Some("{}"))).await
}

pub fn assert_unanswered(result: Result<Response, Error>, words: &str) {
    let error = result.unwrap_err();
    assert!(matches!(error, Error::Unanswered { .. }), "{error:?}");
    assert!(error.to_string().contains(words), "{error}");
}

pub fn assert_not_sent(result: Result<Response, Error>, words: &str) {
    let error = result.unwrap_err();
    assert!(matches!(error, Error::NotSent { .. }), "{error:?}");
    assert!(error.to_string().contains(words), "{error}");
}
