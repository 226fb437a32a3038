//! Series that are worked out as they are read, and never stored.

use super::{
    axis::{Axis, Range},
    line::{Frame, Line, Lines},
    series::SeriesQuery,
};
use crate::{
    calendar::Days,
    error::Result,
    kinds::{Number, Value},
    model::{Date, Period, Statistic},
    storage::Direction,
};
use chrono::NaiveDate;
use std::{cmp::Ordering, fmt, sync::Arc};

/// What reads the lines of each metric in a range of slots.
type Read<'a, T> = dyn Fn(Range) -> Result<Vec<Lines<T>>> + Send + Sync + 'a;

/// A series that is worked out from stored statistics as it is read; nothing is stored. Made by the methods of
/// [`SeriesQuery`] and its own, which follow one another.
///
/// The dates asked for are those of its own periods: what has to be read for the first of them, such as the six days
/// before a window of seven, is read too. An end within a calendar period stands for all of it. Without ends, it goes
/// from the first to the last date that the series which it is worked out from has.
///
/// Where it means what a stored period means, it equals it: `rolling(7)` the last 7 days, `resample(Period::Month)` the
/// months, `cumulative()` the lifetimes, each up to the same date.
///
/// All points of what is read are held in memory meanwhile, of each object asked for.
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
/// let growth = store.series(ORDERS, Period::Day).from(date(5, 17)).to(date(5, 17)).resample(Period::Month).growth();
/// assert_eq!(growth.points()?, [(date(5, 1).into(), Some(50.0))]);
/// # Ok::<(), trackstats::Error>(())
/// ```
#[must_use]
pub struct Derived<'a, T> {
    pub(super) axis: Axis,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
    direction: Direction,
    read: Arc<Read<'a, T>>,
}

impl<'a, V: Value> SeriesQuery<'a, V> {
    /// The series as one to derive others from, with the same points.
    ///
    /// ```
    /// # use trackstats::{Domain, Metric, Period, Store};
    /// # const SALES: Metric = Metric::new(Domain::new("till", "The till"), "sales", "Sales");
    /// # let store = Store::in_memory()?;
    /// store.record(SALES.on(Period::Day, store.today()?), 12)?;
    /// let doubled = store.series(SALES, Period::Day).derive().map(|sales| 2 * sales);
    /// assert_eq!(doubled.values()?, [Some(24)]);
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    pub fn derive(self) -> Derived<'a, V> {
        let axis = Axis::new(*self.store.calendar(), self.period);
        let (from, to, direction) = (self.from, self.to, self.direction);
        Derived { axis, from, to, direction, read: Arc::new(move |range| self.lines(&axis, range)) }
    }
}

impl<'a, T> Derived<'a, T> {
    /// From the period that contains this date on, and it included. Default: as the series that it is made of.
    pub fn from(self, date: NaiveDate) -> Self {
        Self { from: Some(date), ..self }
    }

    /// Up to the period that contains this date, and it included. Default: as the series that it is made of.
    pub fn to(self, date: NaiveDate) -> Self {
        Self { to: Some(date), ..self }
    }

    /// Newest first. Default: as the series that it is made of.
    pub fn newest_first(self) -> Self {
        Self { direction: Direction::Backwards, ..self }
    }

    /// The period of its statistics.
    pub fn period(&self) -> Period {
        self.axis.period
    }

