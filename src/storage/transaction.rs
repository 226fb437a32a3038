//! A change: any number of writes that happen as a whole or not at all, also across a crash.
//!
//! A small change is one batch of the engine. A larger one has a number, and writes batch by batch: each entry becomes
//! what it was and what the change makes of it, side by side. One record commits all of it; the entries stay as they
//! are until they are written again, or the store is compacted. So the memory that a change needs doesn't grow with
//! it, and each entry is written once.

use super::{BATCH, Direction, Entry, Page, Reads, Storage, Write, lock, reads::patched, versions::Versions};
use crate::{
    error::Result,
    format::{ChangesRecord, KeyRange, Record, Stored, key, store_value, value_after},
};
use std::{cell::RefCell, collections::BTreeMap, mem, ops::Bound, path::Path, sync::MutexGuard, thread};

/// So many writes wait in memory at most: a change of no more is one batch of the engine, and its entries take half the
/// space of a large one's.
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
    /// What the engine has under keys that were read, so that it isn't read again when it is replaced.
    read: RefCell<KeyValues>,
    /// Its number, once it is a large one.
    number: Option<u64>,
    _only_one: MutexGuard<'s, ()>,
}

impl Transaction<'_> {
    pub(crate) fn put(&mut self, key: Vec<u8>, value: Vec<u8>) -> Result<()> {
        self.write(key, Some(value))
    }

    pub(crate) fn remove(&mut self, key: Vec<u8>) -> Result<()> {
        self.write(key, None)
    }

    fn write(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) -> Result<()> {
        let length = |value: &Option<Vec<u8>>| value.as_ref().map_or(0, Vec::len);
        self.bytes += key.len() + length(&value);
        let key_length = key.len();
        if let Some(before) = self.writes.insert(key, value) {
            self.bytes -= key_length + length(&before);
        }
        if self.writes.len() >= WAITING || self.bytes > WAITING_BYTES { self.write_out() } else { Ok(()) }
    }

    /// Writes what waits in memory, for nobody to see yet.
    fn write_out(&mut self) -> Result<()> {
        let number = match self.number {
            Some(number) => number,
            None => self.storage.begin_large()?,
        };
        self.number = Some(number);
        self.storage.apply_large(number, &self.writes, self.read.get_mut())?;
        // Not before: whoever goes on after an error must not commit without them.
        self.writes.clear();
        self.read.get_mut().clear();
        self.bytes = 0;
        Ok(())
    }

    /// Leaves the change as a crash just before its commit would.
    #[cfg(test)]
    pub(super) fn write_out_for_test(mut self) {
        self.write_out().unwrap();
        self.number = None;
    }

    /// Makes the change happen.
    pub(crate) fn commit(mut self) -> Result<()> {
        let Some(number) = self.number else {
            // An empty batch would make the next opening read all entries.
            if self.writes.is_empty() {
                return Ok(());
            }
            return self.storage.apply(mem::take(&mut self.writes), self.read.get_mut());
        };
        self.write_out()?;
        self.storage.commit_large(number)?;
        self.number = None;
        Ok(())
    }
}

impl Transaction<'_> {
    /// The value of what the engine has under a key, with what this change has written already.
    fn value(&self, stored: Vec<u8>) -> Result<Option<Vec<u8>>> {
        let committed = self.number.unwrap_or_else(|| self.storage.versions().committed);
        value_after(stored, committed).map_err(|malformed| self.storage.corrupt(malformed))
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
        let stored = if let Some(stored) = known {
            stored
        } else {
            let stored = self.storage.engine().get(key)?;
            self.remember(key, stored.as_ref());
            stored
        };
        stored.map_or(Ok(None), |stored| self.value(stored))
    }

    fn page(&self, range: &KeyRange, direction: Direction, limit: usize) -> Result<Page> {
        let stored = self.storage.engine().scan(range, direction, limit)?;
        let rest = range.after(&stored, direction).filter(|_| stored.len() >= limit);
        let mut entries = Vec::with_capacity(stored.len());
        for Entry { key, value } in stored {
            self.remember(&key, Some(&value));
            entries.extend(self.value(value)?.map(|value| Entry { key, value }));
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
        if self.number.is_some() {
            // Where that fails, the next change does it.
            let _ = self.storage.roll_back();
        }
        *lock(&self.storage.shared.writing) = None;
    }
}

