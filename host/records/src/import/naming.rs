//! Which field a column or a member belongs to.

use std::collections::HashMap;
use std::rc::Rc;

use super::{ImportError, ImportOptions};
use crate::Fields;

/// What a header means. Made once; names do not change while a file is read.
pub(super) struct Naming {
    known: HashMap<String, Rc<str>>,
    names: Vec<String>,
    /// Fields that were given another header, with it.
    pub(super) given: Vec<(Rc<str>, String)>,
    ignore_unknown: bool,
}

/// Columns that are no fields.
pub(super) const ID: &str = "id";
pub(super) const STATE: &str = "state";

impl Naming {
    pub(super) fn new(fields: &Fields, options: &ImportOptions) -> Result<Self, ImportError> {
        let mut names: Vec<String> = fields.iter().map(|field| field.name.clone()).collect();
        names.extend([ID.to_owned(), STATE.to_owned()]);
        let mut known: HashMap<String, Rc<str>> =
            names.iter().map(|name| (name.clone(), Rc::from(name.as_str()))).collect();
        let mut given = Vec::new();
        for (field, header) in &options.columns {
            let name = known.get(field).cloned();
            let name = match name {
                Some(name) => name,
                None => Rc::from(fields.get(field)?.name.as_str()),
            };
            given.push((name, header.trim().to_owned()));
        }
        // First the fields leave the headers of their own names, then they take those that they were given.
        for (field, _) in &given {
            known.remove(&**field);
        }
        for (field, header) in &given {
            if let Some(other) = known.insert(header.clone(), field.clone()) {
                let reason = format!("the column {header:?} is {other} already, and cannot be {field} too");
                return Err(ImportError::Form { line: 1, reason });
            }
        }
        Ok(Self { known, names, given, ignore_unknown: options.ignore_unknown })
    }

    /// The field of a header; none if it is to be left alone.
    pub(super) fn field(&self, header: &str) -> Result<Option<Rc<str>>, String> {
        match self.known.get(header) {
            Some(field) => Ok(Some(field.clone())),
            None if self.ignore_unknown => Ok(None),
            None => {
                let known: Vec<&str> = self.names.iter().map(String::as_str).collect();
                let hint = presetter_manifest::suggest(header, &known);
                let header = crate::reading::quoted(header);
                Err(format!("{header} is no field; {hint} (or name the field of this column, or ignore unknown ones)"))
            }
        }
    }
}
