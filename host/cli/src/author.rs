//! What authors of presets use.

pub(crate) mod check;
pub(crate) mod dev;
pub(crate) mod docs;
pub(crate) mod new;
pub(crate) mod pack;
mod scripts;
pub(crate) mod test;
