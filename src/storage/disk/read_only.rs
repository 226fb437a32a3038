//! A store's folder that is only read: nothing is written to it, and sled's files aren't opened.
//!
//! All entries of the checkpoint are held in memory, with the changes of the journal.

use super::{
    checkpoint,
    folder::Folder,
    history::{History, check_format},
};
use crate::{
    error::{Error, Result},
    format::KeyRange,
    storage::{Checkpoint, Direction, Engine, Log, MemoryEngine, Parts, VisitEntries, Write, lock},
};
use std::{
    path::{Path, PathBuf},
    sync::Mutex,
};

/// The engine of a store that is opened for reading only.
#[derive(Debug)]
pub(crate) struct ReadOnlyEngine {
    memory: MemoryEngine,
    path: PathBuf,
    /// None when the changes of the journal were read; then others may open the store.
    unapplied: Mutex<Option<(Folder, History)>>,
}

impl ReadOnlyEngine {
    /// Reads the store in this folder.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let folder = Folder::lock_to_read(path)?;
        let contents = folder.contents()?;
        check_format(&folder, &contents)?;
        let history = History::read(&folder, &contents)?
            .and_then(|history| if history.has_lost(&contents) { Err(history.lost()) } else { Ok(history) });
        let history = history.map_err(|problem| {
            folder.corrupt(format!("{problem}; opened where it may be written to, it may be made anew"))
        })?;
        let memory = MemoryEngine::default();
        checkpoint::load(&folder, history.checkpoint, |batch| memory.apply(batch, None))?;
        Ok(Self { memory, path: path.to_owned(), unapplied: Mutex::new(Some((folder, history))) })
    }

    fn refused<T>(&self) -> Result<T> {
        Err(Error::ReadOnly { path: self.path.clone() })
    }
}

impl Engine for ReadOnlyEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.memory.get(key)
    }

    fn visit(
        &self,
        range: &KeyRange,
        direction: Direction,
        limit: usize,
        visit: VisitEntries<'_>,
    ) -> Result<()> {
        self.memory.visit(range, direction, limit, visit)
    }

    fn apply(&self, batch: Vec<Write>, log: Option<Log<'_>>) -> Result<()> {
        if log.is_some() { self.refused() } else { self.memory.apply(batch, None) }
    }

    fn unapplied(&self) -> Option<Parts> {
        lock(&self.unapplied).as_mut().map(|(_, history)| history.parts())
    }

    fn caught_up(&self) {
        lock(&self.unapplied).take();
    }

    fn flush(&self) -> Result<()> {
        Ok(())
    }

    fn begin_checkpoint(&self) -> Result<Option<Checkpoint>> {
        self.refused()
    }

    fn check(&self) -> Result<()> {
        Ok(())
    }

    fn path(&self) -> &Path {
        &self.path
    }
}
