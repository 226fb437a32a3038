//! Reading statistics back: as time series, as others that are worked out from them, and as answers about a range.

mod arithmetic;
mod axis;
mod breakdown;
mod by_object;
mod derived;
mod fill;
mod line;
mod merging;
mod of_series;
mod over;
mod profile;
mod cohorts;
mod series;

pub use arithmetic::Compared;
pub use axis::Compare;
pub use breakdown::{Breakdown, BreakdownEntry, Others, Ranked, Ranking};
pub use cohorts::{Cohort, Cohorts, CohortsQuery};
pub use derived::Derived;
pub use fill::Fill;
pub use over::Total;
pub use profile::ProfilePart;
pub use series::SeriesQuery;
