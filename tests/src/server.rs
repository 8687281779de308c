//! A server that hostile guests talk to: it keeps every byte that reached it, and gives away what it was told.
//!
//! Owns: what is heard, connection by connection, before anything of it is interpreted; and a few answers, chosen by the
//! path below `/v1/open/`. Everything else under the server is *closed*: no grant names it, so nothing may ask for it.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde_json::{Map, Value, json};

/// The token that its login gives.
pub const SESSION: &str = "session-token/of+the%hostile=server-0123456789";

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Heard {
    /// Request line and headers, with the empty line.
    pub head: Vec<u8>,
    /// The body, as long as `Content-Length` says.
    pub body: Vec<u8>,
}

impl Heard {
    /// The request line.
    #[must_use]
    pub fn line(&self) -> String {
        self.lines().next().unwrap_or_default()
    }

    /// The lines of the head.
    pub fn lines(&self) -> impl Iterator<Item = String> + use<> {
        let head = String::from_utf8_lossy(&self.head).into_owned();
        let lines: Vec<String> = head.split("\r\n").map(str::to_owned).collect();
        lines.into_iter()
    }

    /// The header lines, names in lower case.
    #[must_use]
    pub fn headers(&self) -> Vec<(String, String)> {
        let split = |line: String| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
        self.lines().skip(1).filter_map(split).collect()
    }

    /// The value of a header, the first one if there are several.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        self.headers().into_iter().find(|(header, _)| header == name).map(|(_, value)| value)
    }

    /// Everything but the headers of these names: what the guest had a say in.
    #[must_use]
    pub fn without(&self, names: &[&str]) -> Vec<u8> {
        let kept = |line: &String| !names.iter().any(|name| line.to_lowercase().starts_with(&format!("{name}:")));
        let mut rest = self.lines().filter(kept).collect::<Vec<_>>().join("\r\n").into_bytes();
        rest.extend_from_slice(&self.body);
        rest
    }
}

/// A running server. It stops when it is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<thread::JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    heard: Mutex<Vec<Heard>>,
    connections: AtomicU64,
    logins: AtomicU64,
    open: Mutex<Vec<TcpStream>>,
    stopped: AtomicBool,
    /// Nothing is kept: for runs without number.
    deaf: AtomicBool,
}

impl Shared {
    fn heard(&self) -> MutexGuard<'_, Vec<Heard>> {
        self.heard.lock().unwrap()
    }
}

impl Server {
    /// Starts one on a port of its own.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let serving = shared.clone();
        let accepting = thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if serving.stopped.load(Ordering::SeqCst) {
                    return;
                }
                serving.connections.fetch_add(1, Ordering::SeqCst);
                let mut open = serving.open.lock().unwrap();
                open.retain(|stream| stream.peer_addr().is_ok());
                open.extend(stream.try_clone());
                drop(open);
                let serving = serving.clone();
                thread::spawn(move || serve(stream, &serving));
            }
        });
        Self { address, shared, accepting: Some(accepting) }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL of its API.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// All requests so far, in the order of their ends.
    #[must_use]
    pub fn heard(&self) -> Vec<Heard> {
        self.shared.heard().clone()
    }

    /// Forgets what it heard.
    pub fn clear(&self) {
        self.shared.heard().clear();
    }

    /// Keeps nothing from now on.
    pub fn keep_nothing(&self) {
        self.shared.deaf.store(true, Ordering::SeqCst);
    }

    /// How often somebody connected.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// How many sessions it gave.
    #[must_use]
    pub fn logins(&self) -> u64 {
        self.shared.logins.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        for stream in self.shared.open.lock().unwrap().drain(..) {
            drop(stream.shutdown(Shutdown::Both));
        }
        // Whoever waits for a connection gets one.
        drop(TcpStream::connect(self.address));
        if let Some(accepting) = self.accepting.take() {
            drop(accepting.join());
        }
    }
}

/// Serves one connection, request after request.
fn serve(mut stream: TcpStream, shared: &Shared) {
    let mut unread = Vec::new();
    while let Some(heard) = next(&mut stream, &mut unread) {
        let answer = answer(&heard, shared);
        if !shared.deaf.load(Ordering::SeqCst) {
            shared.heard().push(heard);
        }
        let Some(answer) = answer else { break };
        if stream.write_all(&answer).is_err() {
            break;
        }
    }
    drop(stream.shutdown(Shutdown::Both));
}

/// The next request; nothing at the end. What is no whole request by then is one that was heard, too.
fn next(stream: &mut TcpStream, unread: &mut Vec<u8>) -> Option<Heard> {
    const END: &[u8] = b"\r\n\r\n";
    let mut buffer = [0; 64 * 1024];
    loop {
        if let Some(end) = unread.windows(END.len()).position(|window| window == END) {
            let head = unread[..end + END.len()].to_vec();
            let heard = Heard { head, body: Vec::new() };
            let length = heard.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
            if unread.len() >= heard.head.len() + length {
                let body = unread[heard.head.len()..heard.head.len() + length].to_vec();
                unread.drain(..heard.head.len() + length);
                return Some(Heard { body, ..heard });
            }
        }
        match stream.read(&mut buffer) {
            Ok(read) if read > 0 => unread.extend_from_slice(&buffer[..read]),
            _ if unread.is_empty() => return None,
            _ => return Some(Heard { head: std::mem::take(unread), body: Vec::new() }),
        }
    }
}

