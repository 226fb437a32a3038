//! An ordered map of bytes with atomic batches; the only folder that names sled.
//!
//! An [`Engine`] is the small trait that a storage engine has to offer. [`Storage`] makes of it what the store
//! promises: reads that see one point in time, and changes of any size that happen as a whole.

mod change;
#[cfg(all(test, feature = "exchange"))]
mod counting;
mod sled;
mod engine;
mod flusher;
mod memory;
mod spill;
mod mvcc;
mod reads;
#[cfg(test)]
mod tests;

use crate::{
    error::{Error, Result},
    format::{ChangesRecord, KeyRange, Malformed, Record, Stored, key, store_value, value_after},
};
use std::{
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, atomic::AtomicU64,
    },
    thread::{self, ThreadId},
};

pub(crate) use self::sled::{DiskEngine, Remains};
pub(crate) use change::Change;
#[cfg(all(test, feature = "exchange"))]
pub(crate) use counting::{Counter, CountingEngine};
pub use engine::Compaction;
pub(crate) use engine::{BATCH, Direction, Engine, Entry, Visit, Write};
pub(crate) use flusher::Flusher;
pub(crate) use memory::MemoryEngine;
pub(crate) use mvcc::Snapshot;
pub(crate) use reads::{Entries, Page, Reads};
pub(crate) use spill::Spill;

/// An engine, with snapshots for its readers and one change at a time for its writers. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Storage {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    engine: Box<dyn Engine>,
    versions: RwLock<mvcc::Versions>,
    writer: Mutex<()>,
    writing: Mutex<Option<ThreadId>>,
    spills: AtomicU64,
}

impl Storage {
    /// Takes an engine into use, and takes back the change that a crash cut short.
    pub(crate) fn new(engine: Box<dyn Engine>) -> Result<Self> {
        let shared = Shared {
            engine,
            versions: RwLock::default(),
            writer: Mutex::new(()),
            writing: Mutex::new(None),
            spills: AtomicU64::new(0),
        };
        let storage = Self { shared: Arc::new(shared) };
        if let Some(stored) = storage.engine().get(&key::changes())? {
            let corrupt = |malformed| storage.corrupt(malformed);
            let record = value_after(stored, 0).map_err(corrupt)?.unwrap_or_default();
            let ChangesRecord { committed, under_way } = ChangesRecord::decode(&record).map_err(corrupt)?;
            storage.versions_mut().committed = committed;
            if under_way {
                storage.roll_back()?;
            }
        }
        Ok(storage)
    }

    pub(crate) fn path(&self) -> &Path {
        self.engine().path()
    }

    pub(crate) fn flush(&self) -> Result<()> {
        self.engine().flush()
    }

    /// Makes the map what is found at its path from now on.
    pub(crate) fn publish(&self) -> Result<()> {
        self.engine().publish()
    }

    /// Reads all entries, and compares them with what was written.
    pub(crate) fn check(&self) -> Result<()> {
        let _only_one = self.only_one()?;
        self.engine().check()
    }

    /// Rewrites the map into less space, or leaves it as it is.
    pub(crate) fn compact(&self) -> Result<Compaction> {
        let _only_one = self.only_one()?;
        // What a large change replaced is left out, where no reader wants it any more.
        let committed = self.versions().committed_for_all();
        self.engine().compact(&|Entry { key, value }| match Stored::decode(&value) {
            Ok(Stored::Changed { change, new, .. }) if change <= committed => {
                new.map(|new| Entry { key, value: store_value(new.to_vec()) })
            }
            _ => Some(Entry { key, value }),
        })
    }

    /// Begins a change; waits for the one that another thread has open.
    pub(crate) fn change(&self) -> Result<Change<'_>> {
        Change::begin(self, self.only_one()?)
    }

    /// Keeps all other writers waiting, here, where readers don't wait for them.
    fn only_one(&self) -> Result<MutexGuard<'_, ()>> {
        if *lock(&self.shared.writing) == Some(thread::current().id()) {
            return Err(Error::NestedChange);
        }
        Ok(lock(&self.shared.writer))
    }

    /// A place for what a tracker can't hold in memory.
    pub(crate) fn spill(&self) -> Spill {
        Spill::new(self.clone())
    }

    /// The state of the map as it is now, for as long as it is held.
    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot::new(self.clone())
    }

    fn corrupt(&self, malformed: Malformed) -> Error {
        Error::Corrupt { path: self.path().to_owned(), problem: format!("it has {}", malformed.0) }
    }

    fn engine(&self) -> &dyn Engine {
        &*self.shared.engine
    }

    fn versions(&self) -> RwLockReadGuard<'_, mvcc::Versions> {
        self.shared.versions.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn versions_mut(&self) -> RwLockWriteGuard<'_, mvcc::Versions> {
        self.shared.versions.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All keys.
pub(crate) fn everything() -> KeyRange {
    KeyRange { start: Vec::new(), end: None }
}

/// A lock whose holder panicked guards nothing that could be half changed: take it all the same.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
