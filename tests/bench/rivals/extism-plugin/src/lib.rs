//! What the recipe of `tests/bench/bundle/create` does, as a plugin of Extism: it takes the inputs, asks its host for the request,
//! judges the answer by its envelope, and returns the outputs.

use extism_pdk::{FnResult, Json, host_fn, plugin_fn};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Inputs {
    user_id: String,
    name: String,
    r#type: String,
    email: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Request {
    method: &'static str,
    path: &'static str,
    body: Value,
}

#[derive(Deserialize)]
struct Answer {
    status: u16,
    body: Value,
}

#[derive(Serialize)]
struct Outcome {
    kind: &'static str,
    message: String,
    outputs: Value,
    response: Value,
}

#[host_fn]
extern "ExtismHost" {
    fn call(request: String) -> String;
}

/// Creates a user.
#[plugin_fn]
pub fn run(Json(inputs): Json<Inputs>) -> FnResult<Json<Outcome>> {
    let mut body = json!({
        "operation": "create_user", "user_id": inputs.user_id, "name": inputs.name, "type": inputs.r#type,
    });
    if let Some(email) = inputs.email {
        body["email"] = email.into();
    }
    let request = Request { method: "POST", path: "users", body };
    // Safe as all calls of the host are: it takes a text and gives one back.
    let answer = unsafe { call(serde_json::to_string(&request)?)? };
    let answer: Answer = serde_json::from_str(&answer)?;
    Ok(Json(judge(answer)))
}

/// HTTP 200 and a top-level OK do not mean success: each status in the envelope has to say so.
fn judge(answer: Answer) -> Outcome {
    let Answer { status, body } = answer;
    let codes = body["response"].as_array().into_iter().flatten().filter_map(|item| item["status"].as_str());
    let ok = (200..300).contains(&status) && body["status"] == "OK" && codes.clone().all(|code| code == "OK");
    if !ok {
        let message = codes.collect::<Vec<_>>().join(", ");
        return Outcome { kind: "failed", message, outputs: Value::Null, response: body };
    }
    let outputs = json!({ "iduser": body["response"][0]["iduser"] });
    Outcome { kind: "ok", message: String::new(), outputs, response: body }
}
