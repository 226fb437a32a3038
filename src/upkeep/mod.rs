//! What keeps a store sound: reading all of it and checking it, and recomputing what is derived from days.

mod compare;
mod difference;
mod entries;
mod expected;
mod grouping;
mod objects;
mod rebuild;
#[cfg(test)]
mod tests;
mod verification;
mod verify;

pub use difference::{Difference, Differences};
pub use rebuild::{Rebuild, RebuildReport};
pub use verification::{Problem, Verification};
