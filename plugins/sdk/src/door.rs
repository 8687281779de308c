//! What a run needs from outside, so that all else can be tested without a host.

use crate::{Answer, HostError, Request};

/// The way out: the imports of the contract.
pub(crate) trait Door {
    /// Sends the request that a preset's manifest declares; `values` is a JSON object.
    fn call(&self, preset: &str, values: &str) -> Result<Answer, HostError>;
    /// Sends a request that was put together here.
    fn send(&self, request: Request) -> Result<Answer, HostError>;
    /// Hands a row to the host, a JSON object.
    fn emit(&self, row: &str) -> Result<(), HostError>;
    /// Tells the person.
    fn log(&self, level: &str, message: &str);
    /// Milliseconds since 1970.
    fn now(&self) -> u64;
    /// Waits.
    fn wait(&self, milliseconds: u64) -> Result<(), HostError>;
}
