//! The engine of stores on disk: a database in a folder, and what makes it trustworthy.
//!
//! sled doesn't notice when an entry is lost: when it replays its log it skips damaged messages, and an entry is then gone,
//! or is what it was before. So each value has a checksum, each batch also writes the totals of all entries (how many, and
//! the sum of their hashes), and a file, the watermark, has the number of the last batch that was flushed. Opening a store
//! compares them.

mod database;
mod failure;
mod folder;
mod watchdog;
mod sled_log;
mod recover;
mod watermark;
mod totals;

use super::{Compaction, Direction, Engine, Entry, VisitEntries, Write, lock};
use crate::{
    error::{Error, Result},
    format::KeyRange,
};
use database::Database;
use folder::{DataFolder, Folder};
use std::{
    mem,
    path::Path,
    sync::{Arc, Mutex, PoisonError, RwLock},
};
use totals::Totals;
use watermark::Watermark;

pub(crate) use recover::Remains;

/// A store's folder, open.
#[derive(Debug)]
pub(crate) struct DiskEngine {
    current: RwLock<Arc<Data>>,
    /// Those of all batches so far. Held while a batch is applied.
    totals: Mutex<Totals>,
    cache_bytes: u64,
    folder: Folder,
}

/// A data folder: the database, and the watermark beside it.
#[derive(Debug)]
struct Data {
    database: Database,
    watermark: Mutex<Watermark>,
    folder: DataFolder,
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
            Some(data_folder) => {
                let opened = Data::open(&folder, data_folder, cache_bytes)?;
                folder.keep_only(&opened.0.folder);
                opened
            }
            None => (Data::create(&folder, cache_bytes)?, Totals::default()),
        };
        Ok(Self { current: RwLock::new(Arc::new(data)), totals: Mutex::new(totals), cache_bytes, folder })
    }

    fn data(&self) -> Arc<Data> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether a compaction has put other data in its place, and takes its files away.
    fn was_replaced(&self, data: &Arc<Data>) -> bool {
        !Arc::ptr_eq(data, &self.data())
    }

    fn read<T>(&self, work: impl Fn(&Database) -> Result<T>) -> Result<T> {
        loop {
            let data = self.data();
            let found = work(&data.database);
            if found.is_ok() || !self.was_replaced(&data) {
                return found;
            }
        }
    }
}

impl Data {
    /// Takes all entries of another, which must come to these totals, as `rewritten` makes them, and flushes them.
    fn copy(
        &self,
        from: &Self,
        totals: &Totals,
        rewritten: &dyn Fn(Entry) -> Option<Entry>,
    ) -> Result<Totals> {
        let copied = self.database.copy(&from.database, totals, rewritten)?;
        self.database.flush()?;
        lock(&self.watermark).acknowledge(copied.batches)?;
        Ok(copied)
    }

    fn create(folder: &Folder, cache_bytes: u64) -> Result<Self> {
        let data_folder = folder.begin()?;
        let made = Database::open(folder.path(), &data_folder.database(), cache_bytes)
            .and_then(|database| Ok((database, Mutex::new(Watermark::create(folder.path(), &data_folder)?))));
        match made {
            Ok((database, watermark)) => Ok(Self { database, watermark, folder: data_folder }),
            Err(error) => {
                data_folder.retire();
                Err(error)
            }
        }
    }

    /// Closes it, and removes its folder.
    fn discard(self) {
        let data_folder = self.folder.clone();
        drop(self);
        data_folder.retire();
    }

