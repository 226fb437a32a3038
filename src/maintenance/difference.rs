//! Statistics of calendar periods that aren't what their days make them.

use crate::{
    blocks::Table,
    error::{Error, Result},
    format::key,
    kinds::{AnyValue, Value},
    model::{Date, Point, Series, Statistic},
    rollup::{Comparison, Differing, Mismatch},
    storage::Snapshot,
};
use std::{fmt, sync::Arc, vec};

/// A statistic of a calendar period that isn't what its days make it.
///
/// ```
/// use trackstats::{Domain, Metric, Period, Store, Timestamp, Tracker, chrono::NaiveDate, model::Point};
///
/// const APP: Domain = Domain::new("app", "Our app");
/// const LAUNCHES: Metric = Metric::new(APP, "launches", "Launches");
///
/// let store = Store::in_memory()?;
/// let tracker = Tracker::count(LAUNCHES, |at: &Timestamp| *at).periods([Period::Year]);
/// tracker.append().run(&store, [Timestamp::from_unix_seconds(1_715_000_000)])?;
/// let year: NaiveDate = "2024-01-01".parse()?;
/// store.record(LAUNCHES.on(Period::Year, year), 3)?;
///
/// let difference = store.rebuild(LAUNCHES).differences()?.next().unwrap()?;
/// assert_eq!((difference.stored, difference.expected), (Point::Value(3), Point::Value(1)));
/// assert_eq!(difference.to_string(), "app/launches year 2024-01-01 is 3, but its days make it 1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference<V = i64> {
    /// The series that it is a point of.
    pub series: Arc<Series>,
    /// The first day of the week, month, quarter or year.
    pub date: Date,
    /// What is stored.
    pub stored: Point<V>,
    /// What the days make it.
    pub expected: Point<V>,
}

impl<V> Difference<V> {
    /// The statistic that differs.
    pub(super) fn place(&self) -> String {
        Statistic::<AnyValue> { series: Arc::clone(&self.series), date: self.date, value: None }.to_string()
    }
}

impl<V: Value> Difference<V> {
    /// What is wrong, without its place.
    pub(super) fn problem(&self) -> String {
        format!("is {}, but its days make it {}", text(&self.stored), text(&self.expected))
    }
}

/// `domain/metric period date object is 3, but its days make it 1`.
impl<V: Value> fmt::Display for Difference<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.place(), self.problem())
    }
}

fn text<V: Value>(statistic: &Point<V>) -> String {
    match statistic {
        Point::Absent => "absent".to_owned(),
        Point::Missing => "missing".to_owned(),
        Point::Value(value) => {
            value.to_integer().map_or_else(|| format!("{value:?}"), |integer| integer.to_string())
        }
    }
}

/// The statistics of a metric's calendar periods that aren't what their days make them, worked out as they are asked
/// for. Made by [`Rebuild::differences`](super::Rebuild::differences).
///
/// They come by period, for each by object and then by date; all as they were when the reading began. Writes go on
/// beside it. What they replace is kept in memory meanwhile, so it isn't meant to be held for long.
#[derive(Debug)]
#[must_use]
pub struct Differences<V> {
    comparison: Comparison<Snapshot, V>,
    current: Option<(Arc<Series>, Table, vec::IntoIter<Mismatch<V>>)>,
}

impl<V: Value> Differences<V> {
    pub(super) fn new(comparison: Comparison<Snapshot, V>) -> Self {
        Self { comparison, current: None }
    }

    fn next_difference(&mut self) -> Result<Option<Difference<V>>> {
        loop {
            if let Some((series, table, mismatches)) = &mut self.current
                && let Some(Mismatch { slot, stored, expected }) = mismatches.next()
            {
                let (series, date) = (Arc::clone(series), table.date(slot)?);
                return Ok(Some(Difference { series, date, stored, expected }));
            }
            let Some(differing) = self.comparison.next_differing()? else { return Ok(None) };
            let Differing { table, object, mismatches } = differing;
            // Its bytes were decoded when they were found.
            let series = table.series(key::decode_object(&object).ok());
            self.current = Some((Arc::new(series), table, mismatches.into_iter()));
        }
    }
}

impl<V: Value> Iterator for Differences<V> {
    type Item = Result<Difference<V>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_difference().transpose()
    }
}
