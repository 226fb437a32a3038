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
        Ok(Self { engine: DiskEngine::open(path, Options::CACHE_BYTES)?, batch: Vec::new(), bytes: 0 })
    }

    /// Adds an entry, whose key must not have been added before.
    pub(crate) fn put(&mut self, key: Vec<u8>, value: Vec<u8>) -> Result<()> {
        self.bytes += key.len() + value.len();
        self.batch.push(Write { key, value: Some(value) });
        if self.batch.len() < BATCH && self.bytes <= BATCH_BYTES {
            return Ok(());
        }
        self.bytes = 0;
        self.engine.apply(mem::take(&mut self.batch), None)
    }

    /// Makes the store of what `work` writes, and says how many entries it has.
    pub(crate) fn load(self, work: impl FnOnce(&mut Transaction<'_>) -> Result<()>) -> Result<u64> {
        let storage = Storage::new(Box::new(self.engine), replay)?;
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
    }

    /// Writes all of it to the disk, reads and opens it, and then makes it the store at its path.
    pub(crate) fn finish(self) -> Result<()> {
        let Self { engine, batch, .. } = self;
        engine.apply(batch, None)?;
        engine.check()?;
        let store = Store::options().flush(Flush::Explicit).open_engine(Box::new(engine))?;
        store.inner.storage.checkpoint()
    }
}
