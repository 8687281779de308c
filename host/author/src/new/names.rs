//! Names: from what others call a thing to what a bundle, a preset or an input may be called.
//!
//! Owns the rules of `presetter-manifest` turned around: what is made here is a legal name. Must never: give the same name
//! twice out of one [`Names`].

use std::collections::HashSet;

/// The longest name that is made, in characters.
const LONGEST: usize = 64;

/// What templates know something else by, and what their grammar reads as a word of its own.
const TAKEN: [&str; 18] = [
    "codes",
    "each",
    "else",
    "false",
    "found",
    "if",
    "item",
    "items",
    "narrow",
    "null",
    "optional",
    "page",
    "response",
    "response_headers",
    "response_status",
    "settings",
    "this",
    "true",
];

/// Names of inputs, each given once.
#[derive(Debug, Default)]
pub(crate) struct Names(HashSet<String>);

impl Names {
    /// A name that nothing else has: the first of those that are wanted that is free, else the first with a number.
    pub(crate) fn give(&mut self, wanted: &[&str]) -> String {
        let legal: Vec<String> = wanted.iter().map(|name| input(name)).collect();
        let free = legal.iter().find(|name| !self.0.contains(*name)).cloned();
        let name = free.unwrap_or_else(|| {
            let first = legal.first().map_or("value", String::as_str);
            let numbered = (2..).map(|number| format!("{first}_{number}"));
            numbered.into_iter().find(|name| !self.0.contains(name)).unwrap_or_default()
        });
        self.0.insert(name.clone());
        name
    }
}

/// A legal name of an input.
fn input(text: &str) -> String {
    let name = joined(text, '_', "value");
    if TAKEN.contains(&name.as_str()) { format!("{name}_value") } else { name }
}

/// A legal name of an output, a field or a secret: `user_id`.
pub(crate) fn snake(text: &str, otherwise: &str) -> String {
    joined(text, '_', otherwise)
}

/// A legal name of a bundle or a preset: `user-by-id`.
pub(crate) fn kebab(text: &str, otherwise: &str) -> String {
    joined(text, '-', otherwise)
}

/// The legal name that is nearest to a text: `Acme Corp` is `acme-corp`.
#[must_use]
pub fn legal_name(text: &str) -> String {
    kebab(text, "acme")
}

fn joined(text: &str, between: char, otherwise: &str) -> String {
    let mut name = words(text).join(&between.to_string());
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        name = format!("{otherwise}{between}{name}");
    }
    name.truncate(LONGEST);
    let name = name.trim_end_matches(between);
    if name.is_empty() { otherwise.to_owned() } else { name.to_owned() }
}

