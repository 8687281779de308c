//! Which known name somebody meant.
//!
//! Owns the measure. Must never decide: what it finds is only ever asked.

/// The known name nearest to what was typed, if it is near enough to be meant.
#[must_use]
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_ascii_lowercase();
    let far = |name: &&str| strsim::damerau_levenshtein(&typed, &name.to_ascii_lowercase());
    // Of a short name little is left after two slips.
    let fits = |name: &&str| far(name) <= (name.len().max(typed.len()) / 3).clamp(1, 3);
    known.into_iter().filter(fits).min_by_key(far)
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
