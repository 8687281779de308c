//! Whose signatures count: keys, rules, revocations, and what was seen.
#![forbid(unsafe_code)]
