//! A change: any number of writes that happen as a whole or not at all, also across a crash.
//!
//! A small change is one batch of the engine. A larger one writes batch by batch, for nobody to see: what it replaces is put
//! aside, for readers and for taking it back. So the memory that a change needs doesn't grow with it.

use super::{
    Direction, Entry, Log, Page, Reads, Storage, Write, lock, nameless::Scratch, reads::patched, undo::Undo,
};
use crate::{
    error::{Error, Result},
    format::{ChangeWriter, KeyRange, RowLog},
};
use std::{cell::RefCell, collections::BTreeMap, mem, ops::Bound, path::Path, sync::MutexGuard, thread};

/// So many writes wait in memory at most: a change of no more is one batch of the engine.
const WAITING: usize = 2_048;

/// The same for the bytes of their keys and values.
const WAITING_BYTES: usize = 1 << 20;

/// What keys have, none where they have no entry.
type KeyValues = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// So many entries that were read are remembered at most.
const READ: usize = 4_096;

/// Values that are larger than blocks are read again.
const READ_BYTES: usize = 4 << 10;

/// The one change that is open. Dropped without [`commit`](Self::commit), it never happened.
#[derive(Debug)]
pub(crate) struct Transaction<'s> {
    storage: &'s Storage,
    writes: KeyValues,
    bytes: usize,
    /// What is to be written to the journal; none while the map is made from it.
    log: Option<ChangeWriter>,
    /// What the engine has under keys that were read, so that it isn't read again.
    read: RefCell<KeyValues>,
    /// Some of the change is written already.
    is_large: bool,
    /// How often the map had been made anew when it began.
    remakes: u64,
    _only_one: MutexGuard<'s, ()>,
}

impl Transaction<'_> {
    /// Writes an entry that isn't a block.
    pub(crate) fn put(&mut self, key: Vec<u8>, value: Vec<u8>) -> Result<()> {
        if let Some(log) = &mut self.log {
            log.put(&key, &value);
        }
        self.write(key, Some(value))
    }

    /// Removes an entry that isn't a block.
    pub(crate) fn remove(&mut self, key: Vec<u8>) -> Result<()> {
        if let Some(log) = &mut self.log {
            log.remove(&key);
        }
        self.write(key, None)
    }

    /// Removes all entries of a range, of whatever kind, and says whether there were any.
    pub(crate) fn clear(&mut self, range: &KeyRange) -> Result<bool> {
        if let Some(log) = &mut self.log {
            log.clear(range);
        }
        let mut any = false;
        let mut rest = Some(range.clone());
        while let Some(range) = rest {
            let page = self.page(&range, Direction::Forwards, WAITING / 2)?;
            any |= !page.entries.is_empty();
            page.entries.into_iter().try_for_each(|entry| self.write(entry.key, None))?;
            rest = page.rest;
        }
        Ok(any)
    }

    /// Writes or removes a block. What changes in its rows must be [logged](Self::log_rows).
    pub(crate) fn write_block(&mut self, key: Vec<u8>, block: Option<Vec<u8>>) -> Result<()> {
        self.write(key, block)
    }

    /// Logs what changes in rows of a span, whose blocks have keys that begin with `span`.
    pub(crate) fn log_rows(&mut self, span: &[u8], rows: &RowLog) {
        if let Some(log) = &mut self.log {
            log.rows(span, rows);
        }
    }

    fn write(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) -> Result<()> {
        let length = |value: &Option<Vec<u8>>| value.as_ref().map_or(0, Vec::len);
        self.bytes += key.len() + length(&value);
        let key_length = key.len();
        if let Some(before) = self.writes.insert(key, value) {
            self.bytes -= key_length + length(&before);
        }
        let logged = self.log.as_ref().map_or(0, |log| log.bytes().len());
        let is_much = self.writes.len() >= WAITING || self.bytes.max(logged) > WAITING_BYTES;
        if is_much { self.write_out() } else { Ok(()) }
    }

    /// Writes what waits in memory, for nobody to see yet.
    fn write_out(&mut self) -> Result<()> {
        if self.log.is_some() && !self.is_large {
            self.storage.begin_large(self.remakes)?;
            self.is_large = true;
        }
        let log = self.log.as_ref().map(|log| Log { bytes: log.bytes(), is_last: false });
        // Not taken away: whoever goes on after an error must not commit without them.
        let applied = self.storage.apply_part(self.remakes, self.writes.clone(), self.read.get_mut(), log);
        applied.map_err(|error| self.mended(error))?;
        self.writes.clear();
        self.read.get_mut().clear();
        self.bytes = 0;
        if let Some(log) = &mut self.log {
            log.clear_all();
        }
        Ok(())
    }

    /// Leaves the change as a crash just before its commit would.
    #[cfg(test)]
    pub(super) fn write_out_for_test(mut self) {
        self.write_out().unwrap();
        self.is_large = false;
    }

    /// Makes the change happen.
    pub(crate) fn commit(mut self) -> Result<()> {
        let writes = mem::take(&mut self.writes);
        let Some(log) = &self.log else {
            return self.storage.apply_part(self.remakes, writes, self.read.get_mut(), None);
        };
        let log = Log { bytes: log.bytes(), is_last: true };
        if self.is_large {
            let committed = self.storage.commit_large(self.remakes, writes, self.read.get_mut(), log);
            committed.map_err(|error| self.mended(error))?;
            self.is_large = false;
            return Ok(());
        }
        if writes.is_empty() {
            return Ok(());
        }
        let applied = self.storage.apply(self.remakes, writes, self.read.get_mut(), log);
        applied.map_err(|error| self.mended(error))
    }

    fn mended(&self, error: Error) -> Error {
        self.storage.mended(error, self.remakes)
    }

    fn remember(&self, key: &[u8], stored: Option<&Vec<u8>>) {
        let mut read = self.read.borrow_mut();
        if read.len() < READ && stored.is_none_or(|stored| stored.len() <= READ_BYTES) {
            read.insert(key.to_vec(), stored.cloned());
        }
    }
}

