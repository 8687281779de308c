//! `presetter workflow`, `sync`, `daemon`, `status`, `saas` and `history`: records put to use.
//!
//! Owns: where workflows lie, and from words on the command line to runs. What a workflow means is decided by
//! `presetter-workflow`, what a run is by `presetter-journal`; here both are asked for and shown.

mod caller;
mod check;
mod daemon;
mod decide;
mod door;
mod draw;
mod files;
mod history;
mod logs;
mod machine;
mod make;
mod run;
mod saas;
mod status;
mod sync;
mod trial;

use crate::args::WorkflowVerb;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::world::World;

pub(crate) use caller::gap;
pub(crate) use daemon::daemon;
pub(crate) use history::history;
pub(crate) use saas::saas;
pub(crate) use status::status;
pub(crate) use sync::sync;

/// Follows `presetter workflow`.
pub(crate) async fn follow(world: &World, verb: &WorkflowVerb) -> Result<Exit, Failure> {
    match verb {
        WorkflowVerb::New(args) => make::new(world, args),
        WorkflowVerb::Validate(args) => check::validate(world, args),
        WorkflowVerb::Preview(args) => check::preview(world, args),
        WorkflowVerb::Plan(args) => check::plan(world, args).await,
        WorkflowVerb::Test(args) => trial::test(world, args).await,
        WorkflowVerb::Activate(args) => run::activate(world, &args.name).await,
        WorkflowVerb::Deactivate(args) => run::deactivate(world, &args.name).await,
        WorkflowVerb::Run(args) => run::run(world, args).await,
        WorkflowVerb::List(args) => check::list(world, args.format).await,
        WorkflowVerb::Show(args) => draw::show(world, args),
        WorkflowVerb::Logs(args) => logs::logs(world, args).await,
        WorkflowVerb::Approve(args) => decide::approve(world, args).await,
        WorkflowVerb::Cancel(args) => decide::cancel(world, &args.run).await,
        WorkflowVerb::Resume(args) => decide::resume(world, args).await,
    }
}
