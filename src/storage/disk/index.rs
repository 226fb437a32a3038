//! What reads go to: a sled database, and over it the entries that it wasn't given yet.

use super::{
    checkpoint,
    folder::{Folder, bytes_of},
};
use crate::{
    error::{Error, Result},
    format::KeyRange,
    storage::{Direction, Engine, Log, VisitEntries, Write, checksum::EntrySum, sled::Database},
};
use std::{
    collections::BTreeMap,
    fs, io,
    ops::Bound,
    path::{Path, PathBuf},
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

/// So many bytes of entries wait in memory at most: an entry that changes often is given to sled once.
const WAITING: usize = if cfg!(test) { 64 << 10 } else { 4 << 20 };

/// What an entry that waits takes beside its bytes.
const ENTRY: usize = 96;

/// A sled database in a folder of its own, and what waits for being written to it.
#[derive(Debug)]
pub(super) struct Index {
    database: Database,
    number: u64,
    folder: PathBuf,
    waiting: RwLock<WaitingEntries>,
}

#[derive(Debug, Default)]
struct WaitingEntries {
    /// None where an entry goes.
    entries: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    bytes: usize,
    /// Something was given to the database since it was opened.
    was_written: bool,
}

impl Index {
    /// Opens the index of this number, or makes it.
    pub(super) fn open(store: &Folder, number: u64, cache_bytes: u64) -> Result<Self> {
        let folder = store.index(number);
        let database = Database::open(store.path(), &folder, cache_bytes)?;
        Ok(Self { database, number, folder, waiting: RwLock::default() })
    }

    /// Makes the index of this number from a checkpoint.
    pub(super) fn load(store: &Folder, number: u64, cache_bytes: u64, from: u64) -> Result<Self> {
        // What a removal that failed has left.
        match fs::remove_dir_all(store.index(number)) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(Error::Io { action: "writing to", path: store.path().to_owned(), source });
            }
            _ => {}
        }
        Self::open(store, number, cache_bytes)
            .and_then(|index| checkpoint::load(store, from, |batch| index.apply(batch, None)).map(|()| index))
            .inspect_err(|_| {
                let _ = fs::remove_dir_all(store.index(number));
            })
    }

    /// How many bytes its files have.
    pub(super) fn bytes(&self) -> u64 {
        bytes_of(&self.folder)
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    fn waiting(&self) -> RwLockReadGuard<'_, WaitingEntries> {
        self.waiting.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn waiting_mut(&self) -> RwLockWriteGuard<'_, WaitingEntries> {
        self.waiting.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes room for what is written next, where much waits.
    pub(super) fn make_room(&self) -> Result<()> {
        if self.waiting().bytes > WAITING { self.write_out() } else { Ok(()) }
    }

    /// Takes entries, which are found from now on.
    pub(super) fn put(&self, batch: Vec<Write>) {
        let mut waiting = self.waiting_mut();
        for Write { key, value } in batch {
            let bytes = |value: &Option<Vec<u8>>| value.as_ref().map_or(0, Vec::len);
            waiting.bytes += bytes(&value) + key.len() + ENTRY;
            let key_length = key.len();
            if let Some(before) = waiting.entries.insert(key, value) {
                waiting.bytes -= bytes(&before) + key_length + ENTRY;
            }
        }
    }

    /// Gives all that waits to the database.
    pub(super) fn write_out(&self) -> Result<()> {
        let mut waiting = self.waiting_mut();
        if waiting.entries.is_empty() {
            return Ok(());
        }
        waiting.was_written = true;
        // Where that fails, they go on to stand for what the database has.
        self.database.write(&waiting.entries)?;
        waiting.entries.clear();
        waiting.bytes = 0;
        Ok(())
    }

    /// Writes all of it out, and says what all entries come to; none if nothing was written since it was opened.
    pub(super) fn settle(&self) -> Result<Option<EntrySum>> {
        self.write_out()?;
        if !self.waiting().was_written {
            return Ok(None);
        }
        self.database.settle()?;
        self.sum().map(Some)
    }

    /// Reads all entries, and says what they come to; those that wait are left out.
    pub(super) fn sum(&self) -> Result<EntrySum> {
        self.database.sum()
    }
}

impl Engine for Index {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let waiting = self.waiting();
        match waiting.entries.get(key) {
            Some(value) => Ok(value.clone()),
            None => self.database.get(key),
        }
    }

    fn visit(
        &self,
        range: &KeyRange,
        direction: Direction,
        limit: usize,
        visit: VisitEntries<'_>,
    ) -> Result<()> {
        if range.is_empty() || limit == 0 {
            return Ok(());
        }
        let waiting = self.waiting();
        let end = range.end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let mut over = waiting.entries.range::<[u8], _>((Bound::Included(range.start.as_slice()), end));
        let mut next_over = || match direction {
            Direction::Forwards => over.next(),
            Direction::Backwards => over.next_back(),
        };
        let is_before = |a: &[u8], b: &[u8]| if direction == Direction::Forwards { a < b } else { a > b };
        let (mut left, mut ahead) = (limit, next_over());
        self.database.visit(range, direction, &mut |key, value| {
            while let Some((over, new)) = ahead.filter(|(over, _)| !is_before(key, over)) {
                ahead = next_over();
                if let Some(new) = new {
                    visit(over, new);
                    left -= 1;
                }
                // What waits stands for what the database has.
                if over == key || left == 0 {
                    return Ok(left > 0);
                }
            }
            visit(key, value);
            left -= 1;
            Ok(left > 0)
        })?;
        while left > 0
            && let Some((over, new)) = ahead
        {
            ahead = next_over();
            if let Some(new) = new {
                visit(over, new);
                left -= 1;
            }
        }
        Ok(())
    }

    fn apply(&self, batch: Vec<Write>, _: Option<Log<'_>>) -> Result<()> {
        self.make_room()?;
        self.put(batch);
        Ok(())
    }

    fn flush(&self) -> Result<()> {
        Ok(())
    }

    fn check(&self) -> Result<()> {
        self.sum().map(drop)
    }

    fn path(&self) -> &Path {
        self.database.store()
    }
}
