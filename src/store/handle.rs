//! `Store`: what it consists of, and what all of its methods use.

use super::{Flush, Registry, guard::GuardedClock, runs::Runs};
use crate::{
    calendar::Calendar,
    error::{Error, Result},
    format::{Form, Malformed},
    kinds::Value,
    model::{Metric, Object},
    storage::{Compaction, Flusher, MadeAnew, Snapshot, Spill, Storage},
};
use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

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
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    /// Dropped first, since it flushes the storage.
    pub(super) flusher: Option<Flusher>,
    pub(super) storage: Storage,
    calendar: Calendar,
    tz_version: String,
    pub(super) clock: GuardedClock,
    pub(super) registry: RwLock<Arc<Registry>>,
    runs: Mutex<Runs>,
    pub(super) flush: Flush,
}

impl Store {
    pub(super) fn new(
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

    /// Returns when everything that was written is on the disk.
    ///
    /// # Errors
    /// [`Error::Io`] when there is no room, which may be tried again, or the folder isn't there any more; [`Error::Stopped`]
    /// when the disk failed.
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

    /// What was made anew when the store was opened: the index after a power cut or a kill, which is the ordinary way then,
    /// or what was damaged. None of a store that was closed in order and is sound.
    pub fn made_anew(&self) -> Option<MadeAnew> {
        self.inner.storage.made_anew()
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

    pub(super) fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.inner.registry.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn runs(&self) -> MutexGuard<'_, Runs> {
        self.inner.runs.lock().unwrap_or_else(PoisonError::into_inner)
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
