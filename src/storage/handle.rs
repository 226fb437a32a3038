//! The map: an engine with what its readers and its one writer share.

use super::{Compaction, Engine, MadeAnew, Parts, Reads, lock, nameless::NamelessFile, versions::Versions};
use crate::{
    error::{Error, Result},
    format::KeyRange,
};
use std::{
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError,
        atomic::{AtomicU64, Ordering},
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
    replay: Replay,
    versions: RwLock<Versions>,
    writer: Mutex<()>,
    pub(super) writing: Mutex<Option<ThreadId>>,
    /// Held while a checkpoint is written.
    checkpoint: Mutex<()>,
    spills: AtomicU64,
}

/// Does what the parts of changes in the journal say.
pub(crate) type Replay = fn(&Storage, Parts) -> Result<()>;

impl Storage {
    /// Takes an engine into use, and does what its journal says.
    pub(crate) fn new(engine: Box<dyn Engine>, replay: Replay) -> Result<Self> {
        let shared = Shared {
            engine,
            replay,
            versions: RwLock::default(),
            writer: Mutex::new(()),
            writing: Mutex::new(None),
            checkpoint: Mutex::new(()),
            spills: AtomicU64::new(0),
        };
        let storage = Self { shared: Arc::new(shared) };
        if let Some(parts) = storage.engine().behind() {
            replay(&storage, parts)?;
            storage.engine().caught_up();
        }
        if storage.engine().needs_checkpoint() {
            storage.checkpoint()?;
        }
        Ok(storage)
    }

    pub(crate) fn path(&self) -> &Path {
        self.engine().path()
    }

    /// Returns when every change so far is on the disk; writes a checkpoint when the journal is long enough.
    pub(crate) fn flush(&self) -> Result<()> {
        self.engine().flush()?;
        if self.engine().wants_checkpoint() {
            // What was flushed is safe without it; where it fails, the journal goes on.
            let _ = self.checkpoint();
        }
        Ok(())
    }

    /// Writes all entries into one file, beside writers; the journal begins anew. If another thread does so, it is left to it.
    pub(crate) fn checkpoint(&self) -> Result<()> {
        let _only_one = match self.shared.checkpoint.try_lock() {
            Ok(only_one) => only_one,
            Err(TryLockError::Poisoned(only_one)) => only_one.into_inner(),
            Err(TryLockError::WouldBlock) => return Ok(()),
        };
        let (begun, snapshot) = {
            let _no_change = self.only_one()?;
            (self.engine().begin_checkpoint()?, self.snapshot())
        };
        let Some(mut checkpoint) = begun else { return Ok(()) };
        snapshot.for_each(KeyRange::all(), |entry| checkpoint.put(&entry.key, &entry.value))?;
        self.engine().finish_checkpoint(checkpoint)
    }

    /// Reads everything, and compares it with what was written.
    pub(crate) fn check(&self) -> Result<()> {
        let _only_one = self.only_one()?;
        self.engine().check()
    }

    /// Rewrites the map into less space.
    pub(crate) fn compact(&self) -> Result<Compaction> {
        let _checkpoint = lock(&self.shared.checkpoint);
        let _only_one = self.only_one()?;
        let before = self.engine().bytes();
        if let Some(mut checkpoint) = self.engine().begin_checkpoint()? {
            self.snapshot().for_each(KeyRange::all(), |entry| checkpoint.put(&entry.key, &entry.value))?;
            self.engine().finish_checkpoint(checkpoint)?;
            self.engine().renew()?;
        }
        Ok(Compaction { before, after: self.engine().bytes() })
    }

    /// A file without a name in the store's folder; none if it is in memory.
    pub(super) fn nameless_file(&self) -> Result<Option<NamelessFile>> {
        let number = self.shared.spills.fetch_add(1, Ordering::Relaxed);
        self.engine().folder().map(|folder| NamelessFile::new(folder, number)).transpose()
    }

    /// What was made anew when it was opened, if anything was.
    pub(crate) fn made_anew(&self) -> Option<MadeAnew> {
        self.engine().made_anew()
    }

    /// What becomes of an error that a read has met that saw the map when it had been made anew so many times: where it is
    /// of damage, the map is made anew.
    pub(super) fn mended(&self, error: Error, rebuilds: u64) -> Error {
        match error {
            Error::Corrupt { .. } if self.rebuild(rebuilds).is_ok_and(|mended| mended) => {
                Error::MadeAnew { path: self.path().to_owned() }
            }
            error => error,
        }
    }

    /// Makes the map anew, unless somebody has since it was made anew so many times; all reads wait. Says whether that was
    /// possible now.
    fn rebuild(&self, rebuilds: u64) -> Result<bool> {
        // A checkpoint under way reads what is damaged too: it fails, and whoever reads next is here again.
        let Ok(_checkpoint) = self.shared.checkpoint.try_lock() else { return Ok(false) };
        let mut versions = self.versions_mut();
        if versions.rebuilds != rebuilds {
            return Ok(true);
        }
        if versions.is_large_under_way {
            return Ok(false);
        }
        let Some(new) = self.engine().begin_rebuild()? else { return Ok(false) };
        Self::new(new, self.shared.replay)?;
        self.engine().finish_rebuild();
        versions.rebuilt();
        Ok(true)
    }

    /// Keeps all other writers waiting, here, where readers don't wait for them.
    pub(super) fn only_one(&self) -> Result<MutexGuard<'_, ()>> {
        if *lock(&self.shared.writing) == Some(thread::current().id()) {
            return Err(Error::NestedChange);
        }
        Ok(lock(&self.shared.writer))
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
