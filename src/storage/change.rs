//! A change: any number of writes that happen as a whole or not at all, also across a crash.
//!
//! A small change is one batch of the engine. A larger one first puts its writes aside as pending ones, commits them
//! with a single record, and then brings them to their places; opening the store finishes that if it was
//! cut short. So the memory that a change needs doesn't grow with it.

use super::{
    BATCH, Storage, Write, lock,
    pending::{pending_value, pending_write},
};
use crate::{
    encoding::{KeyRange, Space, key},
    error::Result,
};
use std::{collections::BTreeMap, mem, sync::MutexGuard, thread};

/// So many bytes of keys and values wait in memory at most, beside the limit on their number.
const BATCH_BYTES: usize = 1 << 20;

/// The one change that is open. Dropped without [`commit`](Self::commit), it never happened.
#[derive(Debug)]
pub(crate) struct Change<'s> {
    storage: &'s Storage,
    writes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    bytes: usize,
    put_aside: bool,
    _only_one: MutexGuard<'s, ()>,
}

impl<'s> Change<'s> {
    pub(super) fn begin(storage: &'s Storage) -> Result<Self> {
        let only_one = lock(&storage.shared.writer);
        *lock(&storage.shared.writing) = Some(thread::current().id());
        let change =
            Self { storage, writes: BTreeMap::new(), bytes: 0, put_aside: false, _only_one: only_one };
        // The last change may have failed on its way, on a full disk say; it is committed and comes first.
        if storage.versions().settling {
            storage.settle()?;
        }
        Ok(change)
    }

    /// What a key has with this change's writes so far.
    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        if let Some(value) = self.writes.get(key) {
            return Ok(value.clone());
        }
        if self.put_aside
            && let Some(pending) = self.storage.engine().get(&key::pending(key))?
        {
            return Ok(pending_value(&pending));
        }
        self.storage.engine().get(key)
    }

    pub(crate) fn put(&mut self, key: Vec<u8>, value: Vec<u8>) -> Result<()> {
        self.write(key, Some(value))
    }

    pub(crate) fn remove(&mut self, key: Vec<u8>) -> Result<()> {
        self.write(key, None)
    }

    fn write(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) -> Result<()> {
        self.bytes += key.len() + value.as_ref().map_or(0, Vec::len);
        self.writes.insert(key, value);
        if self.writes.len() > BATCH || self.bytes > BATCH_BYTES { self.put_aside() } else { Ok(()) }
    }

    fn put_aside(&mut self) -> Result<()> {
        if !self.put_aside {
            // What a change left that failed, and could not clear away, must not come to pass with this one.
            self.storage.clear(&KeyRange::space(Space::Pending))?;
            self.put_aside = true;
        }
        let writes = self.writes.iter();
        let pending = writes.map(|(key, value)| pending_write(key, value.as_deref())).collect();
        self.storage.engine().apply(pending)?;
        // Not before: whoever goes on after an error must not commit without them.
        self.writes.clear();
        self.bytes = 0;
        Ok(())
    }

    /// Leaves the change as a crash just before its commit would.
    #[cfg(test)]
    pub(super) fn put_aside_for_test(&mut self) {
        self.put_aside().unwrap();
        self.put_aside = false;
    }

    /// Makes the change happen.
    ///
    /// Once it is committed, it stays so: should the engine refuse to bring its writes to their places, readers see
    /// them all the same, and the next change, or opening the store again, goes on with it.
    pub(crate) fn commit(mut self) -> Result<()> {
        if !self.put_aside {
            let writes = mem::take(&mut self.writes);
            return self.storage.apply(writes.into_iter().map(|(key, value)| Write { key, value }).collect());
        }
        self.put_aside()?;
        self.storage.commit_pending()?;
        self.put_aside = false;
        self.storage.settle().or(Ok(()))
    }
}

impl Drop for Change<'_> {
    fn drop(&mut self) {
        if self.put_aside {
            // What stays behind is cleared by the next change that puts aside, or when the store is opened.
            let _ = self.storage.clear(&KeyRange::space(Space::Pending));
        }
        *lock(&self.storage.shared.writing) = None;
    }
}
