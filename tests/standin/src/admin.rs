//! The paths under `/_standin/`, for tests in other processes and for people.
//!
//! Owns: reading the log and the users, setting the switches, seeding. None of it is in the log, and no switch touches
//! it.
//!
//! Must never: be reachable from another machine; the listener's address sees to that.
//!
//! | method and path | does |
//! |---|---|
//! | GET `/log`, POST `/clear-log` | the requests so far; forgets them |
//! | GET `/users`, POST `/users` | the Business users; adds the one in the body, answers its `iduser` |
//! | GET `/manager-users` | the Manager users |
//! | POST `/seed` `{"count":n}` | adds made-up users to both editions |
//! | GET `/logins` | `{"logins":n}` |
//! | POST `/forget-tokens` | makes every session token invalid |
//! | GET `/oddities`, POST `/oddities` | the switches; sets all of them, absent ones to their default |

use axum::{
    Router,
    body::Bytes,
    routing::{get, post},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

use crate::{oddities::Oddities, reply::Reply, state::State, users::User};

/// The most users that one request may seed.
const MAX_SEED: u32 = 1_000_000;

/// The routes, to be nested under `/_standin`.
pub(crate) fn routes(state: State) -> Router {
    let on = move |act: fn(&State, &[u8]) -> Result<serde_json::Value, String>| {
        let state = state.clone();
        move |body: Bytes| async move {
            match act(&state, &body) {
                Ok(answer) => Reply::json(200, answer),
                Err(why) => Reply::error(400, &why),
            }
        }
    };
    Router::new()
        .route("/log", get(on(|state, _| Ok(json!(state.log())))))
        .route(
            "/clear-log",
            post(on(|state, _| {
                state.clear_log();
                Ok(done())
            })),
        )
        .route(
            "/users",
            get(on(|state, _| Ok(json!(state.users())))).post(on(|state, body| {
                let user: User = read(body)?;
                Ok(json!({ "iduser": state.add_user(user) }))
            })),
        )
        .route("/manager-users", get(on(|state, _| Ok(json!(state.manager_users())))))
        .route("/seed", post(on(seed)))
        .route("/logins", get(on(|state, _| Ok(json!({ "logins": state.logins() })))))
        .route(
            "/forget-tokens",
            post(on(|state, _| {
                state.forget_tokens();
                Ok(done())
            })),
        )
        .route(
            "/oddities",
            get(on(|state, _| Ok(json!(state.oddities())))).post(on(|state, body| {
                let oddities: Oddities = read(body)?;
                state.set_oddities(oddities);
                Ok(json!(state.oddities()))
            })),
        )
        .fallback(async || Reply::error(404, "The stand-in has no such path under /_standin."))
}

fn seed(state: &State, body: &[u8]) -> Result<serde_json::Value, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Seed {
        count: u32,
    }
    let Seed { count } = read(body)?;
    if count > MAX_SEED {
        return Err(format!("`count` is {count}; at most {MAX_SEED} users can be added at once."));
    }
    state.seed(count);
    Ok(done())
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| format!("The body is not what this path takes: {error}"))
}

fn done() -> serde_json::Value {
    json!({ "status": "OK" })
}
