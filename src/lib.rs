//! trackstats
mod error;
mod model;
mod calendar;
mod encoding;
mod storage;
mod store;
mod track;
mod query;
#[cfg(feature = "transfer")]
mod transfer;

pub use calendar::{Bucket, Calendar, Timestamp};
pub use error::{Error, Result};
pub use model::{
    AnyValue, Date, Domain, Id, Layout, Max, MergeError, Metric, Min, Object, Part, Period, Ref, Series,
    Statistic, StatisticKey, Value,
};
pub use query::{Fill, SeriesQuery};
pub use store::{
    Change, Clock, Deletion, DomainInfo, FixedClock, Flush, MetricInfo, Options, Prefix, Scan, Statistics,
    Store, SystemClock,
};
pub use track::{Append, Ids, Recompute, Report, Since, Skip, Tracker, Unreadable};
#[cfg(feature = "transfer")]
pub use transfer::{ImportReport, export, exported_calendar, import, statistic_line};

pub use chrono;
