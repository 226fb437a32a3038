//! A run: one pass over the records, for one tracker or several.

use super::Since;
use crate::{
    error::{Error, Result, Unreadable},
    store::{Change, Store},
};

/// What runs over records: a [`Tracker`](super::Tracker), or several as [`Trackers`](super::Trackers).
pub trait Track {
    /// A record.
    type Record;

    /// What came of a run: a [`Report`](super::Report) of a tracker, one of each of several.
    type Report;
}

/// What begins a run.
pub trait Begin: Track {
    type Run<'r>: Run<Self::Record, Report = Self::Report>
    where
        Self: 'r;

    fn begin<'r>(&'r self, store: &'r Store, how: How, strict: bool) -> Result<Self::Run<'r>>;
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
pub trait Run<R> {
    type Report;

    /// The first day whose records are wanted; none for all of them.
    fn earliest(&self) -> Option<i32>;

    /// Takes a record.
    fn record(&mut self, record: &R) -> Result<()>;

    /// Takes a record that can't be read, for this reason.
    fn skip(&mut self, reason: String) -> Result<()>;

    /// Merges what is on its way. An error in it comes before those of the records that follow.
    fn flush(&mut self) -> Result<()>;

    /// Writes what came of the records, once.
    fn write(&mut self, change: &mut Change<'_>) -> Result<Self::Report>;
}

/// So many records lie between two calls of a progress callback.
const PROGRESS: u64 = 8_192;

/// Takes all records.
pub(super) fn read<R>(
    run: &mut impl Run<R>,
    records: impl IntoIterator<Item = Result<R, Unreadable>>,
    progress: &mut dyn FnMut(u64),
) -> Result<()> {
    let mut read = 0_u64;
    for record in records {
        match record {
            Ok(record) => run.record(&record)?,
            Err(Unreadable::Skip(reason)) => run.skip(reason)?,
            Err(Unreadable::Stop(reason)) => {
                run.flush()?;
                return Err(Error::Source { reason });
            }
        }
        read += 1;
        if read.is_multiple_of(PROGRESS) {
            progress(read);
        }
    }
    run.flush()?;
    progress(read);
    Ok(())
}
