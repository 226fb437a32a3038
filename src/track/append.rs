//! Running over new records, once.

use super::{
    How, Tracker,
    run::{Begin, Run, read},
};
use crate::{
    error::{Error, Result, Unreadable},
    kinds::Value,
    store::Store,
};
use std::fmt;

/// A run over new records, which are merged into the statistics. Made by
/// [`Tracker::append`](super::Tracker::append) and [`Trackers::append`](super::Trackers::append).
///
/// Each record must be given once. A cursor makes sure of it: it is stored in the same change as the statistics, so
/// whatever happens, the next run can go on from exactly the records that were counted.
///
/// ```
/// # use trackstats::{Domain, Metric, Period, Store, Timestamp, Tracker};
/// # const APP: Domain = Domain::new("app", "App");
/// # const LAUNCHES: Metric = Metric::new(APP, "launches", "Launches");
/// # let store = Store::in_memory()?;
/// # let log: Vec<i64> = vec![1_715_000_000, 1_715_003_600, 1_715_090_000];
/// let tracker = Tracker::count(LAUNCHES, |at: &i64| Timestamp::from_unix_seconds(*at));
///
/// // Where the last run has come to, in whatever form suits the source.
/// let stored = store.cursor("launches")?;
/// let done = stored.as_deref().map_or(0, |bytes| usize::from(bytes[0]));
/// tracker
///     .append()
///     .cursor("launches", stored.as_deref(), || vec![log.len() as u8])
///     .run(&store, log[done..].iter().copied())?;
/// # assert_eq!(store.cursor("launches")?, Some(vec![3]));
/// # Ok::<(), trackstats::Error>(())
/// ```
#[must_use]
pub struct Append<'t, T> {
    track: &'t T,
    cursor: Option<CursorMove<'t>>,
    strict: bool,
    progress: Box<dyn FnMut(u64) + 't>,
}

struct CursorMove<'t> {
    name: String,
    from: Option<Vec<u8>>,
    to: Box<dyn FnOnce() -> Vec<u8> + 't>,
}

impl<'t, T: Begin> Append<'t, T> {
    pub(super) fn new(track: &'t T) -> Self {
        Self { track, cursor: None, strict: false, progress: Box::new(|_| {}) }
    }

    /// Moves the cursor of this name in the same change. `from` is where it stands, as
    /// [`Store::cursor`] gave it; `to` is called when the records have been read to their end, and says
    /// where it stands then. Default: no cursor.
    pub fn cursor(self, name: &str, from: Option<&[u8]>, to: impl FnOnce() -> Vec<u8> + 't) -> Self {
        let cursor = CursorMove { name: name.to_owned(), from: from.map(<[u8]>::to_vec), to: Box::new(to) };
        Self { cursor: Some(cursor), ..self }
    }

    /// Whether a record that can't be read fails the run. Default: false, it is skipped and reported.
    pub fn strict(self, strict: bool) -> Self {
        Self { strict, ..self }
    }

    /// Called now and then with the number of records read so far, and at the end. Default: nothing.
    pub fn progress(self, progress: impl FnMut(u64) + 't) -> Self {
        Self { progress: Box::new(progress), ..self }
    }

    /// Runs over these records.
    ///
    /// # Errors
    /// As [`Recompute::run`](super::Recompute::run), and [`Error::CursorMoved`] when the cursor isn't where it was
    /// said to be, since the records were then probably appended already. Nothing is stored then. Other runs may append
    /// to the metric meanwhile; it is [`Error::Overtaken`] only if one has begun to keep hours, which this one didn't.
    pub fn run(self, store: &Store, records: impl IntoIterator<Item = T::Record>) -> Result<T::Report> {
        self.run_results(store, records.into_iter().map(Ok))
    }

    /// Runs over records of which some can't be read.
    ///
    /// # Errors
    /// As [`run`](Self::run), and [`Error::Source`] for [`Unreadable::Stop`].
    pub fn run_results(
        mut self,
        store: &Store,
        records: impl IntoIterator<Item = Result<T::Record, Unreadable>>,
    ) -> Result<T::Report> {
        let mut run = self.track.begin(store, How::Append, self.strict)?;
        read(&mut run, records, &mut self.progress)?;
        let cursor = self.cursor.map(|cursor| (cursor.name, cursor.from, (cursor.to)()));
        store.change(|change| {
            if let Some((name, from, to)) = cursor {
                if change.cursor(&name)? != from {
                    return Err(Error::CursorMoved { cursor: name });
                }
                change.set_cursor(&name, to)?;
            }
            run.write(change)
        })
    }
}

impl<R, V: Value> Tracker<'_, R, V> {
    /// Runs over new records, once, and merges them into the statistics.
    pub fn append(&self) -> Append<'_, Self> {
        Append::new(self)
    }
}

impl<T: fmt::Debug> fmt::Debug for Append<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Append")
            .field("track", &self.track)
            .field("cursor", &self.cursor.as_ref().map(|cursor| &cursor.name))
            .field("strict", &self.strict)
            .finish_non_exhaustive()
    }
}
