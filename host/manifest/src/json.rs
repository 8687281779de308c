//! How large a JSON text is as values, known before any reader makes them.
//!
//! Owns: the one look at depth and number that all bounds on JSON rest on. Must never: make anything of what it reads,
//! since a text of some megabytes may stand for values of a gigabyte.

/// How large a JSON text is. For what is no JSON: at least as large as what any reader would make before it gives up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonShape {
    /// How deep lists and objects are nested at most.
    pub depth: usize,
    /// How many values there are, lists and objects among them. An empty list or object counts twice.
    pub values: usize,
}

impl JsonShape {
    /// Looks at a text.
    #[must_use]
    pub fn of(text: &[u8]) -> Self {
        let (mut now, mut depth, mut values): (usize, usize, usize) = (0, 0, 1);
        let mut bytes = text.iter();
        while let Some(byte) = bytes.next() {
            match byte {
                // Each element or member stands behind a bracket or a comma.
                b',' => values += 1,
                b'[' | b'{' => {
                    values += 1;
                    now += 1;
                    depth = depth.max(now);
                }
                b']' | b'}' => now = now.saturating_sub(1),
                b'"' => {
                    // To the end of the string; a backslash takes the next byte with it.
                    while let Some(byte) = bytes.next() {
                        match byte {
                            b'\\' => drop(bytes.next()),
                            b'"' => break,
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        Self { depth, values }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn brackets_and_commas_count_outside_of_strings_alone() {
        for (text, depth, values) in [
            ("1", 0, 1),
            ("[]", 1, 2),
            ("[1]", 1, 2),
            (r#"{"a":[1,{"b":2}],"c":null}"#, 3, 6),
            (r#"["[[,[","\",[[[\\",0]"#, 1, 4),
            ("[[[\"", 3, 4),
        ] {
            assert_eq!(JsonShape::of(text.as_bytes()), JsonShape { depth, values }, "{text}");
        }
    }

    /// How deep a value is, how many there are in it, and how many of them are empty lists and objects.
    fn counted(value: &Value) -> (usize, usize, usize) {
        let inner: Vec<_> = match value {
            Value::Array(list) => list.iter().map(counted).collect(),
            Value::Object(object) => object.values().map(counted).collect(),
            _ => return (0, 1, 0),
        };
        let depth = inner.iter().map(|(depth, ..)| *depth).max().unwrap_or(0) + 1;
        let count = inner.iter().map(|(_, count, _)| count).sum::<usize>() + 1;
        (depth, count, inner.iter().map(|(.., empty)| empty).sum::<usize>() + usize::from(inner.is_empty()))
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf =
            prop_oneof![Just(Value::Null), any::<i64>().prop_map(Value::from), any::<String>().prop_map(Value::from)];
        leaf.prop_recursive(5, 60, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn all_values_are_counted(value in json()) {
            let (depth, count, empty) = counted(&value);
            for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
                prop_assert_eq!(JsonShape::of(text.as_bytes()), JsonShape { depth, values: count + empty });
            }
        }
    }
}
