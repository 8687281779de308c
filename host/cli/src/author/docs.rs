//! `presetter docs`.

use crate::args::DocsArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::world::World;

/// Follows `presetter docs`.
pub(crate) async fn docs(world: &World, args: &DocsArgs) -> Result<Exit, Failure> {
    let _ = (world, args);
    Err(Failure::new(Exit::Internal, "docs is being built"))
}
