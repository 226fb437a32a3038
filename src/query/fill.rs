//! What stands for the dates that have no statistic.

use super::series::SeriesQuery;
use crate::{calendar::Days, kinds::Value, rollup::SlotStatistic};

/// What stands for the dates that have no statistic.
///
/// A statistic that is there stays as it is, also a missing one. Filling goes from the query's first date to its
/// last; where it has none, from the first or to the last statistic that was found. Dates that never were, such as
/// 30 December 2011 in Samoa, are not filled. Objects that were named are, and else those that have a statistic between
/// these dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fill {
    /// Nothing: they are left out.
    Absent,
    /// Zero; for kinds that have none, such as a minimum, a missing statistic.
    Zero,
    /// A missing statistic.
    Missing,
    /// The value of the last statistic before, if it was missing then missing; a missing one where there is none
    /// before.
    Previous,
}

impl<V: Value> SeriesQuery<'_, V> {
    /// What stands for the dates that have no statistic. Default: nothing, they are left out.
    ///
    /// It is a step like others: what is filled before a step counts in it, what is filled after it doesn't.
    ///
    /// ```
    /// # use trackstats::{Domain, Metric, Period, Store, chrono::NaiveDate, query::Fill};
    /// # const SALES: Metric = Metric::new(Domain::new("till", "The till"), "sales", "Sales");
    /// # let store = Store::in_memory()?;
    /// # let date = |month, day| NaiveDate::from_ymd_opt(2024, month, day).unwrap();
    /// store.record(SALES.on(Period::Day, date(3, 1)), 5)?;
    /// store.record(SALES.on(Period::Day, date(5, 31)), 7)?;
    /// let months = store.series(SALES, Period::Day).resample(Period::Month).fill(Fill::Zero);
    /// assert_eq!(months.values()?, [Some(5), Some(0), Some(7)]);
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    pub fn fill(self, fill: Fill) -> Self {
        if fill == Fill::Absent {
            return self;
        }
        let axis = self.axis();
        self.step(axis.period, move |origin, selection, range| {
            let range = range.without_level();
            // Where a level stood before the range began is what it begins with.
            let read = if fill == Fill::Previous { range.with_level() } else { range };
            let mut days = Days::new(axis.calendar);
            let mut metrics = origin.curves(selection, read)?;
            for curves in &mut metrics {
                if !selection.objects.names_them() {
                    let begins = |slot: i32| range.from.is_none_or(|from| from <= slot);
                    curves.0.retain(|curve| curve.last().is_some_and(begins));
                }
                let Some((from, to)) = curves.ends(range) else { continue };
                let existing = days.existing(axis.period, from, to)?;
                for curve in &mut curves.0 {
                    curve.points = filled(std::mem::take(&mut curve.points), &existing, from, fill);
                }
            }
            Ok(metrics)
        })
    }
}

/// The points from a slot on, with what stands for the slots of `existing` that have none.
fn filled<V: Value>(
    points: Vec<SlotStatistic<V>>,
    existing: &[i32],
    from: i32,
    fill: Fill,
) -> Vec<SlotStatistic<V>> {
    let mut filled: Vec<SlotStatistic<V>> = Vec::with_capacity(existing.len());
    let mut level = None;
    let mut points = points.into_iter().peekable();
    while points.peek().is_some_and(|(slot, _)| *slot < from) {
        level = points.next().and_then(|(_, value)| value);
    }
    for slot in existing {
        // A point may be on a slot that never was: an hour too many, recorded by hand.
        while let Some(point) = points.next_if(|(next, _)| next <= slot) {
            filled.push(point);
        }
        let last = filled.last();
        if last.is_some_and(|(last, _)| last == slot) {
            continue;
        }
        let value = match fill {
            Fill::Zero => V::zero(),
            Fill::Previous => last.map_or_else(|| level.clone(), |(_, value)| value.clone()),
            Fill::Missing | Fill::Absent => None,
        };
        filled.push((*slot, value));
    }
    filled.extend(points);
    filled
}