/// What there is with this change's writes so far.
impl Reads for Transaction<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        if let Some(value) = self.writes.get(key) {
            return Ok(value.clone());
        }
        let known = self.read.borrow().get(key).cloned();
        if let Some(stored) = known {
            return Ok(stored);
        }
        let stored = self.storage.engine().get(key).map_err(|error| self.mended(error))?;
        self.remember(key, stored.as_ref());
        Ok(stored)
    }

    fn page(&self, range: &KeyRange, direction: Direction, limit: usize) -> Result<Page> {
        let entries = self.storage.engine().scan(range, direction, limit);
        let entries = entries.map_err(|error| self.mended(error))?;
        let rest = range.after(&entries, direction).filter(|_| entries.len() >= limit);
        for Entry { key, value } in &entries {
            self.remember(key, Some(value));
        }
        let covered = range.before(rest.as_ref(), direction);
        let patches = self.writes_in(&covered).map(|(key, value)| (key.clone(), value.clone())).collect();
        Ok(Page { entries: patched(entries, patches, direction), rest })
    }

    fn path(&self) -> &Path {
        self.storage.path()
    }
}

impl Transaction<'_> {
    fn writes_in<'w>(
        &'w self,
        range: &'w KeyRange,
    ) -> impl Iterator<Item = (&'w Vec<u8>, &'w Option<Vec<u8>>)> {
        let end = range.end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let bounds = (!range.is_empty()).then_some((Bound::Included(range.start.as_slice()), end));
        bounds.into_iter().flat_map(|bounds| self.writes.range::<[u8], _>(bounds))
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if self.is_large {
            // Where that fails, the next change does it.
            let _ = self.storage.roll_back();
        }
        *lock(&self.storage.shared.writing) = None;
    }
}

