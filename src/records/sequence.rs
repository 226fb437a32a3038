//! The records of several files, one file after the other.

use super::{
    columns::Columns, cursor::Cursor, file_record::FileRecord, outcome::Outcome, reader::FileReader,
    source::Source,
};
use crate::{
    calendar::Calendar,
    error::{Result, Unreadable},
};
use std::collections::VecDeque;

/// The records of several files, one file after the other: an iterator for
/// [`Recompute::run_results`](crate::track::Recompute::run_results) and
/// [`Append::run_results`](crate::track::Append::run_results).
///
/// After a file that can't be read on, there are no more.
///
/// ```
/// use trackstats::{
///     Calendar,
///     records::{Columns, Records, Source},
/// };
///
/// let mut columns = Columns::new("at");
/// let user = columns.id("user");
/// let first = Source::options().read("first", "at,user\n2024-05-01,ada\n".as_bytes(), &columns)?;
/// let second = Source::options().read("second", "user,at\n7,1714600000\n".as_bytes(), &columns)?;
/// let mut records = Records::new([first, second], columns, &Calendar::default())?;
///
/// assert_eq!(records.next().unwrap().unwrap().id(user), Some("ada".into()));
/// assert_eq!(records.next().unwrap().unwrap().id(user), Some(7.into()));
/// assert!(records.next().is_none());
/// # Ok::<(), trackstats::Error>(())
/// ```
#[derive(Debug)]
pub struct Records {
    sources: VecDeque<Source>,
    reader: FileReader,
    outcome: Outcome,
    stopped: bool,
}

impl Records {
    /// The records of files that were opened for these columns. Local times are those of the calendar: give that of
    /// the store.
    ///
    /// # Errors
    /// [`Error::DateOutOfRange`](crate::Error::DateOutOfRange) for a calendar without the years 1 to 9999.
    pub fn new(
        sources: impl IntoIterator<Item = Source>,
        columns: Columns,
        calendar: &Calendar,
    ) -> Result<Self> {
        let (sources, reader) = (sources.into_iter().collect(), FileReader::new(*calendar, columns)?);
        Ok(Self { sources, reader, outcome: Outcome::default(), stopped: false })
    }

    /// Leaves out what was read up to a cursor, and what follows the end of each file's last whole line: a writer may
    /// be in the middle of the next. The [outcome](Records::outcome) then has the cursor to go on from. What isn't a
    /// regular file, such as a pipe, is read as a whole.
    ///
    /// ```
    /// use std::fs;
    /// use trackstats::{
    ///     Domain, Metric, Store, Tracker,
    ///     records::{Columns, Cursor, FileRecord, Records, Source},
    /// };
    ///
    /// const VISITS: Metric = Metric::new(Domain::new("site", "Our site"), "visits", "Visits");
    ///
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("visits.csv");
    /// fs::write(&path, "at\n2024-05-01\n2024-05-02\n2024-0")?;
    ///
    /// let store = Store::in_memory()?;
    /// let columns = Columns::new("at");
    /// let source = Source::options().growing(true).open(&path, &columns)?;
    /// let stored = store.cursor("visits")?;
    /// let cursor = stored.as_deref().map_or(Ok(Cursor::default()), Cursor::decode)?;
    /// let records = Records::new([source], columns, store.calendar())?.go_on(cursor)?;
    /// let outcome = records.outcome();
    /// let tracker = Tracker::count(VISITS, FileRecord::at);
    /// let append = tracker.append().cursor("visits", stored.as_deref(), || outcome.cursor().encode());
    /// assert_eq!(append.run_results(&store, records)?.read, 2);
    /// assert!(outcome.notes()[0].ends_with("visits.csv:4: the last line isn't finished yet; it is left for the next run"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Replaced`](crate::Error::Replaced) if a file is not the one that was read, and
    /// [`Error::Io`](crate::Error::Io) if one can't be read.
    pub fn go_on(mut self, cursor: Cursor) -> Result<Self> {
        for source in &mut self.sources {
            source.go_on(&cursor)?;
        }
        self.outcome.start_from(cursor);
        Ok(self)
    }

    /// What is known of the files when they have been read.
    pub fn outcome(&self) -> Outcome {
        self.outcome.clone()
    }
}

impl Iterator for Records {
    type Item = Result<FileRecord, Unreadable>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.stopped {
            let source = self.sources.front_mut()?;
            match source.next(&self.reader) {
                Ok(Some(record)) => return Some(Ok(record)),
                Ok(None) => {
                    source.leave(&self.outcome);
                    self.sources.pop_front();
                }
                Err(unreadable) => {
                    self.stopped = matches!(unreadable, Unreadable::Stop(_));
                    return Some(Err(unreadable));
                }
            }
        }
        None
    }
}
