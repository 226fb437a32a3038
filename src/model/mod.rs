//! What statistics are made of: domains, metrics, periods, dates, objects, series, points.
//!
//! Pure data: nothing here reads or writes, or knows what a value is. Everything below uses it.

mod date;
mod metric;
mod object;
mod period;
mod point;
mod reference;
mod statistic;

pub use date::Date;
pub use metric::{Domain, Metric};
pub use object::{Id, Object, Part};
pub use period::Period;
pub use point::Point;
pub use reference::Ref;
pub use statistic::{Series, Statistic, StatisticKey};
