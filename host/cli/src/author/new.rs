//! `presetter new`.

use crate::args::NewArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::world::World;

/// Follows `presetter new`.
pub(crate) async fn new(world: &World, args: &NewArgs) -> Result<Exit, Failure> {
    let _ = (world, args);
    Err(Failure::new(Exit::Internal, "new is being built"))
}
