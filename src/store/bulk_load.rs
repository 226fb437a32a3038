//! Loads a store with entries in bulk: nothing is found at its path until all of it is there.

use super::Options;
#[cfg(feature = "backup")]
use crate::storage::Checkpoint;
use crate::{
    blocks::replay,
    error::{Error, Result},
    format::KeyRange,
    storage::{DiskEngine, Engine, Reads, Storage, Transaction},
};
use std::{path::Path, sync::Arc};

/// A store that is being made. Dropped before it is finished, it leaves nothing behind.
#[derive(Debug)]
pub(crate) struct BulkLoad {
    /// Before the engine, whose lock it needs until it is gone.
    #[cfg(feature = "backup")]
    checkpoint: Option<Checkpoint>,
    engine: DiskEngine,
}

impl BulkLoad {
    /// Begins a store in this directory, which must be empty or not there.
    pub(crate) fn begin(path: &Path) -> Result<Self> {
        if DiskEngine::exists(path)? {
            return Err(Error::StoreExists { path: path.to_owned() });
        }
        let engine = DiskEngine::open(path, Options::CACHE_BYTES).map_err(not_made(path))?;
        Ok(Self {
            #[cfg(feature = "backup")]
            checkpoint: None,
            engine,
        })
    }

    /// Adds an entry, whose key comes after those before.
    ///
    /// It goes to the checkpoint alone, of which the index is made when the store is opened: sled would hold all that is
    /// large in memory until the end, and an entry may be refused that comes then.
    #[cfg(feature = "backup")]
    pub(crate) fn put(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        let failed = not_made(self.engine.path());
        if self.checkpoint.is_none() {
            self.checkpoint = self.engine.begin_checkpoint().map_err(&failed)?;
        }
        self.checkpoint.as_mut().map_or(Ok(()), |checkpoint| checkpoint.put(key, value)).map_err(failed)
    }

    /// Makes the store of what `work` writes, and says how many entries it has.
    pub(crate) fn load(self, work: impl FnOnce(&mut Transaction<'_>) -> Result<()>) -> Result<u64> {
        let path = self.engine.path().to_owned();
        let load = || {
            let storage = Storage::new(Arc::new(self.engine), replay)?;
            let mut change = storage.change()?;
            work(&mut change)?;
            change.commit()?;
            storage.checkpoint()?;
            let mut entries = 0;
            storage.snapshot().for_each(KeyRange::all(), |_| {
                entries += 1;
                Ok(())
            })?;
            Ok(entries)
        };
        load().map_err(not_made(&path))
    }

    /// Flushes all of it, and then makes it the store at its path.
    #[cfg(feature = "backup")]
    pub(crate) fn finish(mut self) -> Result<()> {
        let checkpoint = self.checkpoint.take();
        checkpoint
            .map_or(Ok(()), |checkpoint| self.engine.finish_checkpoint(checkpoint))
            .map_err(not_made(self.engine.path()))
    }
}

/// What a failure means to those for whom there is no store yet, and none that could be opened again.
fn not_made(path: &Path) -> impl Fn(Error) -> Error {
    let path = path.to_owned();
    move |error| match error {
        Error::Io { source, .. } | Error::Stopped { source, .. } => {
            Error::NotMade { path: path.clone(), source }
        }
        other => other,
    }
}
