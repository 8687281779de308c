//! Presets of Roster, an imaginary list of a company's people.

use presetter_guest::{Error, Host, Outcome, Presets};
use serde::{Deserialize, Serialize};

fn presets() -> Presets {
    Presets::new().with("get-user", get_user)
}

presetter_guest::export!(presets);

/// `[inputs]` of `get-user/preset.toml`.
#[derive(Deserialize, Serialize)]
struct Inputs {
    user_id: String,
}

/// A user, as Roster answers.
#[derive(Deserialize)]
struct User {
    id: String,
    name: String,
    email: Option<String>,
}

/// `[returns]` of `get-user/preset.toml`.
#[derive(Serialize)]
struct Outputs {
    user_id: String,
    name: String,
    email: Option<String>,
}

/// What Roster answers where it says no.
#[derive(Deserialize)]
struct Problem {
    error: Reason,
}

#[derive(Deserialize)]
struct Reason {
    code: String,
    message: String,
}

fn get_user(inputs: Inputs, host: &Host<'_>) -> Result<Outcome, Error> {
    let answer = host.call(&inputs)?;
    if answer.ok() {
        let User { id, name, email } = answer.json()?;
        return Ok(host.ok(&Outputs { user_id: id, name, email }));
    }
    let problem = answer.json::<Problem>().map(|problem| problem.error).ok();
    Ok(match (answer.status, problem) {
        // A 404 alone proves nothing: a wrong base URL gives one too.
        (404, Some(reason)) if reason.code == "user_not_found" => host.not_found("HTTP 404"),
        (status, Some(reason)) => host.failed_with(status, &reason.message),
        (status, None) => host.failed_with(status, ""),
    })
}
