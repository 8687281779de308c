//! The stand-in over the wire: each test speaks raw HTTP/1.1 to it, as any client would.
#![forbid(unsafe_code)]

mod admin;
mod business;
mod client;
mod failures;
mod manager;
mod program;
mod session;
