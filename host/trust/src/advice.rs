//! Commands that messages advise, in one place: each text holds a command line of `presetter`.

use presetter_package::KeyId;

use crate::Pattern;

pub(crate) const INIT: &str = "make one: presetter trust init --root-key KEY\n\
                               or take over your organisation's: presetter trust import FILE --root KEYID";
pub(crate) const RENEW: &str = "let the keys of the root renew it: presetter trust renew --root-key KEY\n\
                                or take over a newer one: presetter trust import FILE";
pub(crate) const IMPORT: &str = "take over the present one from who keeps it: presetter trust import FILE";
pub(crate) const SIGN: &str = "let others of its keys sign it: presetter trust sign FILE --root-key KEY";
pub(crate) const LIST: &str = "see what is there: presetter trust list";
pub(crate) const AGAIN: &str = "make the change again, on what is there now";

/// For a bundle without a rule.
pub(crate) fn rule(bundle: &str, signers: &[KeyId]) -> String {
    let key = signers.first().map_or_else(|| "KEYID".to_owned(), KeyId::to_string);
    format!("if its signer is to be trusted with it: presetter trust rule {bundle} --key {key}")
}

/// For a rule whose keys are not enough.
pub(crate) fn other_keys(pattern: &Pattern) -> String {
    format!("give it other keys: presetter trust rule '{pattern}' --threshold N --key KEYID")
}

/// For a key that expires.
pub(crate) fn renew_key(owner: &str) -> String {
    let owner = owner.replace('\'', "'\\''");
    format!("if it is to be used longer: presetter trust add-key FILE --owner '{owner}' --not-after DATE")
}

/// For a bundle that is revoked.
pub(crate) fn other_version(bundle: &str) -> String {
    format!("take a version that is not revoked: presetter upgrade {bundle}")
}

/// For a bundle whose signer is revoked.
pub(crate) fn other_signer(bundle: &str) -> String {
    format!(
        "take a version that others signed: presetter upgrade {bundle}\n\
         or have this one signed again by a key that counts: presetter sign FILE --key KEY"
    )
}

/// For a bundle that too few have signed.
pub(crate) fn signatures(bundle: &str) -> String {
    format!(
        "have it signed by keys that the rule names: presetter sign FILE --key KEY\n\
         see who that is: presetter trust list; another rule: presetter trust rule {bundle} --threshold N --key KEYID"
    )
}
