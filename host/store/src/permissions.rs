//! What a bundle may do, apart from the bundle: what an operator approves, and what an upgrade is compared with.
//!
//! Owns the form that is kept, which says all and only what the host enforces. Must never: leave out what it does not know. A
//! form of a newer program is refused by its unknown keys and by the number of its file.
//!
//! Invariants: the same bundle always gives the same permissions, and these the same text; a set has each thing once, in one
//! order.

mod difference;
mod kinds;
mod of;
mod presets;
mod requests;

use std::collections::{BTreeMap, BTreeSet};

use presetter_manifest::{Allowed, Effect, InputKind};
use serde::{Deserialize, Serialize};

pub use difference::{Change, difference};

/// What a bundle may do.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permissions {
    /// Its component, if it brings one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<Component>,
    /// The limits that it lowers.
    #[serde(default, skip_serializing_if = "Allowed::is_empty")]
    pub limits: Allowed,
    /// What it may send.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<Requests>,
    /// Its kinds of connection, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub connections: BTreeMap<String, Kind>,
    /// Its presets, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub presets: BTreeMap<String, Preset>,
}

/// A component that a bundle brings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// Its digest.
    pub digest: String,
    /// The interpreter that the bundle was packed with, as the bundle says. Nothing for a component of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packed_with: Option<String>,
    /// Whether that was shown: its sources, packed again with that interpreter, gave the same bytes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rebuilt: bool,
}

impl Component {
    /// The interpreter that certainly is in it; nothing where it can be any program.
    #[must_use]
    pub fn interpreter(&self) -> Option<&str> {
        self.packed_with.as_deref().filter(|_| self.rebuilt)
    }
}

/// Requests to one place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requests {
    /// The host and port, `files.example.com:443`, that a redirect may lead to; without it, the connection's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The path: below the base URL of the connection, or of that host.
    pub path: String,
    /// The methods.
    pub methods: BTreeSet<String>,
}

/// What a kind of connection asks an operator for, and where the host puts it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// The vendor's usual address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// Plain values that it asks for.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub fields: BTreeSet<String>,
    /// Secrets that it asks for.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub secrets: BTreeSet<String>,
    /// The places that the host fills, each with what is put there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fills: BTreeMap<String, BTreeSet<String>>,
}

/// What a preset does, takes and gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// What it does to the account.
    pub effect: Effect,
    /// What runs it.
    pub runs_as: RunsAs,
    /// Whether values go into a body of it without being encoded.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unsafe_raw: bool,
    /// How many redirects in a row it follows.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub redirects: u32,
    /// When the host may send its request again although the first one may have been carried out.
    #[serde(default, skip_serializing_if = "Repeats::is_never")]
    pub repeats: Repeats,
    /// The preset that tells whether a write took place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<String>,
    /// The kinds of connection that it works with.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub connections: BTreeSet<String>,
    /// The values that it gives.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub outputs: BTreeSet<String>,
    /// The fields of the rows that it lists.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub rows: BTreeSet<String>,
    /// What it is given.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, Input>,
}

/// An input of a preset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: InputKind,
    /// Whether nothing runs unless somebody gives it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
}

/// What runs a preset; what can do more comes later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunsAs {
    /// Data, read by Presetter's interpreter.
    Recipe,
    /// JavaScript, run by Presetter's interpreter.
    Script,
    /// A component of the bundle's own.
    Component,
}

impl RunsAs {
    /// It in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Recipe => "a recipe",
            Self::Script => "a script",
            Self::Component => "a component of the bundle's own",
        }
    }
}

/// When a request may be sent again although it may have been carried out; what allows more comes later.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Repeats {
    /// It may not.
    #[default]
    Never,
    /// If the probe says that it was not.
    Probe,
    /// With the same key, by which the vendor knows a repeat.
    Key,
    /// Always: twice is like once.
    Natural,
}

impl Repeats {
    /// It in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Never => "is never sent again",
            Self::Probe => "may be sent again if its probe says that it did not take place",
            Self::Key => "may be sent again with the same key",
            Self::Natural => "may be sent again, as if twice were once",
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    fn is_never(&self) -> bool {
        *self == Self::Never
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests;
