//! `presetter dev`.

use crate::args::DevArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::world::World;

/// Follows `presetter dev`.
pub(crate) async fn dev(world: &World, args: &DevArgs) -> Result<Exit, Failure> {
    let _ = (world, args);
    Err(Failure::new(Exit::Internal, "dev is being built"))
}
