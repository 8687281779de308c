//! What every engine behind the seam must pass, whatever it is built on.
//!
//! Owns: a world for engines to live in (a clock that stands still until it is moved, a server that remembers what was asked of
//! it, places to crash at), and the cases.
//! Never: how an engine keeps its runs; all is seen through the seam.
//!
//! An engine's tests call [`crate::conformance_tests`] with a function that makes a [`Factory`] over a new, empty store. Each engine that the
//! factory opens has leases of [`LEASE`]. Nothing here sleeps.
//!
//! The cases assert, so they panic where an engine is wrong.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

mod cases;
mod crash;
mod script;
mod vendor;
mod world;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::seam::{Engine, Parts};

pub use cases::*;
pub use crash::Crash;
pub use script::{Script, submission};
pub use vendor::{Call, Executor, Vendor};
pub use world::{Instance, VirtualClock, World};

/// The time of a lease.
pub const LEASE: Duration = Duration::from_secs(60);

/// Opens engines over one store.
#[async_trait]
pub trait Factory: Send + Sync {
    /// One more engine; those before may be gone, or at work.
    async fn open(&self, parts: Parts) -> Arc<dyn Engine>;
}

/// Makes a factory over a new, empty store.
pub type Make<'m> = &'m (dyn Fn() -> Box<dyn Factory> + Sync);

/// One test for each case, for the engine of this function.
#[macro_export]
macro_rules! conformance_tests {
    ($make:expr) => {
        $crate::conformance_tests! { $make;
            a_run_goes_through_and_is_kept
            what_is_recorded_never_runs_again
            time_is_recorded
            a_failure_is_an_answer
            an_answer_that_is_nested_too_deep_is_not_kept
            submitting_again_gives_the_same_run
            runs_of_an_ordering_go_in_turn
            an_unknown_run_holds_up_its_ordering
            branches_go_side_by_side
            a_branch_that_waits_holds_up_no_other
            a_branch_that_fails_or_panics_stops_no_other
            a_sleep_ends_at_its_time
            an_event_may_come_before_or_after_the_wait
            an_event_that_comes_while_a_worker_has_the_run_is_not_missed
            a_wait_ends_at_its_deadline
            an_event_is_known_by_its_id
            what_waits_or_queues_is_cancelled_at_once
            a_step_in_flight_is_asked_to_break_off
            another_engine_may_cancel
            a_cancelled_run_with_an_unknown_write_waits
            another_step_at_a_recorded_place_ends_the_run
            a_recorded_step_that_is_left_out_ends_the_run
            what_is_in_flight_is_settled_before_a_run_diverges
            a_run_is_taken_over_when_its_lease_is_over
            what_waits_for_its_turn_is_not_in_doubt_after_a_crash
            a_lease_is_kept_while_its_worker_lives
            a_worker_that_lost_its_lease_records_nothing
            a_worker_that_stops_gives_its_runs_back
            a_worker_of_some_runs_leaves_the_others_alone
            without_an_answer_a_repeat_follows_the_statement
            an_executor_that_panics_leaves_its_step_in_doubt
            a_person_decides
            a_timer_fires_once
            followers_see_progress_and_the_end
            lists_go_by_pages
            what_is_too_large_is_refused
            a_crash_anywhere_leads_where_the_statement_says
            a_crash_of_a_caller_is_mended_by_asking_again
        }
    };
    ($make:expr; $($case:ident)*) => {
        $(
            #[tokio::test]
            async fn $case() {
                $crate::conformance::$case(&$make).await;
            }
        )*
    };
}
