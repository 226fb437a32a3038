//! The points of a series, one by one or all at once.

use super::{
    axis::Axis, curve::Curve, origin::Origin, selection::StatisticAt, series::SeriesQuery, stored::Reading,
};
use crate::{
    error::Result,
    format::key,
    kinds::Number,
    model::{Date, Series, Statistic},
    storage::Direction,
};
use std::{cmp::Ordering, sync::Arc};

impl<T: Send + 'static> SeriesQuery<'_, T> {
    /// The statistics, read as they are asked for; after a step, such as [`fill`](Self::fill), all at once.
    ///
    /// They come by date, and the objects of a date in their order; several metrics one after the other. A metric
    /// that nothing was written to has none.
    ///
    /// # Errors
    /// [`Error::WrongKind`](crate::Error::WrongKind), [`Error::DateOutOfRange`](crate::Error::DateOutOfRange),
    /// [`Error::UnknownPeriod`](crate::Error::UnknownPeriod), and for an item
    /// [`Error::Corrupt`](crate::Error::Corrupt) or [`Error::Io`](crate::Error::Io). After a step as [`all`](Self::all).
    pub fn statistics(&self) -> Result<Box<dyn Iterator<Item = Result<Statistic<T>>> + Send>> {
        let Origin::Stored(stored) = &self.origin else {
            return Ok(Box::new(self.all()?.into_iter().map(Ok)));
        };
        let mut metrics = (stored.statistics)(&self.selection, self.range()?, self.selection.direction)?;
        Ok(match metrics.pop() {
            Some(only) if metrics.is_empty() => only,
            last => Box::new(metrics.into_iter().chain(last).flatten()) as Reading<T>,
        })
    }
}

