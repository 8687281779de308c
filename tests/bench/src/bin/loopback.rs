//! The server that everybody is measured against: `loopback DELAY-MS`.
//!
//! It prints its port, and answers until it is killed. A login gives a token in a header; users are created and fetched, after the delay.
//! The id of a user stands where Mosyle has it and where the bundles of the benchmark look for it: each create is one request.
//! `/counts` tells how many requests it had.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "it is run by developers; a panic is a failed measurement"
)]

use std::env;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::header::AUTHORIZATION;
use axum::response::{AppendHeaders, IntoResponse};
use axum::routing::{get, post};
use axum::serve::ListenerExt as _;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

struct Server {
    delay: Duration,
    logins: AtomicU64,
    requests: AtomicU64,
}

#[tokio::main]
async fn main() {
    let delay = env::args().nth(1).map_or(0, |delay| delay.parse().unwrap());
    let server = Server { delay: Duration::from_millis(delay), logins: AtomicU64::new(0), requests: AtomicU64::new(0) };
    let router = Router::new()
        .route("/v1/login", post(login))
        .route("/v1/users", post(create))
        .route("/v1/users/{id}", get(fetch))
        .route("/counts", get(counts))
        .with_state(Arc::new(server));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    // As every server does that answers in small pieces.
    let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
    axum::serve(listener, router).await.unwrap();
}

async fn login(State(server): State<Arc<Server>>) -> impl IntoResponse {
    server.logins.fetch_add(1, Ordering::Relaxed);
    (AppendHeaders([(AUTHORIZATION, "Bearer session-token")]), Json(json!({ "status": "OK" })))
}

async fn create(State(server): State<Arc<Server>>, Json(user): Json<Value>) -> Json<Value> {
    server.answer(json!({ "status": "OK", "iduser": user["user_id"] })).await
}

async fn fetch(State(server): State<Arc<Server>>, Path(id): Path<String>) -> Json<Value> {
    server.answer(json!({ "status": "OK", "iduser": id, "name": "Sarah \"O\" Brien", "type": "ENDUSER" })).await
}

async fn counts(State(server): State<Arc<Server>>) -> Json<Value> {
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    Json(json!({ "logins": count(&server.logins), "requests": count(&server.requests) }))
}

impl Server {
    async fn answer(&self, item: Value) -> Json<Value> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        Json(json!({ "status": "OK", "iduser": item["iduser"], "response": [item] }))
    }
}
