//! Trackers: statistics worked out from an iterator of timestamped records.

mod append;
mod cutoffs;
mod group_by;
mod grouping;
mod plan;
mod recompute;
mod report;
mod run;
mod since;
mod tracker;
mod tracker_run;
mod trackers;

pub use append::Append;
pub use grouping::Ids;
pub use recompute::Recompute;
pub use report::{Report, Skip};
use run::How;
pub use run::Track;
pub use since::Since;
pub use tracker::Tracker;
pub use trackers::Trackers;