    fn open(folder: &Folder, data_folder: DataFolder, cache_bytes: u64) -> Result<(Self, Totals)> {
        let exists = Database::exists(&data_folder.database());
        let failed = |source| Error::Io { action: "opening", path: folder.path().to_owned(), source };
        if !exists.map_err(failed)? {
            return Err(folder.corrupt(format!("its data in {} is not there", data_folder.name())));
        }
        let mut watermark = Watermark::read(folder.path(), &data_folder)?;
        let log_before = Database::log_snapshot(&data_folder.database());
        let database = Database::open(folder.path(), &data_folder.database(), cache_bytes)?;
        let log = Database::log_snapshot(&data_folder.database());
        let Some(mut totals) = database.totals()? else {
            return Err(folder.corrupt("the totals of its entries are not there".to_owned()));
        };
        if log != log_before || !watermark.was_checked(&totals, log) {
            totals = database.check(totals)?;
            database.note(&totals)?;
        }
        if totals.batches < watermark.acknowledged() {
            let lost = watermark.acknowledged() - totals.batches;
            return Err(
                folder.corrupt(format!("the last {lost} of the writes that were flushed are not there"))
            );
        }
        // Where that fails, on a full disk say, they are checked once more when the store is opened again.
        let _ = watermark.checked(&totals, log);
        Ok((Self { database, watermark: Mutex::new(watermark), folder: data_folder }, totals))
    }
}

/// What stops the copy doesn't stop the store.
fn while_compacting(error: Error) -> Error {
    match error {
        Error::Stopped { path, source } => Error::Io { action: "compacting", path, source },
        other => other,
    }
}

impl Engine for DiskEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.read(|database| database.get(key))
    }

    fn visit(
        &self,
        range: &KeyRange,
        direction: Direction,
        limit: usize,
        visit: VisitEntries<'_>,
    ) -> Result<()> {
        let (mut rest, mut left) = (range.clone(), limit);
        loop {
            let data = self.data();
            let mut last: Option<Vec<u8>> = None;
            let read = data.database.visit(&rest, direction, left, &mut |key, value| {
                visit(key, value);
                left -= 1;
                key.clone_into(last.get_or_insert_default());
            });
            if read.is_ok() || !self.was_replaced(&data) {
                return read;
            }
            // The same entries are in what has taken its place.
            match last.map(|last| rest.behind(&last, direction)) {
                Some(Some(behind)) => rest = behind,
                Some(None) => return Ok(()),
                None => {}
            }
        }
    }

    fn apply(&self, batch: Vec<Write>) -> Result<()> {
        let mut totals = lock(&self.totals);
        *totals = self.data().database.apply(batch, *totals)?;
        Ok(())
    }

    fn flush(&self) -> Result<()> {
        // What is applied while the database flushes may be flushed too; what was before surely is.
        loop {
            let (data, batches, noted) = {
                let totals = lock(&self.totals);
                let data = self.data();
                let noted = data.database.note(&totals);
                (data, totals.batches, noted)
            };
            let flushed = noted
                .and_then(|()| data.database.flush())
                .and_then(|()| lock(&data.watermark).acknowledge(batches));
            if flushed.is_ok() || !self.was_replaced(&data) {
                return flushed;
            }
        }
    }

    fn publish(&self) -> Result<()> {
        let flushed = self.folder.publish(&self.data().folder)?;
        let path = || self.folder.path().to_owned();
        flushed.map_err(|source| Error::Io { action: "flushing", path: path(), source })
    }

    fn check(&self) -> Result<()> {
        let totals = lock(&self.totals);
        self.data().database.check(*totals).map(drop)
    }

    fn compact(&self, rewritten: &dyn Fn(Entry) -> Option<Entry>) -> Result<Compaction> {
        // No batch is applied until all is done; readers go on.
        let mut totals = lock(&self.totals);
        let old = self.data();
        let before = old.folder.bytes();
        let new = Data::create(&self.folder, self.cache_bytes).map_err(while_compacting)?;
        let copied = match new.copy(&old, &totals, rewritten) {
            Ok(copied) => copied,
            Err(error) => {
                new.discard();
                return Err(while_compacting(error));
            }
        };
        let after = new.folder.bytes();
        if after > before {
            new.discard();
            return Ok(Compaction { before, after: before });
        }
        match self.folder.publish(&new.folder) {
            Ok(Ok(())) => {}
            // Which of the two a power cut would leave isn't known: nothing may be written to either.
            Ok(Err(source)) => return Err(old.database.stop(source.into(), false)),
            Err(error) => {
                new.discard();
                return Err(error);
            }
        }
        *totals = copied;
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        drop(mem::replace(&mut *current, Arc::new(new)));
        drop(current);
        old.folder.retire();
        Ok(Compaction { before, after })
    }

    fn folder(&self) -> Option<&Path> {
        Some(self.folder.path())
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}
