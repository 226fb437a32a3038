//! Running over all records since a date.

use super::{
    How, Since, Tracker,
    run::{Begin, Run, read},
};
use crate::{
    calendar::day_of_number,
    error::{Result, Unreadable},
    kinds::Value,
    store::Store,
};
use chrono::NaiveDate;
use std::fmt;

/// A run over all records since a date, which replaces the statistics from there on. Made by
/// [`Tracker::recompute`](super::Tracker::recompute) and [`Trackers::recompute`](super::Trackers::recompute).
///
/// What is older stays as it is, also where the source no longer has its records. When another run writes the metric
/// meanwhile, or it is deleted, nothing is stored, and it is [`Error::Overtaken`](crate::Error::Overtaken): what that
/// run appended would be lost. A statistic that is recorded meanwhile is replaced, as one that was recorded before.
#[must_use]
pub struct Recompute<'t, T> {
    track: &'t T,
    since: Since,
    current: bool,
    strict: bool,
    progress: Box<dyn FnMut(u64) + 't>,
}

impl<'t, T: Begin> Recompute<'t, T> {
    pub(super) fn new(track: &'t T) -> Self {
        Self { track, since: Since::LastStatistic, current: true, strict: false, progress: Box::new(|_| {}) }
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
    pub fn run(self, store: &Store, records: impl IntoIterator<Item = T::Record>) -> Result<T::Report> {
        self.run_from(store, |_| records)
    }

    /// Runs over the records of a source that is told from which date on they are wanted, `None` for all; by the
    /// store's calendar, whose [`bucket_on`](crate::Calendar::bucket_on) tells the instant.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_from<I: IntoIterator<Item = T::Record>>(
        self,
        store: &Store,
        source: impl FnOnce(Option<NaiveDate>) -> I,
    ) -> Result<T::Report> {
        self.run_over(store, |since| source(since).into_iter().map(Ok))
    }

    /// Runs over records of which some can't be read.
    ///
    /// # Errors
    /// As [`run`](Self::run), and [`Error::Source`](crate::Error::Source) for [`Unreadable::Stop`].
    pub fn run_results(
        self,
        store: &Store,
        records: impl IntoIterator<Item = Result<T::Record, Unreadable>>,
    ) -> Result<T::Report> {
        self.run_over(store, |_| records)
    }

    fn run_over<I: IntoIterator<Item = Result<T::Record, Unreadable>>>(
        mut self,
        store: &Store,
        source: impl FnOnce(Option<NaiveDate>) -> I,
    ) -> Result<T::Report> {
        let how = How::Recompute { since: self.since, current: self.current };
        let mut run = self.track.begin(store, how, self.strict)?;
        let since = run.earliest().map(day_of_number).transpose()?;
        read(&mut run, source(since), &mut self.progress)?;
        store.change(|change| run.write(change))
    }
}

impl<R, V: Value> Tracker<'_, R, V> {
    /// Runs over all records since a date, and replaces the statistics from there on.
    pub fn recompute(&self) -> Recompute<'_, Self> {
        Recompute::new(self)
    }
}

impl<T: fmt::Debug> fmt::Debug for Recompute<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recompute")
            .field("track", &self.track)
            .field("since", &self.since)
            .field("current", &self.current)
            .field("strict", &self.strict)
            .finish_non_exhaustive()
    }
}
