//! For presets written in Rust.
//!
//! A bundle's component is a `cdylib` for `wasm32-unknown-unknown`. It names its presets, each with the function that runs it, and
//! exports them:
//!
//! ```
//! use presetter_guest::{Error, Host, Outcome, Presets};
//!
//! #[derive(serde::Deserialize, serde::Serialize)]
//! struct Inputs {
//!     id: String,
//! }
//!
//! fn get_thing(inputs: Inputs, host: &Host<'_>) -> Result<Outcome, Error> {
//!     let answer = host.call(&inputs)?;
//!     match answer.status {
//!         200..300 => Ok(host.ok(&answer.json::<serde_json::Value>()?)),
//!         404 => Ok(host.not_found("HTTP 404")),
//!         status => Ok(host.failed_with(status, "the API said no")),
//!     }
//! }
//!
//! fn presets() -> Presets {
//!     Presets::new().with("get-thing", get_thing)
//! }
//!
//! presetter_guest::export!(presets);
//! ```
//!
//! The names are those that scripts use (`plugins/script/presetter.d.ts`): `call`, `send`, `emit`, `log`, `now`, `wait`, `ok`,
//! `not_found`, `failed`. What is not here is `judge`: rules in a manifest are for recipes and scripts, a component decides itself.
//!
//! Owns: how inputs, answers and outcomes are read and written in JSON, and what an error of the host comes to.
//! Never: decides what an answer means; keeps anything from one run to the next; imports anything but the contract.
//! Keeps true: whatever a preset's function returns becomes an outcome of the contract, one item for each input, in their order.
//!
//! The one macro is [`export!`]: which functions a component exports is fixed where it is linked, so that line must stand in the
//! author's own crate. The bindings are for the world `bundle` of the `wit/` of this repository, read when the crate is compiled.
//! They are not those of `plugins/interpreter`, whose world has the interpreters' `load` as well.

mod answer;
#[doc(hidden)]
pub mod contract;
mod door;
mod error;
mod host;
mod outcome;
mod presets;
mod request;
#[cfg(test)]
mod tests;

pub use answer::Answer;
pub use error::{Error, HostError};
pub use host::{Host, Level};
pub use outcome::{Class, Outcome};
pub use presets::Presets;
pub use request::Request;

/// Exports the presets that a function names: `presetter_guest::export!(presets);`, once in a crate, beside that function.
#[macro_export]
macro_rules! export {
    ($presets:path) => {
        #[allow(unsafe_code, missing_docs, reason = "generated: it is the border")]
        const _: () = {
            struct Component;

            impl $crate::contract::Guest for Component {
                fn run(
                    name: ::std::string::String,
                    inputs: ::std::vec::Vec<::std::string::String>,
                    context: ::std::string::String,
                ) -> $crate::contract::types::Outcome {
                    $crate::contract::run(&$presets(), &name, &inputs, &context)
                }
            }

    $crate::contract::bindings::export!(Component with_types_in $crate::contract::bindings);
        };
    };
}
