//! What is worked out from records, and how they are read.

use super::{Append, Ids, Recompute, grouping::Grouping};
use crate::{
    calendar::Timestamp,
    error::{Error, Result},
    model::{Id, Max, Metric, Min, Period, Value},
};
use std::fmt;

/// What gives the value of a record, if it has one.
type ValueOf<'a, R, V> = Box<dyn Fn(&R) -> Option<V> + 'a>;

/// How statistics are worked out from records of the type `R`: what a record's instant, value and objects are,
/// and what is kept.
///
/// Statistics without object are always kept, and so are those of days: every wider period is worked out from
/// them. The values of a date are merged, so a count is the sum of ones.
///
/// There are two ways to run it. [`recompute`](Self::recompute) takes all records since a date and replaces
/// the statistics from there on; [`append`](Self::append) takes new records once and merges them in.
///
/// ```
/// use trackstats::{Domain, Id, Metric, Period, Store, Tracker, chrono::{DateTime, Utc}};
///
/// const AIRPORT: Domain = Domain::new("airport", "Airport");
/// const DEPARTURES: Metric = Metric::new(AIRPORT, "departures", "Departures");
///
/// struct Flight {
///     departed: DateTime<Utc>,
///     destination: String,
/// }
///
/// let flights = [("2013-01-01T10:45:00Z", "BQN"), ("2013-01-01T10:59:00Z", "BOS")].map(|(departed, destination)| {
///     Flight { departed: departed.parse().unwrap(), destination: destination.to_owned() }
/// });
///
/// let store = Store::in_memory()?;
/// let tracker = Tracker::count(DEPARTURES, |flight: &Flight| flight.departed)
///     .by("destination", |flight| Id::from(&flight.destination))?
///     .periods([Period::Week, Period::Month]);
/// let report = tracker.recompute().run(&store, flights)?;
///
/// assert_eq!(report.read, 2);
/// assert_eq!(store.series(DEPARTURES, Period::Month).values()?, [Some(2)]);
/// # Ok::<(), trackstats::Error>(())
/// ```
#[must_use]
pub struct Tracker<'a, R, V = i64> {
    pub(super) metric: Metric<'a, V>,
    pub(super) timestamp: Box<dyn Fn(&R) -> Timestamp + 'a>,
    pub(super) value: ValueOf<'a, R, V>,
    pub(super) groupings: Vec<Grouping<'a, R>>,
    pub(super) periods: Vec<Period>,
    pub(super) memory_bytes: usize,
    pub(super) most_objects: u64,
}

impl<'a, R, V: Value> Tracker<'a, R, V> {
    /// Merges the values of the records; one without a value is read, but doesn't count.
    pub fn new<T: Into<Timestamp>>(
        metric: Metric<'a, V>,
        timestamp: impl Fn(&R) -> T + 'a,
        value: impl Fn(&R) -> Option<V> + 'a,
    ) -> Self {
        Self {
            metric,
            timestamp: Box::new(move |record| timestamp(record).into()),
            value: Box::new(value),
            groupings: Vec::new(),
            periods: Vec::new(),
            memory_bytes: 64 << 20,
            most_objects: 1_000_000,
        }
    }

