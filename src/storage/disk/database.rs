//! sled 0.34, with a checksum on each value, and without its panics.

use super::totals::{Totals, entry_hash};
use crate::{
    encoding::{KeyRange, key::after},
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

/// The key of the totals, which is after all others and isn't among the entries.
const TOTALS: &[u8] = &[0xff];

/// The bytes of a checksum, after each value: the lower half of the entry's hash.
const CHECKSUM: usize = 4;

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

    /// Reads all entries, and says what they come to.
    pub(super) fn count(&self) -> Result<Totals> {
        let mut totals = Totals::default();
        self.pages(|entries| {
            for Entry { key, value } in entries {
                totals.add(&key, &value);
            }
            Ok(())
        })?;
        Ok(totals)
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

    /// Visits each entry that can be read; nothing where there is one, or something, that can't.
    pub(super) fn readable(&self, mut visit: impl FnMut(Option<Entry>) -> Result<()>) -> Result<()> {
        let mut range = KeyRange { start: Vec::new(), end: None };
        loop {
            let mut entries = Vec::new();
            let page = self.stored(&range, Direction::Forwards, BATCH, |key, stored| {
                entries.push((key.to_vec(), self.checked(key, stored).ok()));
                Ok(())
            });
            let next = match (page, entries.last()) {
                (_, Some((last, _))) => Some([&last[..], &[0]].concat()),
                (Ok(()), None) => None,
                (Err(_), None) => {
                    visit(None)?;
                    self.next_readable(&range.start)
                }
            };
            for (key, value) in entries {
                visit(value.map(|value| Entry { key, value }))?;
            }
            match next {
                Some(next) => range.start = next,
                None => return Ok(()),
            }
        }
    }

    /// A key from which on the database can be read again: the first after all that begin like `key`, as far as
    /// possible.
    fn next_readable(&self, key: &[u8]) -> Option<Vec<u8>> {
        let beginnings = (1..=key.len()).rev().filter_map(|length| key.get(..length));
        beginnings.filter_map(after).find(|start| {
            let range = KeyRange { start: start.clone(), end: None };
            self.stored(&range, Direction::Forwards, 1, |_, _| Ok(())).is_ok()
        })
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
        match stored.split_last_chunk() {
            Some((value, checksum)) if checksum_of(key, value) == *checksum => Ok(value.to_vec()),
            _ => {
                let problem = "an entry is not what was written".to_owned();
                Err(Error::Corrupt { path: self.store.clone(), problem })
            }
        }
    }
}

fn checksum_of(key: &[u8], value: &[u8]) -> [u8; CHECKSUM] {
    let [a, b, c, d, ..] = entry_hash(key, value).to_le_bytes();
    [a, b, c, d]
}

fn with_checksum(key: &[u8], mut value: Vec<u8>) -> Vec<u8> {
    let checksum = checksum_of(key, &value);
    value.extend_from_slice(&checksum);
    value
}

fn without_checksum(stored: &[u8]) -> &[u8] {
    stored.split_last_chunk::<CHECKSUM>().map_or(stored, |(value, _)| value)
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
