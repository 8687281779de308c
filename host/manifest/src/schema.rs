//! The JSON Schemas of the manifests, for editors: made from the types, kept in `docs/schemas`, checked for drift here.
//!
//! `cargo xtask schemas` writes them anew.

use std::borrow::Cow;
use std::path::Path;
use std::{env, fs};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema, schema_for};
use serde_json::Value;

use crate::{Bundle, Limit, Preset, Text, Unit};

impl JsonSchema for Text {
    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

/// `[limits]`: each is a text such as `64MiB` or `10s`, or a number.
pub(crate) struct Limits;

impl JsonSchema for Limits {
    fn schema_name() -> Cow<'static, str> {
        "Limits".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let properties = Limit::ALL.map(|limit| {
            let kind = if limit.unit() == Unit::Count { "integer" } else { "string" };
            let most = limit.show(limit.default_amount());
            (limit.name(), serde_json::json!({ "type": kind, "description": format!("At most {most}.") }))
        });
        let properties: serde_json::Map<String, Value> =
            properties.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
        json_schema!({ "type": "object", "properties": properties, "additionalProperties": false })
    }
}

#[test]
fn the_schemas_are_those_of_the_types() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas");
    let update = env::var_os("PRESETTER_SCHEMAS").is_some_and(|v| v == "update");
    for (name, schema) in [("bundle", schema_for!(Bundle)), ("preset", schema_for!(Preset))] {
        let file = folder.join(format!("{name}.schema.json"));
        let made = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if update {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&file, &made).unwrap();
        }
        let kept = fs::read_to_string(&file).unwrap_or_default();
        assert!(kept == made, "docs/schemas/{name}.schema.json is behind the types: run `cargo xtask schemas`");
    }
}

/// Every key that the types know is described: the schema is what an editor shows to an author.
#[test]
fn every_key_is_described() {
    for schema in [schema_for!(Bundle), schema_for!(Preset)] {
        let schema = schema.to_value();
        let definitions = schema["$defs"].as_object().unwrap().values();
        for (name, property) in std::iter::once(&schema).chain(definitions).flat_map(properties) {
            let described = property.get("description").is_some() || property.get("$ref").is_some();
            assert!(described, "{name} has no description");
        }
    }
}

fn properties(schema: &Value) -> Vec<(String, Value)> {
    let properties = schema["properties"].as_object().into_iter().flatten();
    properties.map(|(name, property)| (name.clone(), property.clone())).collect()
}
