//! The map: an engine with what its readers and its one writer share.

use super::{Compaction, Engine, Entry, lock, versions::Versions};
use crate::{
    error::{Error, Result},
    format::{ChangesRecord, Malformed, Record, Stored, key, store_value, value_after},
};
use std::{
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, atomic::AtomicU64,
    },
    thread::{self, ThreadId},
};

/// An engine, with snapshots for its readers and one change at a time for its writers. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Storage {
    pub(super) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared {
    engine: Box<dyn Engine>,
    versions: RwLock<Versions>,
    writer: Mutex<()>,
    pub(super) writing: Mutex<Option<ThreadId>>,
    pub(super) spills: AtomicU64,
}

impl Storage {
    /// Takes an engine into use. A change that a crash cut short stays unseen, and the next one takes it back.
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
            let mut versions = storage.versions_mut();
            (versions.committed, versions.under_way) = (committed, under_way);
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

    /// Keeps all other writers waiting, here, where readers don't wait for them.
    pub(super) fn only_one(&self) -> Result<MutexGuard<'_, ()>> {
        if *lock(&self.shared.writing) == Some(thread::current().id()) {
            return Err(Error::NestedChange);
        }
        Ok(lock(&self.shared.writer))
    }

    pub(super) fn corrupt(&self, malformed: Malformed) -> Error {
        Error::Corrupt { path: self.path().to_owned(), problem: format!("it has {}", malformed.0) }
    }

    pub(super) fn engine(&self) -> &dyn Engine {
        &*self.shared.engine
    }

    pub(super) fn versions(&self) -> RwLockReadGuard<'_, Versions> {
        self.shared.versions.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn versions_mut(&self) -> RwLockWriteGuard<'_, Versions> {
        self.shared.versions.write().unwrap_or_else(PoisonError::into_inner)
    }
}
