//! Runs as recorded steps.
//!
//! Owns: the seam between flows and what runs them ([`seam`]), the engine that lives in this program and keeps its runs in an
//! SQLite file ([`embedded`]), and the tests that every engine behind the seam passes ([`conformance`]).
//! Never: what a step does, or what a flow means. A step is data; the executor above knows presets, connections and records.
//!
//! Invariants:
//! - A step is recorded before it begins and when it ends. One whose end is recorded never runs again.
//! - The place of a step in its run is its identity, and what its key is made from. A replay that asks for something else at a
//!   recorded place ends its run.
//! - What is in flight at a crash follows its own [`Repeat`](seam::Repeat) and nothing else: it is repeated, repeated with the
//!   same key, or asked about; what nobody knows is `unknown` and waits for a person. No run ends before that.
//! - A worker records only while its lease is its own.
//!
//! What a lease cannot do: it fences the journal, not the wire. A worker that lost its lease may have a request under way that
//! still arrives, while another worker has its run. That request is in flight like any other, so the same rule covers it: only what
//! may be repeated is repeated.
//!
//! Secrets: whatever is given to the journal is kept as plain text, for good, for audit. Inputs, steps, answers, events and
//! progress hold the *names* of connections and references to secrets, never secrets; the callers see to that.
#![forbid(unsafe_code)]

pub mod conformance;
pub mod embedded;
pub mod seam;
