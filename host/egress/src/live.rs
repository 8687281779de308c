//! The transport to the network: one HTTP client per policy.
//!
//! Must never: follow a redirect, use another proxy than the policy's, keep cookies, send a referer, or repeat a request.
//! Invariant: a connection opened under one policy is never used under another, whatever they differ in; so clients, with
//! their pools, are kept apart by the whole policy. What a later rule depends on then cannot be forgotten here. They are kept apart by thread
//! too: what serves a connection runs where it was opened, and a request from elsewhere would be handed from core to core four times.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    thread::{self, ThreadId},
};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use url::Url;

use crate::{
    Authorities, BadCertificate, Error, Part, Policy, Request, Resolver, Response, SystemResolver, Transport, admit,
    cause, head, progress::Progress, resolver::Guard, shown,
};

/// `presetter/VERSION`, unless the request sets its own `User-Agent`.
const USER_AGENT: &str = concat!("presetter/", env!("CARGO_PKG_VERSION"));

/// Idle connections kept per server: as many as a bulk run has under way at once.
const IDLE_PER_HOST: usize = 256;

/// What the client itself reads of an answer's headers before it gives up; far above any policy's limits, which are
/// checked afterwards and have the better message. (HTTP/1 heads end at about 400 KiB in the client.)
const PARSED_HEADERS: usize = 2048;
const PARSED_HEADER_BYTES: u32 = 400 * 1024;

/// The network. Sets up nothing (no TLS roots, no client) before the first [`send`](Transport::send); cheap to keep for
/// the life of a program, and meant to be: connections are kept alive and used again.
pub struct Live {
    resolver: Arc<dyn Resolver>,
    /// Trusted under every policy.
    authorities: Vec<Authorities>,
    /// Of each thread as many as there are policies: one for each connection of the process, two where one has a client certificate.
    clients: Mutex<Clients>,
    /// The same for plain HTTP: these trust nobody, and so need not read whom the system trusts, which takes longer than a request.
    plain: Mutex<Clients>,
}

/// There are few policies, and to compare them takes less than to hash one.
type Clients = HashMap<ThreadId, Vec<(Policy, reqwest::Client)>>;

impl Live {
    /// With the system's resolver and the system's root certificates.
    pub fn new() -> Live {
        Live::with_resolver(Arc::new(SystemResolver))
    }

    /// With another resolver. Its addresses are checked like the system's.
    pub fn with_resolver(resolver: Arc<dyn Resolver>) -> Live {
        Live { resolver, authorities: Vec::new(), clients: Mutex::default(), plain: Mutex::default() }
    }

    /// Trusts the authorities in `pem` too, besides the system's.
    ///
    /// # Errors
    ///
    /// [`BadCertificate`] if `pem` holds none, or one that can't be read.
    pub fn trusting(mut self, pem: &[u8]) -> Result<Live, BadCertificate> {
        self.authorities.push(Authorities::from_pem(pem)?);
        self.clients = Mutex::default();
        Ok(self)
    }

    fn client(&self, policy: &Policy, url: &Url) -> Result<reqwest::Client, Error> {
        // A proxy may itself be spoken to by TLS.
        let plain = url.scheme() == "http" && policy.proxy.is_none();
        let clients = if plain { &self.plain } else { &self.clients };
        let mut clients = clients.lock().unwrap_or_else(PoisonError::into_inner);
        let clients = clients.entry(thread::current().id()).or_default();
        if let Some((_, client)) = clients.iter().find(|(known, _)| known == policy) {
            return Ok(client.clone());
        }
        let client = self.build(policy, plain)?;
        clients.push((policy.clone(), client.clone()));
        Ok(client)
    }

    fn build(&self, policy: &Policy, plain: bool) -> Result<reqwest::Client, Error> {
        // An error means that a provider is set already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let guard = Guard {
            resolver: Arc::clone(&self.resolver),
            allow_private: policy.allow_private,
            proxy: policy.proxy.as_ref().and_then(|proxy| proxy.name()).map(str::to_owned),
        };
        let unusable = |_| Error::NotSent {
            reason: "TLS could not be set up; check that this machine's root certificates are installed".to_owned(),
        };
        let mut builder = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            // The environment's; the policy's own comes below.
            .no_proxy()
            .referer(false)
            .https_only(!policy.allow_private)
            .tls_version_min(reqwest::tls::Version::TLS_1_2)
            .connect_timeout(policy.limits.connect_timeout)
            .pool_max_idle_per_host(IDLE_PER_HOST)
            .http1_max_headers(PARSED_HEADERS)
            .http2_max_header_list_size(PARSED_HEADER_BYTES)
            .dns_resolver(guard);
        if plain {
            // The client follows no redirect, so it never comes to another scheme; if it did, no certificate would do.
            builder = builder.tls_certs_only([]);
        } else {
            let authorities = self.authorities.iter().chain([&policy.tls.authorities]);
            builder = builder.tls_certs_merge(authorities.flat_map(Authorities::certificates));
            if let Some(identity) = &policy.tls.identity {
                builder = builder.identity(identity.client().map_err(unusable)?);
            }
        }
        if let Some(proxy) = &policy.proxy {
            builder = builder.proxy(reqwest::Proxy::all(proxy.url().clone()).map_err(unusable)?);
        }
        builder.build().map_err(unusable)
    }
}

impl Default for Live {
    fn default() -> Live {
        Live::new()
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("authorities", &self.authorities).finish_non_exhaustive()
    }
}

#[async_trait]
impl Transport for Live {
    async fn send(&self, policy: &Policy, request: Request) -> Result<Response, Error> {
        admit(policy, &request)?;
        let client = self.client(policy, &request.url)?;
        let at = format!("{} {}", request.method, shown(&request.url));
        let progress = Progress::default();
        let exchange = exchange(&client, policy, request, &at, &progress);
        match tokio::time::timeout(policy.limits.timeout, exchange).await {
            Ok(result) => result,
            Err(_) => Err(cause::timed_out(&at, policy.limits.timeout, progress.begun())),
        }
    }
}

async fn exchange(
    client: &reqwest::Client,
    policy: &Policy,
    request: Request,
    at: &str,
    progress: &Progress,
) -> Result<Response, Error> {
    let outgoing = outgoing(request, progress)?;
    let answer =
        client.execute(outgoing).await.map_err(|error| cause::before_head(&error, at, policy, progress.begun()))?;
    let headers = answer.headers();
    head::answer_fits(&policy.limits, headers.iter().map(|(name, value)| (name.as_str(), value.len())))?;
    let status = answer.status().as_u16();
    // What the client could decompress it has, and dropped the header.
    let encodings = headers.get_all(http::header::CONTENT_ENCODING);
    let encoded = encodings.iter().any(|value| !value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity"));
    let headers = headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let body = body(answer, policy.limits.response_bytes, at).await?;
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
async fn body(mut answer: reqwest::Response, limit: usize, at: &str) -> Result<Bytes, Error> {
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
