//! Trackers: statistics worked out from an iterator of timestamped records.

mod append;
mod carry;
mod dating;
mod grouping;
mod pass;
mod plan;
mod recompute;
mod report;
mod run;
mod stored_rows;
mod tally;
mod touched;
mod tracker;
mod trackers;

pub use append::Append;
pub use grouping::Ids;
pub(crate) use pass::merge_error;
pub use recompute::{Recompute, Since};
pub use report::{Report, Skip};
use run::How;
pub use run::Track;
pub(crate) use stored_rows::{StoredRows, Target, Update};
pub use tracker::Tracker;
pub use trackers::Trackers;
