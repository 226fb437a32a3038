//! Running over all records since a date.

use super::{
    Report, Tracker, Unreadable,
    carry::{Carry, Mode},
    pass::{Dating, Pass, Plan},
};
use crate::{
    calendar::day_of_number,
    encoding::key,
    error::Result,
    model::{Period, Value},
    storage::{Direction, Snapshot},
    store::{Selection, Slots, Statistics, Store, Wanted},
};
use chrono::NaiveDate;
use std::fmt;

/// From which date on statistics are recomputed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// From the date of the last statistic, up to today, on, and it included: its day was perhaps not over when it
    /// was recorded. A grouping that has no statistics yet takes every record.
    LastStatistic,
    /// From this date on, and it included.
    Date(NaiveDate),
    /// This many days up to today, and it included.
    LastDays(u16),
    /// All of them.
    Beginning,
}

/// A run over all records since a date, which replaces the statistics from there on. Made by
/// [`Tracker::recompute`].
///
/// What is older stays as it is, also where the source no longer has its records. When another run writes the metric
/// meanwhile, or it is deleted, nothing is stored, and it is [`Error::Overtaken`](crate::Error::Overtaken): what that
/// run appended would be lost. A statistic that is recorded meanwhile is replaced, as one that was recorded before.
#[must_use]
pub struct Recompute<'t, 'a, R, V> {
    tracker: &'t Tracker<'a, R, V>,
    since: Since,
    current: bool,
    strict: bool,
    progress: Box<dyn FnMut(u64) + 't>,
}

impl<'t, 'a, R, V: Value> Recompute<'t, 'a, R, V> {
    pub(super) fn new(tracker: &'t Tracker<'a, R, V>) -> Self {
        Self {
            tracker,
            since: Since::LastStatistic,
            current: true,
            strict: false,
            progress: Box::new(|_| {}),
        }
    }

    /// From which date on. Default: [`Since::LastStatistic`].
    pub fn since(self, since: Since) -> Self {
        Self { since, ..self }
    }

    /// Whether the periods that aren't over yet are kept, today's day among them. Default: true.
    pub fn current(self, current: bool) -> Self {
        Self { current, ..self }
    }

    /// Whether a record that can't be read fails the run. Default: false, it is skipped and reported.
    pub fn strict(self, strict: bool) -> Self {
        Self { strict, ..self }
    }

    /// Called now and then with the number of records read so far, and at the end. Default: nothing.
    pub fn progress(self, progress: impl FnMut(u64) + 't) -> Self {
        Self { progress: Box::new(progress), ..self }
    }

    /// Runs over these records: all since the date, and older ones if you like; those are counted and left out.
    ///
    /// # Errors
    /// [`Error::Merge`](crate::Error::Merge) when a value doesn't fit,
    /// [`Error::UnreadableRecord`](crate::Error::UnreadableRecord) if the run is strict,
    /// [`Error::Overtaken`](crate::Error::Overtaken) when another run came between,
    /// [`Error::ImplausibleClock`](crate::Error::ImplausibleClock) when a guard refuses the clock,
    /// [`Error::WrongKind`](crate::Error::WrongKind), or [`Error::Io`](crate::Error::Io). Nothing is stored then.
    pub fn run(self, store: &Store, records: impl IntoIterator<Item = R>) -> Result<Report> {
        self.run_from(store, |_| records)
    }

