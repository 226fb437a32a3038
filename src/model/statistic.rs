//! A statistic, its key, and the series that it is a point of.

use super::{Date, Metric, Object, Period};
use std::{fmt, sync::Arc};

/// Which statistic: a metric, a period, a date and perhaps an object. Made by [`Metric::on`].
///
/// ```
/// use trackstats::{Domain, Metric, Object, Period, chrono::NaiveDate};
///
/// const APP: Domain = Domain::new("app", "App");
/// const LAUNCHES: Metric = Metric::new(APP, "launches", "Launches");
///
/// let day = NaiveDate::from_ymd_opt(2024, 5, 17).unwrap();
/// let key = LAUNCHES.on(Period::Day, day).of(Object::new("user", 42)?);
/// assert_eq!(key.to_string(), "app/launches day 2024-05-17 user=42");
/// # Ok::<(), trackstats::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct StatisticKey<'a, V = i64> {
    pub(crate) metric: Metric<'a, V>,
    pub(crate) period: Period,
    pub(crate) date: Date,
    pub(crate) object: Option<Object>,
}

impl<V> StatisticKey<'_, V> {
    /// The same key for an object. Default: no object.
    pub fn of(self, object: impl Into<Object>) -> Self {
        Self { object: Some(object.into()), ..self }
    }
}

// Here, so that metrics don't import from what is made of them.
impl<'a, V> Metric<'a, V> {
    /// The key of this metric's statistic for a period and a date.
    ///
    /// Any date within a calendar period stands for that period: 17 May is in the month of 1 May.
    pub fn on(self, period: Period, date: impl Into<Date>) -> StatisticKey<'a, V> {
        StatisticKey { metric: self, period, date: date.into(), object: None }
    }
}

/// `domain/metric period date object`.
impl<V> fmt::Display for StatisticKey<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(f, &self.metric, self.period, self.date, self.object.as_ref())
    }
}

/// A time series: all statistics of a metric for a period and perhaps an object.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Series {
    pub(crate) domain: Arc<str>,
    pub(crate) metric: Arc<str>,
    pub(crate) period: Period,
    pub(crate) object: Option<Object>,
}

impl Series {
    /// The ref of the domain.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The ref of the metric.
    pub fn metric(&self) -> &str {
        &self.metric
    }

    /// The period of each statistic.
    pub fn period(&self) -> Period {
        self.period
    }

    /// The object, if the series is about one.
    pub fn object(&self) -> Option<&Object> {
        self.object.as_ref()
    }
}

/// A statistic as it is read: a point of a series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statistic<V = i64> {
    /// The series that it is a point of.
    pub series: Arc<Series>,
    /// The date: the first day of a calendar period, the last of `LastDays` and `Lifetime`.
    pub date: Date,
    /// The value; `None` is a statistic that is known to be missing, which is neither zero nor absent.
    pub value: Option<V>,
}

impl<V> Statistic<V> {
    /// The object, if the statistic is about one.
    pub fn object(&self) -> Option<&Object> {
        self.series.object()
    }
}

/// `domain/metric period date object`.
impl<V> fmt::Display for Statistic<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Series { domain, metric, period, object } = &*self.series;
        describe(f, &format_args!("{domain}/{metric}"), *period, self.date, object.as_ref())
    }
}

fn describe(
    f: &mut fmt::Formatter<'_>,
    metric: &impl fmt::Display,
    period: Period,
    date: Date,
    object: Option<&Object>,
) -> fmt::Result {
    write!(f, "{metric} {period} {date}")?;
    object.map_or(Ok(()), |object| write!(f, " {object}"))
}
