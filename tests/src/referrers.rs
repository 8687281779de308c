//! A registry of another author that lists referrers (`ferro-oci-server`), which Debian's `docker-registry` does not.
//!
//! It runs inside the test's process, keeps everything in memory, listens on this machine alone, by plain HTTP and without a login, and
//! ends when its value is dropped.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread::{self, JoinHandle};

use axum::serve;
use ferro_oci_server::{Config, build_app};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

/// A registry that runs.
pub struct ReferrersRegistry {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl ReferrersRegistry {
    /// Starts one, empty.
    #[must_use]
    pub fn start() -> Self {
        let (started, wait) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                started.send(listener.local_addr().unwrap()).unwrap();
                let store = Config::from_raw(None, None).blob_store().unwrap();
                let stop = async { stopped.await.unwrap_or_default() };
                serve(listener, build_app(store)).with_graceful_shutdown(stop).await.unwrap();
            });
        });
        Self { address: wait.recv().unwrap(), stop: Some(stop), thread: Some(thread) }
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

    /// Puts a blob into a repository, as anyone may who can push; its digest.
    #[must_use]
    pub fn put_blob(&self, repository: &str, bytes: &[u8]) -> String {
        let digest = format!("sha256:{}", hex::encode(Sha256::digest(bytes)));
        let (status, head, _) =
            self.ask(&format!("POST /v2/{repository}/blobs/uploads/"), "application/octet-stream", b"");
        assert_eq!(status, 202, "{head}");
        let place =
            head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("location: ").map(str::to_owned));
        let place = place.unwrap();
        let place = place.strip_prefix(&format!("http://{}", self.address)).unwrap_or(&place);
        let and = if place.contains('?') { '&' } else { '?' };
        let (status, head, _) =
            self.ask(&format!("PUT {place}{and}digest={digest}"), "application/octet-stream", bytes);
        assert_eq!(status, 201, "{head}");
        digest
    }
}

impl Drop for ReferrersRegistry {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
