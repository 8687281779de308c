//! `presetter check`.

use crate::args::CheckArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::world::World;

/// Follows `presetter check`.
pub(crate) async fn check(world: &World, args: &CheckArgs) -> Result<Exit, Failure> {
    let _ = (world, args);
    Err(Failure::new(Exit::Internal, "check is being built"))
}