/// What is answered; nothing: the connection is closed without a word.
fn answer(heard: &Heard, shared: &Shared) -> Option<Vec<u8>> {
    let line = heard.line();
    let path = line.split(' ').nth(1).unwrap_or_default().split('?').next().unwrap_or_default().to_owned();
    let credentials = credentials(heard);
    let all = credentials.join("\n");
    let echo = || Value::Object(encodings(&all)).to_string();
    Some(match path.strip_prefix("/v1/open/").unwrap_or(&path) {
        "/v1/login" => {
            shared.logins.fetch_add(1, Ordering::SeqCst);
            reply("200 OK", &[("Authorization", &format!("Bearer {SESSION}"))], r#"{"status":"OK"}"#)
        }
        "echo" => reply("200 OK", &[], &echo()),
        "echo-error" => reply(&format!("500 {all}").replace('\n', " "), &[], &echo()),
        "echo-headers" => {
            let encoded = encodings(&all.replace('\n', " "));
            let headers: Vec<(String, &str)> =
                encoded.iter().map(|(name, text)| (format!("X-Echo-{name}"), text.as_str().unwrap())).collect();
            let headers: Vec<(&str, &str)> = headers.iter().map(|(name, text)| (name.as_str(), *text)).collect();
            reply("200 OK", &headers, "{}")
        }
        "echo-cookies" => {
            let cookies = credentials.iter().map(|value| format!("sid={value}; Path=/"));
            let cookies: Vec<String> = cookies.collect();
            let mut headers: Vec<(&str, &str)> = cookies.iter().map(|cookie| ("Set-Cookie", cookie.as_str())).collect();
            let other = all.replace('\n', " ");
            headers.extend([("WWW-Authenticate", other.as_str()), ("Location", &other), ("ETag", &other)]);
            reply("200 OK", &headers, "{}")
        }
        "echo-text" => reply("404 Not Found", &[], &format!("<p>You sent {all}</p>\n\\\" %41 {}", echo())),
        "refused" => reply("401 Unauthorized", &[("WWW-Authenticate", "Bearer")], &echo()),
        "pieces" => {
            let token = credentials.last().cloned().unwrap_or_default();
            reply("200 OK", &[], &json!(token.chars().collect::<Vec<_>>()).to_string())
        }
        "huge" => reply("200 OK", &[], &format!("\"{}\"", "x".repeat(17 << 20))),
        "failing" => reply("503 Service Unavailable", &[], "{}"),
        "gateway" => reply("504 Gateway Timeout", &[], "{}"),
        "no-http" => b"220 mail.example ESMTP\r\n".to_vec(),
        "hang-up" | "write-lost" => return None,
        _ => reply("200 OK", &[], r#"{"status":"OK"}"#),
    })
}

/// An answer of HTTP/1.1.
fn reply(status: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut answer = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        answer.push_str(&format!("{name}: {value}\r\n"));
    }
    (answer + "\r\n" + body).into_bytes()
}

/// The credentials of a request, each alone, the pair of HTTP Basic decoded as well; a bearer token comes last.
fn credentials(heard: &Heard) -> Vec<String> {
    let mut found: Vec<String> = heard.header("accesstoken").into_iter().collect();
    if let Some(value) = heard.header("authorization") {
        let bare = value.split_once(' ').map_or(value.as_str(), |(_, bare)| bare).to_owned();
        if let Some(pair) = STANDARD.decode(&bare).ok().and_then(|pair| String::from_utf8(pair).ok()) {
            found.extend(pair.split_once(':').map(|(_, password)| password.to_owned()));
            found.push(pair);
        }
        found.extend([value, bare]);
    }
    found
}

/// A text in the ways in which careless servers repeat it.
fn encodings(text: &str) -> Map<String, Value> {
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    let percent: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let json = Value::from(text).to_string();
    let shifted: Vec<String> = (0..3).map(|shift| "-".repeat(shift) + text).collect();
    let mut all = Map::new();
    let mut add = |name: String, text: String| drop(all.insert(name, text.into()));
    add("raw".into(), text.to_owned());
    add("json".into(), json.trim_matches('"').to_owned());
    add("percent".into(), percent);
    add("HEX".into(), hex.to_uppercase());
    add("hex".into(), hex);
    for (shift, text) in shifted.iter().enumerate() {
        add(format!("base64-{shift}"), STANDARD.encode(text));
        add(format!("base64url-{shift}"), URL_SAFE.encode(text));
    }
    all
}
