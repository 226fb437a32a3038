//! The store: its options and clocks, its changes, what is registered and stored in it.

mod bulk;
mod change;
mod clock;
mod delete;
#[cfg(test)]
mod golden;
mod guard;
mod bulk_load;
mod options;
mod prefix;
mod read;
mod registry;
mod runs;
mod scan;
mod tracked;

use crate::{
    calendar::{Calendar, Timestamp},
    error::{Error, Result},
    format::{Form, Malformed, Space},
    kinds::Value,
    model::{Domain, Metric, Object, Statistic, StatisticKey},
    storage::{Flusher, Reads, Snapshot, Spill, Storage},
};
use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

pub use crate::storage::Compaction;
#[cfg(feature = "exchange")]
pub(crate) use bulk::Bulk;
pub(crate) use bulk_load::BulkLoad;
pub use change::Change;
pub use clock::{Clock, FixedClock, SystemClock};
pub use delete::Deletion;
pub(crate) use guard::Today;
pub use guard::{ClockGuard, Implausible, Parked};
pub(crate) use options::store_record;
pub use options::{Flush, Options};
pub use prefix::Prefix;
pub(crate) use registry::Registry;
pub use registry::{DomainInfo, MetricInfo};
pub(crate) use runs::{Beginning, Mark};
pub use scan::Scan;
pub(crate) use scan::{Statistics, Visitor, statistics};
pub use tracked::TrackedInfo;

use guard::GuardedClock;
use runs::Runs;

/// A store of statistics: one directory on disk, or a place in memory.
///
/// It is cheap to clone and may be used from many threads at once: one writes at a time, while any number read.
///
/// ```
/// use trackstats::{Domain, Metric, Period, Store};
///
/// const APP: Domain = Domain::new("app", "Our app");
/// const LAUNCHES: Metric = Metric::new(APP, "launches", "Launches");
///
/// let store = Store::in_memory()?;
/// let today = store.today()?;
/// store.record(LAUNCHES.on(Period::Day, today), 3)?;
///
/// let found = store.get(&LAUNCHES.on(Period::Day, today))?.unwrap();
/// assert_eq!(found.value, Some(3));
/// # Ok::<(), trackstats::Error>(())
/// ```
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    /// Dropped first, since it flushes the storage.
    flusher: Option<Flusher>,
    storage: Storage,
    calendar: Calendar,
    tz_version: String,
    clock: GuardedClock,
    registry: RwLock<Arc<Registry>>,
    runs: Mutex<Runs>,
    flush: Flush,
}

