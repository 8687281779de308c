//! A registry of another author that lists referrers (`ferro-oci-server`), which Debian's `docker-registry` does not.
//!
//! It runs inside the test's process, keeps everything in memory, listens on this machine alone, by plain HTTP and without a login, and
//! ends when its value is dropped.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use axum::extract::Request;
use axum::middleware::map_request;
use axum::serve;
use ferro_oci_server::{Config, build_app};
use presetter_package::Digest;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

/// A registry that runs.
pub struct ReferrersRegistry {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl ReferrersRegistry {
    /// Starts one, empty.
    #[must_use]
    pub fn start() -> Self {
        let (started, wait) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        let thread = thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                started.send(listener.local_addr().unwrap()).unwrap();
                let store = Config::from_raw(None, None).blob_store().unwrap();
                let stop = async { stopped.await.unwrap_or_default() };
                let noted = move |request: Request| {
                    log.lock().unwrap().push(format!("{} {}", request.method(), request.uri().path()));
                    async { request }
                };
                let app = build_app(store).layer(map_request(noted));
                serve(listener, app).with_graceful_shutdown(stop).await.unwrap();
            });
        });
        Self { address: wait.recv().unwrap(), asked, stop: Some(stop), thread: Some(thread) }
    }

    /// What it was asked since the last time that this was called: `GET /v2/acme/tags/list`.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    /// `127.0.0.1:PORT`
    #[must_use]
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// What it answers to a request that no part of Presetter sent: the status, the head, the body.
    #[must_use]
    pub fn ask(&self, line: &str, media_type: &str, body: &[u8]) -> (u16, String, String) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let head = format!("{line} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address);
        let about = format!("Content-Type: {media_type}\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all(&[head.as_bytes(), about.as_bytes(), body].concat()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_owned(), body.to_owned())
    }

    /// The JSON that it gives for a path below `/v2/`.
    #[must_use]
    pub fn get(&self, path: &str) -> Value {
        let (status, _, body) = self.ask(&format!("GET /v2/{path}"), "application/json", b"");
        assert_eq!(status, 200, "{path}\n{body}");
        serde_json::from_str(&body).unwrap()
    }

    /// Puts a blob into a repository, as anyone may who can push; its digest.
    #[must_use]
    pub fn put_blob(&self, repository: &str, bytes: &[u8]) -> Digest {
        let digest = Digest::of(bytes);
        let (status, head, _) =
            self.ask(&format!("POST /v2/{repository}/blobs/uploads/"), "application/octet-stream", b"");
        assert_eq!(status, 202, "{head}");
        let mut headers = head.lines().filter_map(|line| line.split_once(": "));
        let (_, place) = headers.find(|(name, _)| name.eq_ignore_ascii_case("location")).unwrap();
        let place = place.strip_prefix(&format!("http://{}", self.address)).unwrap_or(place);
        let and = if place.contains('?') { '&' } else { '?' };
        let (status, head, _) =
            self.ask(&format!("PUT {place}{and}digest={digest}"), "application/octet-stream", bytes);
        assert_eq!(status, 201, "{head}");
        digest
    }
}

impl Drop for ReferrersRegistry {
    fn drop(&mut self) {
        // It waits for a word, or for nobody being left to give one.
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
