//! What a source of records gives where it can't give a record.

/// A record that could not be read, or the end of a source that failed. Returned by iterators that a tracker runs over.
///
/// ```
/// use trackstats::{Domain, Metric, Store, Timestamp, Tracker, error::Unreadable};
///
/// const LAUNCHES: Metric = Metric::new(Domain::new("app", "App"), "launches", "Launches");
///
/// let store = Store::in_memory()?;
/// let tracker = Tracker::count(LAUNCHES, |at: &i64| Timestamp::from_unix_seconds(*at));
/// let lines = ["1715000000", "yesterday"];
/// let records = lines.map(|line| line.parse::<i64>().map_err(|error| Unreadable::Skip(error.to_string())));
/// let report = tracker.append().run_results(&store, records)?;
/// assert_eq!((report.read, report.skipped), (2, 1));
/// # Ok::<(), trackstats::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unreadable {
    /// This record can't be read, for this reason; the next ones can. It is counted, reported and skipped, or ends
    /// the run if that is strict.
    Skip(String),
    /// The source failed, for this reason; nothing is stored.
    Stop(String),
}
