//! Recomputing derived periods from days.

use super::{
    compare::{Comparison, Differing},
    difference::Differences,
    grouping::Grouping,
};
use crate::{
    error::Result,
    format::{Form, Record, TrackedRecord, key},
    kinds::Value,
    model::{Metric, Period},
    storage::Snapshot,
    store::{Change, Store},
    track::{StoredRows, Update},
};

impl Store {
    /// Recomputes a metric's derived periods from its days: those that its trackers keep in step.
    ///
    /// It mends what was written over, deleted or left behind when days were recorded, corrected or deleted by hand.
    /// Days and hours are its sources, and stay as they are; so do periods that no tracker has derived, and objects
    /// of kinds that the metric wasn't tracked by.
    ///
    /// It knows days only. Where older days were deleted and lifetimes still count them, they no longer will:
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

/// The recomputing of a metric's derived periods. Made by [`Store::rebuild`].
#[derive(Debug)]
#[must_use]
pub struct Rebuild<'s, 'a, V = i64> {
    store: &'s Store,
    metric: Metric<'a, V>,
}

/// What a rebuild did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RebuildReport {
    /// The statistics that were written.
    pub written: u64,
    /// The statistics that were removed, since there are no days that they come from.
    pub removed: u64,
}

impl<'a, V: Value> Rebuild<'_, 'a, V> {
    /// What a rebuild would change: a dry run, which writes nothing. A metric that isn't registered has nothing to
    /// change.
    ///
    /// # Errors
    /// [`Error::WrongKind`](crate::Error::WrongKind) or [`Error::Corrupt`](crate::Error::Corrupt). For an item
    /// [`Error::Merge`](crate::Error::Merge) when the days of a statistic don't merge, or
    /// [`Error::Corrupt`](crate::Error::Corrupt); after an item that is an error, it goes on with the next series.
    pub fn differences(self) -> Result<Differences<'a, V>> {
        let (snapshot, form) = self.store.snapshot_with_form(&self.metric)?;
        let comparison = form.map(|form| self.compare(snapshot, form)).transpose()?;
        Ok(Differences::new(self.metric.domain_ref(), self.metric.metric_ref(), comparison))
    }

    /// Writes what the days make of the derived periods, in one change: all of it or nothing.
    ///
    /// # Errors
    /// As [`differences`](Self::differences) and its items, and [`Error::Io`](crate::Error::Io). Nothing is stored
    /// then.
    pub fn run(self) -> Result<RebuildReport> {
        self.store.change(|change| {
            let mut report = RebuildReport::default();
            // Nobody else writes while the change is open.
            let (snapshot, form) = self.store.snapshot_with_form(&self.metric)?;
            let Some(form) = form else { return Ok(report) };
            let mut comparison = self.compare(snapshot, form)?;
            comparison.groupings().to_vec().iter().try_for_each(|grouping| self.in_step(change, grouping))?;
            while let Some(Differing { period, object, mismatches }) = comparison.next().transpose()? {
                let total = mismatches.len() as u64;
                let target = &comparison.target(period, !object.is_empty());
                let mut rows =
                    StoredRows { change: &mut *change, target, object: &object, metric: self.metric, form };
                let updates = mismatches.into_iter().map(|wrong| (wrong.slot, Update::Set(wrong.expected)));
                let written = rows.update(updates)?;
                report.written += written;
                report.removed += total - written;
            }
            Ok(report)
        })
    }

    /// Notes that a grouping's calendar periods are what their days make them, as they are after a rebuild.
    fn in_step(&self, change: &mut Change<'_>, grouping: &Grouping) -> Result<()> {
        let key = key::tracked(self.metric.domain_ref(), self.metric.metric_ref(), &grouping.kinds);
        let Some(bytes) = change.bytes(&key)? else { return Ok(()) };
        let record =
            TrackedRecord::decode(&bytes).map_err(|malformed| self.store.corrupt(malformed, None))?;
        let is_running = |period: &Period| matches!(period, Period::LastDays(_) | Period::Lifetime);
        let calendar_periods = grouping.derived.iter().filter(|period| !is_running(period));
        let in_step: Vec<String> = calendar_periods.map(Period::to_string).collect();
        if record.in_step == in_step {
            return Ok(());
        }
        change.put_bytes(key, TrackedRecord { in_step, ..record }.encode())
    }

    fn compare(&self, snapshot: Snapshot, form: Form) -> Result<Comparison<'a, V>> {
        let (domain, metric) = (self.metric.domain_ref(), self.metric.metric_ref());
        let groupings = Grouping::all(self.store, &snapshot, domain, metric)?;
        Ok(Comparison::new(self.store, snapshot, self.metric, form, groupings))
    }
}
