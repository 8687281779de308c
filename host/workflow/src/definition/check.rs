//! Which keys a block of each type takes.

/// The types of blocks.
pub(super) const TYPES: [&str; 7] = ["api", "role", "update", "condition", "wait", "notify", "approval"];

/// For each type: the keys that it takes, and those that it needs.
pub(super) const KEYS: [(&str, &[&str], &[&str]); 7] = [
    (
        "api",
        &["preset", "connection", "connection_field", "inputs", "body", "confirm", "success", "failure", "not_found"],
        &["preset"],
    ),
    (
        "role",
        &["preset", "connection", "software", "match", "role", "deactivate_user", "approve_above", "success"],
        &["preset", "connection", "software", "match", "role"],
    ),
    ("update", &["fields", "state", "success", "failure"], &[]),
    ("condition", &["rules", "when", "success", "failure"], &[]),
    ("wait", &["for", "until", "success"], &[]),
    ("notify", &["url", "allow_private", "body", "success", "failure"], &["url"]),
    ("approval", &["message", "within", "success", "failure"], &["message"]),
];