    /// Keeps statistics by object as well, of one kind. Can be called for several groupings, all worked out in one
    /// pass. Default: only statistics without object.
    ///
    /// # Errors
    /// [`Error::InvalidRef`] for a kind that isn't a [`Ref`](crate::Ref), [`Error::DuplicateGrouping`] for one that
    /// is grouped by already.
    pub fn by<F>(self, kind: &str, id: F) -> Result<Self>
    where
        F: for<'r> Fn(&'r R) -> Id<'r> + 'a,
    {
        self.by_parts([kind], move |record, ids| ids.push(id(record)))
    }

    /// Keeps statistics by objects of several parts as well, such as a country and a province. Records that no id is
    /// pushed for are left out of this grouping.
    ///
    /// ```
    /// # use trackstats::{Domain, Metric, Store, Timestamp, Tracker};
    /// # const SHOP: Domain = Domain::new("shop", "Shop");
    /// # const ORDERS: Metric = Metric::new(SHOP, "orders", "Orders");
    /// struct Order {
    ///     at: Timestamp,
    ///     country: String,
    ///     province: Option<String>,
    /// }
    ///
    /// let tracker = Tracker::count(ORDERS, |order: &Order| order.at).by_parts(
    ///     ["country", "province"],
    ///     |order, ids| {
    ///         if let Some(province) = &order.province {
    ///             ids.push(&order.country);
    ///             ids.push(province);
    ///         }
    ///     },
    /// )?;
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`by`](Self::by), and [`Error::InvalidObject`] for no kind or more than 8.
    pub fn by_parts<K: Into<String>>(
        mut self,
        kinds: impl IntoIterator<Item = K>,
        ids: impl Fn(&R, &mut Ids<'_>) + 'a,
    ) -> Result<Self> {
        let grouping = Grouping::new(kinds.into_iter().map(Into::into).collect(), ids)?;
        if self.groupings.iter().any(|other| other.kinds() == grouping.kinds()) {
            return Err(Error::DuplicateGrouping { kinds: grouping.kinds().join(",") });
        }
        self.groupings.push(grouping);
        Ok(self)
    }

    /// Keeps these periods as well. Once a metric is tracked for a period, later runs keep that period in step, also
    /// when they don't name it. A period that is new is worked out from all stored days; only hours can't be, and
    /// begin with the run. Default: days.
    pub fn periods(mut self, periods: impl IntoIterator<Item = Period>) -> Self {
        self.periods.extend(periods);
        self
    }

    /// About how many bytes of half-finished statistics are kept in memory. Beyond it they are put aside in the store's
    /// directory, which is slower. Default: 64 MiB.
    pub fn memory_bytes(self, memory_bytes: usize) -> Self {
        Self { memory_bytes, ..self }
    }

    /// How many objects of a grouping one run may work on. With more, it is
    /// [`Error::TooManyObjects`](crate::Error::TooManyObjects): ids that are new with each record, such as those of
    /// requests, would fill the disk, and what the store's engine holds in memory grows with its entries. Default: a
    /// million.
    pub fn most_objects(self, most_objects: u64) -> Self {
        Self { most_objects, ..self }
    }

    /// Runs over all records since a date, and replaces the statistics from there on.
    pub fn recompute(&self) -> Recompute<'_, 'a, R, V> {
        Recompute::new(self)
    }

    /// Runs over new records, once, and merges them into the statistics.
    pub fn append(&self) -> Append<'_, 'a, R, V> {
        Append::new(self)
    }
}

impl<'a, R> Tracker<'a, R> {
    /// Counts the records.
    pub fn count<T: Into<Timestamp>>(metric: Metric<'a>, timestamp: impl Fn(&R) -> T + 'a) -> Self {
        Self::new(metric, timestamp, |_| Some(1))
    }

    /// Adds a field of the records.
    pub fn sum<T: Into<Timestamp>>(
        metric: Metric<'a>,
        timestamp: impl Fn(&R) -> T + 'a,
        field: impl Fn(&R) -> Option<i64> + 'a,
    ) -> Self {
        Self::new(metric, timestamp, field)
    }
}

impl<'a, R> Tracker<'a, R, Min> {
    /// Keeps the smallest of a field of the records.
    pub fn min<T: Into<Timestamp>>(
        metric: Metric<'a, Min>,
        timestamp: impl Fn(&R) -> T + 'a,
        field: impl Fn(&R) -> Option<i64> + 'a,
    ) -> Self {
        Self::new(metric, timestamp, move |record| field(record).map(Min))
    }
}

impl<'a, R> Tracker<'a, R, Max> {
    /// Keeps the largest of a field of the records.
    pub fn max<T: Into<Timestamp>>(
        metric: Metric<'a, Max>,
        timestamp: impl Fn(&R) -> T + 'a,
        field: impl Fn(&R) -> Option<i64> + 'a,
    ) -> Self {
        Self::new(metric, timestamp, move |record| field(record).map(Max))
    }
}

impl<R, V> fmt::Debug for Tracker<'_, R, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracker")
            .field("metric", &self.metric)
            .field("groupings", &self.groupings)
            .field("periods", &self.periods)
            .finish_non_exhaustive()
    }
}
