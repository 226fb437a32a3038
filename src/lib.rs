//! trackstats
mod calendar;
mod encoding;
mod error;
mod model;
mod query;
mod storage;
mod store;

pub use calendar::{Bucket, Calendar, Timestamp};
pub use error::{Error, Result};
pub use model::{
    AnyValue, Date, Domain, Id, Layout, Max, MergeError, Metric, Min, Object, Part, Period, Ref, Series,
    Statistic, StatisticKey, Value,
};
pub use query::{Fill, Prefix, Scan, SeriesQuery, Statistics};
pub use store::{
    Change, Clock, Deletion, DomainInfo, FixedClock, Flush, MetricInfo, Options, Store, SystemClock,
};

pub use chrono;