impl Store {
    /// Opens the store in this directory, or makes it, with the default [`Options`].
    ///
    /// # Errors
    /// As [`Options::open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::options().open(path)
    }

    /// Makes a store that lives in memory, with the default [`Options`].
    ///
    /// # Errors
    /// As [`Options::in_memory`].
    pub fn in_memory() -> Result<Self> {
        Self::options().in_memory()
    }

    /// The choices for opening a store.
    pub fn options() -> Options {
        Options::default()
    }

    fn new(
        storage: Storage,
        calendar: Calendar,
        tz_version: String,
        clock: GuardedClock,
        registry: Registry,
        flush: Flush,
        flusher: Option<Flusher>,
    ) -> Self {
        let (registry, runs) = (RwLock::new(Arc::new(registry)), Mutex::default());
        Self {
            inner: Arc::new(Inner { flusher, storage, calendar, tz_version, clock, registry, runs, flush }),
        }
    }

    /// The store's calendar, by which everything in it is dated.
    pub fn calendar(&self) -> &Calendar {
        &self.inner.calendar
    }

    /// The version of the time zone database that the store was made with, such as `2025b`.
    pub fn tz_version(&self) -> &str {
        &self.inner.tz_version
    }

    /// The store's directory; for a store in memory, a text that says so.
    pub fn path(&self) -> &Path {
        self.inner.storage.path()
    }

    /// The present instant, by the store's clock, plausible or not.
    pub fn now(&self) -> Timestamp {
        self.inner.clock.clock.now()
    }

    /// Registers a metric and its domain, or updates their names and descriptions. Writing a statistic does so
    /// by itself.
    ///
    /// # Errors
    /// [`Error::WrongKind`] when the metric is registered with another kind of value.
    pub fn register<V: Value>(&self, metric: Metric<'_, V>) -> Result<()> {
        self.change(|change| change.register(metric).map(drop))
    }

    /// Registers a domain, or updates its name.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn register_domain(&self, domain: Domain<'_>) -> Result<()> {
        self.change(|change| change.register_domain(domain))
    }

    /// The domains, ordered by ref.
    pub fn domains(&self) -> Vec<DomainInfo> {
        self.registry().domains()
    }

    /// The metrics, ordered by domain and ref.
    pub fn metrics(&self) -> Vec<MetricInfo> {
        self.registry().metrics()
    }

    /// The metric of these refs.
    ///
    /// # Errors
    /// [`Error::UnknownMetric`] with the nearest names.
    pub fn metric(&self, domain: &str, metric: &str) -> Result<MetricInfo> {
        self.registry().find(self.path(), domain, metric)
    }

    /// Records a statistic: the last write wins.
    ///
    /// # Errors
    /// [`Error::WrongKind`], [`Error::DateOutOfRange`], [`Error::HourOutOfRange`], or as [`Store::change`].
    pub fn record<V: Value>(&self, key: StatisticKey<'_, V>, value: V) -> Result<()> {
        self.change(|change| change.record(key, value))
    }

    /// Records that a statistic is missing: there is no data, which is neither zero nor absent.
    ///
    /// # Errors
    /// As [`Store::record`].
    pub fn record_missing<V: Value>(&self, key: StatisticKey<'_, V>) -> Result<()> {
        self.change(|change| change.record_missing(key))
    }

    /// The statistic of a key, `None` if it is absent.
    ///
    /// # Errors
    /// As [`Store::record`], and [`Error::Corrupt`].
    pub fn get<V: Value>(&self, key: &StatisticKey<'_, V>) -> Result<Option<Statistic<V>>> {
        let (snapshot, registry) = self.snapshot_with_registry();
        let Some(form) = registry.form(&key.metric)? else { return Ok(None) };
        let kind = registry.kind(key.metric.domain_ref(), key.metric.metric_ref());
        self.statistic(&snapshot, (form, kind), key)
    }

    /// Makes a statistic absent, and says whether it was there.
    ///
    /// # Errors
    /// As [`Store::record`].
    pub fn delete<V: Value>(&self, key: &StatisticKey<'_, V>) -> Result<bool> {
        self.change(|change| change.delete(key))
    }

    /// Makes several writes happen as one: all of them or, when `work` returns an error, none; also across a crash,
    /// and for readers beside it.
    ///
    /// Other writers wait meanwhile. In `work`, write through the change: a write through the store would wait for
    /// itself, and is refused.
    ///
    /// ```
    /// use trackstats::{Domain, Metric, Period, Store};
    ///
    /// const TILL: Domain = Domain::new("till", "The till");
    /// const SALES: Metric = Metric::new(TILL, "sales", "Sales");
    /// const CENTS: Metric = Metric::new(TILL, "cents", "Takings in cents");
    ///
    /// let store = Store::in_memory()?;
    /// let today = store.today()?;
    /// store.change(|change| {
    ///     change.record(SALES.on(Period::Day, today), 2)?;
    ///     change.record(CENTS.on(Period::Day, today), 1_990)
    /// })?;
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    ///
    /// # Errors
    /// What `work` returns, [`Error::NestedChange`], [`Error::Stopped`] or [`Error::Io`]. A store that flushes at an
    /// interval returns here what went wrong with the last flush; the change isn't made then. With [`Flush::Always`], it
    /// has happened where only the flush after it failed: with [`Error::Io`] when the folder was moved away, it is there,
    /// and the next flush that succeeds flushes it too.
    pub fn change<T>(&self, work: impl FnOnce(&mut Change<'_>) -> Result<T>) -> Result<T> {
        if let Some(flusher) = &self.inner.flusher {
            flusher.check()?;
        }
        let mut change = Change::begin(self)?;
        let result = work(&mut change)?;
        change.see_today()?;
        change.commit()?;
        if self.inner.flush == Flush::Always {
            self.flush()?;
        }
        Ok(result)
    }

    /// Returns when everything that was written is on the disk.
    ///
    /// # Errors
    /// [`Error::Stopped`] when the disk refuses, [`Error::Io`] when the folder isn't there any more.
    pub fn flush(&self) -> Result<()> {
        self.inner.storage.flush()?;
        if let Some(flusher) = &self.inner.flusher {
            flusher.flushed();
        }
        Ok(())
    }

    /// Rewrites the store into as little space as it takes, in one step: whatever happens on the way, what is found
    /// afterwards is the store. Writes wait meanwhile, reads go on. It takes as much free space as the store then has.
    ///
    /// sled never gives back the space that it has once taken, and keeps what was replaced for a while.
    ///
    /// # Errors
    /// [`Error::Io`] when there is no space, [`Error::NestedChange`], [`Error::Corrupt`]. The store is as it was then.
    pub fn compact(&self) -> Result<Compaction> {
        self.inner.storage.compact()
    }

    /// Where the cursor of this name stands: what the last append stored with it, byte for byte.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn cursor(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.snapshot().get(&Space::Cursor.key(&[name]))
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        self.inner.storage.snapshot()
    }

    pub(crate) fn spill(&self) -> Spill {
        self.inner.storage.spill()
    }

    pub(crate) fn corrupt(&self, malformed: Malformed, object: Option<&Object>) -> Error {
        let about = object.map(|object| format!(" (about {object})")).unwrap_or_default();
        Error::Corrupt { path: self.path().to_owned(), problem: format!("it has {}{about}", malformed.0) }
    }

    /// Reads all entries, and compares them with what was written.
    pub(crate) fn check(&self) -> Result<()> {
        self.inner.storage.check()
    }

    /// The statistics and the registrations of one and the same moment.
    pub(crate) fn snapshot_with_registry(&self) -> (Snapshot, Arc<Registry>) {
        // A change that registers something holds this lock until all of it is there.
        let registry = self.inner.registry.read().unwrap_or_else(PoisonError::into_inner);
        (self.snapshot(), Arc::clone(&registry))
    }

    /// The statistics, and the form of a metric's rows (none if it isn't registered), of one and the same moment.
    pub(crate) fn snapshot_with_form<V: Value>(
        &self,
        metric: &Metric<'_, V>,
    ) -> Result<(Snapshot, Option<Form>)> {
        let (snapshot, registry) = self.snapshot_with_registry();
        Ok((snapshot, registry.form(metric)?))
    }

    fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.inner.registry.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Nobody is left to be told; `flush` is for those who want to know.
        let _ = self.storage.flush();
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("path", &self.path())
            .field("calendar", &self.inner.calendar)
            .finish_non_exhaustive()
    }
}
