//! Reads the client's chain of errors, and says in words what went wrong.
//!
//! Must never pass on the client's own text: it may hold the whole URL. Invariant: [`Error::NotSent`] only where no
//! connection came to be, or where the progress says that sending had not begun.

use std::{error::Error as StdError, io, time::Duration};

use crate::{Error, Policy, policy::address_denied, resolver::NoAddress};

/// An error before the head of an answer was read.
pub(crate) fn before_head(error: &reqwest::Error, at: &str, policy: &Policy, begun: bool) -> Error {
    if let Some(NoAddress::Refused { ip, why }) = find::<NoAddress>(error) {
        // With a proxy its name is the only one that is looked up here.
        let at = policy.proxy.as_ref().map_or_else(|| at.to_owned(), |proxy| format!("the proxy {proxy}"));
        return address_denied(&at, *ip, why);
    }
    if let Some(words) = find::<rustls::Error>(error).and_then(|tls| refused_client(tls, policy)) {
        return Error::NotSent { reason: format!("{at}: {words}") };
    }
    if error.is_connect() || !begun {
        return Error::NotSent { reason: format!("{at}: {}", unconnected(error, policy)) };
    }
    Error::Unanswered { reason: format!("{at}: {}", unanswered(error)) }
}

/// An error while the body of an answer was read.
pub(crate) fn after_head(error: &reqwest::Error, at: &str) -> Error {
    let what = if error.is_decode() && find::<hyper::Error>(error).is_none() {
        "the answer says that it is compressed (gzip), but its data is damaged"
    } else {
        "the connection broke in the middle of the answer"
    };
    Error::Unanswered { reason: format!("{at}: {what}") }
}

/// The whole exchange took too long.
pub(crate) fn timed_out(at: &str, limit: Duration, begun: bool) -> Error {
    let seconds = limit.as_secs_f32();
    if begun {
        Error::Unanswered { reason: format!("{at}: no complete answer within {seconds} s") }
    } else {
        Error::NotSent { reason: format!("{at}: no connection within {seconds} s; check the address and your network") }
    }
}

/// A body in a compression that was not asked for.
pub(crate) fn unknown_encoding(at: &str) -> Error {
    Error::Unanswered {
        reason: format!("{at}: the answer is compressed in a way that cannot be read; only gzip is known"),
    }
}

fn unconnected(error: &reqwest::Error, policy: &Policy) -> String {
    let tls = find::<rustls::Error>(error);
    if let (Some(proxy), None) = (&policy.proxy, tls) {
        return format!(
            "no connection by way of the proxy {proxy}; check its address, that it runs, and that it lets this host through"
        );
    }
    if let Some(NoAddress::NotFound(_)) = find::<NoAddress>(error) {
        return "the server's name was not found; check its spelling in the connection's base URL, and your network"
            .to_owned();
    }
    if let Some(tls) = tls {
        return tls_words(tls).to_owned();
    }
    if error.is_timeout() {
        let seconds = policy.limits.connect_timeout.as_secs_f32();
        return format!("no connection within {seconds} s; check the address, and that no firewall is in the way");
    }
    let kind = find::<io::Error>(error).map(innermost_kind);
    match kind {
        Some(io::ErrorKind::ConnectionRefused) => {
            "nothing answers at this address; check the host and port of the connection's base URL, and that the server runs"
        }
        Some(io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable) => {
            "this address cannot be reached from here; check your network"
        }
        Some(io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe) => {
            "the server hung up before the connection stood; check that the port speaks https"
        }
        _ => "no connection could be made; check the connection's base URL and your network",
    }
    .to_owned()
}

fn unanswered(error: &reqwest::Error) -> &'static str {
    match find::<hyper::Error>(error) {
        Some(http) if http.is_parse() => {
            "the answer is not valid HTTP, or its headers are far too large; check that the address belongs to a web API"
        }
        Some(http) if http.is_incomplete_message() => "the server hung up without a complete answer",
        _ => "the connection broke before an answer came",
    }
}

/// The server's refusal of this side of TLS. From TLS 1.3 on it may come only after a request was written; but a server
/// that says so has not finished the handshake, and its program never sees what came behind it.
fn refused_client(error: &rustls::Error, policy: &Policy) -> Option<&'static str> {
    use rustls::AlertDescription as Alert;
    let rustls::Error::AlertReceived(alert) = error else { return None };
    let about_certificates = matches!(
        alert,
        Alert::CertificateRequired
            | Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::AccessDenied
            | Alert::DecryptError
    );
    about_certificates.then_some(match &policy.tls.identity {
        None => "the server wants a client certificate; give it with --client-certificate",
        Some(_) => {
            "the server does not accept the client certificate; check that it is the right one and has not expired"
        }
    })
}

fn tls_words(error: &rustls::Error) -> &'static str {
    use rustls::{CertificateError as Bad, Error as Tls};
    match error {
        Tls::InvalidCertificate(Bad::UnknownIssuer) => {
            "the server's certificate comes from an authority that this machine does not trust; nothing should be sent there"
        }
        Tls::InvalidCertificate(Bad::Expired | Bad::ExpiredContext { .. }) => {
            "the server's certificate has expired; check this machine's clock, or tell the server's owner"
        }
        Tls::InvalidCertificate(Bad::NotValidYet | Bad::NotValidYetContext { .. }) => {
            "the server's certificate is not valid yet; check this machine's clock"
        }
        Tls::InvalidCertificate(Bad::NotValidForName | Bad::NotValidForNameContext { .. }) => {
            "the server's certificate is for another name; check the host of the connection's base URL"
        }
        Tls::InvalidCertificate(_) => "the server's certificate is not acceptable",
        Tls::InvalidMessage(_) => "the server does not speak https at this port; check the connection's base URL",
        Tls::PeerIncompatible(_) | Tls::AlertReceived(_) => {
            "the server and Presetter have no common way to speak https; TLS 1.2 or later is needed"
        }
        _ => "a safe connection (TLS) could not be made",
    }
}

/// The first error of type `T` in the chain; looks into `io::Error`s, which hide what they wrap from the chain.
fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

/// The kind of the innermost of nested `io::Error`s: the outer ones only say "other".
fn innermost_kind(error: &io::Error) -> io::ErrorKind {
    let mut error = error;
    while let Some(inner) = error.get_ref().and_then(|inner| inner.downcast_ref::<io::Error>()) {
        error = inner;
    }
    error.kind()
}
