//! What lies behind a name is judged when it is connected to, with a resolver of the test's own.
#![allow(clippy::unwrap_used)] // helpers of tests may fail a test

mod common;

use std::{
    io,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use common::{Server, ok, policy, request};
use presetter_egress::{Error, Live, Resolver, Transport, check};

/// Gives the first list for the first look-up, and so on; the last one from then on.
struct Rebinding {
    lists: Vec<Vec<&'static str>>,
    asked: AtomicUsize,
}

impl Rebinding {
    fn new(lists: &[&[&'static str]]) -> Arc<Rebinding> {
        Arc::new(Rebinding { lists: lists.iter().map(|list| list.to_vec()).collect(), asked: AtomicUsize::new(0) })
    }
}

#[async_trait]
impl Resolver for Rebinding {
    async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        let turn = self.asked.fetch_add(1, Ordering::SeqCst);
        let list = self.lists.get(turn).or(self.lists.last()).ok_or(io::ErrorKind::NotFound)?;
        Ok(list.iter().map(|ip| ip.parse().unwrap()).collect())
    }
}

/// Never comes back.
struct Stuck;

#[async_trait]
impl Resolver for Stuck {
    async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_name_that_leads_home_is_denied_without_a_packet() {
    let server = Server::answering(ok("", b"hi")).await;
    for (list, words) in [
        (&["127.0.0.1"][..], "leads to 127.0.0.1, a loopback address"),
        (&["::ffff:127.0.0.1"], "leads to ::ffff:127.0.0.1, an IPv4 address written as IPv6"),
        (&["10.0.0.1", "127.0.0.1"], "leads to 10.0.0.1, an address of a private network"),
        (&["64:ff9b::7f00:1"], "NAT64"),
        (&["169.254.169.254"], "metadata address"),
        (&["0.0.0.0"], "unspecified"),
    ] {
        let url = server.named("https", "rebind.example", "/a?key=s3cret");
        let mut policy = policy(&url);
        policy.allow_private = false;
        check(&policy, "POST", &url).expect("without looking it up, the name is granted");
        let error = Live::with_resolver(Rebinding::new(&[list]))
            .send(&policy, request("POST", &url, Some("s3cret")))
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Denied { .. }), "{error:?}");
        assert!(error.to_string().contains(words) && !error.to_string().contains("s3cret"), "{error}");
    }
    assert_eq!(server.seen.connections(), 0);
}

#[tokio::test]
async fn metadata_stays_denied_with_allow_private_and_after_a_good_answer() {
    let server = Server::answering_once(ok("Connection: close\r\n", b"hi")).await;
    let url = server.named("http", "rebind.example", "/");
    let resolver = Rebinding::new(&[&["127.0.0.1"], &["169.254.169.254", "fd00:ec2::254", "::ffff:169.254.169.254"]]);
    let live = Live::with_resolver(resolver.clone());
    assert_eq!(live.send(&policy(&url), request("GET", &url, None)).await.unwrap().status, 200);
    let error = live.send(&policy(&url), request("GET", &url, None)).await.unwrap_err();
    assert!(matches!(&error, Error::Denied { .. }), "{error:?}");
    assert!(error.to_string().contains("metadata") && error.to_string().contains("No setting allows this"), "{error}");
    assert_eq!(
        resolver.asked.load(Ordering::SeqCst),
        2,
        "each connection looks the name up once, and connects to what was judged"
    );
    assert_eq!(server.seen.connections(), 1);
}

#[tokio::test]
async fn refused_addresses_are_dropped_and_the_others_used() {
    let server = Server::answering(ok("", b"hi")).await;
    let url = server.named("http", "mixed.example", "/");
    let live = Live::with_resolver(Rebinding::new(&[&["169.254.169.254", "0.0.0.0", "127.0.0.1"]]));
    assert_eq!(live.send(&policy(&url), request("GET", &url, None)).await.unwrap().status, 200);
}

#[tokio::test]
async fn names_that_are_not_found() {
    let server = Server::answering(ok("", b"hi")).await;
    let url = server.named("http", "nowhere.example", "/");
    for resolver in [Rebinding::new(&[]), Rebinding::new(&[&[]])] {
        let error = Live::with_resolver(resolver).send(&policy(&url), request("POST", &url, None)).await.unwrap_err();
        assert!(matches!(error, Error::NotSent { .. }), "{error:?}");
        assert!(error.to_string().contains("name was not found"), "{error}");
    }
}

/// The reserved name can't exist, so the system's resolver fails, with or without a network.
#[tokio::test]
async fn the_systems_resolver_is_asked() {
    let server = Server::answering(ok("", b"hi")).await;
    let url = server.named("http", "presetter.invalid", "/");
    let error = Live::new().send(&policy(&url), request("GET", &url, None)).await.unwrap_err();
    assert!(matches!(error, Error::NotSent { .. }), "{error:?}");
    let url = server.named("http", "localhost", "/");
    assert_eq!(Live::new().send(&policy(&url), request("GET", &url, None)).await.unwrap().status, 200);
}

#[tokio::test]
async fn time_runs_out_before_a_connection() {
    let server = Server::answering(ok("", b"hi")).await;
    let url = server.named("http", "stuck.example", "/");
    let mut short_connect = policy(&url);
    short_connect.limits.connect_timeout = Duration::from_millis(50);
    let mut short_whole = policy(&url);
    short_whole.limits.timeout = Duration::from_millis(50);
    for policy in [short_connect, short_whole] {
        for body in [None, Some("{}")] {
            let error =
                Live::with_resolver(Arc::new(Stuck)).send(&policy, request("POST", &url, body)).await.unwrap_err();
            assert!(matches!(error, Error::NotSent { .. }), "{error:?}");
            assert!(error.to_string().contains("no connection within 0.05 s"), "{error}");
        }
    }
}

/// A program that looks first and connects later is told a good address first. Here the look that counts is the one that
/// is connected to.
#[tokio::test]
async fn a_name_that_was_public_a_moment_ago_gains_nothing() {
    let server = Server::answering(ok("", b"hi")).await;
    let url = server.named("https", "rebind.example", "/");
    let mut policy = policy(&url);
    policy.allow_private = false;
    for home in ["127.0.0.1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "10.0.0.1", "100.64.0.1", "fd00::1", "fe80::1"] {
        let resolver = Rebinding::new(&[&["1.1.1.1"], &[home]]);
        check(&policy, "GET", &url).unwrap();
        let looked = resolver.resolve("rebind.example").await.unwrap();
        assert!(looked.iter().all(|ip| presetter_egress::address::is_public(*ip)), "as it was asked before");
        let live = Live::with_resolver(resolver.clone());
        let error = live.send(&policy, request("GET", &url, None)).await.unwrap_err();
        assert!(matches!(&error, Error::Denied { .. }), "{home}: {error:?}");
        assert!(error.to_string().contains(&format!("leads to {home}, ")), "{error}");
        assert_eq!(resolver.asked.load(Ordering::SeqCst), 2, "and it is looked up once for a connection");
    }
    assert_eq!(server.seen.connections(), 0);
}
