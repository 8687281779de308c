//! The daemon's door: health and metrics, on this machine alone.
//!
//! Must never: listen on another address than the loopback's, change anything, or tell a record's values.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::net::TcpListener;

use super::daemon::Pulse;

/// Opens the door; where it is.
pub(super) async fn open(port: u16, pulse: Arc<Pulse>) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let address = listener.local_addr()?;
    let routes = Router::new().route("/health", get(health)).route("/metrics", get(metrics)).with_state(pulse);
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Ok(address)
}

async fn health(State(pulse): State<Arc<Pulse>>) -> (StatusCode, String) {
    match pulse.trouble() {
        None => (StatusCode::OK, "ok\n".to_owned()),
        Some(trouble) => (StatusCode::SERVICE_UNAVAILABLE, format!("{trouble}\n")),
    }
}

async fn metrics(State(pulse): State<Arc<Pulse>>) -> ([(&'static str, &'static str); 1], String) {
    ([("content-type", "text/plain; version=0.0.4")], pulse.metrics().await)
}
