//! The operator's proxy: what goes through it, what it cannot open, and what is said when it fails.
#![allow(clippy::unwrap_used)] // helpers of tests may fail a test

mod common;

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use common::{Connection, Server, assert_not_sent, ok, policy, request};
use presetter_egress::{Authorities, Error, Live, Policy, Proxy, Resolver, Transport};
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use url::Url;

/// Answers every name with the same address, and remembers what it was asked for.
struct Book {
    to: IpAddr,
    asked: Mutex<Vec<String>>,
}

impl Book {
    fn new(to: &str) -> Arc<Book> {
        Arc::new(Book { to: to.parse().unwrap(), asked: Mutex::default() })
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

#[async_trait]
impl Resolver for Book {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.lock().unwrap().push(name.to_owned());
        Ok(vec![self.to])
    }
}

/// A policy for `url` through the proxy `server` by a name of its own. Nothing private is allowed.
fn through(server: &Server, url: &Url) -> Policy {
    let mut policy = policy(url);
    policy.allow_private = false;
    policy.proxy = Some(Proxy::parse(server.named("http", "proxy.example", "").as_str()).unwrap());
    policy
}

/// A proxy that takes every CONNECT to `target`, whatever it names.
async fn tunnel(target: SocketAddr) -> Server {
    Server::start(move |mut connection: Connection<TcpStream>| async move {
        connection.request().await;
        connection.say(b"HTTP/1.1 200 Connection established\r\n\r\n").await;
        let mut far = TcpStream::connect(target).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut connection.stream, &mut far).await;
    })
    .await
}

#[tokio::test]
async fn https_goes_through_a_tunnel_and_the_proxy_sees_none_of_it() {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["api.example".to_owned()]).unwrap().self_signed(&key).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let server = Server::start(move |connection: Connection<TcpStream>| {
        let acceptor = acceptor.clone();
        async move {
            let stream = acceptor.accept(connection.stream).await.unwrap();
            let mut connection = Connection { stream, seen: connection.seen };
            while connection.request().await.is_some() {
                connection.say(&ok("", b"hi")).await;
            }
        }
    })
    .await;
    let proxy = tunnel(server.address).await;
    let url = Url::parse("https://api.example/a?key=s3cret").unwrap();
    let mut policy = through(&proxy, &url);
    policy.tls.authorities = Authorities::from_pem(certificate.pem().as_bytes()).unwrap();
    // The proxy is on this machine, which nothing else of this policy may reach.
    let book = Book::new("127.0.0.1");
    let live = Live::with_resolver(book.clone());
    let mut made = request("POST", &url, Some("{}"));
    made.headers.push(("Authorization".to_owned(), "Bearer s3cret".to_owned()));
    assert_eq!(live.send(&policy, made).await.unwrap().body, "hi");
    assert_eq!(book.asked(), ["proxy.example"], "the server's name is the proxy's to find");
    let seen = proxy.seen.requests();
    assert!(seen.len() == 1 && seen[0].starts_with("CONNECT api.example:443 HTTP/1.1\r\n"), "{seen:?}");
    assert!(!seen[0].contains("s3cret"), "{seen:?}");
    assert!(server.seen.requests()[0].contains("authorization: Bearer s3cret"));
}

#[tokio::test]
async fn plain_http_is_asked_of_the_proxy_by_its_whole_address() {
    let proxy = Server::answering(ok("", b"from the proxy")).await;
    let url = Url::parse("http://api.example/a").unwrap();
    let mut policy = through(&proxy, &url);
    policy.allow_private = true;
    let book = Book::new("127.0.0.1");
    let live = Live::with_resolver(book.clone());
    assert_eq!(live.send(&policy, request("GET", &url, None)).await.unwrap().body, "from the proxy");
    let seen = proxy.seen.requests();
    assert!(seen.len() == 1 && seen[0].starts_with("GET http://api.example/a HTTP/1.1\r\n"), "{seen:?}");
    assert!(!seen[0].to_lowercase().contains("proxy-authorization"), "{seen:?}");
    assert_eq!(book.asked(), ["proxy.example"]);
}

#[tokio::test]
async fn what_is_denied_without_a_proxy_is_denied_with_one() {
    let proxy = Server::answering(ok("", b"hi")).await;
    let live = Live::with_resolver(Book::new("127.0.0.1"));
    for text in [
        "https://169.254.169.254/latest",
        "https://[::ffff:169.254.169.254]/",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://[::ffff:10.0.0.1]/",
        "https://localhost/",
        "http://api.example/",
        "https://ann:s3cret@api.example/",
    ] {
        let url = Url::parse(text).unwrap();
        let error = live.send(&through(&proxy, &url), request("GET", &url, None)).await.unwrap_err();
        assert!(matches!(error, Error::Denied { .. }), "{text}: {error:?}");
    }
    let url = Url::parse("https://api.example/").unwrap();
    let mut no_grant = through(&proxy, &url);
    no_grant.grants.clear();
    let error = live.send(&no_grant, request("GET", &url, None)).await.unwrap_err();
    assert!(matches!(error, Error::Denied { .. }), "{error:?}");
    assert_eq!(proxy.seen.connections(), 0);
}

#[tokio::test]
async fn a_proxys_name_opens_nothing_but_the_proxy() {
    let proxy = Server::answering(ok("", b"hi")).await;
    let url = Url::parse("https://api.example/").unwrap();
    // The name of a proxy may lead into a private network, and still not to what hands out credentials.
    let error = Live::with_resolver(Book::new("169.254.169.254"))
        .send(&through(&proxy, &url), request("GET", &url, None))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Denied { .. }), "{error:?}");
    assert!(error.to_string().contains("the proxy http://proxy.example:"), "{error}");
    // Under a policy without that proxy its name is one as any other.
    let direct = proxy.named("https", "proxy.example", "/");
    let mut policy = policy(&direct);
    policy.allow_private = false;
    let error =
        Live::with_resolver(Book::new("127.0.0.1")).send(&policy, request("GET", &direct, None)).await.unwrap_err();
    assert!(matches!(error, Error::Denied { .. }), "{error:?}");
    assert_eq!(proxy.seen.connections(), 0);
}

#[tokio::test]
async fn a_proxy_that_refuses_is_named_and_nothing_was_sent() {
    let url = Url::parse("https://api.example/").unwrap();
    for answer in [
        "HTTP/1.1 403 Forbidden\r\n\r\n",
        "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n",
        "HTTP/1.1 200",
        "SSH-2.0-OpenSSH_9.6\r\n\r\n",
        "",
    ] {
        let proxy = Server::answering_once(answer).await;
        let live = Live::with_resolver(Book::new("127.0.0.1"));
        let result = live.send(&through(&proxy, &url), request("POST", &url, Some("{}"))).await;
        assert_not_sent(result, "no connection by way of the proxy http://proxy.example:");
        assert_eq!(proxy.seen.requests().len(), 1, "{answer:?} is not asked again");
    }
}

/// Runs tests of this binary again in an environment that names other proxies, or none, which must change nothing.
#[test]
fn the_environment_changes_nothing() {
    for env in [("NO_PROXY", "*"), ("no_proxy", "api.example,127.0.0.1"), ("ALL_PROXY", "http://127.0.0.1:9")] {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "plain_http_is_asked_of_the_proxy_by_its_whole_address"])
            .envs([env])
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && told.contains("1 passed"), "{env:?}: {told}");
    }
}
