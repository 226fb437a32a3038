//! The engine of stores on disk: the checkpoint and the journal are what is kept, sled is an index of it.
//!
//! A change is added to the journal and then to the index; a flush is one of the journal. Where the index isn't what it was
//! when the store was closed, it is made anew from the checkpoint and the journal; where these are damaged and the index is
//! sound, they are made anew from it.

mod checkpoint;
mod closed;
mod folder;
mod index;
mod journal;
mod open;
mod recover;

use super::{Compaction, Direction, Engine, Log, VisitEntries, Write, lock};
use crate::{
    error::{Error, Result},
    format::KeyRange,
};
use closed::Closed;
use folder::{Folder, is_same, sync_folder};
use index::Index;
use journal::{FoundJournal, Journal, JournalName};
use std::{
    fs, mem,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

pub(crate) use checkpoint::Checkpoint;
pub(crate) use recover::Remains;

/// A journal shorter than this goes on, however short the checkpoint is.
const LEAST_JOURNAL: u64 = 64 << 10;

/// A store's folder, open.
#[derive(Debug)]
pub(crate) struct DiskEngine {
    index: RwLock<Arc<Index>>,
    /// None until there is a checkpoint that it goes on from.
    journal: RwLock<Option<Arc<Journal>>>,
    /// What tells this store's files from those of others.
    store: u64,
    /// The last change, while there is no journal.
    base: u64,
    checkpoint_bytes: AtomicU64,
    behind: Mutex<Option<Behind>>,
    was_rebuilt: bool,
    cache_bytes: u64,
    /// Last, since it lets go of the lock.
    folder: Folder,
}

/// What the index doesn't have yet: what these journals have behind a change.
#[derive(Debug)]
struct Behind {
    change: u64,
    journals: Vec<(PathBuf, FoundJournal)>,
}

impl DiskEngine {
    /// Whether there is a store in this folder, sound or not; what is there instead is an error.
    pub(crate) fn exists(path: &Path) -> Result<bool> {
        folder::exists(path)
    }

    fn new(folder: Folder, cache_bytes: u64, index: Index, store: u64) -> Self {
        Self {
            index: RwLock::new(Arc::new(index)),
            journal: RwLock::default(),
            store,
            base: 0,
            checkpoint_bytes: AtomicU64::new(0),
            behind: Mutex::new(None),
            was_rebuilt: false,
            cache_bytes,
            folder,
        }
    }

    fn index(&self) -> Arc<Index> {
        Arc::clone(&self.index.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn journal(&self) -> Option<Arc<Journal>> {
        self.journal.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_journal(&self, journal: Journal) {
        *self.journal.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(journal));
    }

    fn failed(&self, action: &'static str) -> impl Fn(std::io::Error) -> Error {
        let path = self.folder.path().to_owned();
        move |source| Error::Io { action, path: path.clone(), source }
    }

    /// Reads from the index; once more where a compaction has put another in its place.
    fn read<T>(&self, mut work: impl FnMut(&Index) -> Result<T>) -> Result<T> {
        loop {
            let index = self.index();
            let found = work(&index);
            if found.is_ok() || Arc::ptr_eq(&index, &self.index()) {
                return found;
            }
        }
    }

    /// The last change.
    fn number(&self) -> u64 {
        self.journal().map_or(self.base, |journal| journal.number())
    }

    /// Writes what the index comes to, so that it need not be made anew when the store is opened.
    fn close(&self) -> Result<()> {
        if let Some(journal) = self.journal() {
            journal.flush().map_err(self.failed("flushing"))?;
            // The index has what was never to happen.
            if journal.is_in_change() {
                return fs::remove_file(self.folder.closed()).map_err(self.failed("closing"));
            }
        }
        let index = self.index();
        if let Some(sum) = index.settle()? {
            let closed = Closed { index: index.number(), change: self.number(), sum };
            closed.write(&self.folder.closed()).map_err(self.failed("closing"))?;
        }
        Ok(())
    }
}

impl Drop for DiskEngine {
    fn drop(&mut self) {
        if self.folder.is_store() {
            // Where that fails, the index is made anew.
            let _ = self.close();
        }
    }
}

impl Engine for DiskEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.read(|index| index.get(key))
    }

    fn visit(
        &self,
        range: &KeyRange,
        direction: Direction,
        limit: usize,
        visit: VisitEntries<'_>,
    ) -> Result<()> {
        let (mut rest, mut left) = (Some(range.clone()), limit);
        self.read(|index| {
            let Some(range) = rest.clone() else { return Ok(()) };
            let mut last: Option<Vec<u8>> = None;
            let read = index.visit(&range, direction, left, &mut |key, value| {
                visit(key, value);
                left -= 1;
                key.clone_into(last.get_or_insert_default());
            });
            // The same entries are in what may have taken its place.
            if let Some(last) = last {
                rest = range.behind(&last, direction);
            }
            read
        })
    }

    fn apply(&self, batch: Vec<Write>, log: Option<Log<'_>>) -> Result<()> {
        let index = self.index();
        index.make_room()?;
        if let Some((journal, log)) = self.journal().zip(log) {
            journal.append(log).map_err(self.failed("writing to"))?;
        }
        index.put(batch);
        Ok(())
    }

    fn give_up(&self) {
        if let Some(journal) = self.journal() {
            journal.give_up();
        }
    }

    fn flush(&self) -> Result<()> {
        let Some(journal) = self.journal() else { return Ok(()) };
        journal.flush().map_err(self.failed("flushing"))?;
        // A checkpoint may have put another in its place.
        if self.journal().is_some_and(|now| !Arc::ptr_eq(&now, &journal)) {
            return self.flush();
        }
        let found = fs::metadata(journal.path()).map_err(self.failed("flushing"))?;
        if journal.file_is(|file| is_same(&found, file)) {
            return Ok(());
        }
        let source = std::io::Error::new(std::io::ErrorKind::NotFound, "other files have taken its place");
        Err(self.failed("flushing")(source))
    }

    fn behind(&self) -> Option<Box<dyn Iterator<Item = Result<Vec<u8>>>>> {
        let Behind { change, journals } = lock(&self.behind).take()?;
        let store = self.folder.path().to_owned();
        let parts = journals.into_iter().flat_map(move |(path, found)| found.parts(&store, &path, change));
        Some(Box::new(parts))
    }

    fn needs_checkpoint(&self) -> bool {
        self.folder.is_store() && self.journal().is_none()
    }

    fn wants_checkpoint(&self) -> bool {
        let least = self.checkpoint_bytes.load(Ordering::Relaxed).max(LEAST_JOURNAL);
        self.journal().is_some_and(|journal| journal.len() > least)
    }

    fn begin_checkpoint(&self) -> Result<Option<Checkpoint>> {
        let number = self.number();
        let journal = self.journal();
        if let Some(journal) = &journal {
            journal.flush().map_err(self.failed("flushing"))?;
        }
        if journal.is_none_or(|journal| journal.number() != journal.base()) {
            let name = JournalName { store: self.store, base: number };
            let create = || {
                let journal = Journal::create(self.folder.journal(number), name)?;
                sync_folder(self.folder.path())?;
                Ok(journal)
            };
            self.set_journal(create().map_err(self.failed("writing to"))?);
        }
        Checkpoint::begin(&self.folder, self.store, number).map(Some)
    }

    fn finish_checkpoint(&self, checkpoint: Checkpoint) -> Result<()> {
        let number = checkpoint.number();
        let bytes = checkpoint.finish()?;
        self.checkpoint_bytes.store(bytes, Ordering::Relaxed);
        self.folder.publish()?;
        self.folder.keep_only(number, self.index().folder());
        Ok(())
    }

    fn renew(&self) -> Result<Compaction> {
        let old = self.index();
        let before = self.folder.bytes();
        let new = open::load(&self.folder, old.number() + 1, self.cache_bytes, self.number());
        let new = new.and_then(|new| new.settle().map(|_| new)).inspect_err(|_| {
            let _ = fs::remove_dir_all(self.folder.index(old.number() + 1));
        })?;
        let new = Arc::new(new);
        drop(mem::replace(&mut *self.index.write().unwrap_or_else(PoisonError::into_inner), new));
        let _ = fs::remove_dir_all(old.folder());
        Ok(Compaction { before, after: self.folder.bytes() })
    }

    fn check(&self) -> Result<()> {
        self.read(|index| index.sum().map(drop))
    }

    fn folder(&self) -> Option<&Path> {
        Some(self.folder.path())
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}
