//! What a program costs that only makes the requests: `raw THREADS create|get URL COUNT AT-ONCE`, by `reqwest` with its connections
//! kept alive. It reads each answer, and looks at nothing but its status.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "it is run by developers; a panic is a failed measurement"
)]

use std::env;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::Client;
use serde_json::json;
use tokio::runtime::Builder;
use tokio::task::JoinSet;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [threads, what, url, count, at_once] = &arguments[..] else {
        println!("raw THREADS create|get URL COUNT AT-ONCE");
        return;
    };
    let (count, at_once, threads) = (count.parse().unwrap(), at_once.parse().unwrap(), threads.parse().unwrap());
    let mut runtime = if threads == 1 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    if threads > 1 {
        runtime.worker_threads(threads);
    }
    runtime.enable_all().build().unwrap().block_on(all(what == "create", url, count, at_once));
}

async fn all(create: bool, url: &str, count: u64, at_once: u64) {
    // Nothing is sent over TLS; but without a provider of it no client is built.
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let client = Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
    let next = Arc::new(AtomicU64::new(0));
    let mut working = JoinSet::new();
    for _ in 0..at_once {
        let (client, next, url) = (client.clone(), next.clone(), format!("{url}/users"));
        working.spawn(async move {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= count {
                    return;
                }
                let request = if create {
                    let user = json!({
                        "operation": "create_user", "user_id": format!("e{n}"), "name": format!("Person {n}"),
                        "type": "ENDUSER", "email": format!("e{n}@example.com"),
                    });
                    client.post(&url).header("Content-Type", "application/json").body(user.to_string())
                } else {
                    client.get(format!("{url}/e{n}"))
                };
                let answer = request.bearer_auth("key").send().await.unwrap();
                assert!(answer.status().is_success(), "{}", answer.status());
                answer.bytes().await.unwrap();
            }
        });
    }
    working.join_all().await;
}
