//! Operations on a store beside a model of it, which are compared all along. In the package of the fuzz targets,
//! this module is a library.

mod expected;
pub mod operation;
pub mod world;

pub use operation::{Operation, operations};
pub use world::World;