/// The words of a name, in lower case: `userId`, `HTTPServer` and `filter[name]` have two each.
pub(crate) fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let lower_next = rest.peek().is_some_and(char::is_ascii_lowercase);
        let begins = c.is_ascii_uppercase()
            && (before.is_ascii_lowercase() || before.is_ascii_digit() || before.is_ascii_uppercase() && lower_next);
        if begins || !c.is_ascii_alphanumeric() {
            words.push(String::new());
        }
        if let (true, Some(word)) = (c.is_ascii_alphanumeric(), words.last_mut()) {
            word.push(c.to_ascii_lowercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// A name as a person would say it: `get user`.
pub(crate) fn spoken(text: &str) -> String {
    words(text).join(" ")
}

/// A sentence's beginning in capitals: `Get user`.
pub(crate) fn capital(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}

/// One of what a word names many of, in English: `users` is `user`, `status` stays.
pub(crate) fn singular(word: &str) -> String {
    if word == "people" {
        return "person".to_owned();
    }
    let cut = |end: &str, with: &str| word.strip_suffix(end).map(|stem| format!("{stem}{with}"));
    if ["ss", "us", "is"].iter().any(|end| word.ends_with(end)) || word.len() < 4 {
        return word.to_owned();
    }
    let es = ["sses", "xes", "ches", "shes"].iter().any(|end| word.ends_with(end));
    let one = if es { cut("es", "") } else { cut("ies", "y").or_else(|| cut("s", "")) };
    one.unwrap_or_else(|| word.to_owned())
}

/// What a preset is called that sends this method to this path; parts that are inputs are nothing.
pub(crate) fn preset(method: &str, path: &[Option<&str>]) -> String {
    let fixed: Vec<String> =
        path.iter().flatten().map(|part| kebab(part, "")).filter(|part| !part.is_empty()).collect();
    let by_id = path.last().is_some_and(Option::is_none);
    let (Some(last), owner) = (fixed.last(), fixed.iter().rev().nth(1)) else {
        return kebab(&format!("{method}-root"), "get-root");
    };
    let one = singular(last);
    // `users/42/suspend` suspends a user; `users/42/roles` are its roles.
    let below = path.len() > 1 && path[path.len() - 2].is_none();
    let of_owner = |what: &str| match owner.filter(|_| below) {
        Some(owner) => format!("{}-{what}", singular(owner)),
        None => what.to_owned(),
    };
    let name = match (method, by_id) {
        ("GET" | "HEAD", true) => format!("get-{one}"),
        ("GET" | "HEAD", false) if one == *last => format!("get-{}", of_owner(last)),
        ("GET" | "HEAD", false) => format!("list-{}", of_owner(last)),
        ("PUT" | "PATCH", _) => format!("update-{}", if by_id { one } else { of_owner(&one) }),
        ("DELETE", _) => format!("delete-{}", if by_id { one } else { of_owner(&one) }),
        (_, false) if one == *last && below => match owner {
            Some(owner) => format!("{last}-{}", singular(owner)),
            None => last.clone(),
        },
        (_, true) => format!("update-{one}"),
        (_, false) => format!("create-{}", of_owner(&one)),
    };
    kebab(&name, "preset")
}

#[cfg(test)]
mod tests {
    use presetter_manifest::is_name;

    use super::*;

    #[test]
    fn names_are_legal_and_given_once() {
        let mut names = Names::default();
        for (wanted, given) in [
            (&["userId"][..], "user_id"),
            (&["user-id"], "user_id_2"),
            (&["name", "user_name"], "name"),
            (&["name", "user_name"], "user_name"),
            (&["name", "user_name"], "name_2"),
            (&["page"], "page_value"),
            (&["é"], "value"),
            (&["2fa"], "value_2fa"),
            (&["HTTPServer[x]"], "http_server_x"),
        ] {
            assert_eq!(names.give(wanted), given, "{wanted:?}");
        }
        assert_eq!(names.give(&["a".repeat(100).as_str()]).len(), LONGEST);
    }

    #[test]
    fn a_legal_name_is_found() {
        for (text, name) in [("Acme Corp", "acme-corp"), ("acme", "acme"), ("42", "acme-42"), ("", "acme"), ("ÀB", "b")]
        {
            assert_eq!(legal_name(text), name);
            assert!(is_name(name));
        }
    }

    #[test]
    fn a_preset_is_called_by_what_it_does() {
        let at = |path: &'static str| -> Vec<Option<&'static str>> {
            path.split('/').map(|part| Some(part).filter(|part| *part != "*")).collect()
        };
        for (method, path, name) in [
            ("GET", "users/*", "get-user"),
            ("GET", "users", "list-users"),
            ("GET", "status", "get-status"),
            ("GET", "users/*/roles", "list-user-roles"),
            ("POST", "users", "create-user"),
            ("POST", "users/*/suspend", "suspend-user"),
            ("POST", "users/*/roles", "create-user-role"),
            ("PATCH", "companies/*", "update-company"),
            ("PUT", "users/*/profile", "update-user-profile"),
            ("DELETE", "boxes/*", "delete-box"),
            ("GET", "*", "get-root"),
        ] {
            assert_eq!(preset(method, &at(path)), name, "{method} {path}");
        }
    }
}
