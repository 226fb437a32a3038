//! Any range as one value, read from the widest periods that give the same answer as its days.

use super::{
    axis::Axis,
    by_object::ByObject,
    series::{Objects, SeriesQuery},
};
use crate::{
    calendar::Calendar,
    error::{Error, Result},
    format::{Record, TrackedRecord, key},
    kinds::Value,
    model::{Metric, Object, Period, Series, Statistic},
    rollup::merge,
    storage::{Direction, Snapshot},
    store::Registry,
};
use std::sync::Arc;

/// All statistics of a series in a range, merged. Made by [`SeriesQuery::over_each`].
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// The periods that a range may be read from instead of its days, the widest first.
const WIDER: [Period; 4] = [Period::Year, Period::Quarter, Period::Month, Period::Week];

/// Slots of a period, both included.
type Stretch = (Period, i32, i32);

impl<V: Value> SeriesQuery<'_, V> {
    /// One value for the whole range: the merge of all statistics from the period that contains the first date to the
    /// one that contains the last, both included; without dates, of all. Those of several objects and metrics are
    /// merged, too. `None` if all are absent, `Some(None)` if none has a value; nothing is filled.
    ///
    /// Of days, years, quarters, months and weeks are read instead where they fit and where a tracker keeps them in
    /// step. Statistics that were recorded by hand for a wider period are not; and once a day is recorded, imported or
    /// deleted by hand, only days are, until a recompute from the beginning or [`Store::rebuild`](crate::Store::rebuild).
    /// The answer is the same.
    ///
    /// ```
    /// use trackstats::{Domain, Metric, Period, Store, chrono::NaiveDate};
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
    /// assert_eq!(days.clone().from(may(5)).to(may(21)).over()?, Some(Some(170)));
    /// assert_eq!(days.to(NaiveDate::from_ymd_opt(2023, 1, 1).unwrap()).over()?, None);
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`statistics`](Self::statistics) and its items, [`Error::Merge`] when the values don't merge, and
    /// [`Error::Underivable`] for windows and lifetimes over more than one date, since they overlap.
    pub fn over(&self) -> Result<Option<Option<V>>> {
        let mut total = None;
        self.for_each(|_, statistic| merge_into(&mut total, &statistic))?;
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
        metrics.resize_with(self.metrics.len(), ByObject::new);
        self.for_each(|metric, statistic| match metrics.get_mut(metric) {
            Some(by_object) => merge_into(by_object.of(&statistic.series, || None), &statistic),
            None => Ok(()),
        })?;
        let totals = metrics.into_iter().flat_map(ByObject::sorted);
        Ok(totals
            .filter_map(|(series, total)| {
                let series = Arc::new(Series { period: self.period, ..(*series).clone() });
                Some(Total { series, value: total? })
            })
            .collect())
    }

    /// Calls `visit` with all statistics that make up the range, and the number of their metric.
    fn for_each(&self, mut visit: impl FnMut(usize, Statistic<V>) -> Result<()>) -> Result<()> {
        let (snapshot, registry) = self.store.snapshot_with_registry();
        for (number, metric) in self.metrics.iter().enumerate() {
            for (period, from, to) in self.stretches(metric, &snapshot, &registry)? {
                let of_period = Self { period, ..self.clone() };
                let slots = of_period.slots(metric, &registry)?;
                let range = (slots, (from, to));
                let mut read = of_period.stored(metric, &snapshot, &self.objects, Direction::Forwards, range);
                read.try_for_each(|statistic| visit(number, statistic?))?;
            }
        }
        Ok(())
    }

    /// What is read of a metric: slots that cover the range, and none of its days twice.
    fn stretches(
        &self,
        metric: &Metric<'_, V>,
        snapshot: &Snapshot,
        registry: &Registry,
    ) -> Result<Vec<Stretch>> {
        let (from, to) = self.slots(metric, registry)?.range(self.from, self.to)?;
        if from != to {
            Axis::new(*self.store.calendar(), self.period).disjoint("a range")?;
        }
        if self.period != Period::Day {
            return Ok(vec![(self.period, from, to)]);
        }
        let (in_step, left_out) = self.in_step(metric, snapshot)?;
        let mut stretches = Vec::new();
        cover(self.store.calendar(), &in_step, left_out, (from, to), &mut stretches);
        Ok(stretches)
    }

    /// The periods of the query's objects that are what their days make them, the widest first, and the day whose
    /// unfinished ones were left out.
    fn in_step(&self, metric: &Metric<'_, V>, snapshot: &Snapshot) -> Result<(Vec<Period>, Option<i32>)> {
        let none = (Vec::new(), None);
        let Some(kinds) = self.objects.same_kinds() else { return Ok(none) };
        let key = key::tracked(metric.domain_ref(), metric.metric_ref(), &kinds);
        let Some(bytes) = snapshot.get(&key)? else { return Ok(none) };
        // Days are there, whatever the record says.
        let Ok(record) = TrackedRecord::decode(&bytes) else { return Ok(none) };
        let is_in_step = |period: &Period| record.in_step.contains(&period.to_string());
        Ok((WIDER.into_iter().filter(is_in_step).collect(), record.left_out))
    }
}

impl Objects {
    /// The kinds that all of the objects are of, none without object; nothing if they are of various kinds.
    fn same_kinds(&self) -> Option<Vec<String>> {
        match self {
            Self::None => Some(Vec::new()),
            Self::Like { kinds, .. } => kinds.clone(),
            Self::These(objects) => {
                let kinds: Vec<String> = objects.first()?.kinds().map(str::to_owned).collect();
                objects.iter().all(|object| object.is_of_kinds(&kinds)).then_some(kinds)
            }
        }
    }
}

