//! The transport to the network: one HTTP client per set of connection rules.
//!
//! Must never: follow a redirect, use a proxy, keep cookies, send a referer, or repeat a request. Invariant: a connection
//! opened under one rule for addresses is never used under another; so clients (and their pools) are kept apart.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};

use crate::{
    Error, Limits, Part, Policy, Request, Resolver, Response, SystemResolver, Transport, admit, cause, head,
    progress::Progress, resolver::Guard, shown,
};

/// `presetter/VERSION`, unless the request sets its own `User-Agent`.
const USER_AGENT: &str = concat!("presetter/", env!("CARGO_PKG_VERSION"));

/// Idle connections kept per server; bulk runs use a few at a time.
const IDLE_PER_HOST: usize = 16;

/// What the client itself reads of an answer's headers before it gives up; far above any policy's limits, which are
/// checked afterwards and have the better message. (HTTP/1 heads end at about 400 KiB in the client.)
const PARSED_HEADERS: usize = 2048;
const PARSED_HEADER_BYTES: u32 = 400 * 1024;

/// The network. Sets up nothing (no TLS roots, no client) before the first [`send`](Transport::send); cheap to keep for
/// the life of a program, and meant to be: connections are kept alive and used again.
pub struct Live {
    resolver: Arc<dyn Resolver>,
    roots: Vec<reqwest::Certificate>,
    clients: Mutex<HashMap<Key, reqwest::Client>>,
}

/// What a connection's making depends on.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    allow_private: bool,
    connect_timeout: Duration,
}

/// The given text holds no certificate that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no certificate in PEM form; it must begin with -----BEGIN CERTIFICATE-----")]
pub struct BadCertificate;

impl Live {
    /// With the system's resolver and the system's root certificates.
    pub fn new() -> Live {
        Live::with_resolver(Arc::new(SystemResolver))
    }

    /// With another resolver. Its addresses are checked like the system's.
    pub fn with_resolver(resolver: Arc<dyn Resolver>) -> Live {
        Live { resolver, roots: Vec::new(), clients: Mutex::default() }
    }

    /// Trusts the authorities in `pem` too, besides the system's.
    ///
    /// # Errors
    ///
    /// [`BadCertificate`] if `pem` holds none, or one that can't be read.
    pub fn trusting(mut self, pem: &[u8]) -> Result<Live, BadCertificate> {
        let more = reqwest::Certificate::from_pem_bundle(pem).map_err(|_| BadCertificate)?;
        if more.is_empty() {
            return Err(BadCertificate);
        }
        self.roots.extend(more);
        self.clients = Mutex::default();
        Ok(self)
    }

    fn client(&self, policy: &Policy) -> Result<reqwest::Client, Error> {
        let key = Key { allow_private: policy.allow_private, connect_timeout: policy.limits.connect_timeout };
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&key) {
            return Ok(client.clone());
        }
        let client = self.build(key)?;
        clients.insert(key, client.clone());
        Ok(client)
    }

    fn build(&self, key: Key) -> Result<reqwest::Client, Error> {
        // An error means that a provider is set already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let guard = Guard { resolver: Arc::clone(&self.resolver), allow_private: key.allow_private };
        reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .https_only(!key.allow_private)
            .tls_version_min(reqwest::tls::Version::TLS_1_2)
            .tls_certs_merge(self.roots.iter().cloned())
            .connect_timeout(key.connect_timeout)
            .pool_max_idle_per_host(IDLE_PER_HOST)
            .http1_max_headers(PARSED_HEADERS)
            .http2_max_header_list_size(PARSED_HEADER_BYTES)
            .dns_resolver(guard)
            .build()
            .map_err(|_| Error::NotSent {
                reason: "TLS could not be set up; check that this machine's root certificates are installed".to_owned(),
            })
    }
}

impl Default for Live {
    fn default() -> Live {
        Live::new()
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("extra_roots", &self.roots.len()).finish_non_exhaustive()
    }
}

#[async_trait]
impl Transport for Live {
    async fn send(&self, policy: &Policy, request: Request) -> Result<Response, Error> {
        admit(policy, &request)?;
        let client = self.client(policy)?;
        let at = format!("{} {}", request.method, shown(&request.url));
        let progress = Progress::default();
        let exchange = exchange(&client, &policy.limits, request, &at, &progress);
        match tokio::time::timeout(policy.limits.timeout, exchange).await {
            Ok(result) => result,
            Err(_) => Err(cause::timed_out(&at, policy.limits.timeout, progress.begun())),
        }
    }
}

async fn exchange(
    client: &reqwest::Client,
    limits: &Limits,
    request: Request,
    at: &str,
    progress: &Progress,
) -> Result<Response, Error> {
    let outgoing = outgoing(request, progress)?;
    let answer =
        client.execute(outgoing).await.map_err(|error| cause::before_head(&error, at, limits, progress.begun()))?;
    let headers = answer.headers();
    head::answer_fits(limits, headers.iter().map(|(name, value)| (name.as_str(), value.len())))?;
    let status = answer.status().as_u16();
    // What the client could decompress it has, and dropped the header.
    let encodings = headers.get_all(http::header::CONTENT_ENCODING);
    let encoded = encodings.iter().any(|value| !value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity"));
    let headers = headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let body = body(answer, limits, at).await?;
    if encoded && !body.is_empty() {
        return Err(cause::unknown_encoding(at));
    }
    Ok(Response { status, headers, body })
}

fn outgoing(request: Request, progress: &Progress) -> Result<reqwest::Request, Error> {
    let Request { method, url, headers, body } = request;
    let method = http::Method::from_bytes(method.as_bytes())
        .map_err(|_| Error::NotSent { reason: format!("`{}` is not a method", method.escape_debug()) })?;
    let mut outgoing = reqwest::Request::new(method, url);
    for (name, value) in head::request(&headers)? {
        outgoing.headers_mut().append(name, value);
    }
    // RFC 9110, 8.6: methods whose bodies mean something say that there is none; some servers insist (411).
    let empty = body.as_ref().is_none_or(Bytes::is_empty);
    if empty && matches!(outgoing.method().as_str(), "POST" | "PUT" | "PATCH") {
        outgoing.headers_mut().insert(http::header::CONTENT_LENGTH, http::HeaderValue::from_static("0"));
    }
    // Also without a body, so that the progress is known.
    *outgoing.body_mut() = Some(reqwest::Body::wrap(progress.body(body.unwrap_or_default())));
    Ok(outgoing)
}

/// Reads the body piece by piece, each at most a few KiB after decompression, so that the limit holds in memory too.
async fn body(mut answer: reqwest::Response, limits: &Limits, at: &str) -> Result<Bytes, Error> {
    let limit = limits.response_bytes;
    let too_large = Error::TooLarge { part: Part::AnswerBody, limit };
    let mut body = BytesMut::new();
    while let Some(piece) = answer.chunk().await.map_err(|error| cause::after_head(&error, at))? {
        if piece.len() > limit - body.len() {
            return Err(too_large);
        }
        body.extend_from_slice(&piece);
    }
    Ok(body.freeze())
}
