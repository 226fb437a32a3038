//! Reading statistics back: as time series, as others that are worked out from them, and as answers about a range.
//!
//! It may use the store and what stands above it, but not trackers or files of records, and is used by the program alone.

// What is read, and how.
mod axis;
mod by_object;
mod curve;
mod running;
mod selection;
mod stored;

// A series, and its points.
mod origin;
mod reading;
mod series;

// Steps: a series of another.
mod compare;
mod fill;
mod resample;
mod rolling;
mod step;

// Answers about a range.
mod breakdown;
mod cohorts;
mod cover;
mod over;
mod profile;

pub use breakdown::{Breakdown, BreakdownEntry, Others, Ranked, Ranking};
pub use cohorts::{Cohort, Cohorts, CohortsQuery};
pub use compare::{Compare, Compared};
pub use fill::Fill;
pub use over::Total;
pub use profile::ProfilePart;
pub use series::SeriesQuery;