impl<T> SeriesQuery<'_, T> {
    /// All statistics: by date, and the objects of a date in their order; several metrics one after the other.
    ///
    /// # Errors
    /// As [`statistics`](Self::statistics) and its items, [`Error::Underivable`](crate::Error::Underivable) when a step
    /// doesn't fit the period that it is applied to, and [`Error::Merge`](crate::Error::Merge) when values don't merge.
    pub fn all(&self) -> Result<Vec<Statistic<T>>> {
        let mut all = Vec::new();
        self.visit_dates(|series, date, value| {
            all.push(Statistic { series: Arc::clone(series), date, value });
        })?;
        Ok(all)
    }

    /// All dates and values, in the order of [`all`](Self::all): what a chart needs.
    ///
    /// # Errors
    /// As [`all`](Self::all).
    pub fn points(&self) -> Result<Vec<(Date, Option<T>)>> {
        let mut points = Vec::new();
        self.visit_dates(|_, date, value| points.push((date, value)))?;
        Ok(points)
    }

    /// All values, in the order of [`all`](Self::all).
    ///
    /// # Errors
    /// As [`all`](Self::all).
    pub fn values(&self) -> Result<Vec<Option<T>>> {
        let mut values = Vec::new();
        self.visit(self.selection.direction, |_, _, _, value| {
            values.push(value);
            Ok(())
        })?;
        Ok(values)
    }

    /// The statistic of the latest date that has one; of several objects, the last in their order. Of several metrics
    /// that have that date, the one of the first.
    ///
    /// # Errors
    /// As [`all`](Self::all).
    pub fn latest(&self) -> Result<Option<Statistic<T>>> {
        let range = self.range()?;
        let mut latest: Option<Statistic<T>> = None;
        for found in match &self.origin {
            Origin::Stored(stored) => {
                let metrics = (stored.statistics)(&self.selection, range, Direction::Backwards)?;
                metrics.into_iter().map(|mut metric| metric.next().transpose()).collect::<Result<Vec<_>>>()?
            }
            Origin::Step(_) => {
                let axis = self.axis();
                let metrics = self.origin.curves(&self.selection, range)?.into_iter();
                metrics.map(|curves| curves.latest(&axis)).collect::<Result<_>>()?
            }
        } {
            if found.as_ref().map(|found| found.date) > latest.as_ref().map(|latest| latest.date) {
                latest = found;
            }
        }
        Ok(latest)
    }

    /// Calls `visit` with the series, date and value of each statistic, much faster than one by one, since nothing is
    /// made for each of them. Those of an object follow each other by date, in stretches of dates: of neighbouring
    /// objects come those of one stretch before those of the next.
    ///
    /// ```
    /// # use trackstats::{Domain, Metric, Object, Period, Store};
    /// # const SALES: Metric = Metric::new(Domain::new("till", "The till"), "sales", "Sales");
    /// # let store = Store::in_memory()?;
    /// store.record(SALES.on(Period::Day, store.today()?).of(Object::new("product", "tea")?), 12)?;
    /// let mut lines = Vec::new();
    /// store.series(SALES, Period::Day).by(["product"]).for_each(|series, date, value| {
    ///     lines.push((series.object().map(Object::to_string), date, value));
    /// })?;
    /// assert_eq!(lines[0].0.as_deref(), Some("product=tea"));
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`all`](Self::all).
    pub fn for_each(&self, mut visit: impl FnMut(&Series, Date, Option<T>)) -> Result<()> {
        match &self.origin {
            Origin::Stored(stored) => (stored.visit_rows)(&self.selection, self.range()?, &mut visit),
            Origin::Step(_) => self.visit_dates(|series, date, value| visit(series, date, value)),
        }
    }

    /// Calls `visit` with the number of the metric, the series, slot and value of each statistic: by metric, then by
    /// date and then by object, or each metric backwards.
    pub(super) fn visit(
        &self,
        direction: Direction,
        mut visit: impl FnMut(usize, &Arc<Series>, i32, Option<T>) -> Result<()>,
    ) -> Result<()> {
        let range = self.range()?;
        if let Origin::Stored(stored) = &self.origin {
            return (stored.visit)(&self.selection, range, direction, &mut visit);
        }
        for (number, curves) in self.origin.curves(&self.selection, range)?.into_iter().enumerate() {
            curves.visit(direction, |series, slot, value| visit(number, series, slot, value))?;
        }
        Ok(())
    }

    /// Calls `visit` with each statistic in any order, but those of a series by date; nothing is made for a series.
    pub(super) fn visit_series(
        &self,
        mut visit: impl FnMut(StatisticAt<'_>, Option<T>) -> Result<()>,
    ) -> Result<()> {
        let range = self.range()?;
        if let Origin::Stored(stored) = &self.origin {
            return (stored.visit_series)(&self.selection, range, &mut visit);
        }
        for (metric, curves) in self.origin.curves(&self.selection, range)?.into_iter().enumerate() {
            for Curve { series, points } in curves.0 {
                let object = series.object().map(key::object_bytes).unwrap_or_default();
                for (slot, value) in points {
                    visit(StatisticAt { metric, period: self.period, object: &object, slot }, value)?;
                }
            }
        }
        Ok(())
    }

    fn visit_dates(&self, mut visit: impl FnMut(&Arc<Series>, Date, Option<T>)) -> Result<()> {
        let Axis { calendar, period } = self.axis();
        // The objects of a date follow one another.
        let mut last: Option<(i32, Date)> = None;
        self.visit(self.selection.direction, |_, series, slot, value| {
            let date = match last {
                Some((known, date)) if known == slot => date,
                _ => calendar.date(period, slot)?,
            };
            last = Some((slot, date));
            visit(series, date, value);
            Ok(())
        })
    }
}

impl<T: Number> SeriesQuery<'_, T> {
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
        let mut found = Vec::new();
        let keep_first = |found: &mut Vec<(Arc<Series>, i32, T)>| {
            found.sort_by(|(_, _, a), (_, _, b)| order(a, b));
            found.truncate(count);
        };
        // So many are collected before those that have no place are dropped: a series may have millions.
        let most = count.saturating_mul(2).max(1024);
        self.visit(Direction::Forwards, |_, series, slot, value| {
            found.extend(value.map(|value| (Arc::clone(series), slot, value)));
            if found.len() >= most {
                keep_first(&mut found);
            }
            Ok(())
        })?;
        keep_first(&mut found);
        let Axis { calendar, period } = self.axis();
        let statistic = |(series, slot, value)| {
            Ok(Statistic { series, date: calendar.date(period, slot)?, value: Some(value) })
        };
        found.into_iter().map(statistic).collect()
    }
}
