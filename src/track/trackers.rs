//! Several trackers that run over the same records.

use super::{
    Append, How, Recompute, Report, Track, Tracker,
    run::{Begin, Run},
};
use crate::{
    error::{Error, Result},
    kinds::Value,
    store::{Change, Store},
};
use std::{collections::BTreeSet, fmt};

/// Several trackers that run over the same records in one pass, each into a metric of its own.
///
/// What all of them make of the records is stored in one change, with the cursor of an append: after a power cut there
/// is all of it or nothing. Each takes up to its own [`memory_bytes`](Tracker::memory_bytes), and has a report of its own,
/// in the order in which they were added: a record may be one that one of them can't read, and counts for the others.
///
/// ```
/// use trackstats::{
///     Domain, Metric, Period, Store, Timestamp, Tracker,
///     kinds::{Distinct, Item, Summary},
///     track::Trackers,
/// };
///
/// const SHOP: Domain = Domain::new("shop", "Shop");
/// const ORDERS: Metric = Metric::new(SHOP, "orders", "Orders");
/// const AMOUNTS: Metric<Summary> = Metric::new(SHOP, "amounts", "Amounts in euros");
/// const CUSTOMERS: Metric<Distinct> = Metric::new(SHOP, "customers", "Customers");
///
/// struct Order {
///     at: Timestamp,
///     euros: f64,
///     customer: u64,
/// }
///
/// let trackers = Trackers::new()
///     .and(Tracker::count(ORDERS, |order: &Order| order.at))
///     .and(Tracker::summary(AMOUNTS, |order: &Order| order.at, |order| Some(order.euros)))
///     .and(Tracker::distinct(CUSTOMERS, |order: &Order| order.at, |order| Some(Item::from(order.customer))));
///
/// let store = Store::in_memory()?;
/// let orders = [(12.5, 1), (7.0, 2), (f64::NAN, 1)];
/// let orders = orders.map(|(euros, customer)| Order { at: store.now(), euros, customer });
/// let reports = trackers.append().run(&store, orders)?;
/// assert_eq!(reports.iter().map(|report| report.skipped).collect::<Vec<_>>(), [0, 1, 0]);
/// assert_eq!(store.series(ORDERS, Period::Day).values()?, [Some(3)]);
/// # Ok::<(), trackstats::Error>(())
/// ```
#[must_use]
pub struct Trackers<'a, R> {
    trackers: Vec<Box<dyn OfAnyKind<R> + 'a>>,
}

/// A tracker of values of any kind.
trait OfAnyKind<R> {
    /// The metric's name.
    fn metric(&self) -> String;

    fn run<'r>(
        &'r self,
        store: &'r Store,
        how: How,
        strict: bool,
    ) -> Result<Box<dyn Run<R, Report = Report> + 'r>>;
}

impl<R, V: Value> OfAnyKind<R> for Tracker<'_, R, V> {
    fn metric(&self) -> String {
        self.metric.to_string()
    }

    fn run<'r>(
        &'r self,
        store: &'r Store,
        how: How,
        strict: bool,
    ) -> Result<Box<dyn Run<R, Report = Report> + 'r>> {
        Ok(Box::new(self.begin(store, how, strict)?))
    }
}

impl<'a, R: 'a> Trackers<'a, R> {
    /// None yet.
    pub fn new() -> Self {
        Self { trackers: Vec::new() }
    }

    /// Adds a tracker.
    pub fn and<V: Value>(mut self, tracker: Tracker<'a, R, V>) -> Self {
        self.trackers.push(Box::new(tracker));
        self
    }

    /// Runs over all records since a date, and replaces the statistics from there on. With
    /// [`Since::LastStatistic`](super::Since::LastStatistic), the source is asked for the records from the earliest date
    /// that one of the trackers goes on from; each of the others leaves out what is before its own.
    pub fn recompute(&self) -> Recompute<'_, Self> {
        Recompute::new(self)
    }

    /// Runs over new records, once, and merges them into the statistics.
    pub fn append(&self) -> Append<'_, Self> {
        Append::new(self)
    }
}

impl<'a, R: 'a> Default for Trackers<'a, R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a, R: 'a> Track for Trackers<'a, R> {
    type Record = R;
    type Report = Vec<Report>;
}

impl<'a, R: 'a> Begin for Trackers<'a, R> {
    type Run<'r>
        = TrackerRuns<'r, R>
    where
        Self: 'r;

    fn begin<'r>(&'r self, store: &'r Store, how: How, strict: bool) -> Result<Self::Run<'r>> {
        let mut metrics = BTreeSet::new();
        for tracker in &self.trackers {
            let metric = tracker.metric();
            if metrics.contains(&metric) {
                return Err(Error::DuplicateMetric { metric });
            }
            metrics.insert(metric);
        }
        let runs = self.trackers.iter().map(|tracker| tracker.run(store, how, strict));
        Ok(TrackerRuns(runs.collect::<Result<_>>()?))
    }
}

/// The parts of several trackers in a run.
#[expect(missing_debug_implementations, reason = "nobody can name it")]
pub struct TrackerRuns<'r, R>(Vec<Box<dyn Run<R, Report = Report> + 'r>>);

impl<R> Run<R> for TrackerRuns<'_, R> {
    type Report = Vec<Report>;

    fn earliest(&self) -> Option<i32> {
        self.0.iter().map(|run| run.earliest()).min().flatten()
    }

    fn record(&mut self, record: &R) -> Result<()> {
        self.0.iter_mut().try_for_each(|run| run.record(record))
    }

    fn skip(&mut self, reason: String) -> Result<()> {
        self.0.iter_mut().try_for_each(|run| run.skip(reason.clone()))
    }

    fn flush(&mut self) -> Result<()> {
        self.0.iter_mut().try_for_each(|run| run.flush())
    }

    fn write(&mut self, change: &mut Change<'_>) -> Result<Vec<Report>> {
        self.0.iter_mut().map(|run| run.write(change)).collect()
    }
}

impl<R> fmt::Debug for Trackers<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let metrics = self.trackers.iter().map(|tracker| tracker.metric());
        f.debug_list().entries(metrics).finish()
    }
}
