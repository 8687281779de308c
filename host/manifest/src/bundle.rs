//! `bundle.toml`: what a bundle is, what it asks for, and what its presets share.

use std::num::NonZeroU32;

use indexmap::IndexMap;
use semver::Version;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{Answer, ConnectionKind, Diagnostics, Lowered, Text, check, source};

/// The version of the contract (`wit/`) that bundles of this time name.
pub const CONTRACT: &str = "0.1";

/// A bundle: the unit that is versioned, signed and distributed.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// Its name: lower-case letters, digits and `-`, at most 64; with a scope before it, of the same form, `acme/jamf`. Also what
    /// stands before the preset in `bundle/preset`.
    pub name: Text,
    /// Its version (Semantic Versioning 2.0.0).
    pub version: Version,
    /// The contract version it was made for; [`CONTRACT`] today.
    pub contract: Text,
    /// The vendor or product, for people.
    pub title: String,
    /// One or two sentences.
    #[serde(default)]
    pub summary: String,
    /// A component of the bundle's own, a path relative to the bundle's folder. Without it the presets are recipes and scripts.
    pub component: Option<Text>,
    /// What it asks for. Nothing else can be reached.
    #[serde(default)]
    pub grants: Vec<GrantRequest>,
    /// Limits that its presets keep to, lower than the usual ones: `memory = "16MiB"`, `requests = 20`.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "crate::schema::Limits"))]
    pub limits: Lowered,
    /// How fast the vendor may be asked, where it says so: workflows keep to it over all their runs.
    pub pace: Option<Pace>,
    /// Assumptions that an operator may correct without touching the bundle.
    #[serde(default)]
    pub settings: IndexMap<String, Setting>,
    /// The kinds of connection that its presets work with.
    #[serde(default)]
    pub connections: IndexMap<String, ConnectionKind>,
    /// Rules on answers that all its presets share; a preset's own come after.
    #[serde(default)]
    pub answer: Answer,
    /// Warnings of `presetter check` that are meant so in the whole bundle, by name.
    #[serde(default)]
    pub allow: Vec<Text>,
}

/// Requests that a bundle asks to be allowed.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GrantRequest {
    /// HTTP methods, upper case.
    pub methods: Vec<Text>,
    /// A host name, for requests that do not go to the connection's base URL. Without it the grant is for the host, port and
    /// path prefix of the base URL, which the operator chose.
    pub host: Option<Text>,
    /// The port of that host; 443 unless stated.
    pub port: Option<u16>,
    /// The line of the file in which it begins, from 1: what a person is told to look at.
    #[serde(skip)]
    pub line: usize,
    /// Path patterns below the base URL (or of that host): `users`, `users/*` (one segment), `files/**` (any rest).
    pub paths: Vec<Text>,
}

/// How fast a vendor may be asked through one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Pace {
    /// How many runs at once; 8 unless stated.
    pub at_once: Option<NonZeroU32>,
    /// How many requests in a minute, evenly spread; logins are not counted.
    pub per_minute: Option<NonZeroU32>,
}

/// An assumption of a bundle that an operator may correct: an operation's name, a page size.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// What values it takes.
    #[serde(rename = "type")]
    pub kind: SettingKind,
    /// The bundle's assumption.
    pub default: Value,
    /// The values that are possible, if they are few.
    #[serde(rename = "enum")]
    pub allowed: Option<Vec<Value>>,
    /// The smallest whole number.
    pub minimum: Option<i64>,
    /// The largest whole number.
    pub maximum: Option<i64>,
    /// For people: what it is, and how sure the assumption is.
    pub help: String,
}

/// The type of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum SettingKind {
    /// A text.
    String,
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// A JSON object, for a filter whose shape is an assumption.
    Object,
}

impl Bundle {
    /// Reads a `bundle.toml`. `file` is the name used in errors.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its place.
    pub fn parse(file: &str, text: &str) -> Result<Self, Diagnostics> {
        let bundle = Self::read_checked(file, text)?;
        check::bundle(&bundle, text).map_err(|problems| Diagnostics::of(file, text, problems))?;
        Ok(bundle)
    }

    /// Reads one of which [`Bundle::parse`] is known to accept the text. Compiling its templates and expressions only to see whether they
    /// do takes longer than all the rest.
    ///
    /// # Errors
    /// It is not well formed after all.
    pub fn read_checked(file: &str, text: &str) -> Result<Self, Diagnostics> {
        let mut bundle: Self = source::read(file, text)?;
        for grant in &mut bundle.grants {
            let start =
                grant.methods.iter().chain(&grant.paths).map(|text| text.span().start).min().unwrap_or_default();
            grant.line = text[..start].matches('\n').count() + 1;
        }
        Ok(bundle)
    }
}

impl Bundle {
    /// The settings as the bundle assumes them.
    #[must_use]
    pub fn assumed_settings(&self) -> Map<String, Value> {
        self.settings.iter().map(|(name, setting)| (name.clone(), setting.default.clone())).collect()
    }
}

impl SettingKind {
    /// Whether a value is of this type.
    #[must_use]
    pub fn accepts(self, value: &Value) -> bool {
        match self {
            Self::String => value.is_string(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Boolean => value.is_boolean(),
            Self::Object => value.is_object(),
        }
    }
}

impl Setting {
    /// Whether it can have a value: one of its type, and one of those that are possible.
    #[must_use]
    pub fn takes(&self, value: &Value) -> bool {
        self.kind.accepts(value) && self.allowed.as_ref().is_none_or(|allowed| allowed.contains(value))
    }

    /// Turns an operator's text into a value of the setting's type.
    ///
    /// # Errors
    /// One sentence that says what the setting takes.
    pub fn parse_text(&self, name: &str, text: &str) -> Result<Value, String> {
        let value = match self.kind {
            SettingKind::String => Some(Value::from(text)),
            SettingKind::Integer => text.parse::<i64>().ok().map(Value::from),
            SettingKind::Boolean => text.parse::<bool>().ok().map(Value::from),
            SettingKind::Object => serde_json::from_str(text).ok().filter(Value::is_object),
        };
        let value = value.ok_or_else(|| format!("setting \"{name}\" takes {}, not \"{text}\"", self.kind.name()))?;
        if let Some(number) = value.as_i64() {
            let (low, high) = (self.minimum.unwrap_or(i64::MIN), self.maximum.unwrap_or(i64::MAX));
            if !(low..=high).contains(&number) {
                return Err(match (self.minimum, self.maximum) {
                    (Some(low), Some(high)) => format!("setting \"{name}\" is between {low} and {high}, not {number}"),
                    (Some(low), None) => format!("setting \"{name}\" is at least {low}, not {number}"),
                    _ => format!("setting \"{name}\" is at most {high}, not {number}"),
                });
            }
        }
        match &self.allowed {
            Some(allowed) if !allowed.contains(&value) => {
                let allowed: Vec<String> = allowed.iter().map(ToString::to_string).collect();
                Err(format!("setting \"{name}\" is one of {}, not {value}", allowed.join(", ")))
            }
            _ => Ok(value),
        }
    }
}

impl SettingKind {
    /// The type in words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "a text",
            Self::Integer => "a whole number",
            Self::Boolean => "true or false",
            Self::Object => "a JSON object",
        }
    }
}
