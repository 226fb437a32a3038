//! Any range as one value, read from the widest periods that give the same answer as its days.

use super::{
    axis::SlotRange,
    by_object::ByObject,
    cover::{Stretch, WIDER, cover},
    origin::Origin,
    selection::StatisticAt,
    series::SeriesQuery,
    stored::Moment,
};
use crate::{
    error::Result,
    kinds::Value,
    model::{Metric, Object, Period, Point, Series},
    rollup::merge,
};
use std::sync::Arc;

/// All statistics of a series in a range, merged. Made by [`SeriesQuery::over_each`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Total<V> {
    /// The series whose statistics were merged.
    pub series: Arc<Series>,
    /// The merge; `None` if all of them are missing.
    pub value: Option<V>,
}

impl<V> Total<V> {
    /// The object, if the statistics are about one.
    pub fn object(&self) -> Option<&Object> {
        self.series.object()
    }
}

impl<V: Value> SeriesQuery<'_, V> {
    /// One value for the whole range: the merge of all statistics from the period that contains the first date to the
    /// one that contains the last, both included; without dates, of all. Those of several objects and metrics are
    /// merged, too. Absent if all are, missing if none has a value.
    ///
    /// Of stored days, years, quarters, months and weeks are read instead where they fit and where a tracker keeps them in
    /// step. Statistics that were recorded by hand for a wider period are not; and once a day is recorded, imported or
    /// deleted by hand, only days are, until a recompute from the beginning or [`Store::rebuild`](crate::Store::rebuild).
    /// The answer is the same.
    ///
    /// ```
    /// use trackstats::{Domain, Metric, Period, Store, chrono::NaiveDate, model::Point};
    ///
    /// const SHOP: Domain = Domain::new("shop", "Web shop");
    /// const ORDERS: Metric = Metric::new(SHOP, "orders", "Orders");
    ///
    /// let may = |day| NaiveDate::from_ymd_opt(2024, 5, day).unwrap();
    /// let store = Store::in_memory()?;
    /// for day in 1..=31 {
    ///     store.record(ORDERS.on(Period::Day, may(day)), 10)?;
    /// }
    /// let days = store.series(ORDERS, Period::Day);
    /// assert_eq!(days.clone().from(may(5)).to(may(21)).over()?, Point::Value(170));
    /// assert_eq!(days.to(NaiveDate::from_ymd_opt(2023, 1, 1).unwrap()).over()?, Point::Absent);
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`all`](Self::all), [`Error::Merge`](crate::Error::Merge) when the values don't merge, and
    /// [`Error::Underivable`](crate::Error::Underivable) for windows and lifetimes over more than one date, since they
    /// overlap.
    pub fn over(&self) -> Result<Point<V>> {
        let mut total = Point::Absent;
        self.visit_whole(|at, value| self.merge_into(&mut total, at, value.as_ref()))?;
        Ok(total)
    }

    /// One value for the whole range as [`over`](Self::over) has it, of each object: by metric, and the objects in
    /// their order. Objects without a statistic have none.
    ///
    /// ```
    /// # use trackstats::{Domain, Metric, Object, Period, Store};
    /// # const SALES: Metric = Metric::new(Domain::new("till", "The till"), "sales", "Sales");
    /// # let store = Store::in_memory()?;
    /// # let today = store.today()?;
    /// let yesterday = today.pred_opt().unwrap();
    /// for (cashier, date) in [(7, today), (8, today), (7, yesterday)] {
    ///     store.record(SALES.on(Period::Day, date).of(Object::new("cashier", cashier)?), 5)?;
    /// }
    /// let totals = store.series(SALES, Period::Day).by(["cashier"]).over_each()?;
    /// assert_eq!(totals[0].object(), Some(&Object::new("cashier", 7)?));
    /// assert_eq!((totals[0].value, totals[1].value), (Some(10), Some(5)));
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`over`](Self::over).
    pub fn over_each(&self) -> Result<Vec<Total<V>>> {
        let mut metrics = Vec::new();
        metrics.resize_with(self.selection.metrics.len(), ByObject::<Point<V>>::new);
        self.visit_whole(|at, value| match metrics.get_mut(at.metric) {
            Some(by_object) => self.merge_into(by_object.of(at.object), at, value.as_ref()),
            None => Ok(()),
        })?;
        let mut totals = Vec::new();
        for (metric, by_object) in metrics.into_iter().enumerate() {
            let series = self.selection.series(metric, self.period);
            for (object, total) in by_object.sorted(&self.selection.store)? {
                let series = Arc::new(Series { object, ..series.clone() });
                totals.extend(total.into_listed().map(|value| Total { series, value }));
            }
        }
        Ok(totals)
    }

    /// Refuses to merge all statistics of the range if they overlap.
    pub(super) fn whole(&self, what: &str) -> Result<()> {
        if self.range()?.is_single() { Ok(()) } else { self.axis().disjoint(what) }
    }

    /// Merges the statistic of a slot into what is known so far.
    pub(super) fn merge_into(
        &self,
        total: &mut Point<V>,
        at: StatisticAt<'_>,
        value: Option<&V>,
    ) -> Result<()> {
        merge(total, value).map_err(|error| self.selection.merge_error(at, &error))
    }

    /// Calls `visit` with all statistics that make up the range: those of wider periods instead of days where they give
    /// the same answer.
    fn visit_whole(&self, mut visit: impl FnMut(StatisticAt<'_>, Option<V>) -> Result<()>) -> Result<()> {
        self.whole("a range")?;
        if self.period != Period::Day || matches!(self.origin, Origin::Step(_)) {
            return self.visit_series(visit);
        }
        let moment = Moment::new(&self.selection);
        for (number, metric) in self.selection.metrics.iter().enumerate() {
            for (period, from, to) in self.stretches(&moment, *metric)? {
                let range = SlotRange { from: Some(from), to: Some(to), level: false };
                moment.visit(number, *metric, period, range, &mut visit)?;
            }
        }
        Ok(())
    }

    /// What is read of a metric: slots that cover the range, and none of its days twice.
    fn stretches(&self, moment: &Moment<'_, '_>, metric: Metric<'_, ()>) -> Result<Vec<Stretch>> {
        let axis = self.axis();
        let (in_step, left_out) = self.in_step(moment, metric);
        let mut stretches = Vec::new();
        cover(&axis.calendar, &in_step, left_out, axis.ends(self.range()?), &mut stretches);
        Ok(stretches)
    }

    /// The periods of the query's objects that are what their days make them, the widest first, and the day whose
    /// unfinished ones were left out.
    fn in_step(&self, moment: &Moment<'_, '_>, metric: Metric<'_, ()>) -> (Vec<Period>, Option<i32>) {
        let Some(kinds) = self.selection.objects.same_part_kinds() else { return (Vec::new(), None) };
        let Some(tracked) = moment.tracked(metric, &kinds) else { return (Vec::new(), None) };
        let is_in_step = |period: &Period| tracked.in_step.contains(period);
        (WIDER.into_iter().filter(is_in_step).collect(), tracked.left_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{calendar::day_number, format::key, model::Domain, rollup::Tracked, store::Store};

    #[test]
    fn a_period_in_step_is_read_instead_of_its_days_until_one_of_them_is_changed_by_hand() {
        const SALES: Metric<'static> = Metric::new(Domain::new("till", "The till"), "sales", "Sales");
        let day = |text: &str| text.parse::<chrono::NaiveDate>().unwrap();
        let store = Store::in_memory().unwrap();
        let over = || store.series(SALES, Period::Day).over().unwrap();
        for date in ["2024-05-01", "2024-05-31", "2024-06-01"] {
            store.record(SALES.on(Period::Day, day(date)), 1).unwrap();
        }
        // What it says tells which was read.
        store.record(SALES.on(Period::Month, day("2024-05-01")), 100).unwrap();
        assert_eq!(over(), Point::Value(3), "nobody tracks the month");
        let in_step = Tracked { in_step: vec![Period::Month], ..Tracked::default() };
        let track = |left_out: &str| {
            let tracked = Tracked { left_out: Some(day_number(day(left_out))), ..in_step.clone() };
            store
                .change(|change| change.put_bytes(key::tracked("till", "sales", &[]), tracked.encode()))
                .unwrap();
        };
        track("2024-06-01");
        assert_eq!(over(), Point::Value(101));
        assert_eq!(store.series(SALES, Period::Day).from(day("2024-05-02")).over().unwrap(), Point::Value(2));
        track("2024-05-31");
        assert_eq!(over(), Point::Value(3), "the month wasn't over");
        track("2024-06-01");
        assert!(!store.delete(&SALES.on(Period::Day, day("2024-06-02"))).unwrap());
        store.record(SALES.on(Period::Lifetime, day("2024-06-02")), 7).unwrap();
        assert_eq!(over(), Point::Value(101), "that changed no day");
        store.delete(&SALES.on(Period::Day, day("2024-05-31"))).unwrap();
        assert_eq!(over(), Point::Value(2));
        for by_hand in [Period::Day, Period::Month] {
            track("2024-06-01");
            let key = SALES.on(by_hand, day("2024-06-01"));
            store.change(|change| change.record_all([(key, Some(5))])).unwrap();
            assert_eq!(over(), Point::Value(6));
        }
    }
}
