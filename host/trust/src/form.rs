//! The form of `trust.toml`: reading it, strictly, and the rules that any version keeps.
//!
//! Invariants of what is accepted: no unknown key; every identity is defined once and in its one spelling; a threshold is at least 1
//! and no more than the number of distinct, known keys; the root has no revoked key; a key is marked as revoked if and only if a
//! revocation says why; no two rules are for the same; no text can steer a terminal.

use std::collections::BTreeSet;
use std::str::FromStr;

use jiff::Timestamp;
use presetter_manifest::{Diagnostics, Text, read_toml, steers};
use presetter_package::KeyId;
use presetter_template::Problem;
use serde::Deserialize;
use toml::Spanned;

use crate::document::{Denied, Deny, Document, Key, Root, Rule, Status};
use crate::{Pattern, write};

/// The longest owner or reason, in bytes.
const LONGEST_TEXT: usize = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    version: Spanned<u64>,
    expires: Text,
    root: RootForm,
    #[serde(default)]
    key: Vec<KeyForm>,
    #[serde(default)]
    rule: Vec<RuleForm>,
    #[serde(default)]
    deny: Vec<DenyForm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RootForm {
    threshold: Spanned<u32>,
    keys: Vec<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyForm {
    id: Text,
    file: Text,
    owner: Text,
    not_before: Text,
    not_after: Text,
    status: Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleForm {
    r#match: Text,
    threshold: Spanned<u32>,
    keys: Vec<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DenyForm {
    digest: Option<Text>,
    key: Option<Text>,
    reason: Text,
}

/// Reads a `trust.toml`; `file` is how it is called in errors.
///
/// # Errors
/// All that is wrong with it, each with its place.
pub(crate) fn read(file: &str, source: &str) -> Result<Document, Diagnostics> {
    let form: Form = read_toml(file, source)?;
    let mut check = Check { problems: Vec::new() };
    let document = check.document(&form);
    match document {
        Some(document) if check.problems.is_empty() => Ok(document),
        _ => Err(Diagnostics::of(file, source, check.problems)),
    }
}

/// Collects what is wrong. Whatever gives nothing has told a problem.
struct Check {
    problems: Vec<Problem>,
}

impl Check {
    fn document(&mut self, form: &Form) -> Option<Document> {
        if *form.version.get_ref() == 0 {
            self.tell(form.version.span(), "a trust store's first version is 1", "write version = 1");
        }
        let expires = self.time(&form.expires);
        let denied = self.denied(&form.deny);
        let keys = self.keys(&form.key, &denied);
        let known: BTreeSet<KeyId> = keys.iter().map(|key| key.id).collect();
        let root = self.chosen("the root", &form.root.threshold, &form.root.keys, &known);
        for text in &form.root.keys {
            if text.as_str().parse().is_ok_and(|id| denied.iter().any(|deny| deny.what == Denied::Key(id))) {
                self.at(text, "a key of the root is revoked", "give the root other keys first: presetter trust root");
            }
        }
        let rules = self.rules(&form.rule, &known);
        Some(Document {
            version: *form.version.get_ref(),
            expires: expires?,
            root: Root { threshold: *form.root.threshold.get_ref(), keys: root },
            keys,
            rules,
            denied,
        })
    }

    fn keys(&mut self, forms: &[KeyForm], denied: &[Deny]) -> Vec<Key> {
        let mut keys: Vec<Key> = Vec::new();
        for form in forms {
            let status = self.status(&form.status);
            let (from, to) = (self.time(&form.not_before), self.time(&form.not_after));
            if from.zip(to).is_some_and(|(from, to)| from >= to) {
                self.at(&form.not_after, "this key would never be valid", "write a not_after that is after not_before");
            }
            self.plain(&form.owner, "an owner");
            let Some(id) = self.value::<KeyId>(&form.id, "a key's identity is sha256: and 64 lower-case hex digits")
            else {
                continue;
            };
            if keys.iter().any(|key| key.id == id) {
                self.at(&form.id, "this key is defined twice", "keep one of the two [[key]] tables");
            }
            if form.file.as_str() != write::file(id) {
                self.at(
                    &form.file,
                    "this is not the file of this key",
                    format!("write file = \"{}\"", write::file(id)),
                );
            }
            let Some((status, (not_before, not_after))) = status.zip(from.zip(to)) else { continue };
            let revoked = denied.iter().any(|deny| deny.what == Denied::Key(id));
            if revoked != (status == Status::Revoked) {
                let message = "a key's status is \"revoked\" exactly if a [[deny]] says why";
                self.at(
                    &form.status,
                    message,
                    format!("revoke it with: presetter trust revoke-key {id} --reason TEXT"),
                );
            }
            keys.push(Key { id, owner: form.owner.to_string(), not_before, not_after, status });
        }
        keys
    }

    fn rules(&mut self, forms: &[RuleForm], known: &BTreeSet<KeyId>) -> Vec<Rule> {
        let mut rules: Vec<Rule> = Vec::new();
        for form in forms {
            let keys = self.chosen("this rule", &form.threshold, &form.keys, known);
            let hint = "this is a bundle's name (jamf, acme/jamf), a scope (acme/*), or *";
            let Some(pattern) = self.value::<Pattern>(&form.r#match, hint) else { continue };
            if rules.iter().any(|rule| rule.pattern == pattern) {
                self.at(&form.r#match, "there are two rules for this", "keep one of the two [[rule]] tables");
            }
            rules.push(Rule { pattern, threshold: *form.threshold.get_ref(), keys });
        }
        rules
    }

    fn denied(&mut self, forms: &[DenyForm]) -> Vec<Deny> {
        let mut denied: Vec<Deny> = Vec::new();
        let hint = "this is sha256: and 64 lower-case hex digits";
        for form in forms {
            self.plain(&form.reason, "a reason");
            let (place, what) = match (&form.digest, &form.key) {
                (Some(text), None) => (text, self.value(text, hint).map(Denied::Digest)),
                (None, Some(text)) => (text, self.value(text, hint).map(Denied::Key)),
                _ => {
                    let message = "a [[deny]] is of a digest or of a key";
                    self.at(
                        &form.reason,
                        message,
                        "write one of the two: digest = \"sha256:...\" or key = \"sha256:...\"",
                    );
                    continue;
                }
            };
            let Some(what) = what else { continue };
            if denied.iter().any(|deny| deny.what == what) {
                self.at(place, "this is revoked twice", "keep one of the two [[deny]] tables");
            }
            denied.push(Deny { what, reason: form.reason.to_string() });
        }
        denied
    }

    /// The keys of the root or a rule, and whether its threshold can be reached.
    fn chosen(&mut self, whose: &str, threshold: &Spanned<u32>, texts: &[Text], known: &BTreeSet<KeyId>) -> Vec<KeyId> {
        let mut keys = Vec::new();
        for text in texts {
            let Some(id) = self.value::<KeyId>(text, "a key's identity is sha256: and 64 lower-case hex digits") else {
                continue;
            };
            if keys.contains(&id) {
                self.at(text, "this key stands here twice, and counts once", "take one of the two out");
            } else if known.contains(&id) {
                keys.push(id);
            } else {
                self.at(text, "no [[key]] defines this key", "add it first: presetter trust add-key FILE --owner TEXT");
            }
        }
        let (asked, have) = (*threshold.get_ref(), keys.len());
        if asked == 0 {
            self.tell(
                threshold.span(),
                &format!("the threshold of {whose} is 0: anyone could sign"),
                "write 1 or more",
            );
        } else if asked as usize > have {
            let message = format!("the threshold of {whose} is {asked}, and it has {have} distinct, known keys");
            self.tell(threshold.span(), &message, "lower the threshold or add keys");
        }
        keys
    }

    fn status(&mut self, text: &Text) -> Option<Status> {
        match text.as_str() {
            "active" => Some(Status::Active),
            "revoked" => Some(Status::Revoked),
            _ => {
                self.at(text, "a key's status is neither \"active\" nor \"revoked\"", "write one of the two");
                None
            }
        }
    }

    fn time(&mut self, text: &Text) -> Option<Timestamp> {
        self.value(text, "a time is written like \"2027-01-31T00:00:00Z\"")
    }

    /// A text of a few words that people are shown.
    fn plain(&mut self, text: &Text, what: &str) {
        let shown = text.as_str();
        if shown.trim().is_empty() || shown.len() > LONGEST_TEXT || shown.chars().any(hides) {
            let message = format!("{what} is a text of up to {LONGEST_TEXT} bytes without control characters");
            self.at(text, message, "write another text");
        }
    }

    fn value<T: FromStr>(&mut self, text: &Text, hint: &str) -> Option<T> {
        let value = text.as_str().parse().ok();
        if value.is_none() {
            self.at(text, format!("{:?} cannot stand here", text.as_str()), hint);
        }
        value
    }

    fn at(&mut self, text: &Text, message: impl Into<String>, hint: impl Into<String>) {
        self.problems.push(Problem::new(message, text.span()).with_hint(hint));
    }

    fn tell(&mut self, span: std::ops::Range<usize>, message: &str, hint: &str) {
        self.problems.push(Problem::new(message, span).with_hint(hint));
    }
}

/// What steers a terminal, or has no width: an owner's name is read by people who compare it with another.
fn hides(c: char) -> bool {
    steers(c) || matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}' | '\u{feff}')
}
