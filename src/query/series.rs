//! The series of a metric, and what is asked for of it.

use super::{
    axis::{Axis, SlotRange},
    origin::Origin,
    selection::{ObjectFilter, Selection},
    stored::StoredSeries,
};
use crate::{
    error::Result,
    kinds::Value,
    model::{Metric, Object, Period},
    storage::Direction,
    store::Store,
};
use chrono::NaiveDate;
use std::fmt;

impl Store {
    /// The statistics of a metric for a period, as a time series.
    ///
    /// Without more, that is the statistics without object, of all dates, oldest first.
    ///
    /// ```
    /// use trackstats::{Domain, Metric, Period, Store, chrono::NaiveDate, query::Fill};
    ///
    /// const TILL: Domain = Domain::new("till", "The till");
    /// const SALES: Metric = Metric::new(TILL, "sales", "Sales");
    ///
    /// let may = |day| NaiveDate::from_ymd_opt(2024, 5, day).unwrap();
    /// let store = Store::in_memory()?;
    /// store.record(SALES.on(Period::Day, may(1)), 10)?;
    /// store.record(SALES.on(Period::Day, may(3)), 12)?;
    ///
    /// let week = store.series(SALES, Period::Day).from(may(1)).to(may(4)).fill(Fill::Zero);
    /// assert_eq!(week.values()?, [Some(10), Some(0), Some(12), Some(0)]);
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    pub fn series<'a, V: Value>(&self, metric: Metric<'a, V>, period: Period) -> SeriesQuery<'a, V> {
        let selection = Selection {
            store: self.clone(),
            metrics: vec![metric.with_kind()],
            period,
            objects: ObjectFilter::Without,
            from: None,
            to: None,
            direction: Direction::Forwards,
        };
        SeriesQuery { selection, period, origin: Origin::Stored(StoredSeries::of_kind()) }
    }
}

/// A series: which statistics of a metric are read, and what is worked out from them. Made by [`Store::series`].
///
/// Steps such as [`rolling`](Self::rolling) and [`resample`](Self::resample) follow one another. They are worked out
/// as the series is read, and never stored. Which statistics are read, and which dates are wanted, may be said before a
/// step or after it: it means the same. The dates are those of the last step's periods, and what has to be read for
/// the first of them, such as the six days before a window of seven, is read too. An end within a calendar period stands
/// for all of it. Without ends, a series goes from the first to the last date that there is something for.
///
/// Where a step means what a stored period means, it equals it: `rolling(7)` the last 7 days, `resample(Period::Month)`
/// the months, `cumulative()` the lifetimes, each up to the same date.
///
/// Stored statistics are read a few at a time. After a step, all points that are read are held in memory meanwhile, of
/// each object asked for.
///
/// ```
/// use trackstats::{Domain, Metric, Period, Store, chrono::NaiveDate};
///
/// const SHOP: Domain = Domain::new("shop", "Web shop");
/// const ORDERS: Metric = Metric::new(SHOP, "orders", "Orders");
///
/// let date = |month, day| NaiveDate::from_ymd_opt(2024, month, day).unwrap();
/// let store = Store::in_memory()?;
/// for (month, day, orders) in [(4, 3, 10), (4, 20, 30), (5, 1, 20), (5, 31, 40)] {
///     store.record(ORDERS.on(Period::Day, date(month, day)), orders)?;
/// }
/// let growth = store.series(ORDERS, Period::Day).resample(Period::Month).growth().from(date(5, 17)).to(date(5, 17));
/// assert_eq!(growth.points()?, [(date(5, 1).into(), Some(50.0))]);
/// # Ok::<(), trackstats::Error>(())
/// ```
#[must_use]
pub struct SeriesQuery<'a, T = i64> {
    pub(super) selection: Selection<'a>,
    /// That of the points, which the stored one may not be.
    pub(super) period: Period,
    pub(super) origin: Origin<'a, T>,
}

impl<T> SeriesQuery<'_, T> {
    /// The statistics about this object. Default: those without object.
    pub fn object(self, object: impl Into<Object>) -> Self {
        self.objects([object.into()])
    }

    /// The statistics about these objects. Default: those without object.
    pub fn objects(mut self, objects: impl IntoIterator<Item = Object>) -> Self {
        let mut objects: Vec<Object> = objects.into_iter().collect();
        objects.sort_unstable();
        objects.dedup();
        self.selection.objects = ObjectFilter::These(objects);
        self
    }

    /// The statistics about objects of exactly these kinds: `["country"]` for countries, `["country", "province"]`
    /// for their provinces. Default: those without object.
    pub fn by<K: Into<String>>(mut self, kinds: impl IntoIterator<Item = K>) -> Self {
        let kinds = kinds.into_iter().map(Into::into).collect();
        self.selection.objects = self.selection.objects.of_part_kinds(kinds);
        self
    }

    /// The statistics about objects whose first parts are these, whatever parts follow, if any. Together with
    /// [`by`](Self::by): of those, the ones of its kinds. Default: those without object.
    pub fn under(mut self, parts: impl Into<Object>) -> Self {
        self.selection.objects = self.selection.objects.under(parts.into());
        self
    }

    /// From the period that contains this date on, and it included. Default: from the first.
    pub fn from(mut self, date: NaiveDate) -> Self {
        self.selection.from = Some(date);
        self
    }

    /// Up to the period that contains this date, and it included. Default: up to the last.
    pub fn to(mut self, date: NaiveDate) -> Self {
        self.selection.to = Some(date);
        self
    }

    /// Newest first. Default: oldest first.
    pub fn newest_first(mut self) -> Self {
        self.selection.direction = Direction::Backwards;
        self
    }

    /// The period of its statistics.
    pub fn period(&self) -> Period {
        self.period
    }

    pub(super) fn axis(&self) -> Axis {
        Axis { calendar: *self.selection.store.calendar(), period: self.period }
    }

    /// The slots of the dates that are wanted.
    pub(super) fn range(&self) -> Result<SlotRange> {
        self.axis().range(self.selection.from, self.selection.to)
    }
}

impl<'a, V: Value> SeriesQuery<'a, V> {
    /// The statistics of this metric as well, after those of the one before. Default: one metric.
    ///
    /// It is of the same kind of value as the first one: read after a [`map`](Self::map) to another kind, it is
    /// [`Error::WrongKind`](crate::Error::WrongKind).
    pub fn and(mut self, metric: Metric<'a, V>) -> Self {
        self.selection.metrics.push(metric.with_kind());
        self
    }
}

impl<T> Clone for SeriesQuery<'_, T> {
    fn clone(&self) -> Self {
        Self { selection: self.selection.clone(), period: self.period, origin: self.origin.clone() }
    }
}

impl<T> fmt::Debug for SeriesQuery<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { selection, period, origin } = self;
        f.debug_struct("SeriesQuery")
            .field("selection", selection)
            .field("period", period)
            .field("is_stored", &matches!(origin, Origin::Stored(_)))
            .finish()
    }
}
