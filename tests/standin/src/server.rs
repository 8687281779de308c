//! The server: from a request to its answer.
//!
//! Owns: the thread's runtime, the order of the checks, and the log's entries.
//!
//! Keeps: a request is logged and answered under one lock, so the log's order is the order in which things happened.
//! The order of checks: oddities that touch every call, path, method, access, body, operation.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{ConnectInfo, Request},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::oneshot};

use crate::{
    admin, business,
    door::{Cut, Door},
    echo::echo,
    fields::Fields,
    manager,
    oddities::take,
    reply::Reply,
    session::{self, header},
    state::{Edition, Inner, Logged, State},
};

/// The largest request body that is read, in bytes. Far above any honest request.
const MAX_BODY: usize = 32 * 1024 * 1024;

/// Serves until told to stop (or until the other end is dropped). Blocks its thread.
pub(crate) fn run(
    port: u16,
    state: State,
    ready: oneshot::Sender<io::Result<SocketAddr>>,
    stopping: oneshot::Receiver<()>,
) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return drop(ready.send(Err(error))),
    };
    runtime.block_on(async {
        let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
        let opened = bound.and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (address, listener) = match opened {
            Ok(opened) => opened,
            Err(error) => return drop(ready.send(Err(error))),
        };
        if ready.send(Ok(address)).is_err() {
            return;
        }
        let door = Door::new(listener, state.clone());
        let app = Router::new()
            .nest("/_standin", admin::routes(state.clone()))
            .fallback(move |ConnectInfo(cut): ConnectInfo<Cut>, request: Request| serve(state.clone(), cut, request));
        tokio::select! {
            _ = axum::serve(door, app.into_make_service_with_connect_info::<Cut>()) => {}
            _ = stopping => {}
        }
    });
    // Dropping the runtime ends every connection, also those that still wait for a slow answer.
}

/// One request, read whole.
struct Call {
    method: String,
    path: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

async fn serve(state: State, cut: Cut, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let body = match to_bytes(body, MAX_BODY).await {
        Ok(body) => body.to_vec(),
        Err(_) => {
            return Reply::error(413, "The request's body is too large, or ended early.").into_response();
        }
    };
    let call = Call { method: parts.method.to_string(), path: parts.uri.path().into(), headers: parts.headers, body };

    let (reply, slow_ms) = {
        let mut inner = state.lock();
        let before = inner.users.len();
        let mut reply = answer(&mut inner, &call);
        let slow_create_ms = if inner.users.len() > before { inner.oddities.slow_create_ms } else { 0 };
        if inner.oddities.echo_secrets {
            echo(&mut reply, &named(&call.headers), &call.body);
        }
        inner.log.push(Logged {
            method: call.method,
            path: parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
            headers: named(&call.headers),
            body: call.body,
            status: if reply.hang_up { 0 } else { reply.status },
        });
        (reply, inner.oddities.slow_ms + slow_create_ms)
    };
    if slow_ms > 0 {
        tokio::time::sleep(Duration::from_millis(slow_ms)).await;
    }
    if reply.hang_up {
        cut.now();
    }
    reply.into_response()
}

/// The paths that exist.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Route {
    Login(Edition),
    BusinessUsers,
    ManagerList,
    ManagerUsers,
}

fn answer(inner: &mut Inner, call: &Call) -> Reply {
    let route = match call.path.as_str() {
        "/v1/login" => Some(Route::Login(Edition::Business)),
        "/v2/login" => Some(Route::Login(Edition::Manager)),
        "/v1/users" => Some(Route::BusinessUsers),
        "/v2/listusers" => Some(Route::ManagerList),
        "/v2/users" => Some(Route::ManagerUsers),
        _ => None,
    };
    if let Some(reply) = disturbed(inner, matches!(route, Some(Route::Login(_)))) {
        return reply;
    }
    if let Some(canned) = inner.oddities.paths.get(&call.path) {
        let reply = Reply::json(canned.status, canned.body.clone());
        return match &canned.location {
            Some(location) => reply.with_header("location", location),
            None => reply,
        };
    }
    let Some(route) = route else { return Reply::no_such_path() };
    if call.method != "POST" {
        return Reply::wrong_method();
    }
    routed(inner, call, route).unwrap_or_else(|refused| refused)
}

/// The oddities that come before anything else is looked at.
fn disturbed(inner: &mut Inner, login: bool) -> Option<Reply> {
    let oddities = &mut inner.oddities;
    if login {
        return oddities.forbid_login.then(|| Reply::error(403, "Forbidden"));
    }
    if take(&mut oddities.hang_up_before) {
        return Some(Reply::silence());
    }
    if oddities.forbid_all {
        return Some(Reply::error(403, "Forbidden"));
    }
    inner.calls += 1;
    if let Some(limit) = &mut oddities.rate_limit {
        let turn = inner.calls.is_multiple_of(u64::from(limit.every));
        if turn && take(&mut limit.times) {
            // U: no limit is published, nor the form of its answer.
            let reply = Reply::error(429, "Too many requests");
            return Some(match &limit.retry_after {
                Some(value) => reply.with_header("retry-after", value),
                None => reply,
            });
        }
    }
    take(&mut oddities.server_errors).then(|| Reply::error(500, "Internal server error"))
}

/// Access, body, operation; what is refused on the way comes back as the error.
fn routed(inner: &mut Inner, call: &Call, route: Route) -> Result<Reply, Reply> {
    let edition = match route {
        Route::Login(edition) => edition,
        Route::BusinessUsers => Edition::Business,
        Route::ManagerList | Route::ManagerUsers => Edition::Manager,
    };
    // Business has the access token in a header (S), so it is checked before the body is looked at.
    if edition == Edition::Business {
        session::check_access(header(&call.headers, "accesstoken"))?;
    }
    if edition == Edition::Business && route == Route::BusinessUsers {
        session::check_authorization(inner, &call.headers, edition)?;
    }
    let body = object(&call.body)?;
    if edition == Edition::Manager {
        session::check_access(body.get("accessToken").and_then(Value::as_str))?;
        if !matches!(route, Route::Login(_)) {
            session::check_authorization(inner, &call.headers, edition)?;
        }
    }
    Ok(match route {
        Route::Login(edition) => session::login(inner, &body, edition),
        Route::BusinessUsers => business::users(inner, &body),
        Route::ManagerList => manager::list(inner, &body),
        Route::ManagerUsers => manager::write(inner, &body),
    })
}

/// The body as a JSON object. U: what the vendor says to anything else.
fn object(body: &[u8]) -> Result<Fields, Reply> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => Ok(fields),
        _ => Err(Reply::json(400, json!({ "status": 400, "message": "INVALID_JSON" }))),
    }
}

/// The headers as text, in the order in which they are kept.
fn named(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    headers.iter().map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect()
}
