//! `presetter pack`.

use crate::args::PackArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::world::World;

/// Follows `presetter pack`.
pub(crate) async fn pack(world: &World, args: &PackArgs) -> Result<Exit, Failure> {
    let _ = (world, args);
    Err(Failure::new(Exit::Internal, "pack is being built"))
}
