//! TLS: whom the transport trusts, what a failed handshake is called, and HTTP/2.
#![allow(clippy::unwrap_used)] // helpers of tests may fail a test

mod common;

use std::{future::Future, sync::Arc, time::Duration};

use bytes::Bytes;
use common::{Connection, Server, assert_not_sent, ok, policy, request};
use http_body::{Body, Frame, SizeHint};
use hyper_util::rt::{TokioExecutor, TokioIo};
use presetter_egress::{
    Authorities, BadCertificate, BadIdentity, Error, Identity, Live, Policy, Response, Tls, Transport,
};
use presetter_secret::Secret;
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::{RootCertStore, pki_types::PrivateKeyDer, server::WebPkiClientVerifier};
use tokio::{io::AsyncReadExt, net::TcpStream};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// A certificate that signs itself, and a server's side of TLS with it.
fn identity(name: &str, alpn: &[&str], change: impl FnOnce(&mut CertificateParams)) -> (String, TlsAcceptor) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    change(&mut params);
    let certificate = params.self_signed(&key).unwrap();
    let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    (certificate.pem(), TlsAcceptor::from(Arc::new(config)))
}

/// Serves each connection whose handshake succeeds.
async fn secure<F, T>(acceptor: TlsAcceptor, serve: F) -> Server
where
    F: Fn(Connection<TlsStream<TcpStream>>) -> T + Clone + Send + Sync + 'static,
    T: Future<Output = ()> + Send + 'static,
{
    Server::start(move |connection| {
        let (acceptor, serve) = (acceptor.clone(), serve.clone());
        async move {
            match acceptor.accept(connection.stream).into_fallible().await {
                Ok(stream) => serve(Connection { stream, seen: connection.seen }).await,
                // A socket that is closed with something unread resets the connection, and the alert may be lost with it.
                Err((_, mut stream)) => {
                    let _ = stream.read_to_end(&mut Vec::new()).await;
                }
            }
        }
    })
    .await
}

async fn answer_all(mut connection: Connection<TlsStream<TcpStream>>) {
    while connection.request().await.is_some() {
        connection.say(&ok("", b"hi")).await;
    }
}

async fn post(live: &Live, server: &Server, name: &str, allow_private: bool) -> Result<Response, Error> {
    let url = server.named("https", name, "/a");
    let mut policy = policy(&url);
    policy.allow_private = allow_private;
    live.send(&policy, request("POST", &url, Some("{}"))).await
}

#[tokio::test]
async fn only_trusted_certificates_for_the_right_name_and_time() {
    let (pem, acceptor) = identity("localhost", &["http/1.1"], |_| {});
    let server = secure(acceptor, answer_all).await;
    assert_not_sent(post(&Live::new(), &server, "localhost", true).await, "authority that this machine does not trust");
    let trusting = Live::new().trusting(pem.as_bytes()).unwrap();
    assert_eq!(post(&trusting, &server, "localhost", true).await.unwrap().body, "hi");
    assert_not_sent(post(&trusting, &server, "127.0.0.1", true).await, "certificate is for another name");
    assert_eq!(server.seen.requests().len(), 1);

    let (pem, acceptor) = identity("localhost", &[], |params| params.not_after = rcgen::date_time_ymd(2020, 1, 1));
    let server = secure(acceptor, answer_all).await;
    let trusting = Live::new().trusting(pem.as_bytes()).unwrap();
    assert_not_sent(post(&trusting, &server, "localhost", true).await, "has expired");
    assert_eq!(server.seen.requests().len(), 0);
}