impl Storage {
    /// Begins a change; waits for the one that another thread has open.
    pub(crate) fn change(&self) -> Result<Transaction<'_>> {
        let only_one = self.only_one()?;
        *lock(&self.shared.writing) = Some(thread::current().id());
        let change = Transaction {
            storage: self,
            writes: BTreeMap::new(),
            bytes: 0,
            read: RefCell::default(),
            number: None,
            _only_one: only_one,
        };
        // A crash may have cut the last large change short, or a full disk, and then also taking it back.
        if self.versions().under_way {
            self.roll_back()?;
        }
        Ok(change)
    }

    /// Applies a change that fits into one batch.
    fn apply(&self, writes: KeyValues, read: &mut KeyValues) -> Result<()> {
        let mut versions = self.versions_mut();
        let mut batch = Vec::with_capacity(writes.len());
        for (key, value) in writes {
            let old = self.stored(&key, read)?;
            batch.push(Write { key, old, new: value.map(store_value) });
        }
        versions.save_replaced(&batch);
        self.engine().apply(batch)?;
        versions.version += 1;
        Ok(())
    }

    /// What stands under a key, which the change may have read already.
    fn stored(&self, key: &[u8], read: &mut KeyValues) -> Result<Option<Vec<u8>>> {
        read.remove(key).map_or_else(|| self.engine().get(key), Ok)
    }

    /// Begins a large change, and gives it its number.
    fn begin_large(&self) -> Result<u64> {
        let mut versions = self.versions_mut();
        // Also where writing it fails: perhaps it was written.
        versions.under_way = true;
        let committed = versions.committed;
        self.write_record(&mut versions, &ChangesRecord { committed, under_way: true })?;
        Ok(committed + 1)
    }

    /// Writes some of a large change's writes beside what they replace.
    fn apply_large(&self, number: u64, writes: &KeyValues, read: &mut KeyValues) -> Result<()> {
        let mut versions = self.versions_mut();
        let mut batch = Vec::with_capacity(writes.len());
        for (key, new) in writes {
            let replaced = self.stored(key, read)?;
            let stored = replaced.as_deref().map(Stored::decode).transpose();
            let stored = stored.map_err(|malformed| self.corrupt(malformed))?;
            let old = match stored {
                // The change has written it before.
                Some(Stored::Changed { change, old, .. }) if change == number => old,
                Some(Stored::Changed { change, new, .. }) => {
                    if change > versions.committed_for_all() {
                        // Older readers want what was before that.
                        versions.save(key, replaced.as_ref());
                    }
                    new
                }
                Some(Stored::Value(value)) => Some(value),
                None => None,
            };
            let new = Stored::Changed { change: number, old, new: new.as_deref() }.encode();
            batch.push(Write { key: key.clone(), old: replaced, new });
        }
        self.engine().apply(batch)
    }

    /// Makes a large change happen.
    fn commit_large(&self, number: u64) -> Result<()> {
        let mut versions = self.versions_mut();
        self.write_record(&mut versions, &ChangesRecord { committed: number, under_way: false })?;
        versions.version += 1;
        versions.committed = number;
        versions.under_way = false;
        Ok(())
    }

    /// Takes back what a large change has written, which isn't committed.
    fn roll_back(&self) -> Result<()> {
        let mut rest = Some(KeyRange::all());
        while let Some(range) = rest.take() {
            let mut versions = self.versions_mut();
            let committed = versions.committed;
            let entries = self.engine().scan(&range, Direction::Forwards, BATCH)?;
            rest = range.after(&entries, Direction::Forwards).filter(|_| entries.len() == BATCH);
            let mut batch = Vec::new();
            for entry in entries {
                let stored = Stored::decode(&entry.value).map_err(|malformed| self.corrupt(malformed))?;
                if let Stored::Changed { change, old, .. } = stored
                    && change > committed
                {
                    let new = old.and_then(|old| Stored::Value(old).encode());
                    batch.push(Write { key: entry.key, old: Some(entry.value), new });
                }
            }
            if !batch.is_empty() {
                versions.save_replaced(&batch);
                self.engine().apply(batch)?;
            }
        }
        let mut versions = self.versions_mut();
        let committed = versions.committed;
        self.write_record(&mut versions, &ChangesRecord { committed, under_way: false })?;
        versions.under_way = false;
        Ok(())
    }

    fn write_record(&self, versions: &mut Versions, record: &ChangesRecord) -> Result<()> {
        let old = self.engine().get(&key::changes())?;
        let batch = vec![Write { key: key::changes(), old, new: Some(store_value(record.encode())) }];
        versions.save_replaced(&batch);
        self.engine().apply(batch)
    }
}
