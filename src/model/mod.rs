//! The words of the field as types: domains, metrics, periods, dates, objects, values, statistics.
//! Pure data: nothing here reads or writes.

mod bytes;
mod counter;
mod date;
mod derive;
mod distinct;
mod exact;
mod figures;
mod gauge;
mod limbs;
mod metric;
mod number;
mod object;
mod period;
mod quantiles;
mod reference;
mod statistic;
mod sum;
mod summary;
mod value;
mod window;

#[cfg(feature = "transfer")]
pub(crate) use bytes::Encoded;
pub use counter::Counter;
pub use date::Date;
pub(crate) use derive::{DayValues, Derived, Failed, merge};
pub use distinct::{Distinct, Intersection, Item};
pub use figures::{Figure, Figures};
pub use gauge::Gauge;
pub use metric::{Domain, Metric};
pub use number::Number;
pub use object::{Id, Object, Part};
pub use period::Period;
pub use quantiles::Quantiles;
pub use reference::Ref;
pub use statistic::{Series, Statistic, StatisticKey};
pub use sum::Sum;
pub use summary::Summary;
pub use value::{AnyValue, Layout, Max, MergeError, Min, Value};
pub(crate) use window::{Join, Window};
