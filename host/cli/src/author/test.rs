//! `presetter test`.

use crate::args::TestArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::world::World;

/// Follows `presetter test`.
pub(crate) async fn test(world: &World, args: &TestArgs) -> Result<Exit, Failure> {
    let _ = (world, args);
    Err(Failure::new(Exit::Internal, "test is being built"))
}
