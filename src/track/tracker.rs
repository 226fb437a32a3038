//! What is worked out from records, and how they are read.

use super::{Ids, grouping::RecordGrouping};
use crate::{
    calendar::Timestamp,
    error::{Error, Result},
    kinds::{Distinct, Gauge, Item, Max, Meter, Min, Quantiles, Sum, Summary, Value},
    model::{Id, Metric, Period},
};
use std::{fmt, rc::Rc};

/// What gives the value of a record, if it has one, or says why the record can't be read.
type ValueOf<'a, R, V> = Box<dyn Fn(&R) -> Result<Option<V>, String> + 'a>;

/// How statistics are worked out from records of the type `R`: what a record's instant, value and objects are,
/// and what is kept.
///
/// Statistics without object are always kept, and so are those of days: every wider period is worked out from
/// them. Calendar periods are stored beside their days; [`Period::LastDays`] and [`Period::Lifetime`] are worked out when
/// they are read, up to today. The values of a date are merged, so a count is the sum of ones.
///
/// There are two ways to run it. [`recompute`](Self::recompute) takes all records since a date and replaces
/// the statistics from there on; [`append`](Self::append) takes new records once and merges them in.
///
/// ```
/// use trackstats::{
///     Domain, Metric, Period, Store, Tracker,
///     chrono::{DateTime, Utc},
///     model::Id,
/// };
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
    pub(super) groupings: Vec<RecordGrouping<'a, R>>,
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
        Self::checked(metric, timestamp, move |record| Ok(value(record)))
    }

    /// As [`new`](Self::new), where a record's value may be one that can't be: the record is then skipped and reported as
    /// one that can't be read, or ends a strict run.
    ///
    /// ```
    /// # use trackstats::{Domain, Metric, Store, Timestamp, Tracker, kinds::Sum};
    /// # const SHOP: Domain = Domain::new("shop", "Shop");
    /// const TAKINGS: Metric<Sum> = Metric::new(SHOP, "takings", "Takings");
    ///
    /// let tracker = Tracker::checked(TAKINGS, |order: &(Timestamp, &str)| order.0, |order| {
    ///     let euros: f64 = order.1.parse().map_err(|_| format!("{:?} is not an amount", order.1))?;
    ///     Sum::new(euros).map(Some).map_err(|error| error.to_string())
    /// });
    /// let store = Store::in_memory()?;
    /// let report = tracker.append().run(&store, [(store.now(), "1.5"), (store.now(), "one")])?;
    /// assert_eq!((report.read, report.skipped), (2, 1));
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    pub fn checked<T: Into<Timestamp>>(
        metric: Metric<'a, V>,
        timestamp: impl Fn(&R) -> T + 'a,
        value: impl Fn(&R) -> Result<Option<V>, String> + 'a,
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
    /// [`Error::InvalidRef`] for a kind that isn't a [`Ref`](crate::model::Ref), [`Error::DuplicateGrouping`] for one
    /// that is grouped by already.
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
        let grouping = RecordGrouping::new(kinds.into_iter().map(Into::into).collect(), ids)?;
        if self.groupings.iter().any(|other| other.part_kinds() == grouping.part_kinds()) {
            return Err(Error::DuplicateGrouping { kinds: grouping.part_kinds().join(",") });
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

    /// About how many bytes of half-finished statistics are kept in memory. Beyond it they are spilled to the store's
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

impl<'a, R, V: Value> Tracker<'a, R, V> {
    fn of_floats<T: Into<Timestamp>>(
        metric: Metric<'a, V>,
        timestamp: impl Fn(&R) -> T + 'a,
        field: impl Fn(&R) -> Option<f64> + 'a,
        value: impl Fn(Timestamp, f64) -> Result<V> + 'a,
    ) -> Self {
        let timestamp = Rc::new(timestamp);
        let at = Rc::clone(&timestamp);
        Self::checked(
            metric,
            move |record| timestamp(record),
            move |record| {
                let value = field(record).map(|number| value(at(record).into(), number));
                value.transpose().map_err(|error| error.to_string())
            },
        )
    }
}

impl<'a, R> Tracker<'a, R, Sum> {
    /// Adds a field of the records, without rounding: in any order it gives the same. A record with a number that is
    /// infinite or not a number is skipped and reported.
    pub fn sum_float<T: Into<Timestamp>>(
        metric: Metric<'a, Sum>,
        timestamp: impl Fn(&R) -> T + 'a,
        field: impl Fn(&R) -> Option<f64> + 'a,
    ) -> Self {
        Self::of_floats(metric, timestamp, field, |_, number| Sum::new(number))
    }
}

impl<'a, R> Tracker<'a, R, Summary> {
    /// Keeps the count, sum, smallest, largest, mean and variance of a field of the records. A record with a number that is
    /// infinite or not a number is skipped and reported.
    pub fn summary<T: Into<Timestamp>>(
        metric: Metric<'a, Summary>,
        timestamp: impl Fn(&R) -> T + 'a,
        field: impl Fn(&R) -> Option<f64> + 'a,
    ) -> Self {
        Self::of_floats(metric, timestamp, field, |_, number| Summary::new(number))
    }
}

impl<'a, R> Tracker<'a, R, Quantiles> {
    /// Keeps the quantiles of a field of the records, such as the median, to within 1 %. A record with a number that is
    /// infinite or not a number is skipped and reported.
    pub fn quantiles<T: Into<Timestamp>>(
        metric: Metric<'a, Quantiles>,
        timestamp: impl Fn(&R) -> T + 'a,
        field: impl Fn(&R) -> Option<f64> + 'a,
    ) -> Self {
        Self::of_floats(metric, timestamp, field, |_, number| Quantiles::new(number))
    }
}

impl<'a, R> Tracker<'a, R, Distinct> {
    /// Counts the different items of the records, such as users: each once a statistic, to within 1.7 %.
    ///
    /// ```
    /// # use trackstats::{
    /// #     Domain, Metric, Period, Store, Timestamp, Tracker,
    /// #     kinds::{Distinct, Item},
    /// # };
    /// # const APP: Domain = Domain::new("app", "App");
    /// const USERS: Metric<Distinct> = Metric::new(APP, "users", "Users");
    ///
    /// let tracker = Tracker::distinct(USERS, |visit: &(Timestamp, String)| visit.0, |visit| Some(Item::from(&visit.1)))
    ///     .periods([Period::LastDays(7)]);
    /// # let store = Store::in_memory()?;
    /// # tracker.append().run(&store, [(store.now(), "ann".to_owned()), (store.now(), "ann".to_owned())])?;
    /// # assert_eq!(store.series(USERS, Period::LastDays(7)).values()?[0].as_ref().unwrap().count(), 1);
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    pub fn distinct<T, F>(metric: Metric<'a, Distinct>, timestamp: impl Fn(&R) -> T + 'a, item: F) -> Self
    where
        T: Into<Timestamp>,
        F: for<'r> Fn(&'r R) -> Option<Item<'r>> + 'a,
    {
        Self::new(metric, timestamp, move |record| item(record).map(Distinct::of))
    }
}

impl<'a, R> Tracker<'a, R, Gauge> {
    /// Keeps the last, the lowest and the highest of a level that the records give. A record with a level that is infinite or
    /// not a number is skipped and reported.
    pub fn gauge<T: Into<Timestamp>>(
        metric: Metric<'a, Gauge>,
        timestamp: impl Fn(&R) -> T + 'a,
        level: impl Fn(&R) -> Option<f64> + 'a,
    ) -> Self {
        Self::of_floats(metric, timestamp, level, |at, level| Gauge::at(at.unix_seconds(), level))
    }
}

impl<'a, R> Tracker<'a, R, Meter> {
    /// Keeps the readings of a meter that only grows. A record with a reading that is negative, infinite or not a number
    /// is skipped and reported. Group by the meter, if there are several.
    pub fn meter<T: Into<Timestamp>>(
        metric: Metric<'a, Meter>,
        timestamp: impl Fn(&R) -> T + 'a,
        reading: impl Fn(&R) -> Option<f64> + 'a,
    ) -> Self {
        Self::of_floats(metric, timestamp, reading, |at, reading| Meter::at(at.unix_seconds(), reading))
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
