//! Which known name somebody meant.
//!
//! Owns the measure, for all of the program. Must never decide: what it finds is only ever asked.

/// The longest names that are compared, in bytes: what a comparison costs is the product of their lengths.
const COMPARED: usize = 64;
/// How many names are listed.
const LISTED: usize = 40;

/// The known name nearest to what was typed, if it is near enough to be meant.
#[must_use]
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_ascii_lowercase();
    let far = |name: &&str| strsim::damerau_levenshtein(&typed, &name.to_ascii_lowercase());
    // Of a short name little is left after two slips.
    let fits = |name: &&str| {
        name.len().max(typed.len()) <= COMPARED && far(name) <= (name.len().max(typed.len()) / 3).clamp(1, 3)
    };
    known.into_iter().filter(fits).min_by_key(far)
}

/// What to write in place of an unknown name: the nearest, or which there are.
#[must_use]
pub fn suggest(typed: &str, known: &[&str]) -> String {
    match nearest(typed, known.iter().copied()) {
        Some(meant) => format!("did you mean \"{meant}\"?"),
        None if known.is_empty() => "remove it".to_owned(),
        None if known.len() > LISTED => format!("possible here: {}, ...", known[..LISTED].join(", ")),
        None => format!("possible here: {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_strangers_are_not() {
        let known = ["email", "password", "access_token", "user-by-email", "user-by-id"];
        for (typed, wanted) in [
            ("emial", Some("email")),
            ("EMAIL", Some("email")),
            ("pasword", Some("password")),
            ("accesstoken", Some("access_token")),
            ("userbyemail", Some("user-by-email")),
            ("user-by-ids", Some("user-by-id")),
            ("token", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(nearest(typed, known), wanted, "{typed}");
        }
    }
}
