//! Reading ranges of keys: the statistics of a metric and period, and everything under a prefix.

mod prefix;
mod rows;
mod statistics;

pub use prefix::{Prefix, Scan};
pub(crate) use rows::Wanted;
pub(crate) use statistics::Selection;
pub use statistics::Statistics;
