//! A run: one pass over the records, for one tracker or several.

use super::{Report, Since, Tracker, pass::Pass};
use crate::{
    error::{Error, Result, Unreadable},
    kinds::Value,
    store::{Change, Store},
};

/// What runs over records: a [`Tracker`], or several as [`Trackers`](super::Trackers).
pub trait Track {
    /// A record.
    type Record;

    /// What came of a run: a [`Report`] of a tracker, one of each of several.
    type Report;

    #[doc(hidden)]
    type Lane<'r>: Lane<Self::Record, Report = Self::Report>
    where
        Self: 'r;

    #[doc(hidden)]
    fn lane<'r>(&'r self, store: &'r Store, how: How, strict: bool) -> Result<Self::Lane<'r>>;
}

/// What becomes of the records.
#[derive(Debug, Clone, Copy)]
pub enum How {
    /// They are merged into the statistics.
    Append,
    /// They replace the statistics.
    Recompute {
        since: Since,
        /// Also of the periods that aren't over.
        current: bool,
    },
}

/// What takes the records of a run, one by one, and stores what comes of them.
pub trait Lane<R> {
    type Report;

    /// The first day whose records are wanted; none for all of them.
    fn earliest(&self) -> Option<i32>;

    /// Takes a record.
    fn record(&mut self, record: &R) -> Result<()>;

    /// Takes a record that can't be read, for this reason.
    fn skip(&mut self, reason: String) -> Result<()>;

    /// Merges what is on its way. An error in it comes before those of the records that follow.
    fn settle(&mut self) -> Result<()>;

    /// Writes what came of the records, once.
    fn write(&mut self, change: &mut Change<'_>) -> Result<Self::Report>;
}

/// So many records lie between two calls of a progress callback.
const PROGRESS: u64 = 8_192;

/// Takes all records.
pub(super) fn read<R>(
    lane: &mut impl Lane<R>,
    records: impl IntoIterator<Item = Result<R, Unreadable>>,
    progress: &mut dyn FnMut(u64),
) -> Result<()> {
    let mut read = 0_u64;
    for record in records {
        match record {
            Ok(record) => lane.record(&record)?,
            Err(Unreadable::Skip(reason)) => lane.skip(reason)?,
            Err(Unreadable::Stop(reason)) => {
                lane.settle()?;
                return Err(Error::Source { reason });
            }
        }
        read += 1;
        if read.is_multiple_of(PROGRESS) {
            progress(read);
        }
    }
    lane.settle()?;
    progress(read);
    Ok(())
}

impl<'a, R, V: Value> Track for Tracker<'a, R, V> {
    type Record = R;
    type Report = Report;
    type Lane<'r>
        = Pass<'r, 'a, R, V>
    where
        Self: 'r;

    fn lane<'r>(&'r self, store: &'r Store, how: How, strict: bool) -> Result<Self::Lane<'r>> {
        Pass::new(self, store, how, strict)
    }
}
