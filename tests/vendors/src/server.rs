//! The server: who listens, what is kept of each request, and which switch comes before the vendor.
//!
//! Keeps: a request is answered and logged under one lock, so the log's order is the order in which things happened. When a
//! [`StandIn`] is dropped, its port is closed.

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::http::{Reply, Request};
use crate::jamf::Jamf;
use crate::okta::Okta;
use crate::switches::{Switches, take};

/// Whose API is stood in for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vendor {
    /// The Jamf Pro API.
    Jamf,
    /// The Okta Management API.
    Okta,
}

/// One request, as it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// The method.
    pub method: String,
    /// Path and query, as written.
    pub target: String,
    /// The status that answered, or 0 where the connection was closed without an answer.
    pub status: u16,
}

/// What a vendor's part of the server does.
pub(crate) trait Api: Send {
    /// Whether a request is a login, which no switch touches.
    fn is_login(&self, request: &Request) -> bool;
    /// Answers a request.
    fn answer(&mut self, request: &Request, switches: &Switches) -> Reply;
    /// The vendor's answer to one call too many, and to one that the server fails at.
    fn trouble(&self, status: u16) -> Reply;
    /// Adds made-up users, going on where the last ones ended.
    fn seed(&mut self, count: u32);
}

/// A running stand-in. Dropping it stops it.
#[derive(Debug)]
pub struct StandIn {
    address: SocketAddr,
    base_path: &'static str,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    stopped: AtomicBool,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

struct State {
    api: Box<dyn Api>,
    switches: Switches,
    log: Vec<Logged>,
}

impl Shared {
    /// The lock. A panic elsewhere cannot leave this state half written in a way that matters, so poison is ignored.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StandIn {
    /// Starts a stand-in on 127.0.0.1, on a free port.
    ///
    /// # Errors
    /// When no socket can be opened or no thread be started.
    pub fn start(vendor: Vendor, switches: Switches) -> io::Result<Self> {
        Self::start_at(0, vendor, switches)
    }

    /// Starts a stand-in on 127.0.0.1, on the given port; 0 stands for any free one.
    ///
    /// # Errors
    /// When the port is taken, or no thread can be started.
    pub fn start_at(port: u16, vendor: Vendor, switches: Switches) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let address = listener.local_addr()?;
        let (api, base_path): (Box<dyn Api>, _) = match vendor {
            Vendor::Jamf => (Box::new(Jamf::default()), "/api"),
            Vendor::Okta => (Box::new(Okta::at(address)), "/api/v1"),
        };
        let state = Mutex::new(State { api, switches, log: Vec::new() });
        let shared = Arc::new(Shared { state, stopped: AtomicBool::new(false) });
        let serving = shared.clone();
        let accepting = std::thread::Builder::new().name("standin".into()).spawn(move || {
            for stream in listener.incoming() {
                if serving.stopped.load(Ordering::SeqCst) {
                    return;
                }
                let serving = serving.clone();
                // Who hangs up in the middle is not answered; nobody else needs to know.
                let serve = move || drop(stream.and_then(|stream| serve(&stream, &serving)));
                if std::thread::Builder::new().name("standin-call".into()).spawn(serve).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { address, base_path, shared, accepting: Some(accepting) })
    }

    /// The base URL of the API.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}{}", self.address, self.base_path)
    }

    /// Adds made-up users, going on where the last ones ended.
    pub fn seed(&self, count: u32) {
        self.shared.lock().api.seed(count);
    }

    /// Sets all switches from the next request on.
    pub fn set_switches(&self, switches: Switches) {
        self.shared.lock().switches = switches;
    }

    /// Every request so far.
    #[must_use]
    pub fn log(&self) -> Vec<Logged> {
        self.shared.lock().log.clone()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Whoever waits for a connection gets one.
        drop(TcpStream::connect(self.address));
        if let Some(accepting) = self.accepting.take() {
            drop(accepting.join());
        }
    }
}

fn serve(stream: &TcpStream, shared: &Shared) -> io::Result<()> {
    let Some(request) = Request::read(stream)? else { return Ok(()) };
    if let Some(reply) = answer(&mut shared.lock(), &request) {
        reply.write(stream)?;
    }
    stream.shutdown(Shutdown::Both)
}

/// What is answered; nothing: the connection is closed without a word.
fn answer(state: &mut State, request: &Request) -> Option<Reply> {
    let State { api, switches, log } = state;
    let mut disturbed = || {
        if api.is_login(request) {
            None
        } else if take(&mut switches.rate_limited) {
            Some(api.trouble(429))
        } else {
            take(&mut switches.server_errors).then(|| api.trouble(500))
        }
    };
    let early = disturbed();
    let written = request.method != "GET" && early.is_none() && !api.is_login(request);
    let mut reply = Some(early.unwrap_or_else(|| api.answer(request, switches)));
    let done = written && reply.as_ref().is_some_and(|reply| (200..300).contains(&reply.status));
    if done && take(&mut switches.unanswered_writes) {
        reply = None;
    } else if done && take(&mut switches.failing_writes) {
        reply = Some(api.trouble(500));
    }
    log.push(Logged {
        method: request.method.clone(),
        target: request.target.clone(),
        status: reply.as_ref().map_or(0, |reply| reply.status),
    });
    reply
}