    /// Each value made into another: a number out of a kind that has several, say. Missing stays missing, and absent
    /// absent.
    ///
    /// ```
    /// # use trackstats::{Domain, Max, Metric, Period, Store};
    /// # const WARMEST: Metric<Max> = Metric::new(Domain::new("climate", "Climate"), "warmest", "Warmest");
    /// # let store = Store::in_memory()?;
    /// store.record(WARMEST.on(Period::Day, store.today()?), Max(19_800))?;
    /// let degrees = store.series(WARMEST, Period::Day).derive().map(|warmest| warmest.0 as f64 / 1_000.0);
    /// assert_eq!(degrees.values()?, [Some(19.8)]);
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    pub fn map<U>(self, to: impl Fn(T) -> U + Send + Sync + 'a) -> Derived<'a, U>
    where
        T: 'a,
    {
        self.filter_map(move |value| Some(to(value)))
    }

    /// Each value made into another, or into a missing one: the mean of nothing, say. Missing stays missing, and
    /// absent absent.
    ///
    /// ```
    /// # use trackstats::{Domain, Metric, Period, Store};
    /// # const SALES: Metric = Metric::new(Domain::new("till", "The till"), "sales", "Sales");
    /// # let store = Store::in_memory()?;
    /// store.record(SALES.on(Period::Day, store.today()?), 0)?;
    /// let inverse = store.series(SALES, Period::Day).derive().filter_map(|sales| 1_i64.checked_div(sales));
    /// assert_eq!(inverse.values()?, [None]);
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    pub fn filter_map<U>(self, to: impl Fn(T) -> Option<U> + Send + Sync + 'a) -> Derived<'a, U>
    where
        T: 'a,
    {
        let axis = self.axis;
        self.each_line(
            axis,
            |range| range,
            move |Line { series, points }, _| {
                let points = points.into_iter().map(|(slot, value)| (slot, value.and_then(&to)));
                Ok(Line { series, points: points.collect() })
            },
        )
    }

    /// All statistics: by date, and the objects of a date in their order; several metrics one after the other.
    ///
    /// # Errors
    /// As [`SeriesQuery::statistics`] and its items, [`Error::Underivable`](crate::Error::Underivable) when the steps
    /// don't fit the period that they are applied to, and [`Error::Merge`](crate::Error::Merge) when values don't merge.
    pub fn all(&self) -> Result<Vec<Statistic<T>>> {
        let range = self.axis.range(self.from, self.to)?;
        let mut statistics = Vec::new();
        for lines in self.lines(range)? {
            let mut points: Vec<(i32, usize, Option<T>)> = Vec::new();
            let mut series = Vec::with_capacity(lines.0.len());
            for (number, line) in lines.0.into_iter().enumerate() {
                series.push(line.series);
                points.extend(line.points.into_iter().map(|(slot, value)| (slot, number, value)));
            }
            points.sort_by_key(|(slot, number, _)| (*slot, *number));
            if self.direction == Direction::Backwards {
                points.reverse();
            }
            for (slot, number, value) in points {
                let Some(series) = series.get(number) else { continue };
                statistics.push(Statistic { series: Arc::clone(series), date: self.axis.date(slot)?, value });
            }
        }
        Ok(statistics)
    }

    /// All dates and values, in the order of [`all`](Self::all): what a chart needs.
    ///
    /// # Errors
    /// As [`all`](Self::all).
    pub fn points(&self) -> Result<Vec<(Date, Option<T>)>> {
        Ok(self.all()?.into_iter().map(|statistic| (statistic.date, statistic.value)).collect())
    }

    /// All values, in the order of [`all`](Self::all).
    ///
    /// # Errors
    /// As [`all`](Self::all).
    pub fn values(&self) -> Result<Vec<Option<T>>> {
        Ok(self.all()?.into_iter().map(|statistic| statistic.value).collect())
    }

    /// The statistic of the latest date that has one; of several objects, the last in their order.
    ///
    /// # Errors
    /// As [`all`](Self::all).
    pub fn latest(&self) -> Result<Option<Statistic<T>>> {
        Ok(self.all()?.into_iter().reduce(|latest, next| {
            let order = next.date.cmp(&latest.date).then_with(|| next.object().cmp(&latest.object()));
            if order == Ordering::Greater { next } else { latest }
        }))
    }

    /// The lines of each metric in a range of slots, and no points outside of it.
    pub(super) fn lines(&self, range: Range) -> Result<Vec<Lines<T>>> {
        let mut metrics = (self.read)(range)?;
        for lines in &mut metrics {
            lines.cut(range);
        }
        Ok(metrics)
    }

    /// A series on another axis, read by `read`.
    pub(super) fn read_by<U>(
        self,
        axis: Axis,
        read: impl Fn(&Self, Range) -> Result<Vec<Lines<U>>> + Send + Sync + 'a,
    ) -> Derived<'a, U>
    where
        T: 'a,
    {
        let (from, to, direction) = (self.from, self.to, self.direction);
        Derived { axis, from, to, direction, read: Arc::new(move |range| read(&self, range)) }
    }

    /// A series on another axis, each line worked out from one of this series, which is read in the range that `reach`
    /// makes of the one asked for.
    pub(super) fn each_line<U>(
        self,
        axis: Axis,
        reach: impl Fn(Range) -> Range + Send + Sync + 'a,
        work_out: impl Fn(Line<T>, Frame<'_>) -> Result<Line<U>> + Send + Sync + 'a,
    ) -> Derived<'a, U>
    where
        T: 'a,
    {
        self.read_by(axis, move |source, range| {
            let mut days = Days::new(axis.calendar);
            let mut metrics = Vec::new();
            for lines in source.lines(reach(range))? {
                let ends = lines.ends(range);
                let mut derived = Vec::with_capacity(lines.0.len());
                for line in lines.0 {
                    derived.push(match ends {
                        Some((from, to)) => work_out(line, Frame { days: &mut days, from, to })?,
                        None => line.with(axis.period, Vec::new()),
                    });
                }
                metrics.push(Lines(derived));
            }
            Ok(metrics)
        })
    }
}

impl<T: Number> Derived<'_, T> {
    /// The `count` statistics with the highest values, the highest first; of equal ones the earlier date first, and of
    /// a date the object that comes first. Missing ones have no place among them.
    ///
    /// ```
    /// # use trackstats::{Domain, Metric, Period, Store, chrono::NaiveDate};
    /// # const SALES: Metric = Metric::new(Domain::new("till", "The till"), "sales", "Sales");
    /// # let store = Store::in_memory()?;
    /// # let may = |day| NaiveDate::from_ymd_opt(2024, 5, day).unwrap();
    /// for (day, sales) in [(1, 5), (2, 9), (3, 9), (4, 1)] {
    ///     store.record(SALES.on(Period::Day, may(day)), sales)?;
    /// }
    /// let best: Vec<_> = store.series(SALES, Period::Day).top(2)?.iter().map(|best| best.date).collect();
    /// assert_eq!(best, [may(2), may(3)]);
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`all`](Self::all).
    pub fn top(&self, count: usize) -> Result<Vec<Statistic<T>>> {
        self.ranked(count, |a, b| b.order(a))
    }

    /// The `count` statistics with the lowest values, the lowest first; ties and missing ones as in
    /// [`top`](Self::top).
    ///
    /// # Errors
    /// As [`all`](Self::all).
    pub fn bottom(&self, count: usize) -> Result<Vec<Statistic<T>>> {
        self.ranked(count, Number::order)
    }

    fn ranked(&self, count: usize, order: impl Fn(&T, &T) -> Ordering) -> Result<Vec<Statistic<T>>> {
        let forwards = Self { direction: Direction::Forwards, ..self.clone() };
        let mut statistics = forwards.all()?;
        statistics.retain(|statistic| statistic.value.is_some());
        statistics.sort_by(|a, b| match (&a.value, &b.value) {
            (Some(a), Some(b)) => order(a, b),
            _ => Ordering::Equal,
        });
        statistics.truncate(count);
        Ok(statistics)
    }
}

impl<T> Clone for Derived<'_, T> {
    fn clone(&self) -> Self {
        Self { read: Arc::clone(&self.read), ..*self }
    }
}

impl<T> fmt::Debug for Derived<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Derived")
            .field("period", &self.axis.period)
            .field("from", &self.from)
            .field("to", &self.to)
            .field("direction", &self.direction)
            .finish_non_exhaustive()
    }
}
