//! Reading ranges of keys: the statistics of a metric and period, and everything under a prefix.

mod passes;
mod prefix;
mod rows;
mod statistics;
mod unpacked;

pub use prefix::{Prefix, Scan};
pub(crate) use rows::Wanted;
pub(crate) use statistics::Selection;
pub use statistics::Statistics;
