//! The fields that an object's records have: built-in ones first, then the declared ones in the order they came.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, Row};
use serde::{Serialize, Serializer};

use crate::schema::FIRST_DECLARED;
use crate::{Kind, Object, StoreError, Value, stored};

/// The most fields that can be declared for an object.
pub const FIELDS: usize = 200;
/// The longest name of a field, in characters.
pub const FIELD_NAME: usize = 64;

/// A field of the records of one object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Field {
    #[serde(skip)]
    pub(crate) number: i64,
    /// As it is named in files, rules and mappings.
    pub name: String,
    /// What it takes.
    #[serde(serialize_with = "kind_name", rename = "type")]
    pub kind: Kind,
    /// As it is shown to people.
    pub title: String,
    /// What it is for; may be empty.
    pub help: String,
    #[serde(skip)]
    pub(crate) looked_up: bool,
}

fn kind_name<S: Serializer>(kind: &Kind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.name())
}

impl Field {
    /// Whether the program brings it; such a field is not declared, renamed or removed.
    #[must_use]
    pub fn built_in(&self) -> bool {
        self.number < FIRST_DECLARED
    }

    /// The form of a value by which this field is looked up.
    pub(crate) fn key<'v>(&self, value: &'v Value) -> Option<std::borrow::Cow<'v, str>> {
        stored::key(value, self.kind == Kind::Email)
    }

    pub(crate) fn from_row(row: &Row<'_>) -> rusqlite::Result<Result<Self, StoreError>> {
        let name: String = row.get("name")?;
        let kind: String = row.get("kind")?;
        let options: String = row.get("options")?;
        let (number, title, help) = (row.get("number")?, row.get("title")?, row.get("help")?);
        let looked_up = row.get("looked_up")?;
        Ok(stored::read(&options).and_then(|options| {
            let unknown = || StoreError::Contents(format!("a field of the type {kind:?}"));
            let kind = Kind::from_name(&kind, options).ok_or_else(unknown)?;
            Ok(Self { number, name, kind, title, help, looked_up })
        }))
    }
}

/// No field has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{object} have no field \"{name}\"; {hint}")]
pub struct NoField {
    /// Whose field it would be.
    pub object: Object,
    /// The name.
    pub name: String,
    /// What to write instead.
    pub hint: String,
}

/// The fields of one object, as they were when they were read.
#[derive(Debug)]
pub struct Fields {
    object: Object,
    list: Vec<Field>,
    by_name: HashMap<String, usize>,
    by_number: HashMap<i64, usize>,
}

impl Fields {
    pub(crate) fn load(connection: &Connection, object: Object) -> Result<Arc<Self>, StoreError> {
        let mut statement =
            connection.prepare_cached("SELECT * FROM fields WHERE object = ?1 AND removed = 0 ORDER BY number")?;
        let rows = statement.query_map([object.number()], Field::from_row)?;
        let mut list = Vec::new();
        for row in rows {
            list.push(row??);
        }
        let by_name = list.iter().enumerate().map(|(at, field)| (field.name.clone(), at)).collect();
        let by_number = list.iter().enumerate().map(|(at, field)| (field.number, at)).collect();
        Ok(Arc::new(Self { object, list, by_name, by_number }))
    }

    /// Whose fields they are.
    #[must_use]
    pub fn object(&self) -> Object {
        self.object
    }

    /// All of them, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Field> {
        self.list.iter()
    }

    /// The field of that name.
    ///
    /// # Errors
    /// There is none; says which there are.
    pub fn get(&self, name: &str) -> Result<&Field, NoField> {
        self.by_name.get(name).map(|at| &self.list[*at]).ok_or_else(|| {
            let known: Vec<&str> = self.list.iter().map(|field| field.name.as_str()).collect();
            let hint = presetter_manifest::suggest(name, &known);
            let name = name.chars().take(FIELD_NAME).filter(|c| !c.is_control()).collect();
            NoField { object: self.object, name, hint }
        })
    }

    pub(crate) fn numbered(&self, number: i64) -> Option<&Field> {
        self.by_number.get(&number).map(|at| &self.list[*at])
    }
}