/// The same transport has a live connection to this machine under one policy; another policy must not ride on it.
#[tokio::test]
async fn a_connection_of_another_policy_is_not_used() {
    let (pem, acceptor) = identity("private.example", &[], |_| {});
    let server = secure(acceptor, answer_all).await;
    struct Home;
    #[async_trait::async_trait]
    impl presetter_egress::Resolver for Home {
        async fn resolve(&self, _: &str) -> std::io::Result<Vec<std::net::IpAddr>> {
            Ok(vec![[127, 0, 0, 1].into()])
        }
    }
    let live = Live::with_resolver(Arc::new(Home)).trusting(pem.as_bytes()).unwrap();
    for _ in 0..2 {
        post(&live, &server, "private.example", true).await.unwrap();
    }
    let error = post(&live, &server, "private.example", false).await.unwrap_err();
    assert!(matches!(error, Error::Denied { .. }), "{error:?}");
    assert_eq!((server.seen.connections(), server.seen.requests().len()), (1, 2));
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls() {
    let plain = Server::start(|mut connection: Connection<TcpStream>| async move {
        connection.say(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    })
    .await;
    assert_not_sent(post(&Live::new(), &plain, "localhost", true).await, "does not speak https");
    let hanging_up = Server::start(|connection: Connection<TcpStream>| async move { drop(connection) }).await;
    assert_not_sent(post(&Live::new(), &hanging_up, "localhost", true).await, "hung up before the connection stood");
    let silent = Server::start(|connection: Connection<TcpStream>| async move {
        std::future::pending::<()>().await;
        drop(connection);
    })
    .await;
    let url = silent.named("https", "localhost", "/");
    let mut policy = policy(&url);
    policy.limits.connect_timeout = Duration::from_millis(100);
    assert_not_sent(Live::new().send(&policy, request("POST", &url, None)).await, "no connection within 0.1 s");
}

#[tokio::test]
async fn hung_up_after_the_handshake_and_the_request() {
    let (pem, acceptor) = identity("localhost", &[], |_| {});
    let server = secure(acceptor, |mut connection| async move {
        connection.request().await;
    })
    .await;
    let live = Live::new().trusting(pem.as_bytes()).unwrap();
    let error = post(&live, &server, "localhost", true).await.unwrap_err();
    assert!(matches!(error, Error::Unanswered { .. }), "{error:?}");
    assert_eq!(server.seen.requests().len(), 1);
}

/// A body for the HTTP/2 server of the test.
struct Hi(Option<Bytes>);

impl Body for Hi {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        std::task::Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

/// `/a` is answered; `/silent` never; `/broken` and `/refused` end in a reset of the stream.
#[tokio::test]
async fn http2_keeps_the_same_promises() {
    let (pem, acceptor) = identity("localhost", &["h2"], |_| {});
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let server = secure(acceptor, move |connection| {
        let tell = tell.clone();
        async move {
            let service = hyper::service::service_fn(move |request: http::Request<hyper::body::Incoming>| {
                let tell = tell.clone();
                async move {
                    let path = request.uri().path().to_owned();
                    tell.send((path.clone(), request.version())).unwrap();
                    match path.as_str() {
                        "/a" => Ok(http::Response::new(Hi(Some(Bytes::from_static(b"hi"))))),
                        "/broken" => Err(h2::Error::from(h2::Reason::INTERNAL_ERROR)),
                        // Which the client repeats by itself unless it is told otherwise.
                        "/refused" => Err(h2::Error::from(h2::Reason::REFUSED_STREAM)),
                        _ => std::future::pending().await,
                    }
                }
            });
            let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(connection.stream), service)
                .await;
        }
    })
    .await;
    let live = Live::new().trusting(pem.as_bytes()).unwrap();
    let mut quick = policy(&server.named("https", "localhost", "/"));
    let made = |path: &str| request("POST", &server.named("https", "localhost", path), Some("{}"));

    assert_eq!(live.send(&quick, made("/a")).await.unwrap().body, "hi");
    assert_eq!(told.recv().await.unwrap(), ("/a".to_owned(), http::Version::HTTP_2));
    for path in ["/broken", "/refused"] {
        let error = live.send(&quick, made(path)).await.unwrap_err();
        assert!(matches!(error, Error::Unanswered { .. }), "{error:?}");
        assert_eq!(told.recv().await.unwrap().0, path);
        assert!(told.try_recv().is_err(), "{path} was sent twice");
    }
    quick.limits.timeout = Duration::from_secs(1);
    for body in [None, Some("{}")] {
        let url = server.named("https", "localhost", "/silent");
        let error = live.send(&quick, request("POST", &url, body)).await.unwrap_err();
        assert!(matches!(error, Error::Unanswered { .. }), "{error:?}");
        assert_eq!(told.recv().await.unwrap().0, "/silent");
    }
    assert!(told.try_recv().is_err(), "nothing was sent twice");
}

#[test]
fn what_is_no_certificate_is_said_so() {
    for pem in ["", "hello", "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n"] {
        assert!(matches!(Live::new().trusting(pem.as_bytes()), Err(BadCertificate)), "{pem}");
    }
}

/// An authority of the test's own.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    root: rustls::pki_types::CertificateDer<'static>,
}

impl Authority {
    fn new(name: &str) -> Authority {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Authority { pem: certificate.pem(), root: certificate.der().clone(), issuer: Issuer::new(params, key) }
    }

    /// A certificate and its private key, in PEM form.
    fn issue(&self, name: &str, purpose: ExtendedKeyUsagePurpose) -> (rcgen::Certificate, KeyPair) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.extended_key_usages = vec![purpose];
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }

    fn client(&self) -> String {
        let (certificate, key) = self.issue("client", ExtendedKeyUsagePurpose::ClientAuth);
        format!("{}{}", certificate.pem(), key.serialize_pem())
    }

    /// A server for `localhost` that wants a client certificate of `clients`, or none.
    fn server(
        &self,
        clients: Option<&Authority>,
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> TlsAcceptor {
        let (certificate, key) = self.issue("localhost", ExtendedKeyUsagePurpose::ServerAuth);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config =
            rustls::ServerConfig::builder_with_provider(provider.clone()).with_protocol_versions(versions).unwrap();
        let config = match clients {
            None => config.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(authority.root.clone()).unwrap();
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                config.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        TlsAcceptor::from(Arc::new(config.with_single_cert(vec![certificate.der().clone()], key).unwrap()))
    }
}

fn identity_of(pem: &str) -> Result<Identity, BadIdentity> {
    Identity::from_pem(Arc::new(Secret::new(pem.to_owned())))
}

/// The server's policy with this authority and this client certificate.
fn with_tls(server: &Server, authority: &Authority, client: Option<&str>) -> Policy {
    let mut policy = policy(&server.named("https", "localhost", "/"));
    policy.tls = Tls {
        authorities: Authorities::from_pem(authority.pem.as_bytes()).unwrap(),
        identity: client.map(|pem| identity_of(pem).unwrap()),
    };
    policy
}

const BOTH: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];
const ONLY_12: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS12];

