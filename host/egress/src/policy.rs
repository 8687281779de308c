//! What a request may reach, and the one check that `plan` and every transport make.
//!
//! Pure: opens no socket, resolves no name. Invariants: no matching grant means deny; a literal address is judged as the
//! number that it is, however it was written (the URL parser has turned `0x7f.1` and `2130706433` into `127.0.0.1`).

use std::{fmt, net::IpAddr, time::Duration};

use url::{Host, Url};

use crate::{Error, Part, PathPattern, Proxy, Request, Tls, address, head, shown};

/// One thing that a bundle may do: these methods, at this host and port, on these paths.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Grant {
    /// Methods in capitals; compared exactly.
    pub methods: Vec<String>,
    /// A host name or a literal address (IPv6 in brackets). No wildcards.
    pub host: String,
    /// The port; `None` is the scheme's default, 443 (80 for http).
    pub port: Option<u16>,
    /// The paths.
    pub path: PathPattern,
    /// Which line of which file allows it; for messages.
    pub origin: String,
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.methods.join("|"), self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        write!(f, "{} ({})", self.path, self.origin)
    }
}

/// Everything that decides about a request. Two that differ in anything share no connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Policy {
    /// What is allowed; nothing else is.
    pub grants: Vec<Grant>,
    /// The operator's word that this connection may use plain http, and reach this machine and private networks.
    pub allow_private: bool,
    /// What a person changes to allow more, such as "Add it to `[[grants]]` in the bundle.toml of mosyle."
    pub advice: String,
    /// Bounds on time and size.
    pub limits: Limits,
    /// Whom the connection trusts, and how it shows who it is.
    pub tls: Tls,
    /// The operator's proxy, which all requests go through.
    pub proxy: Option<Proxy>,
}

/// Bounds of one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Limits {
    /// For finding the name, connecting and TLS together.
    pub connect_timeout: Duration,
    /// For the whole exchange, from the first look-up to the last byte of the answer.
    pub timeout: Duration,
    /// Most bytes of a request's body.
    pub request_bytes: usize,
    /// Most bytes of an answer's body, after decompression.
    pub response_bytes: usize,
    /// Most bytes of an answer's header names and values together.
    pub answer_header_bytes: usize,
    /// Most headers of an answer.
    pub answer_header_count: usize,
}

impl Default for Limits {
    /// 10 s to connect, 30 s in all, 16 MiB each way, 64 KiB in 128 headers.
    fn default() -> Limits {
        Limits {
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(30),
            request_bytes: 16 * 1024 * 1024,
            response_bytes: 16 * 1024 * 1024,
            answer_header_bytes: 64 * 1024,
            answer_header_count: 128,
        }
    }
}

/// The grant that allows `method` on `url`. Opens no socket: the addresses behind a name are checked when connecting.
///
/// # Errors
///
/// [`Error::Denied`] for a method that is none, a scheme other than https (http only with `allow_private`), user info in
/// the URL, a literal address that may not be reached, and whatever no grant allows.
pub fn check<'a>(policy: &'a Policy, method: &str, url: &Url) -> Result<&'a Grant, Error> {
    let at = || shown(url);
    // CONNECT and TRACE speak to proxies and debuggers, never to an API.
    if http::Method::from_bytes(method.as_bytes()).is_err() || matches!(method, "CONNECT" | "TRACE") {
        let method = method.escape_debug();
        return denied(format!("`{method}` is not a method for {}", at()), "Use GET, POST, PUT, PATCH or DELETE.");
    }
    match url.scheme() {
        "https" => {}
        "http" if policy.allow_private => {}
        "http" => {
            return denied(
                format!("{} uses http, which anyone on the way can read", at()),
                "Use https; for a test server in your own network, add the connection with --allow-private.",
            );
        }
        other => {
            return denied(format!("{} uses `{other}`", at()), "Only https addresses can be called.");
        }
    }
    if !url.username().is_empty() || url.password().is_some() {
        return denied(
            format!("the address {} carries a user name or password", at()),
            "Take it out of the address and put it into the connection's secrets.",
        );
    }
    let Some(host) = url.host() else {
        return denied(format!("{} names no host", at()), "Write the address as https://host/path.");
    };
    match host {
        Host::Ipv4(ip) => literal(policy, IpAddr::V4(ip), at)?,
        Host::Ipv6(ip) => literal(policy, IpAddr::V6(ip), at)?,
        // RFC 6761: always this machine. Said here so that `plan` says it too.
        Host::Domain(name) if is_localhost(name) => literal(policy, IpAddr::from([127, 0, 0, 1]), at)?,
        Host::Domain(_) => {}
    }
    policy.grants.iter().find(|grant| allows(grant, method, url, &host)).ok_or_else(|| no_grant(policy, method, &at()))
}

