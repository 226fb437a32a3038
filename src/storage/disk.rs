//! The engine of stores on disk: sled 0.34.

use super::{Direction, Engine, Entry, Write};
use crate::{
    encoding::KeyRange,
    error::{Error, Result},
};
use std::{
    fs, io,
    ops::Bound,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

/// A sled database in a directory of its own.
#[derive(Debug)]
pub(crate) struct DiskEngine {
    tree: sled::Db,
    path: PathBuf,
}

impl DiskEngine {
    /// Whether there is a database in this directory; what is there instead is an error.
    ///
    /// sled makes the folder `blobs` first, then the file `conf`, then `db`; it may have been killed in between. One
    /// of these names alone doesn't tell, and sled would write over a file of that name.
    pub(crate) fn exists(path: &Path) -> Result<bool> {
        let not_a_store = || Error::NotAStore { path: path.to_owned() };
        let (blobs, conf, db) = (path.join("blobs"), path.join("conf"), path.join("db"));
        match fs::read_dir(path) {
            Ok(_) if conf.is_file() && (blobs.is_dir() || db.is_file()) => Ok(true),
            Ok(entries) => {
                let only_begun = entries.flatten().all(|entry| entry.path() == blobs && is_empty(&blobs));
                if only_begun { Ok(false) } else { Err(not_a_store()) }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => Err(not_a_store()),
            Err(source) => Err(Error::Io { action: "opening", path: path.to_owned(), source }),
        }
    }

    /// sled's own threads keep the lock for a moment after its last handle is gone; so does a process that ends.
    const ATTEMPTS: u32 = 20;
    const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(25);

    /// Opens the database, or makes it.
    pub(crate) fn open(path: &Path, cache_bytes: u64) -> Result<Self> {
        let config = sled::Config::new().path(path).cache_capacity(cache_bytes).flush_every_ms(None);
        let had_bytes = fs::metadata(path.join("db")).is_ok_and(|file| file.len() > 0);
        let corrupt = |problem: &str| Error::Corrupt { path: path.to_owned(), problem: problem.to_owned() };
        let mut attempts = Self::ATTEMPTS;
        loop {
            // sled panics on many kinds of damage, and of others makes an empty database: the caller gets an error.
            let opened = panic::catch_unwind(AssertUnwindSafe(|| config.open()));
            return match opened {
                Ok(Ok(tree)) if tree.tree_names().len() > 1 => {
                    Err(Error::NotAStore { path: path.to_owned() })
                }
                Ok(Ok(tree)) if had_bytes && tree.is_empty() => {
                    Err(corrupt("nothing in its files can be read"))
                }
                Ok(Ok(tree)) => Ok(Self { tree, path: path.to_owned() }),
                Ok(Err(sled::Error::Io(error))) if error.to_string().contains("could not acquire lock") => {
                    if attempts > 0 {
                        attempts -= 1;
                        thread::sleep(Self::BETWEEN_ATTEMPTS);
                        continue;
                    }
                    Err(Error::Locked { path: path.to_owned() })
                }
                Ok(Err(error)) => Err(engine_error("opening", path, error)),
                Err(_) => Err(corrupt("its files can't be read")),
            };
        }
    }

    fn error(&self, action: &'static str) -> impl Fn(sled::Error) -> Error {
        move |error| engine_error(action, &self.path, error)
    }
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}

fn engine_error(action: &'static str, path: &Path, error: sled::Error) -> Error {
    let path = path.to_owned();
    match error {
        sled::Error::Io(source) => Error::Io { action, path, source },
        other => Error::Corrupt { path, problem: format!("{action} it failed ({other})") },
    }
}

impl Engine for DiskEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let value = self.tree.get(key).map_err(self.error("reading"))?;
        Ok(value.map(|value| value.to_vec()))
    }

    fn scan(&self, range: &KeyRange, direction: Direction, limit: usize) -> Result<Vec<Entry>> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let end = range.end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let mut found = self.tree.range::<&[u8], _>((Bound::Included(range.start.as_slice()), end));
        let mut entries = Vec::new();
        while entries.len() < limit {
            let next = match direction {
                Direction::Forwards => found.next(),
                Direction::Backwards => found.next_back(),
            };
            let Some(entry) = next else { break };
            let (key, value) = entry.map_err(self.error("reading"))?;
            entries.push(Entry { key: key.to_vec(), value: value.to_vec() });
        }
        Ok(entries)
    }

    fn apply(&self, batch: Vec<Write>) -> Result<()> {
        let mut writes = sled::Batch::default();
        for Write { key, value } in batch {
            match value {
                Some(value) => writes.insert(key, value),
                None => writes.remove(key),
            }
        }
        self.tree.apply_batch(writes).map_err(self.error("writing to"))
    }

    fn flush(&self) -> Result<()> {
        self.tree.flush().map(drop).map_err(self.error("flushing"))
    }

    fn path(&self) -> &Path {
        &self.path
    }
}
