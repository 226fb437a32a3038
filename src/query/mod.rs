//! Reading statistics back: series of a metric, and everything under a prefix.

mod fill;
mod prefix;
mod rows;
mod series;
mod statistics;

pub use fill::Fill;
pub use prefix::{Prefix, Scan};
pub use series::SeriesQuery;
pub use statistics::Statistics;