impl Storage {
    /// Begins a change; waits for the one that another thread has open.
    pub(crate) fn change(&self) -> Result<Transaction<'_>> {
        let change = self.begin(Some(ChangeWriter::default()))?;
        // What a change has written that failed, as when the disk was full.
        if self.versions().is_large_under_way {
            self.roll_back()?;
        }
        Ok(change)
    }

    /// Begins a change that makes the map from its journal: it isn't logged, and what is written is there at once.
    pub(crate) fn unlogged(&self) -> Result<Transaction<'_>> {
        self.begin(None)
    }

    fn begin(&self, log: Option<ChangeWriter>) -> Result<Transaction<'_>> {
        let only_one = self.only_one()?;
        *lock(&self.shared.writing) = Some(thread::current().id());
        Ok(Transaction {
            storage: self,
            writes: BTreeMap::new(),
            bytes: 0,
            log,
            read: RefCell::default(),
            is_large: false,
            remakes: self.versions().remakes,
            _only_one: only_one,
        })
    }

    /// Applies a change that fits into one batch.
    fn apply(&self, remakes: u64, writes: KeyValues, read: &mut KeyValues, log: Log<'_>) -> Result<()> {
        let mut versions = self.versions_mut();
        versions.check(remakes, self.path())?;
        if !versions.held.is_empty() {
            for key in writes.keys() {
                let stored = self.stored(key, read)?;
                versions.save(key, stored);
            }
        }
        self.engine().apply(batch(writes), Some(log))?;
        versions.version += 1;
        Ok(())
    }

    /// What stands under a key, which the change may have read already.
    fn stored(&self, key: &[u8], read: &mut KeyValues) -> Result<Option<Vec<u8>>> {
        read.remove(key).map_or_else(|| self.engine().get(key), Ok)
    }

    /// Begins a large change.
    fn begin_large(&self, remakes: u64) -> Result<()> {
        let undo = Undo::new(Scratch::new(self.nameless_file()?));
        let mut versions = self.versions_mut();
        versions.check(remakes, self.path())?;
        let next = versions.version + 1;
        versions.large.push((next, undo));
        versions.is_large_under_way = true;
        Ok(())
    }

    /// Applies some of a large change's writes.
    fn apply_part(
        &self,
        remakes: u64,
        writes: KeyValues,
        read: &mut KeyValues,
        log: Option<Log<'_>>,
    ) -> Result<()> {
        let mut versions = self.versions_mut();
        versions.check(remakes, self.path())?;
        if log.is_some() {
            let stored = |key: &Vec<u8>| Ok((key.clone(), self.stored(key, read)?));
            let replaced = writes.keys().map(stored).collect::<Result<_>>()?;
            if let Some((_, undo)) = versions.large.last_mut() {
                undo.add(&replaced)?;
            }
        }
        self.engine().apply(batch(writes), log)
    }

    /// Makes a large change happen, with the last of its writes.
    fn commit_large(
        &self,
        remakes: u64,
        writes: KeyValues,
        read: &mut KeyValues,
        log: Log<'_>,
    ) -> Result<()> {
        self.apply_part(remakes, writes, read, Some(log))?;
        let mut versions = self.versions_mut();
        versions.version += 1;
        versions.is_large_under_way = false;
        versions.forget();
        Ok(())
    }

    /// Takes back what a large change has written, which didn't happen.
    fn roll_back(&self) -> Result<()> {
        let mut versions = self.versions_mut();
        if let Some((_, undo)) = versions.large.last() {
            undo.take_back(|replaced| self.engine().apply(batch(replaced), None))?;
        }
        self.engine().give_up();
        versions.large.pop();
        versions.is_large_under_way = false;
        Ok(())
    }
}

fn batch(writes: KeyValues) -> Vec<Write> {
    writes.into_iter().map(|(key, value)| Write { key, value }).collect()
}