    /// Runs over the records of a source that is told from which date on they are wanted, `None` for all; by the
    /// store's calendar, whose [`bucket_on`](crate::Calendar::bucket_on) tells the instant.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_from<I: IntoIterator<Item = R>>(
        self,
        store: &Store,
        source: impl FnOnce(Option<NaiveDate>) -> I,
    ) -> Result<Report> {
        self.run_over(store, |since| source(since).into_iter().map(Ok))
    }

    /// Runs over records of which some can't be read.
    ///
    /// # Errors
    /// As [`run`](Self::run), and [`Error::Source`](crate::Error::Source) for [`Unreadable::Stop`].
    pub fn run_results(
        self,
        store: &Store,
        records: impl IntoIterator<Item = Result<R, Unreadable>>,
    ) -> Result<Report> {
        self.run_over(store, |_| records)
    }

    fn run_over<I: IntoIterator<Item = Result<R, Unreadable>>>(
        mut self,
        store: &Store,
        source: impl FnOnce(Option<NaiveDate>) -> I,
    ) -> Result<Report> {
        let (plan, snapshot) = Plan::new(store, self.tracker)?;
        let since = self.since_of_each(store, &plan, &snapshot)?;
        // What is replaced while it is held takes memory, and the records may take long.
        drop(snapshot);
        // The earliest of them, or everything as soon as one grouping wants it.
        let earliest = since.iter().copied().min().flatten();
        let asked = earliest.map(day_of_number).transpose()?;

        let left_out_from = (!self.current).then_some(plan.today);
        let dating = Dating { since: since.clone(), late_before: None, left_out_from };
        let pass = Pass::new(self.tracker, store, &plan, dating, self.strict);
        let (mut tally, mut report) = pass.run(source(asked), &mut self.progress)?;

        report.since = asked;
        report.written = store.change(|change| {
            plan.alone(change, &self.tracker.metric)?;
            let mut carry = Carry::new(change, self.tracker.metric, &plan)?;
            for (grouping, since) in since.into_iter().enumerate() {
                carry.grouping(&mut tally, grouping, Mode::Replace { since, left_out_from })?;
            }
            Ok(carry.written())
        })?;
        Ok(report)
    }

    /// The day from which each grouping is recomputed, none for everything.
    fn since_of_each(&self, store: &Store, plan: &Plan, snapshot: &Snapshot) -> Result<Vec<Option<i32>>> {
        let day = |date: NaiveDate| store.calendar().slot(Period::Day, date.into());
        let since = match self.since {
            Since::Beginning => None,
            Since::Date(date) => Some(day(date)?),
            Since::LastDays(days) => Some(plan.today.saturating_add(1).saturating_sub(days.into())),
            Since::LastStatistic => {
                let mut since = Vec::new();
                let last = last_day(store, self.tracker, plan, snapshot.clone(), &[])?;
                for (kinds, through) in plan.groupings.iter().zip(&plan.through) {
                    // A grouping that the last runs left out was tracked up to an earlier day.
                    let known = match through {
                        Some(through) => Some(*through),
                        None => last_day(store, self.tracker, plan, snapshot.clone(), kinds)?,
                    };
                    since.push(last.and_then(|last| Some(last.min(known?))));
                }
                return Ok(since);
            }
        };
        Ok(vec![since; plan.groupings.len()])
    }
}

/// The last day up to today with a statistic about objects of these kinds.
pub(super) fn last_day<R, V: Value>(
    store: &Store,
    tracker: &Tracker<'_, R, V>,
    plan: &Plan,
    snapshot: Snapshot,
    kinds: &[String],
) -> Result<Option<i32>> {
    let slots = Slots::new(*store.calendar(), Period::Day, plan.form);
    let wanted = kinds.first().map_or(Wanted::Plain, |kind| Wanted::Beginning(key::kind_bytes(kind)));
    let kinds = Some(kinds.to_vec());
    let from = slots.range(None, None)?.0;
    let selection = Selection { wanted, kinds, direction: Direction::Backwards, from, to: plan.today };
    let names = (tracker.metric.domain_ref(), tracker.metric.metric_ref(), Period::Day);
    let mut statistics = Statistics::<V>::new(store, snapshot, names, slots, selection);
    statistics.next().transpose()?.map(|statistic| slots.ordinal(statistic.date)).transpose()
}

impl<R, V> fmt::Debug for Recompute<'_, '_, R, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recompute")
            .field("tracker", &self.tracker)
            .field("since", &self.since)
            .field("current", &self.current)
            .field("strict", &self.strict)
            .finish_non_exhaustive()
    }
}
