//! Which name a column or a member belongs to.

use std::collections::HashMap;
use std::sync::Arc;

use crate::quoted;

/// What a header means. Made once; names do not change while a file is read.
#[derive(Debug)]
pub struct Naming {
    /// What a name is called in messages.
    what: &'static str,
    known: HashMap<String, Arc<str>>,
    names: Vec<String>,
    /// Names that were given another header, with it.
    pub(crate) given: Vec<(Arc<str>, String)>,
    ignore_unknown: bool,
}

/// A header that would mean two names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the column {header:?} is {one} already, and cannot be {other} too")]
pub struct Taken {
    header: String,
    one: String,
    other: String,
}

impl Naming {
    /// Headers are these `names`, but for those in `given`, which are names with the headers that they have instead. `what` is a name
    /// in messages: "field". Other headers are an error, or left alone.
    ///
    /// # Errors
    /// Two names have one header.
    pub fn new<'g>(
        what: &'static str,
        names: Vec<String>,
        given: impl IntoIterator<Item = (&'g str, &'g str)>,
        ignore_unknown: bool,
    ) -> Result<Self, Taken> {
        let mut known: HashMap<String, Arc<str>> =
            names.iter().map(|name| (name.clone(), Arc::from(name.as_str()))).collect();
        let given: Vec<(Arc<str>, String)> =
            given.into_iter().map(|(name, header)| (Arc::from(name), header.trim().to_owned())).collect();
        // First the names leave their own headers, then they take those that they were given.
        for (name, _) in &given {
            known.remove(&**name);
        }
        for (name, header) in &given {
            if let Some(other) = known.insert(header.clone(), name.clone()) {
                return Err(Taken { header: header.clone(), one: other.to_string(), other: name.to_string() });
            }
        }
        Ok(Self { what, known, names, given, ignore_unknown })
    }

    /// The name of a header; none if it is to be left alone.
    pub(crate) fn name(&self, header: &str) -> Result<Option<Arc<str>>, String> {
        match self.known.get(header) {
            Some(name) => Ok(Some(name.clone())),
            None if self.ignore_unknown => Ok(None),
            None => {
                let known: Vec<&str> = self.names.iter().map(String::as_str).collect();
                let hint = presetter_manifest::suggest(header, &known);
                let (header, what) = (quoted(header), self.what);
                Err(format!(
                    "{header} is no {what}; {hint} (or name the {what} of this column, or ignore unknown ones)"
                ))
            }
        }
    }
}
