//! How a registry asks for a login: the header `WWW-Authenticate` (RFC 9110, 11.6.1).
//!
//! Pure. One header may hold several challenges with commas between them, and parameters have commas between them too; what
//! cannot be read ends the reading, and what was read so far counts.

/// One way to log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// Name and password with each request.
    Basic,
    /// A token from a service.
    Bearer {
        /// The service's address.
        realm: String,
        /// What the service calls the registry.
        service: Option<String>,
    },
}

/// The known challenges of all `WWW-Authenticate` headers of an answer, in their order.
pub(crate) fn read<'a>(headers: impl Iterator<Item = &'a str>) -> Vec<Challenge> {
    headers.flat_map(challenges).collect()
}

fn challenges(header: &str) -> Vec<Challenge> {
    let mut found: Vec<(String, Vec<(String, String)>)> = Vec::new();
    let mut rest = header;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let (word, after) = token(rest);
        if word.is_empty() {
            break;
        }
        let spaced = after.trim_start_matches([' ', '\t']);
        if let Some(value) = spaced.strip_prefix('=')
            && let Some((_, parameters)) = found.last_mut()
        {
            let Some((value, after)) = self::value(value.trim_start_matches([' ', '\t'])) else { break };
            parameters.push((word.to_ascii_lowercase(), value));
            rest = after;
        } else {
            found.push((word.to_ascii_lowercase(), Vec::new()));
            rest = after;
        }
    }
    found.into_iter().filter_map(|(scheme, parameters)| known(&scheme, &parameters)).collect()
}

fn known(scheme: &str, parameters: &[(String, String)]) -> Option<Challenge> {
    let get = |name: &str| parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    match scheme {
        "basic" => Some(Challenge::Basic),
        "bearer" => Some(Challenge::Bearer { realm: get("realm")?, service: get("service") }),
        _ => None,
    }
}

/// A token at the start of `text`, and what follows.
fn token(text: &str) -> (&str, &str) {
    let inner = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    text.split_at(text.find(|c| !inner(c)).unwrap_or(text.len()))
}

/// A token or a quoted string at the start of `text`, and what follows; nothing if the quote does not end.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (word, rest) = token(text);
        return (!word.is_empty()).then(|| (word.to_owned(), rest));
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => value.push(letters.next()?.1),
            _ => value.push(letter),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(realm: &str, service: Option<&str>) -> Challenge {
        Challenge::Bearer { realm: realm.to_owned(), service: service.map(str::to_owned) }
    }

    #[test]
    fn challenges_are_read_as_registries_write_them() {
        for (header, found) in [
            (r#"Basic realm="Registry Realm""#, vec![Challenge::Basic]),
            ("basic", vec![Challenge::Basic]),
            (
                r#"Bearer realm="https://a.example/token",service="r.example",scope="repository:a/b:pull,push",error="invalid_token""#,
                vec![bearer("https://a.example/token", Some("r.example"))],
            ),
            (r#"bearer REALM = "https://a.example/t\"x" "#, vec![bearer("https://a.example/t\"x", None)]),
            (
                r#"Negotiate, Basic realm="a, b=c", , Bearer service=s,realm="https://a""#,
                vec![Challenge::Basic, bearer("https://a", Some("s"))],
            ),
            (r#"Digest realm="x", nonce="y""#, vec![]),
            (r#"Bearer service="x""#, vec![]),
            (r#"Bearer realm="unended"#, vec![]),
            (r#"Basic realm="x", Bearer realm="\"#, vec![Challenge::Basic]),
            (r#"= "x" Basic"#, vec![]),
            ("Negotiate oRQw==", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(read([header].into_iter()), found, "{header}");
        }
        assert_eq!(read(["Basic", r#"Bearer realm="r""#].into_iter()), [Challenge::Basic, bearer("r", None)]);
    }
}
