//! Users as the stand-in keeps them, one type for each edition.
//!
//! Owns: their fields, how an answer shows them, and the made-up ones that `seed` adds.
//!
//! Keeps: seeded users are the same every time, so that a test can name the one on page 3.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::fields::number;

/// A user of the Business edition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct User {
    /// The vendor's own id. Left empty when added, the stand-in gives one.
    pub iduser: String,
    /// A field that answers have (S); its meaning is unknown (U).
    pub code: String,
    /// The person's name.
    pub name: String,
    /// The role: `ADMIN`, `GROUP_ADMIN` or `ENDUSER` (S). Left empty when added, it becomes `ENDUSER`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What a create calls `user_id` (S).
    pub identifier: String,
    /// The e-mail address, perhaps empty.
    pub email: String,
    /// The managed Apple id. Writes take it; lists do not show it.
    pub managedappleid: String,
    /// Whether the vendor counts the user as removed.
    pub is_removed: bool,
}

impl User {
    /// The user as a list shows it (S: these fields).
    pub(crate) fn shown(&self, as_strings: bool) -> Value {
        json!({
            "iduser": self.iduser,
            "code": self.code,
            "name": self.name,
            "type": self.kind,
            "identifier": self.identifier,
            "email": self.email,
            "is_removed": number(self.is_removed.into(), as_strings),
        })
    }

    /// The n-th made-up user, from 1: the first is an ADMIN, every tenth a GROUP_ADMIN.
    pub(crate) fn made_up(n: u64) -> User {
        let kind = match n {
            1 => "ADMIN",
            n if n.is_multiple_of(10) => "GROUP_ADMIN",
            _ => "ENDUSER",
        };
        User {
            name: format!("User {n}"),
            kind: kind.into(),
            identifier: format!("user{n}"),
            email: format!("user{n}@example.com"),
            ..User::default()
        }
    }
}

/// A user of the Manager edition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ManagerUser {
    /// The id, chosen by whoever saves the user.
    pub id: String,
    /// The person's name.
    pub name: String,
    /// The type as written: `S`, `T` or `STAFF` (S).
    #[serde(rename = "type")]
    pub kind: String,
    /// The e-mail address, perhaps empty.
    pub email: String,
    /// The locations as written, or null.
    pub locations: Value,
    /// Serial numbers of assigned devices.
    pub devices: Vec<String>,
}

impl ManagerUser {
    /// The type as a list names it. `STUDENT` is S, as the value of a filter; the others are I.
    pub(crate) fn shown_kind(&self) -> &str {
        match self.kind.as_str() {
            "S" => "STUDENT",
            "T" => "TEACHER",
            other => other,
        }
    }

    /// The user as a list shows it (I).
    pub(crate) fn shown(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "type": self.shown_kind(),
            "email": self.email,
            "locations": self.locations,
            "devices": self.devices,
        })
    }

    /// The n-th made-up user, from 1: every tenth is a teacher.
    pub(crate) fn made_up(n: u64) -> ManagerUser {
        ManagerUser {
            id: format!("user{n}"),
            name: format!("User {n}"),
            kind: if n.is_multiple_of(10) { "T" } else { "S" }.into(),
            email: format!("user{n}@example.com"),
            ..ManagerUser::default()
        }
    }
}
