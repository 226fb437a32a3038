//! The words of the field as types: domains, metrics, periods, dates, objects, values, statistics.
//! Pure data: nothing here reads or writes.

mod date;
mod derive;
mod metric;
mod number;
mod object;
mod period;
mod reference;
mod statistic;
mod value;
mod window;

pub use date::Date;
pub(crate) use derive::{DayValues, Derived, Failed, merge};
pub use metric::{Domain, Metric};
pub use number::Number;
pub use object::{Id, Object, Part};
pub use period::Period;
pub use reference::Ref;
pub use statistic::{Series, Statistic, StatisticKey};
pub use value::{AnyValue, Layout, Max, MergeError, Min, Value};
pub(crate) use window::{Join, Window};
