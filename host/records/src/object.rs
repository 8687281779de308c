//! What there are records of, and how one is named.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a record is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Object {
    /// People of the organisation.
    Users,
    /// Accounts at a vendor; each belongs to a software entry.
    SaasUsers,
    /// Software that is used as a service.
    Software,
}

impl Object {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Users, Self::SaasUsers, Self::Software];

    /// As it is written: `users`, `saas_users`, `software`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::SaasUsers => "saas_users",
            Self::Software => "software",
        }
    }

    /// The first letter of its records' ids.
    fn letter(self) -> char {
        match self {
            Self::Users => 'u',
            Self::SaasUsers => 'a',
            Self::Software => 's',
        }
    }

    /// As the tables have it. A number that was released never changes.
    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Users => 1,
            Self::SaasUsers => 2,
            Self::Software => 3,
        }
    }

    pub(crate) fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|object| object.number() == number)
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there are records of users, saas_users and software")]
pub struct UnknownObject;

impl FromStr for Object {
    type Err = UnknownObject;

    fn from_str(text: &str) -> Result<Self, UnknownObject> {
        Self::ALL.into_iter().find(|object| object.name() == text).ok_or(UnknownObject)
    }
}

/// A record's name for good: `u-12` (a user), `a-12` (a SaaS user, an account), `s-12` (software). No id is given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordId {
    object: Object,
    number: i64,
}

impl RecordId {
    pub(crate) fn new(object: Object, number: i64) -> Self {
        Self { object, number }
    }

    /// What it is a record of.
    #[must_use]
    pub fn object(self) -> Object {
        self.object
    }

    /// Its number among all records, from 1.
    #[must_use]
    pub fn number(self) -> i64 {
        self.number
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.object.letter(), self.number)
    }
}

impl Serialize for RecordId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RecordId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A text that is no id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an id is u-NUMBER (a user), a-NUMBER (a SaaS user) or s-NUMBER (software)")]
pub struct NoId;

impl FromStr for RecordId {
    type Err = NoId;

    fn from_str(text: &str) -> Result<Self, NoId> {
        let (letter, digits) = text.split_once('-').ok_or(NoId)?;
        let object = Object::ALL.into_iter().find(|object| letter.chars().eq([object.letter()])).ok_or(NoId)?;
        let number: i64 = digits.parse().map_err(|_| NoId)?;
        let id = Self { object, number };
        // One way to write each: no sign, no leading zero.
        if number > 0 && id.to_string() == text { Ok(id) } else { Err(NoId) }
    }
}

/// Whether a record is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// In use.
    Active,
    /// Kept, with its history, but not in use.
    Archived,
}

impl State {
    /// As it is written: `active`, `archived`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Archived => "archived",
        }
    }

    pub(crate) fn from_archived(archived: bool) -> Self {
        if archived { Self::Archived } else { Self::Active }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_written_in_one_way() {
        for id in ["u-1", "a-12", "s-9223372036854775807"] {
            assert_eq!(id.parse::<RecordId>().unwrap().to_string(), id);
        }
        for no in ["", "u", "u-", "u-0", "u--1", "u-+1", "u-01", "x-1", "uu-1", "U-1", "u-1 ", "u-9223372036854775808"]
        {
            assert_eq!(no.parse::<RecordId>(), Err(NoId), "{no:?}");
        }
    }
}
