//! Trackers: statistics worked out from an iterator of timestamped records.

mod append;
mod carry;
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
pub(crate) use pass::merge_error;
pub use recompute::{Recompute, Since};
pub use report::{Report, Skip, Unreadable};
pub(crate) use stored_rows::{StoredRows, Target, Update};
pub use tracker::Tracker;
