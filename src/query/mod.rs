//! Reading statistics back as time series.

mod fill;
mod series;

pub use fill::Fill;
pub use series::SeriesQuery;
