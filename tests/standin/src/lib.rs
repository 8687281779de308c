//! A stand-in for Mosyle's API, for demos and tests.
//!
//! Owns: an HTTP server on 127.0.0.1 that answers as both editions of Mosyle do (Business under `/v1`, Manager under
//! `/v2`), its users, its sessions, and the log of every request that it got.
//!
//! Must never: listen on anything but the loopback address, call out to any other server, or hold a real secret (the
//! account is made of the constants below).
//!
//! Keeps: by default it behaves as the documents say; whatever differs is a switch in [`Oddities`]. Nothing is random
//! and almost nothing looks at a clock, so that the same requests get the same answers.
//!
//! Mosyle publishes no reference of its API. Comments mark what the stand-in does as **S** (stated by a public source),
//! **I** (inferred) or **U** (unknown: our choice, which no preset may rely on).
#![forbid(unsafe_code)]

mod admin;
mod business;
mod door;
mod echo;
mod fields;
mod manager;
mod oddities;
mod paging;
mod reply;
mod server;
mod session;
mod state;
mod users;

pub use oddities::{Canned, HiddenFailure, Oddities, RateLimit};
pub use state::{Logged, State};
pub use users::{ManagerUser, User};

use std::{io, net::SocketAddr};

use tokio::sync::oneshot;

/// The access token of the one account. It goes in the header `accessToken` (Business) or in the body (Manager).
pub const ACCESS_TOKEN: &str = "standin-access-token-0123456789";

/// The e-mail address that logs in.
pub const EMAIL: &str = "standin-admin@example.com";

/// The password that logs in. It has characters that JSON, URLs and shells treat specially, so that a test which looks
/// for leaked secrets sees a difference between the ways to write it.
pub const PASSWORD: &str = r#"test-"pass"/word+1%"#;

/// A running stand-in. It has a thread and a runtime of its own, so it goes on answering while the caller's thread
/// blocks, and `stop` ends every open connection at once. Dropping it stops it too.
#[derive(Debug)]
pub struct StandIn {
    address: SocketAddr,
    state: State,
    stop: oneshot::Sender<()>,
    stopped: oneshot::Receiver<()>,
}

impl StandIn {
    /// Starts a stand-in on 127.0.0.1, on a free port.
    ///
    /// # Errors
    /// When no socket can be opened or no thread be started.
    pub async fn start(oddities: Oddities) -> io::Result<StandIn> {
        StandIn::start_at(0, oddities).await
    }

    /// Starts a stand-in on 127.0.0.1, on the given port; 0 stands for any free one.
    ///
    /// # Errors
    /// When the port is taken, or no thread can be started.
    pub async fn start_at(port: u16, oddities: Oddities) -> io::Result<StandIn> {
        let state = State::new(oddities);
        let (stop, stopping) = oneshot::channel();
        let (has_stopped, stopped) = oneshot::channel();
        let (ready, started) = oneshot::channel();
        let served = state.clone();
        std::thread::Builder::new().name("mosyle-standin".into()).spawn(move || {
            server::run(port, served, ready, stopping);
            // Nobody may be waiting any more; that is fine.
            let _ = has_stopped.send(());
        })?;
        let address =
            started.await.map_err(|_| io::Error::other("the stand-in's thread ended before it began to listen"))??;
        Ok(StandIn { address, state, stop, stopped })
    }

    /// The base URL of the Business edition: `http://127.0.0.1:PORT/v1`.
    pub fn business_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// The base URL of the Manager edition: `http://127.0.0.1:PORT/v2`.
    pub fn manager_url(&self) -> String {
        format!("http://{}/v2", self.address)
    }

    /// The base URL of the switches for tests in other processes: `http://127.0.0.1:PORT/_standin`.
    pub fn admin_url(&self) -> String {
        format!("http://{}/_standin", self.address)
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it holds: users, log, switches. A clone of it outlives the stand-in, so a log can be read after `stop`.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Stops it and cuts every open connection. When this returns, the port is closed.
    pub async fn stop(self) {
        // Both fail only if the thread has ended already, which is what is wanted.
        let _ = self.stop.send(());
        let _ = self.stopped.await;
    }
}
