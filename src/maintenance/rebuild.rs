//! Recomputing calendar periods from days.

use super::difference::Differences;
use crate::{
    blocks::{Table, Written},
    error::Result,
    format::Form,
    kinds::Value,
    model::{Metric, Period},
    rollup::{Comparison, Grouping, PeriodFill, anew},
    storage::Reads,
    store::{Change, Store},
};

impl Store {
    /// Recomputes from its days those calendar periods of a metric that its trackers keep: weeks, months, quarters, years.
    ///
    /// It mends what was written over, deleted or left behind when days were recorded, corrected or deleted by hand.
    /// Days and hours are its sources, and stay as they are; so do running periods that were recorded, periods that no
    /// tracker keeps, and objects of kinds that the metric wasn't tracked by.
    ///
    /// It knows days only. Where older days were deleted and months or years still count them, they no longer will:
    /// [`Rebuild::differences`] tells before.
    ///
    /// ```
    /// use trackstats::{Domain, Metric, Period, Store, Timestamp, Tracker};
    ///
    /// const APP: Domain = Domain::new("app", "Our app");
    /// const LAUNCHES: Metric = Metric::new(APP, "launches", "Launches");
    ///
    /// let store = Store::in_memory()?;
    /// let tracker = Tracker::count(LAUNCHES, |at: &Timestamp| *at).periods([Period::Week, Period::Month]);
    /// tracker.append().run(&store, [store.now()])?;
    ///
    /// // A correction by hand: the week and the month don't know of it.
    /// store.record(LAUNCHES.on(Period::Day, store.today()?), 5)?;
    /// assert_eq!(store.rebuild(LAUNCHES).differences()?.count(), 2);
    ///
    /// assert_eq!(store.rebuild(LAUNCHES).run()?.written, 2);
    /// assert_eq!(store.series(LAUNCHES, Period::Month).values()?, [Some(5)]);
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    pub fn rebuild<'s, 'a, V: Value>(&'s self, metric: Metric<'a, V>) -> Rebuild<'s, 'a, V> {
        Rebuild { store: self, metric }
    }
}

/// The recomputing of a metric's calendar periods. Made by [`Store::rebuild`].
#[derive(Debug)]
#[must_use]
pub struct Rebuild<'s, 'a, V = i64> {
    store: &'s Store,
    metric: Metric<'a, V>,
}

/// What a rebuild did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RebuildReport {
    /// The statistics that were written.
    pub written: u64,
    /// The statistics that were removed, since there are no days that they come from.
    pub removed: u64,
}

impl<V: Value> Rebuild<'_, '_, V> {
    /// What a rebuild would change: a dry run, which writes nothing. A metric that isn't registered has nothing to
    /// change.
    ///
    /// # Errors
    /// [`Error::WrongKind`](crate::Error::WrongKind) or [`Error::Corrupt`](crate::Error::Corrupt). For an item
    /// [`Error::Merge`](crate::Error::Merge) when the days of a statistic don't merge, or
    /// [`Error::Corrupt`](crate::Error::Corrupt); after an item that is an error, it goes on with the next period.
    pub fn differences(self) -> Result<Differences<V>> {
        let (snapshot, form) = self.store.snapshot_with_form(&self.metric)?;
        let tables = match form {
            Some(form) => kept_tables(self.store, &self.metric, form, &self.groupings(&snapshot)?),
            None => Vec::new(),
        };
        Ok(Differences::new(Comparison::new(snapshot, tables)))
    }

    /// Writes what the days make of the calendar periods, in one change: all of it or nothing.
    ///
    /// # Errors
    /// As [`differences`](Self::differences) and its items, and [`Error::Io`](crate::Error::Io). Nothing is stored
    /// then.
    pub fn run(self) -> Result<RebuildReport> {
        self.store.change(|change| {
            let (_, form) = self.store.snapshot_with_form(&self.metric)?;
            let Some(form) = form else { return Ok(RebuildReport::default()) };
            let groupings = self.groupings(change.writes())?;
            let mut total = Written::default();
            for (table, grouping) in kept_tables(self.store, &self.metric, form, &groupings) {
                let (days, kinds) = (table.of_period(Period::Day), grouping.part_kind_bytes());
                let fill =
                    PeriodFill::new(days, kinds.clone(), (i32::MIN, i32::MAX), grouping.tracked.left_out);
                total += anew::<V>(change.writes(), fill, &table, &kinds, Some(i32::MIN))?;
            }
            groupings.into_iter().try_for_each(|grouping| put_in_step(change, grouping))?;
            Ok(RebuildReport { written: total.changed, removed: total.removed })
        })
    }

    fn groupings(&self, reads: &impl Reads) -> Result<Vec<Grouping>> {
        Grouping::all(reads, &[self.metric.domain_ref(), self.metric.metric_ref()])
    }
}

/// The tables of the calendar periods that are kept of a metric.
pub(super) fn kept_tables<V>(
    store: &Store,
    metric: &Metric<'_, V>,
    form: Form,
    groupings: &[Grouping],
) -> Vec<(Table, Grouping)> {
    let names = (metric.domain_ref(), metric.metric_ref());
    let days = |grouping: &Grouping| store.table(names, Period::Day, form, !grouping.part_kinds.is_empty());
    groupings.iter().flat_map(|grouping| grouping.kept_tables(&days(grouping))).collect()
}

/// Notes that a grouping's calendar periods are what their days make them.
fn put_in_step(change: &mut Change<'_>, mut grouping: Grouping) -> Result<()> {
    let in_step: Vec<Period> = grouping.tracked.calendar_periods().collect();
    if grouping.tracked.in_step == in_step {
        return Ok(());
    }
    grouping.tracked.in_step = in_step;
    change.put_bytes(grouping.key(), grouping.tracked.encode())
}
