//! A text that looks like a credential.

use std::ops::Range;

use presetter_manifest::Preset;
use presetter_template::Problem;

use crate::finding::{Level, Tell};
use crate::lint::{Lint, Look};
use crate::subject::{Manifest, Source, Subject};

pub(crate) const LINT: Lint = Lint {
    name: "secret-in-text",
    level: Level::Warning,
    means: "A text of a manifest looks like a credential: a token with its scheme, a key with a vendor's prefix, a long random word.",
    why: "Whoever reads the bundle has it. A secret belongs to a connection: the bundle says where it goes (`slots`), the operator where it is.",
    mended: "",
    look: Look::Both(bundle, preset),
};

fn bundle(subject: &Subject, tell: &mut Tell<'_>) {
    look(&subject.bundle.source, tell);
}

fn preset(_: &Subject, preset: &Manifest<Preset>, tell: &mut Tell<'_>) {
    look(&preset.source, tell);
}

fn look(source: &Source, tell: &mut Tell<'_>) {
    for text in source.places.texts() {
        let Some((what, found)) = credential(text.value) else { continue };
        let problem = Problem::new(format!("this looks like a credential: {what}"), text.span.clone()).with_hint(
            "take it out, and count it as known to others; an operator gives it as a secret of a connection",
        );
        // What is told ends up in terminals and logs of builds: not the secret, too.
        let word = &text.value[found];
        let stars: String = word.bytes().map(|b| if b == b'\n' { '\n' } else { '*' }).collect();
        let hidden = Source::new(source.file.clone(), &source.text.replace(word, &stars));
        tell.at(&hidden, problem);
    }
}

/// What gives a vendor's keys away.
const PREFIXES: [(&str, usize); 14] = [
    ("sk_live_", 16),
    ("sk_test_", 16),
    ("rk_live_", 16),
    ("ghp_", 30),
    ("gho_", 30),
    ("ghs_", 30),
    ("github_pat_", 30),
    ("glpat-", 16),
    ("xoxb-", 20),
    ("xoxp-", 20),
    ("AKIA", 16),
    ("AIza", 30),
    ("SG.", 40),
    ("shpat_", 30),
];

/// The shortest word that is taken for random.
const LONG: usize = 40;

/// What a text holds that looks like a credential, and where.
fn credential(text: &str) -> Option<(&'static str, Range<usize>)> {
    if let Some(at) = text.find("PRIVATE KEY-----") {
        return Some(("a private key", at..text.len()));
    }
    let mut scheme = false;
    for (at, word) in words(text) {
        let range = at..at + word.len();
        let random = word.bytes().any(|b| b.is_ascii_digit()) && word.bytes().any(|b| b.is_ascii_alphabetic());
        if PREFIXES.iter().any(|(prefix, rest)| word.strip_prefix(prefix).is_some_and(|r| r.len() >= *rest)) {
            return Some(("a key with a vendor's prefix", range));
        }
        if word.starts_with("eyJ") && word.len() >= LONG && word.matches('.').count() == 2 {
            return Some(("a JSON Web Token", range));
        }
        if scheme && random && word.len() >= 16 {
            return Some(("a token with its scheme", range));
        }
        let hex = word.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if word.len() >= 32 && hex && random && different(word) >= 8 {
            return Some(("a long hexadecimal word", range));
        }
        let mixed = word.bytes().any(|b| b.is_ascii_uppercase()) && word.bytes().any(|b| b.is_ascii_lowercase());
        // Names have few digits; of random letters and digits, one in six is a digit.
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        let plain = word.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/_-=".contains(&b));
        if word.len() >= LONG && digits >= 4 && mixed && plain && different(word) >= 20 && !word.contains("//") {
            return Some(("a long random word", range));
        }
        scheme = ["Bearer", "Basic", "Token", "bearer", "basic", "token"].contains(&word);
    }
    None
}

/// The words of a text as credentials have them. What a template puts in is no part of one.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let part = |c: char| c.is_ascii_alphanumeric() || "+/_-=.".contains(c);
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find(part)?;
        let end = text[start..].find(|c| !part(c)).map_or(text.len(), |length| start + length);
        at = end;
        Some((start, &text[start..end]))
    })
}

fn different(word: &str) -> usize {
    let mut bytes: Vec<u8> = word.bytes().collect();
    bytes.sort_unstable();
    bytes.dedup();
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::Draft;

    /// Put together here, so that nobody who looks for secrets finds one in this file.
    fn samples() -> [String; 7] {
        let hex = "0123456789abcdef";
        let word = "aB3dE5gH7jK9mN1pQ";
        [
            format!("Bearer {word}"),
            format!("eyJ{word}.{word}.{word}"),
            format!("{}_{}_{word}", "sk", "live"),
            format!("{}{}", "AKIA", "ABCDEFGH12345678"),
            format!("x {hex}{hex} y"),
            format!("{word}sT2vW4xY6z+8{word}"),
            format!("-----BEGIN {}-----", "PRIVATE KEY"),
        ]
    }

    #[test]
    fn what_looks_like_a_credential_is_told() {
        for sample in samples() {
            assert!(credential(&sample).is_some(), "{sample}");
        }
    }

    #[test]
    fn what_only_is_long_is_not() {
        for text in [
            "Bearer {{session.token}}",
            "Bearer authentication of the older kind",
            "https://developer.example.com/reference/v2/createOrUpdateUserInOrganization1",
            "application/vnd.presetter.manifest.v1+toml",
            "123e4567-e89b-12d3-a456-426614174000",
            "query { organizationMembershipConnectionEdgesForUserV2(first: 100) { nodes { id } } }",
            "00000000000000000000000000000000",
            "the token is shown once",
            "updateUserProfileInformationForOrganizationMembers",
        ] {
            assert_eq!(credential(text), None, "{text}");
        }
    }

    #[test]
    fn the_credential_itself_is_not_shown() {
        let [sample, ..] = samples();
        let draft = Draft::new().with("query = {", &format!("headers = {{ Authorization = '{sample}' }}\nquery = {{"));
        let report = draft.report();
        assert_eq!(report.findings[0].lint, Some("secret-in-text"));
        let shown = report.findings[0].render(false);
        assert!(shown.contains("Bearer *****") && !shown.contains("aB3d"), "{shown}");
        assert_eq!(report.findings.len(), 1);
    }
}
