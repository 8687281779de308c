//! JSON in the one form that is taken.
//!
//! What we write is canonical: the same value has the same bytes, and reading compares them ([`canonical`]). What others
//! write, in any layout, is read by [`strict`] types: no unknown or repeated key, no `null`, nothing but an object where an
//! object belongs, no number where there is none, valid Unicode, nothing before or after.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, DeserializeOwned, Deserializer, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Serialize};

use crate::refused::shown;

/// The canonical bytes: compact, keys in the order of the type.
pub(crate) fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    // Texts, numbers and structs of them cannot fail; no type here has a map with other keys than texts.
    serde_json::to_vec(value).expect("structs of texts and numbers are JSON")
}

/// Reads what must be canonical: encoding it again must give the same bytes.
pub(crate) fn canonical<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> Result<T, String> {
    let value = strict(bytes)?;
    if encode(&value) == bytes { Ok(value) } else { Err("it is not written in the one form that is taken".into()) }
}

/// Reads what others wrote. The error has nothing in it that could not be shown.
pub(crate) fn strict<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    serde_json::from_slice(bytes).map_err(|error| shown(&error.to_string()))
}

/// An object. Serde's own reading of structs takes an array of the values too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OnlyMaps<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for OnlyMaps<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }

        deserializer.deserialize_map(OnlyMaps(PhantomData))
    }
}

/// The object `{}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Empty {}

/// A list of exactly one.
pub(crate) fn only<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let mut items = Vec::<T>::deserialize(deserializer)?;
    match (items.pop(), items.len()) {
        (Some(item), 0) => Ok(item),
        (last, before) => {
            let count = before + usize::from(last.is_some());
            Err(de::Error::invalid_length(count, &"a list of exactly one"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether it is read matters")]
    struct Outer {
        text: String,
        #[serde(default)]
        inner: Object<Empty>,
        #[serde(deserialize_with = "only")]
        list: u64,
    }

    #[test]
    fn one_form_is_taken() {
        let read = |text: &str| strict::<Object<Outer>>(text.as_bytes());
        for text in [r#"{"text":"a","inner":{},"list":[1]}"#, " {\n\"list\" : [1], \"text\":\"\\u0041\"} "] {
            read(text).unwrap();
        }
        let deep = format!(r#"{{"text":"a","list":{}1{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        for text in [
            "",
            "{}",
            "null",
            "[]",
            r#"["a",{},[1]]"#,
            r#"{"text":"a","list":[1],"text":"a"}"#,
            r#"{"text":"a","list":[1],"other":1}"#,
            r#"{"text":"a","list":[1],"inner":[]}"#,
            r#"{"text":"a","list":[1],"inner":null}"#,
            r#"{"text":"a","list":[1],"inner":{"x":1}}"#,
            r#"{"text":null,"list":[1]}"#,
            r#"{"text":"a","list":[]}"#,
            r#"{"text":"a","list":[1,2]}"#,
            r#"{"text":"a","list":[1e400]}"#,
            r#"{"text":"a","list":[1.0]}"#,
            r#"{"text":"a","list":[-1]}"#,
            r#"{"text":"a","list":[01]}"#,
            r#"{"text":"a","list":[1],}"#,
            r#"{"text":"\ud800","list":[1]}"#,
            r#"{"text":"\udc00\ud800","list":[1]}"#,
            "{\"text\":\"a\nb\",\"list\":[1]}",
            "\u{feff}{\"text\":\"a\",\"list\":[1]}",
            "{\"text\":\"a\",\"list\":[1]}\0",
            r#"{"text":"a","list":[1]}{}"#,
            r#"{"text":"a","list":[1]} // "#,
            "{\"text\":\"a\",\"list\":[1],\"\u{1b}[31m\u{202e}\":1}",
            &deep,
        ] {
            let error = read(text).unwrap_err();
            assert!(error.chars().all(|c| (' '..='~').contains(&c)), "{error}");
        }
        assert!(strict::<Object<Outer>>(b"{\"text\":\"\xff\",\"list\":[1]}").is_err());
    }
}
