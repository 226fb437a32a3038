//! Trackers: statistics worked out from an iterator of timestamped records.
//!
//! It may use the store and what stands above it, but not queries or files of records, and is used by the program alone.

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
