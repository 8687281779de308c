//! Fields that people declare.
//!
//! Owns: what a declaration must be, and what it does to the fields that are there.
//! Never: touches a built-in field; loses a value without a word: a field whose values do not fit its new type stays as it is.
//!
//! Invariants: declarations take effect all or none; a field that was removed keeps its history, and one of the same name that
//! comes later is another.

mod apply;
mod convert;
mod file;

use std::collections::BTreeSet;

use serde::Serialize;

use crate::write::Writer;
use crate::{Cause, FIELD_NAME, FIELDS, Fields, Kind, Object, RecordId, Records, StoreError};

pub use file::{FieldsFile, FieldsFileError};

/// The longest title, in bytes.
pub const TITLE: usize = 255;
/// The longest help, in bytes.
pub const HELP: usize = 4096;

/// Names that stand for something else beside the fields.
const RESERVED: [&str; 4] = ["id", "state", "created", "changed"];

/// A field as a person declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// Whose field.
    pub object: Object,
    /// Its name: lower-case letters, digits and `_`.
    pub name: String,
    /// What it takes; one of [`Kind::DECLARABLE`].
    pub kind: Kind,
    /// As it is shown to people; the name, if empty.
    pub title: String,
    /// What it is for.
    pub help: String,
    /// The name that it had: the field is renamed, and keeps its values and history.
    pub was: Option<String>,
}

/// What becomes of declared fields that are not declared now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undeclared {
    /// They stay.
    Keep,
    /// They are removed; their history stays.
    Remove,
}

/// What a declaration did. Each is an object and a field's name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Declared {
    /// Fields that are new.
    pub added: Vec<(Object, String)>,
    /// Fields whose type, options, title or help changed.
    pub changed: Vec<(Object, String)>,
    /// Fields that have this name now.
    pub renamed: Vec<(Object, String)>,
    /// Fields that are gone.
    pub removed: Vec<(Object, String)>,
    /// How many values were converted to another type.
    pub converted: u64,
}

/// Why fields were not declared. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
pub enum DeclareError {
    /// A declaration is not possible.
    #[error("{object} field {name:?}: {reason}")]
    Refused {
        /// Whose field.
        object: Object,
        /// Its name.
        name: String,
        /// Why, and what to do.
        reason: String,
    },
    /// Values that are there do not fit the new type.
    #[error(
        "{object} field {name:?}: {count} records have a value that does not fit the new type: {}; {misfit}",
        listed(records)
    )]
    Unfit {
        /// Whose field.
        object: Object,
        /// Its name.
        name: String,
        /// How many.
        count: u64,
        /// The first of them.
        records: Vec<RecordId>,
        /// Why the first does not fit.
        misfit: String,
    },
    /// The cause is too long, or names a step: only changes of records are done once for a step.
    #[error("the cause of a declaration is short, and names no step of a run")]
    Cause,
    /// The file of the records.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for DeclareError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

fn listed(records: &[RecordId]) -> String {
    records.iter().map(RecordId::to_string).collect::<Vec<_>>().join(", ")
}

impl Declaration {
    /// What can be known to be wrong without the records.
    pub(crate) fn wrong(&self) -> Option<String> {
        if !is_name(&self.name) {
            return Some(format!(
                "a field's name begins with a lower-case letter and has letters, digits and _, at most {FIELD_NAME}"
            ));
        }
        if RESERVED.contains(&self.name.as_str()) {
            return Some("this name stands for something else; take another".to_owned());
        }
        if !Kind::DECLARABLE.contains(&self.kind.name()) {
            return Some(format!("a field can be declared as {}", Kind::DECLARABLE.join(", ")));
        }
        if self.title.len() > TITLE || self.help.len() > HELP {
            return Some(format!("a title has at most {TITLE} bytes, a help {HELP}"));
        }
        if let Kind::Dropdown(options) = &self.kind {
            return wrong_options(options);
        }
        None
    }

    fn refused(&self, reason: impl Into<String>) -> DeclareError {
        DeclareError::Refused { object: self.object, name: self.name.clone(), reason: reason.into() }
    }

    fn title(&self) -> &str {
        if self.title.is_empty() { &self.name } else { &self.title }
    }
}

fn is_name(text: &str) -> bool {
    text.len() <= FIELD_NAME
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn wrong_options(options: &[String]) -> Option<String> {
    if options.is_empty() || options.len() > crate::OPTIONS {
        return Some(format!("a dropdown has 1 to {} options", crate::OPTIONS));
    }
    let mut seen = BTreeSet::new();
    for option in options {
        if option.is_empty() || Kind::ShortText.parse(option).is_err() {
            return Some("an option is a text of one line, not empty, and at most 255 characters".to_owned());
        }
        if !seen.insert(option) {
            return Some(format!("the option {option:?} stands here twice"));
        }
    }
    None
}

impl Records {
    /// Declares fields: new ones are added, those that are there become as declared. If the type of a field changes, its values are
    /// converted, each as it is written; if one does not fit, nothing is changed and the error names the records.
    ///
    /// # Errors
    /// See [`DeclareError`].
    pub fn declare(
        &mut self,
        declarations: &[Declaration],
        undeclared: Undeclared,
        cause: &Cause,
    ) -> Result<Declared, DeclareError> {
        if cause.step.is_some() || !cause.bounded() {
            return Err(DeclareError::Cause);
        }
        for (at, declaration) in declarations.iter().enumerate() {
            if let Some(reason) = declaration.wrong() {
                return Err(declaration.refused(reason));
            }
            let same = |other: &Declaration| other.object == declaration.object && other.name == declaration.name;
            if declarations[..at].iter().any(same) {
                return Err(declaration.refused("it is declared twice"));
            }
        }
        let at = self.now();
        let transaction = self.begin()?;
        let mut writer = Writer::new(&transaction, cause, at);
        let mut declared = Declared::default();
        for declaration in declarations {
            apply::one(&transaction, &mut writer, declaration, &mut declared)?;
        }
        if undeclared == Undeclared::Remove {
            apply::remove(&transaction, &mut writer, declarations, &mut declared)?;
        }
        for object in Object::ALL {
            let count = Fields::load(&transaction, object)?.iter().filter(|field| !field.built_in()).count();
            if let (true, Some(last)) = (count > FIELDS, declarations.iter().rfind(|d| d.object == object)) {
                return Err(last.refused(format!("{object} would have {count} declared fields; {FIELDS} are possible")));
            }
        }
        transaction.commit()?;
        Ok(declared)
    }
}
