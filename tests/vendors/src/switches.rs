//! The switches that make a stand-in odd.
//!
//! Owns: their names, defaults and meaning.
//!
//! Keeps: `Switches::default()` is a well-behaved server. Switches that say "this many" count down in the server's own copy.

use serde::Deserialize;

/// How a stand-in differs from a well-behaved server. In JSON every field may be left out; unknown ones are refused.
///
/// *Calls* are requests to the API other than logins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Switches {
    /// A session token is good for this many calls, then 401. Default: unbounded.
    pub token_uses: Option<u32>,
    /// This many calls are answered 429 before anything is done.
    pub rate_limited: u32,
    /// This many calls are answered 500 before anything is done.
    pub server_errors: u32,
    /// This many writes are carried out and answered 500: seen of Jamf Pro's users (S: the tests of Jamf's own SDK say so).
    pub failing_writes: u32,
    /// This many writes are carried out, then the connection closes without an answer.
    pub unanswered_writes: u32,
    /// A list ignores its filter (U: whether any vendor does).
    pub ignore_filters: bool,
    /// Jamf Pro: a server from before it had this part of its API.
    pub without_users: bool,
}

/// Counts one off; true if there was one left.
pub(crate) fn take(left: &mut u32) -> bool {
    let some = *left > 0;
    *left = left.saturating_sub(1);
    some
}