/// All that can be said about a request before a socket is opened: [`check`], its headers, its size. Every transport calls
/// this first.
///
/// # Errors
///
/// [`Error::Denied`] or [`Error::TooLarge`]; in both cases nothing was sent.
pub fn admit<'a>(policy: &'a Policy, request: &Request) -> Result<&'a Grant, Error> {
    let grant = check(policy, &request.method, &request.url)?;
    head::request(&request.headers)?;
    let head = request.headers.iter().fold(request.url.as_str().len(), |sum, (name, value)| {
        sum.saturating_add(name.len()).saturating_add(value.len())
    });
    if head > head::REQUEST_HEAD_BYTES {
        return Err(Error::TooLarge { part: Part::RequestHead, limit: head::REQUEST_HEAD_BYTES });
    }
    let limit = policy.limits.request_bytes;
    if request.body.as_ref().is_some_and(|body| body.len() > limit) {
        return Err(Error::TooLarge { part: Part::RequestBody, limit });
    }
    Ok(grant)
}

/// The denial of an address, with what the operator can do about it.
pub(crate) fn address_denied(at: &str, ip: IpAddr, why: &str) -> Error {
    let advice = if address::could_be_allowed(ip) {
        "If this server is in your own network, add the connection with --allow-private."
    } else {
        "No setting allows this address. Check the connection's base URL."
    };
    Error::Denied { reason: format!("{at} leads to {ip}, {why}"), advice: advice.to_owned() }
}

fn allows(grant: &Grant, method: &str, url: &Url, host: &Host<&str>) -> bool {
    let default = if url.scheme() == "https" { 443 } else { 80 };
    let same_host = || {
        Host::parse(&grant.host).is_ok_and(|granted| match (&granted, host) {
            (Host::Domain(granted), Host::Domain(host)) => granted == host,
            (Host::Ipv4(granted), Host::Ipv4(host)) => granted == host,
            (Host::Ipv6(granted), Host::Ipv6(host)) => granted == host,
            _ => false,
        })
    };
    // What is written alike needs no parser, which takes longer than all the rest.
    (url.host_str() == Some(grant.host.as_str()) || same_host())
        && url.port_or_known_default() == Some(grant.port.unwrap_or(default))
        && grant.methods.iter().any(|granted| granted == method)
        && grant.path.matches(url.path())
}

fn literal(policy: &Policy, ip: IpAddr, at: impl Fn() -> String) -> Result<(), Error> {
    match address::refusal(ip, policy.allow_private) {
        Some(why) => Err(address_denied(&at(), ip, why)),
        None => Ok(()),
    }
}

fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name == "localhost" || name.ends_with(".localhost")
}

fn no_grant(policy: &Policy, method: &str, at: &str) -> Error {
    const SHOWN: usize = 5;
    let mut reason = format!("no grant allows {method} {at}; ");
    if policy.grants.is_empty() {
        reason.push_str("there are no grants at all");
    } else {
        let some: Vec<String> = policy.grants.iter().take(SHOWN).map(Grant::to_string).collect();
        reason.push_str(&format!("allowed: {}", some.join(", ")));
        if policy.grants.len() > SHOWN {
            reason.push_str(&format!(", and {} more", policy.grants.len() - SHOWN));
        }
    }
    Error::Denied { reason, advice: policy.advice.clone() }
}

fn denied<T>(reason: String, advice: &str) -> Result<T, Error> {
    Err(Error::Denied { reason, advice: advice.to_owned() })
}
