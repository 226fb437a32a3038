//! sled 0.34, with a checksum on each value, and without its panics.

use super::totals::{TOTALS, Totals, checked, with_checksum, without_checksum};
use crate::{
    encoding::KeyRange,
    error::{Error, Result},
    storage::{BATCH, Direction, Entry, Write},
};
use std::{
    fs, io,
    ops::Bound,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

/// A sled database in a folder of its own.
#[derive(Debug)]
pub(super) struct Database {
    tree: sled::Db,
    /// Of the store, for errors.
    store: PathBuf,
}

impl Database {
    /// sled's own threads keep the lock for a moment after its last handle is gone; so does a process that ends.
    const ATTEMPTS: u32 = 20;
    const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(25);

    /// Whether there are a database's files in this folder.
    pub(super) fn exists(folder: &Path) -> bool {
        folder.join("conf").is_file() && folder.join("db").is_file()
    }

    /// Which part of the log the database has digested, as the name of a file tells.
    pub(super) fn log_snapshot(folder: &Path) -> Option<u64> {
        let files = fs::read_dir(folder).ok()?.flatten();
        let numbers = files.filter_map(|file| {
            u64::from_str_radix(file.file_name().to_str()?.strip_prefix("snap.")?, 16).ok()
        });
        numbers.max()
    }

    /// Opens the database, or makes it.
    pub(super) fn open(store: &Path, folder: &Path, cache_bytes: u64) -> Result<Self> {
        let config = sled::Config::new().path(folder).cache_capacity(cache_bytes).flush_every_ms(None);
        for _ in 0..Self::ATTEMPTS {
            match contained(store, "opening", || config.open()) {
                Err(Error::Io { source, .. }) if source.to_string().contains("could not acquire lock") => {
                    thread::sleep(Self::BETWEEN_ATTEMPTS);
                }
                opened => return Ok(Self { tree: opened?, store: store.to_owned() }),
            }
        }
        Err(Error::Locked { path: store.to_owned() })
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let value = contained(&self.store, "reading", || self.tree.get(key))?;
        value.map(|stored| self.checked(key, &stored)).transpose()
    }

    pub(super) fn scan(&self, range: &KeyRange, direction: Direction, limit: usize) -> Result<Vec<Entry>> {
        let mut entries = Vec::new();
        self.stored(range, direction, limit, |key, stored| {
            entries.push(Entry { key: key.to_vec(), value: self.checked(key, stored)? });
            Ok(())
        })?;
        Ok(entries)
    }

    /// Applies a batch that no key is in twice, and returns the totals with it.
    pub(super) fn apply(&self, batch: Vec<Write>, mut totals: Totals) -> Result<Totals> {
        totals.changes += 1;
        let mut writes = sled::Batch::default();
        for Write { key, value } in batch {
            if let Some(stored) = contained(&self.store, "reading", || self.tree.get(&key))? {
                totals.remove(&key, without_checksum(&stored));
            }
            match value {
                Some(value) => {
                    totals.add(&key, &value);
                    let value = with_checksum(&key, value);
                    writes.insert(key, value);
                }
                None => writes.remove(key),
            }
        }
        writes.insert(TOTALS, with_checksum(TOTALS, totals.encode().to_vec()));
        contained(&self.store, "writing to", || self.tree.apply_batch(writes))?;
        Ok(totals)
    }

    pub(super) fn flush(&self) -> Result<()> {
        contained(&self.store, "flushing", || self.tree.flush()).map(drop)
    }

    /// The totals as the last batch left them; none in a database without any.
    pub(super) fn totals(&self) -> Result<Option<Totals>> {
        Ok(self.get(TOTALS)?.and_then(|bytes| Totals::decode(&bytes)))
    }

    /// Reads all entries, and compares them with their totals.
    pub(super) fn check(&self, totals: &Totals) -> Result<()> {
        let mut found = Totals::default();
        self.pages(|entries| {
            for Entry { key, value } in entries {
                found.add(&key, &value);
            }
            Ok(())
        })?;
        if found.same_entries(totals) { Ok(()) } else { Err(self.wrong_entries(&found, totals)) }
    }

    pub(super) fn wrong_entries(&self, found: &Totals, totals: &Totals) -> Error {
        let problem = if found.entries == totals.entries {
            "some of its entries are not what was written last".to_owned()
        } else {
            format!("it has {} entries and should have {}", found.entries, totals.entries)
        };
        Error::Corrupt { path: self.store.clone(), problem }
    }

    /// Copies all entries of another database into this one, which is empty, and counts on from this change.
    pub(super) fn copy(&self, other: &Self, changes: u64) -> Result<Totals> {
        let mut totals = Totals::none(changes);
        other.pages(|entries| {
            let writes = entries.into_iter().map(|Entry { key, value }| Write { key, value: Some(value) });
            totals = self.apply(writes.collect(), totals)?;
            Ok(())
        })?;
        Ok(totals)
    }

    /// All entries, a page at a time.
    fn pages(&self, mut visit: impl FnMut(Vec<Entry>) -> Result<()>) -> Result<()> {
        let mut range = KeyRange { start: Vec::new(), end: None };
        loop {
            let entries = self.scan(&range, Direction::Forwards, BATCH)?;
            let Some(last) = entries.last() else { return Ok(()) };
            range.start = [&last.key[..], &[0]].concat();
            visit(entries)?;
        }
    }

    /// The first `limit` entries of a range in this direction, with their checksums, as long as `visit` allows.
    fn stored(
        &self,
        range: &KeyRange,
        direction: Direction,
        limit: usize,
        mut visit: impl FnMut(&[u8], &[u8]) -> Result<()>,
    ) -> Result<()> {
        if range.is_empty() {
            return Ok(());
        }
        let end = range.end.as_deref().unwrap_or(TOTALS).min(TOTALS);
        let mut found =
            self.tree.range::<&[u8], _>((Bound::Included(range.start.as_slice()), Bound::Excluded(end)));
        for _ in 0..limit {
            let next = contained(&self.store, "reading", || match direction {
                Direction::Forwards => found.next().transpose(),
                Direction::Backwards => found.next_back().transpose(),
            });
            let Some((key, value)) = next? else { break };
            visit(&key, &value)?;
        }
        Ok(())
    }

    /// The value, if it is what was written under this key.
    fn checked(&self, key: &[u8], stored: &[u8]) -> Result<Vec<u8>> {
        checked(key, stored).map(<[u8]>::to_vec).ok_or_else(|| {
            let problem = "an entry is not what was written".to_owned();
            Error::Corrupt { path: self.store.clone(), problem }
        })
    }
}

/// Does something with sled, which panics on many kinds of damage.
fn contained<T>(store: &Path, action: &'static str, work: impl FnOnce() -> sled::Result<T>) -> Result<T> {
    let path = || store.to_owned();
    match panic::catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(sled::Error::Io(source))) if source.kind() == io::ErrorKind::UnexpectedEof => {
            Err(Error::Corrupt { path: path(), problem: "a file of its data ends too soon".to_owned() })
        }
        Ok(Err(sled::Error::Io(source))) => Err(Error::Io { action, path: path(), source }),
        Ok(Err(other)) => {
            Err(Error::Corrupt { path: path(), problem: format!("{action} it failed ({other})") })
        }
        Err(_) => Err(Error::Corrupt { path: path(), problem: "its files can't be read".to_owned() }),
    }
}
