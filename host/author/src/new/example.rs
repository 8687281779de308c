//! The preset that is made from nothing: one that works, to be changed.

use presetter_manifest::{Effect, InputKind, short_name};
use serde_json::json;

use super::account::Account;
use super::blueprint::{Blueprint, NewInput, Output, SampleAnswer};
use super::template::{input, literal};

/// `get-user` of an API that is nowhere (RFC 2606).
pub(crate) fn blueprint(bundle: &str) -> Blueprint {
    let mut account = Account::open(Some(format!("https://api.{}.example", short_name(bundle))));
    account.bearer();
    let output = |name: &str, help: &str| Output {
        name: name.into(),
        key: name.into(),
        needed: name == "id",
        help: help.into(),
    };
    Blueprint {
        name: "get-user".into(),
        title: "Get user".into(),
        summary: "Fetches one user by id.".into(),
        object: "users".into(),
        effect: Effect::Read,
        repeat: None,
        inputs: vec![NewInput::required(
            "user_id".into(),
            InputKind::String,
            "the id of the user".into(),
            json!("u1001"),
        )],
        method: "GET".into(),
        path: vec![literal("users"), input("user_id")],
        query: Vec::new(),
        headers: Vec::new(),
        body: None,
        not_found: true,
        outputs: vec![
            output("id", "the user's id"),
            output("name", "the full name"),
            output("email", "the e-mail address"),
        ],
        answer: SampleAnswer {
            status: 200,
            body: Some(json!({ "id": "u1001", "name": "Sarah O'Brien", "email": "sarah@example.com" })),
        },
        account,
        notes: Vec::new(),
    }
}
