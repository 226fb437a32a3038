//! Statistics as real programs have them: sparse, and about things with names. Each program's are made from a fixed seed.
//!
//! `program` says what a program is, the files named for programs make their statistics, `store`, `trackstats` and
//! `sqlite` keep them, and `task` runs what is measured, in a process of its own.

mod authors;
mod case;
mod engine;
mod flights;
mod keeping;
mod program;
mod small;
mod sqlite;
mod store;
pub mod task;
mod till;
mod tracking;
mod trackstats;
mod users;

pub use case::Case;
pub use engine::Engine;
