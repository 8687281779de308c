//! What is searched for, and whether an item is it.

use serde_json::{Map, Value};

use crate::answer::names;
use crate::recipe::Search;

/// A field and the value that it must have.
pub(crate) struct Key {
    pub(crate) field: String,
    value: String,
    ignore_case: bool,
}

impl Key {
    /// Whether an item has it. Vendors send numbers as texts, so scalars are compared as texts.
    pub(crate) fn fits(&self, item: &Value) -> bool {
        match item.get(&self.field).and_then(plain) {
            Some(text) if self.ignore_case => text.to_lowercase() == self.value.to_lowercase(),
            Some(text) => text == self.value,
            None => false,
        }
    }
}

/// The keys of a search. An empty key sends nothing; one that is absent drops out.
///
/// # Errors
/// One sentence for a person; nothing was sent then.
pub(crate) fn keys(find: &Search, inputs: &Map<String, Value>, settings: &Value) -> Result<Vec<Key>, String> {
    let names = names(inputs, settings);
    let mut keys = Vec::new();
    for wanted in &find.fields {
        let value = wanted.value.render_value(&names);
        let value = value.map_err(|e| e.problems.first().map(ToString::to_string).unwrap_or_default())?;
        let absent = |v: &presetter_template::Variable| v.optional && v.path.resolve(&names).is_none();
        if value.is_null() || value == "" && wanted.value.variables().iter().all(absent) {
            continue;
        }
        let field = wanted.field.clone();
        let Some(value) = plain(&value) else { return Err(format!("\"{field}\" is searched by a text or a number")) };
        if value.trim().is_empty() {
            return Err(format!("the value to find by \"{field}\" is empty; nothing was sent"));
        }
        if value.trim() != value {
            return Err(format!("the value to find by \"{field}\" begins or ends with a space; nothing was sent"));
        }
        keys.push(Key { field, value, ignore_case: wanted.ignore_case });
    }
    if keys.is_empty() { Err("there is no value to search by; nothing was sent".into()) } else { Ok(keys) }
}

/// `email "a@example.com" and iduser "u1"`.
pub(crate) fn words(keys: &[Key]) -> String {
    let each: Vec<String> = keys.iter().map(|key| format!("{} \"{}\"", key.field, key.value)).collect();
    each.join(" and ")
}

/// What is said when nothing fits.
pub(crate) fn nobody(keys: Option<&[Key]>) -> String {
    keys.map(|keys| format!("nothing has {}", words(keys))).unwrap_or_default()
}

/// A value by which things are told apart, as a text.
pub(crate) fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}
