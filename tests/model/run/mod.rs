//! Operations on a store beside a model of it, which are compared all along. The fuzz target `model` has this module,
//! too.

mod expected;
mod operation;
mod world;

pub(crate) use operation::{Operation, operations};
pub(crate) use world::World;
