//! Workflows over records: a Begin with a trigger and rules, blocks, paths, an End.
//!
//! Owns: definitions ([`Workflow`]), where values come from ([`Mappings`]), their interpreter and the steps that it asks for, what
//! begins runs, and bringing in a vendor's users ([`sync`]).
//! Never: the network, a component or a secret; whoever knows presets and connections is asked through [`Presets`].
//!
//! Invariants: only a `not_found` with proof deactivates anyone; a batch of roles is collected whole and applied whole, or nothing of
//! it is; a workflow's own writes never begin it again; a chain of workflows ends at [`CHAIN`].
#![forbid(unsafe_code)]

mod answer;
pub mod calendar;
mod definition;
mod executor;
mod fill;
mod flow;
mod mappings;
mod package;
mod plan;
mod presets;
mod steps;
mod store;
pub mod sync;
mod triggers;
mod validate;
pub mod values;

pub use answer::{Answered, headers, named_headers};
pub use definition::{
    Action, Api, Approval, BLOCKS, Begin, Block, Condition, ENDING, Filled, Next, Notify, Path, Role, Rules, Schedule,
    Source, Threshold, Trigger, Update, Via, Wait, Workflow,
};
pub use executor::{Executor, line as record_line};
pub use flow::{Interpreter, asked};
pub use mappings::{Mappings, Origin};
pub use package::{Begun, CHAIN, Input, Package, digest_of};
pub use plan::{Planned, plan};
pub use presets::{Call, Called, ConnectionInfo, Kind, NoRows, PresetInfo, Presets, Rows as RowSink, Trouble};
pub use steps::Collected;
pub use store::{Activation, Daemon, Store, StoreFault};
pub use triggers::{BATCH_LINE, Syncs, Told, activate, deactivate, tick};
pub use validate::{Catalogue, Found, Severity, validate};
