//! Trackers: statistics worked out from an iterator of timestamped records.

mod append;
mod carry;
mod derive;
mod grouping;
mod pass;
mod recompute;
mod report;
mod stored_rows;
mod tally;
mod touched;
mod tracker;

pub use append::Append;
pub use grouping::Ids;
pub use recompute::{Recompute, Since};
pub use report::{Report, Skip, Unreadable};
pub use tracker::Tracker;
