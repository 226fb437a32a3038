//! Reading statistics back as time series.

mod fill;
mod retention;
mod series;

pub use fill::Fill;
pub use retention::{Cohort, Retention, RetentionQuery};
pub use series::SeriesQuery;
