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
        atomic::{AtomicBool, AtomicU64, Ordering},
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
    engine: Arc<dyn Engine>,
    replay: Replay,
    versions: RwLock<Versions>,
    writer: Mutex<()>,
    pub(super) writing: Mutex<Option<ThreadId>>,
    /// Held while a checkpoint is written.
    checkpoint: Mutex<()>,
    /// Damage was met meanwhile.
    is_damaged: AtomicBool,
    spills: AtomicU64,
}

/// Does what the parts of changes in the journal say.
pub(crate) type Replay = fn(&Storage, Parts) -> Result<()>;

impl Storage {
    /// Takes an engine into use, and does what its journal says.
    pub(crate) fn new(engine: Arc<dyn Engine>, replay: Replay) -> Result<Self> {
        let shared = Shared {
            engine,
            replay,
            versions: RwLock::default(),
            writer: Mutex::new(()),
            writing: Mutex::new(None),
            checkpoint: Mutex::new(()),
            is_damaged: AtomicBool::new(false),
            spills: AtomicU64::new(0),
        };
        let storage = Self { shared: Arc::new(shared) };
        if let Some(parts) = storage.engine().unapplied() {
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
        let is_free = || self.shared.checkpoint.try_lock().is_ok();
        if self.engine().wants_checkpoint() && is_free() {
            // What was flushed is safe without it; where it fails, the journal goes on, and it is tried again.
            let _ = self.checkpoint();
        }
        Ok(())
    }

    /// Writes all entries into one file, beside writers; the journal begins anew.
    pub(crate) fn checkpoint(&self) -> Result<()> {
        self.with_checkpoint(|| self.write_checkpoint(|| Ok(()), false))
    }

    /// Reads everything, and compares it with what was written.
    pub(crate) fn check(&self) -> Result<()> {
        self.with_checkpoint(|| {
            let _only_one = self.only_one()?;
            self.engine().check()
        })
    }

    /// Rewrites the map into less space.
    pub(crate) fn compact(&self) -> Result<Compaction> {
        self.with_checkpoint(|| {
            let before = self.engine().bytes();
            self.write_checkpoint(|| self.engine().renew(), true)?;
            Ok(Compaction { before, after: self.engine().bytes() })
        })
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

    /// What becomes of an error that somebody has met who saw the map when it had been made anew so many times: where it is of
    /// damage, the map is made anew.
    pub(super) fn mended(&self, error: Error, remakes: u64) -> Error {
        if !matches!(error, Error::Corrupt { .. }) {
            return error;
        }
        let mended = match self.shared.checkpoint.try_lock() {
            // Whoever writes a checkpoint does it when that has ended.
            Err(TryLockError::WouldBlock) => {
                self.shared.is_damaged.store(true, Ordering::Relaxed);
                Ok(true)
            }
            _checkpoint => self.remake(remakes),
        };
        match mended {
            Ok(true) => Error::MadeAnew { path: self.path().to_owned() },
            Err(failed @ (Error::Io { .. } | Error::Stopped { .. })) => failed,
            Ok(false) | Err(_) => error,
        }
    }

    /// Makes the map anew, unless somebody has since it was made anew so many times; all reads wait, no checkpoint is under
    /// way, and a change that is open won't happen. Says whether the engine can do so.
    fn remake(&self, remakes: u64) -> Result<bool> {
        let mut versions = self.versions_mut();
        if versions.remakes != remakes {
            return Ok(true);
        }
        let Some((new, parts)) = self.engine().begin_remake()? else { return Ok(false) };
        let replay = self.shared.replay;
        replay(&Self::new(new, replay)?, parts)?;
        self.engine().finish_remake();
        self.engine().give_up();
        versions.remade();
        Ok(true)
    }

    /// Does something with a checkpoint while no other is under way; once more where it has met damage, when the map was made
    /// anew.
    fn with_checkpoint<T>(&self, work: impl Fn() -> Result<T>) -> Result<T> {
        self.is_not_nested()?;
        let _only_one = lock(&self.shared.checkpoint);
        let remakes = self.versions().remakes;
        let mut done = work();
        let is_damaged = self.shared.is_damaged.swap(false, Ordering::Relaxed);
        let is_damaged = is_damaged || matches!(done, Err(Error::Corrupt { .. }));
        if is_damaged && self.remake(remakes)? && done.is_err() {
            done = work();
        }
        done
    }

    /// Writes a checkpoint of all entries, and does something before the next change, if the engine keeps checkpoints.
    fn write_checkpoint(&self, then: impl Fn() -> Result<()>, is_exclusive: bool) -> Result<()> {
        let only_one = self.only_one()?;
        let begun = self.engine().begin_checkpoint()?;
        let snapshot = self.snapshot_of_checkpoint();
        let _only_one = is_exclusive.then_some(only_one);
        let Some(mut checkpoint) = begun else { return Ok(()) };
        snapshot.for_each(KeyRange::all(), |entry| checkpoint.put(&entry.key, &entry.value))?;
        self.engine().finish_checkpoint(checkpoint)?;
        then()
    }

    /// Keeps all other writers waiting, here, where readers don't wait for them.
    pub(super) fn only_one(&self) -> Result<MutexGuard<'_, ()>> {
        self.is_not_nested()?;
        Ok(lock(&self.shared.writer))
    }

    /// Refuses to wait for a change that this thread has open itself.
    fn is_not_nested(&self) -> Result<()> {
        let is_nested = *lock(&self.shared.writing) == Some(thread::current().id());
        if is_nested { Err(Error::NestedChange) } else { Ok(()) }
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
