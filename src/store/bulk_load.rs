//! Loads a store with entries in bulk: nothing is found at its path until all of it is there.

use super::{Flush, Options, Store};
use crate::{
    blocks::replay,
    error::{Error, Result},
    format::KeyRange,
    storage::{BATCH, DiskEngine, Engine, Reads, Storage, Transaction, Write},
};
use std::{mem, path::Path};

/// So many bytes of keys and values wait in memory at most, beside the limit on their number; as in a change.
const BATCH_BYTES: usize = 1 << 20;

/// A store that is being made. Dropped before it is finished, it leaves nothing behind.
#[derive(Debug)]
pub(crate) struct BulkLoad {
    engine: DiskEngine,
    batch: Vec<Write>,
    /// The bytes of keys and values in the batch.
    bytes: usize,
}

impl BulkLoad {
    /// Begins a store in this directory, which must be empty or not there.
    pub(crate) fn begin(path: &Path) -> Result<Self> {
        if DiskEngine::exists(path)? {
            return Err(Error::StoreExists { path: path.to_owned() });
        }
        let engine = DiskEngine::open(path, Options::CACHE_BYTES).map_err(not_made(path))?;
        Ok(Self { engine, batch: Vec::new(), bytes: 0 })
    }

    /// Adds an entry, whose key must not have been added before.
    pub(crate) fn put(&mut self, key: Vec<u8>, value: Vec<u8>) -> Result<()> {
        self.bytes += key.len() + value.len();
        self.batch.push(Write { key, value: Some(value) });
        if self.batch.len() < BATCH && self.bytes <= BATCH_BYTES {
            return Ok(());
        }
        self.bytes = 0;
        let batch = mem::take(&mut self.batch);
        self.engine.apply(batch, None).map_err(not_made(self.engine.path()))
    }

    /// Makes the store of what `work` writes, and says how many entries it has.
    pub(crate) fn load(self, work: impl FnOnce(&mut Transaction<'_>) -> Result<()>) -> Result<u64> {
        let path = self.engine.path().to_owned();
        let load = || {
            let storage = Storage::new(Box::new(self.engine), replay)?;
            let mut change = storage.change()?;
            work(&mut change)?;
            change.commit()?;
            storage.checkpoint()?;
            let mut entries = 0;
            storage.snapshot().for_each(KeyRange::all(), |_| Ok(entries += 1))?;
            Ok(entries)
        };
        load().map_err(not_made(&path))
    }

    /// Writes all of it to the disk, reads and opens it, and then makes it the store at its path.
    pub(crate) fn finish(self) -> Result<()> {
        let Self { engine, batch, .. } = self;
        let path = engine.path().to_owned();
        let finish = || {
            engine.apply(batch, None)?;
            engine.check()?;
            let store = Store::options().flush(Flush::Explicit).open_engine(Box::new(engine))?;
            store.inner.storage.checkpoint()
        };
        finish().map_err(not_made(&path))
    }
}

/// What a failure means to those for whom there is no store yet, and none that could be opened again.
fn not_made(path: &Path) -> impl Fn(Error) -> Error {
    let path = path.to_owned();
    move |error| match error {
        Error::Io { source, .. } | Error::Stopped { source, .. } => Error::NotMade { path: path.clone(), source },
        other => other,
    }
}
