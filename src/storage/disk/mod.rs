//! The engine of stores on disk: a database in a folder, and what makes it trustworthy.
//!
//! sled checks most of what it reads, but when it replays its log it passes over what is damaged, and what it doesn't
//! find it doesn't miss. So each value has a checksum, the entries have totals that each batch carries on, and beside
//! the database stands how far it was flushed. Opening a store compares them.

mod database;
mod folder;
mod log;
mod salvage;
mod seal;
mod totals;

use super::{Compaction, Direction, Engine, Entry, Write, lock};
use crate::{
    encoding::KeyRange,
    error::{Error, Result},
};
use database::Database;
use folder::{Folder, Place};
use seal::Seal;
use std::{
    mem,
    path::Path,
    sync::{Arc, Mutex, PoisonError, RwLock},
};
use totals::Totals;

pub(crate) use salvage::Wreck;

/// A store's folder, open.
#[derive(Debug)]
pub(crate) struct DiskEngine {
    current: RwLock<Arc<Data>>,
    /// Those of all batches so far. Held while a batch is applied.
    totals: Mutex<Totals>,
    cache_bytes: u64,
    folder: Folder,
}

/// A data folder: the database, and the seal beside it.
#[derive(Debug)]
struct Data {
    database: Database,
    seal: Mutex<Seal>,
    place: Place,
}

impl DiskEngine {
    /// Whether there is a store in this folder, sound or not; what is there instead is an error.
    pub(crate) fn exists(path: &Path) -> Result<bool> {
        folder::exists(path)
    }

    /// Opens the store in this folder, or begins one, which is none until it is [published](Engine::publish).
    pub(crate) fn open(path: &Path, cache_bytes: u64) -> Result<Self> {
        let folder = Folder::lock(path)?;
        let (data, totals) = match folder.current()? {
            Some(place) => Data::open(&folder, place, cache_bytes)?,
            None => (Data::create(&folder, cache_bytes)?, Totals::default()),
        };
        Ok(Self { current: RwLock::new(Arc::new(data)), totals: Mutex::new(totals), cache_bytes, folder })
    }

    fn data(&self) -> Arc<Data> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Data {
    fn create(folder: &Folder, cache_bytes: u64) -> Result<Self> {
        let place = folder.begin()?;
        let database = Database::open(folder.path(), &place.database(), cache_bytes)?;
        let seal = Mutex::new(Seal::create(folder.path(), &place)?);
        Ok(Self { database, seal, place })
    }

    fn open(folder: &Folder, place: Place, cache_bytes: u64) -> Result<(Self, Totals)> {
        let corrupt = |problem: String| Error::Corrupt { path: folder.path().to_owned(), problem };
        if !Database::exists(&place.database()) {
            return Err(corrupt(format!("its data in {} is not there", place.name())));
        }
        let mut seal = Seal::read(folder.path(), &place)?;
        let log_before = Database::log_snapshot(&place.database());
        let database = Database::open(folder.path(), &place.database(), cache_bytes)?;
        let Some(totals) = database.totals()? else {
            return Err(corrupt("the totals of its entries are not there".to_owned()));
        };
        if totals.changes < seal.acknowledged() {
            let lost = seal.acknowledged() - totals.changes;
            return Err(corrupt(format!("the last {lost} of its changes that were flushed are not there")));
        }
        if !seal.was_checked(&totals, log_before) {
            database.check(&totals)?;
        }
        seal.checked(&totals, Database::log_snapshot(&place.database()))?;
        Ok((Self { database, seal: Mutex::new(seal), place }, totals))
    }
}

impl Engine for DiskEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.data().database.get(key)
    }

    fn scan(&self, range: &KeyRange, direction: Direction, limit: usize) -> Result<Vec<Entry>> {
        self.data().database.scan(range, direction, limit)
    }

    fn apply(&self, batch: Vec<Write>) -> Result<()> {
        let mut totals = lock(&self.totals);
        *totals = self.data().database.apply(batch, *totals)?;
        Ok(())
    }

    fn flush(&self) -> Result<()> {
        // What is applied while the database flushes may be flushed too; what was before surely is.
        let (data, changes) = {
            let totals = lock(&self.totals);
            (self.data(), totals.changes)
        };
        data.database.flush()?;
        lock(&data.seal).acknowledge(changes)
    }

    fn publish(&self) -> Result<()> {
        self.folder.publish(&self.data().place)
    }

    fn check(&self) -> Result<()> {
        let totals = lock(&self.totals);
        self.data().database.check(&totals)
    }

    fn compact(&self) -> Result<Compaction> {
        // No batch is applied until all is done; readers go on.
        let mut totals = lock(&self.totals);
        let old = self.data();
        let before = old.place.bytes();
        let new = Data::create(&self.folder, self.cache_bytes)?;
        let copied = new.database.copy(&old.database, totals.changes)?;
        if !copied.same_entries(&totals) {
            return Err(old.database.wrong_entries(&copied, &totals));
        }
        new.database.flush()?;
        lock(&new.seal).acknowledge(copied.changes)?;
        self.folder.publish(&new.place)?;
        *totals = copied;
        let after = new.place.bytes();
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        drop(mem::replace(&mut *current, Arc::new(new)));
        drop(current);
        old.place.retire();
        Ok(Compaction { before, after })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}