/// One transport serves both connections: what one of them trusts must not help the other.
#[tokio::test]
async fn an_authority_is_trusted_for_the_connection_that_names_it_alone() {
    let (named, other) = (Authority::new("named"), Authority::new("other"));
    let server = secure(named.server(None, BOTH), answer_all).await;
    let url = server.named("https", "localhost", "/");
    let live = Live::new();
    assert_eq!(
        live.send(&with_tls(&server, &named, None), request("POST", &url, Some("{}"))).await.unwrap().body,
        "hi"
    );
    for policy in [policy(&url), with_tls(&server, &other, None)] {
        let result = live.send(&policy, request("POST", &url, Some("{}"))).await;
        assert_not_sent(result, "authority that this machine does not trust");
    }
    assert_eq!(server.seen.requests().len(), 1);
}

#[tokio::test]
async fn a_server_that_wants_a_client_certificate_gets_the_right_one_or_nothing() {
    let (servers, clients, strangers) =
        (Authority::new("servers"), Authority::new("clients"), Authority::new("strangers"));
    let live = Live::new();
    for versions in [BOTH, ONLY_12] {
        let server = secure(servers.server(Some(&clients), versions), answer_all).await;
        let url = server.named("https", "localhost", "/");
        let right = with_tls(&server, &servers, Some(&clients.client()));
        assert_eq!(live.send(&right, request("POST", &url, Some("{}"))).await.unwrap().body, "hi");
        // The live connection of the one that has a certificate is not there for the one that has none.
        let none = with_tls(&server, &servers, None);
        let result = live.send(&none, request("POST", &url, Some("{}"))).await;
        let words = if versions == BOTH { "wants a client certificate" } else { "certificate" };
        assert_not_sent(result, words);
        let wrong = with_tls(&server, &servers, Some(&strangers.client()));
        assert_not_sent(
            live.send(&wrong, request("POST", &url, Some("{}"))).await,
            "does not accept the client certificate",
        );
        assert_eq!(server.seen.requests().len(), 1);
    }
}