fn merge_into<V: Value>(total: &mut Option<Option<V>>, statistic: &Statistic<V>) -> Result<()> {
    merge(total, statistic.value.as_ref())
        .map_err(|error| Error::Merge { statistic: statistic.to_string(), problem: error.to_string() })
}

/// Covers the days from one to another, both included, with whole periods, the widest first, and the rest with days.
/// Periods that end after the day before `left_out` are not used.
fn cover(
    calendar: &Calendar,
    periods: &[Period],
    left_out: Option<i32>,
    (from, to): (i32, i32),
    stretches: &mut Vec<Stretch>,
) {
    if from > to {
        return;
    }
    let Some((&period, narrower)) = periods.split_first() else {
        stretches.push((Period::Day, from, to));
        return;
    };
    let first_day = |slot| calendar.first_day_number(period, slot);
    let last = left_out.map_or(to, |left_out| to.min(left_out - 1));
    let first_slot = calendar.slot_of_day(period, from - 1) + 1;
    let past_slot = calendar.slot_of_day(period, last.saturating_add(1));
    if first_slot >= past_slot {
        cover(calendar, narrower, left_out, (from, to), stretches);
        return;
    }
    let (first, past) = (first_day(first_slot), first_day(past_slot));
    cover(calendar, narrower, left_out, (from, first - 1), stretches);
    stretches.push((period, first_slot, past_slot - 1));
    cover(calendar, narrower, left_out, (past, to), stretches);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{calendar::day_number, model::Domain, store::Store};

    fn covered(periods: &[Period], left_out: Option<&str>, from: &str, to: &str) -> Vec<String> {
        let calendar = Calendar::default();
        let day = |text: &str| day_number(text.parse().unwrap());
        let mut stretches = Vec::new();
        cover(&calendar, periods, left_out.map(day), (day(from), day(to)), &mut stretches);
        stretches
            .into_iter()
            .map(|(period, from, to)| {
                let date = |slot| calendar.date(period, slot).unwrap();
                format!("{period} {} {}", date(from), date(to))
            })
            .collect()
    }

    #[test]
    fn a_range_is_covered_by_the_widest_periods_that_fit() {
        let all = covered(&WIDER, None, "2022-12-27", "2024-05-17");
        assert_eq!(
            all,
            [
                "day 2022-12-27 2022-12-31",
                "year 2023-01-01 2023-01-01",
                "quarter 2024-01-01 2024-01-01",
                "month 2024-04-01 2024-04-01",
                "day 2024-05-01 2024-05-05",
                "week 2024-05-06 2024-05-06",
                "day 2024-05-13 2024-05-17",
            ]
        );
        assert_eq!(
            covered(&[Period::Month], None, "2023-01-01", "2023-12-31"),
            ["month 2023-01-01 2023-12-01"]
        );
        assert_eq!(covered(&[], None, "2023-01-01", "2023-12-31"), ["day 2023-01-01 2023-12-31"]);
        assert_eq!(covered(&WIDER, None, "2023-01-02", "2023-01-01"), [""; 0]);
    }

    #[test]
    fn periods_that_were_left_out_unfinished_are_covered_by_days() {
        let months = |left_out| covered(&[Period::Month], Some(left_out), "2023-01-01", "2023-03-31");
        assert_eq!(months("2023-02-28"), ["month 2023-01-01 2023-01-01", "day 2023-02-01 2023-03-31"]);
        assert_eq!(months("2023-03-01"), ["month 2023-01-01 2023-02-01", "day 2023-03-01 2023-03-31"]);
        assert_eq!(months("2022-03-01"), ["day 2023-01-01 2023-03-31"]);
    }

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
        assert_eq!(over(), Some(Some(3)), "nobody tracks the month");
        let in_step = TrackedRecord { in_step: vec!["month".to_owned()], ..TrackedRecord::default() };
        let track = |left_out: &str| {
            let record = TrackedRecord { left_out: Some(day_number(day(left_out))), ..in_step.clone() };
            store
                .change(|change| change.put_bytes(key::tracked("till", "sales", &[]), record.encode()))
                .unwrap();
        };
        track("2024-06-01");
        assert_eq!(over(), Some(Some(101)));
        assert_eq!(store.series(SALES, Period::Day).from(day("2024-05-02")).over().unwrap(), Some(Some(2)));
        track("2024-05-31");
        assert_eq!(over(), Some(Some(3)), "the month wasn't over");
        track("2024-06-01");
        assert!(!store.delete(&SALES.on(Period::Day, day("2024-06-02"))).unwrap());
        store.record(SALES.on(Period::Lifetime, day("2024-06-02")), 7).unwrap();
        assert_eq!(over(), Some(Some(101)), "that changed no day");
        store.delete(&SALES.on(Period::Day, day("2024-05-31"))).unwrap();
        assert_eq!(over(), Some(Some(2)));
        for by_hand in [Period::Day, Period::Month] {
            track("2024-06-01");
            let key = SALES.on(by_hand, day("2024-06-01"));
            store.change(|change| change.record_all([(key, Some(5))])).unwrap();
            assert_eq!(over(), Some(Some(6)));
        }
    }

    #[test]
    fn every_day_is_covered_once() {
        let calendar = Calendar::default().months_from(15).unwrap();
        for (from, length) in (0..400).flat_map(|from| (0..900).step_by(37).map(move |length| (from, length)))
        {
            let mut stretches = Vec::new();
            cover(&calendar, &WIDER, Some(700), (from, from + length), &mut stretches);
            let mut next = from;
            for (period, first, last) in stretches {
                assert_eq!(calendar.first_day_number(period, first), next);
                next = calendar.first_day_number(period, last + 1);
                assert!(period == Period::Day || next <= 700);
            }
            assert_eq!(next, from + length + 1);
        }
    }
}
