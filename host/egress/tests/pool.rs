//! Which connections are used again: those of the very same policy, and no others.
#![allow(clippy::unwrap_used)] // helpers of tests may fail a test

mod common;

use std::time::Duration;

use common::{Server, ok, policy, request};
use presetter_egress::{Grant, Live, PathPattern, Policy, Transport};

#[tokio::test]
async fn one_policy_uses_one_connection() {
    let server = Server::answering(ok("", b"hi")).await;
    let url = server.url("/");
    let live = Live::new();
    // Equal is the same: the policies of two runs of one connection are made anew.
    for policy in [policy(&url), policy(&url), policy(&url)] {
        live.send(&policy, request("GET", &url, None)).await.unwrap();
    }
    assert_eq!((server.seen.connections(), server.seen.requests().len()), (1, 3));
}

#[tokio::test]
async fn policies_that_differ_in_anything_share_no_connection() {
    let server = Server::answering(ok("", b"hi")).await;
    let url = server.url("/");
    let proxy = format!("http://{}", server.address);
    let (live, plain) = (Live::new(), policy(&url));
    let one_more = Grant { path: PathPattern::parse("/more").unwrap(), ..plain.grants[0].clone() };
    type Change = Box<dyn Fn(&mut Policy)>;
    let changes: [(&str, Change); 8] = [
        ("nothing", Box::new(|_| ())),
        ("a grant more", Box::new(move |policy| policy.grants.push(one_more.clone()))),
        ("a grant's methods", Box::new(|policy| policy.grants[0].methods = vec!["GET".to_owned()])),
        ("the time", Box::new(|policy| policy.limits.timeout = Duration::from_secs(19))),
        ("the time to connect", Box::new(|policy| policy.limits.connect_timeout = Duration::from_secs(9))),
        ("a size", Box::new(|policy| policy.limits.response_bytes -= 1)),
        ("whose policy it is", Box::new(|policy| policy.grants[0].origin = "another bundle".to_owned())),
        ("the proxy", Box::new(move |policy| policy.proxy = Some(presetter_egress::Proxy::parse(&proxy).unwrap()))),
    ];
    for (number, (what, change)) in changes.iter().enumerate() {
        let mut policy = plain.clone();
        change(&mut policy);
        for _ in 0..2 {
            live.send(&policy, request("GET", &url, None)).await.unwrap();
        }
        assert_eq!(server.seen.connections(), number + 1, "{what}");
    }
}