#[tokio::test]
async fn tls_1_2_is_spoken_and_nothing_older() {
    let authority = Authority::new("the authority");
    let server = secure(authority.server(None, ONLY_12), answer_all).await;
    let url = server.named("https", "localhost", "/");
    let result = Live::new().send(&with_tls(&server, &authority, None), request("GET", &url, None)).await;
    assert_eq!(result.unwrap().body, "hi");

    // No library here speaks TLS 1.1 any more, so its server hello is made by hand.
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let old = Server::start(move |mut connection: Connection<TcpStream>| {
        let tell = tell.clone();
        async move {
            let mut head = [0; 5];
            connection.stream.read_exact(&mut head).await.unwrap();
            let mut hello = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
            connection.stream.read_exact(&mut hello).await.unwrap();
            tell.send(hello).unwrap();
            let body = [&[3, 2][..], &[7; 32], &[0], &[0xc0, 0x13], &[0]].concat();
            let message = [&[2, 0, 0, u8::try_from(body.len()).unwrap()][..], &body].concat();
            let record = [&[22, 3, 2, 0, u8::try_from(message.len()).unwrap()][..], &message].concat();
            connection.say(&record).await;
            let _ = connection.stream.read_to_end(&mut Vec::new()).await;
        }
    })
    .await;
    let url = old.named("https", "localhost", "/");
    let result = Live::new().send(&policy(&url), request("POST", &url, Some("{}"))).await;
    assert_not_sent(result, "TLS 1.2 or later is needed");
    let hello = told.recv().await.unwrap();
    // The extension supported_versions (43): its length, the list's length, and 1.3 and 1.2 in this order.
    let offered = [0, 43, 0, 5, 4, 3, 4, 3, 3];
    assert!(hello.windows(offered.len()).any(|bytes| bytes == offered), "offers 1.3 and 1.2 alone: {hello:02x?}");
}

#[test]
fn what_is_no_client_certificate_is_said_so() {
    let authority = Authority::new("the authority");
    let (certificate, key) = authority.issue("client", ExtendedKeyUsagePurpose::ClientAuth);
    let (certificate, key) = (certificate.pem(), key.serialize_pem());
    let other = KeyPair::generate().unwrap().serialize_pem();
    let encrypted = key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    identity_of(&format!("{key}{certificate}{}", authority.pem)).expect("in any order, with its chain");
    for (pem, wanted) in [
        (String::new(), BadIdentity::NoCertificate),
        (key.clone(), BadIdentity::NoCertificate),
        (certificate.clone(), BadIdentity::NoKey),
        (format!("{certificate}{encrypted}"), BadIdentity::Encrypted),
        (format!("{certificate}{key}{other}"), BadIdentity::SeveralKeys),
        (format!("{certificate}{other}"), BadIdentity::Mismatch),
        (format!("{}{certificate}{key}", authority.pem), BadIdentity::Mismatch),
        (format!("{certificate}{}", key.replace("MIG", "AAA")), BadIdentity::Unreadable),
        (format!("{key}{}", certificate.replace("MII", "AAA")), BadIdentity::Unreadable),
        (format!("{certificate}{key}").replace("-----END PRIVATE", "-----END"), BadIdentity::Unreadable),
    ] {
        let error = identity_of(&pem).unwrap_err();
        assert_eq!(error, wanted);
        let secret = key.lines().nth(1).unwrap();
        assert!(!format!("{error} {error:?}").contains(secret));
    }
    let shown = format!("{:?}", identity_of(&format!("{certificate}{key}")).unwrap());
    assert_eq!(shown, "1 certificates and [secret]");
}
