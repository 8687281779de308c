//! Connections, secret references, sessions, injection.
//!
//! Owns: what an operator set up to reach one account ([`Store`]), where its secrets come from ([`Reference`]), the
//! session that a login yields, and the filling of credentials into requests ([`Access`]).
//!
//! Must never: hand a secret or a token to a guest, write one to a file in plain, put one into a message, or read the
//! environment by itself (the program does, through [`Surroundings`]).
//!
//! Invariants: a request is checked against the grants before a login is made for it; one login serves all runs that wait
//! for it, also in other processes; a request renews the session at most once; a sealed session that does not belong to
//! exactly this connection is as good as none.
#![forbid(unsafe_code)]

mod access;
mod check;
mod clock;
mod error;
mod expiry;
mod grants;
mod inject;
mod json;
mod login;
mod network;
mod outgoing;
mod plan;
mod redirect;
mod reference;
mod resolve;
mod scrub;
mod seal;
mod session;
mod shelf;
mod source;
mod store;
mod target;
mod values;
mod vault;

pub use access::{Access, AccessContext, SessionInfo, Wire, exchange_limits};
pub use check::Complaint;
pub use clock::{Clock, SystemClock};
pub use error::Error;
pub use outgoing::{Answer, Body, Outgoing, Preview, Redirects};
pub use reference::{Reference, ReferenceError};
pub use resolve::{MAX_SECRET_BYTES, Surroundings, Unresolved, resolve};
pub use scrub::is_web_page;
pub use session::COOL_DOWN;
pub use source::Source;
pub use store::{Connection, Store, StoreError};
