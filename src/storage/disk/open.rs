//! Opening a folder: which of its files are sound, and what is made anew from which.

use super::{
    Behind, DiskEngine,
    checkpoint::FoundCheckpoint,
    closed::Closed,
    folder::{Contents, Folder},
    index::Index,
    journal::{FoundJournal, Journal, JournalName, format_of},
};
use crate::{
    error::{Error, Result},
    format::FORMAT,
    storage::{DumpError, Write},
};
use std::{
    fs,
    hash::{BuildHasher, RandomState},
    io,
    path::{Path, PathBuf},
};

/// So many entries of a checkpoint are given to the index at once.
const ENTRIES: usize = 1_024;

/// What the checkpoint and the journals of a folder have.
#[derive(Debug)]
struct History {
    store: u64,
    checkpoint: u64,
    /// In their order; at least one.
    journals: Vec<(PathBuf, FoundJournal)>,
}

impl History {
    /// Reads what there is; the text says what isn't as it was written.
    fn read(folder: &Folder, contents: &Contents) -> Result<std::result::Result<Self, String>> {
        let failed = |source| Error::Io { action: "reading", path: folder.path().to_owned(), source };
        let Some(number) = contents.checkpoints.last().copied() else {
            return Ok(Err("its checkpoint is not there".to_owned()));
        };
        let checkpoint = match FoundCheckpoint::open(&folder.checkpoint(number)) {
            Ok(found) if found.record.number == number => found.record,
            Err(DumpError::Io(source)) if !is_damage(&source) => return Err(failed(source)),
            _ => return Ok(Err(format!("its file checkpoint-{number} is not what was written"))),
        };
        let mut history = Self { store: checkpoint.store, checkpoint: number, journals: Vec::new() };
        for base in contents.journals.iter().filter(|base| **base >= number) {
            let path = folder.journal(*base);
            let found = match FoundJournal::read(&path) {
                Err(source) if !is_damage(&source) => return Err(failed(source)),
                found => found.ok().flatten(),
            };
            let expected = JournalName { store: history.store, base: history.last() };
            match found {
                Some(found) if found.name == expected && *base == expected.base && !found.is_damaged => {
                    history.journals.push((path, found));
                }
                _ => return Ok(Err(format!("its file journal-{base} is not what was written"))),
            }
        }
        if history.journals.is_empty() {
            return Ok(Err(format!("its file journal-{number} is not there")));
        }
        Ok(Ok(history))
    }

    /// The last change.
    fn last(&self) -> u64 {
        self.journals.last().map_or(self.checkpoint, |(_, journal)| journal.last)
    }
}

/// Whether an error says that a file isn't as it was, and not that it can't be read now.
fn is_damage(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::UnexpectedEof
            | io::ErrorKind::InvalidData
    )
}

/// The index as it was closed, if it is still the same.
fn sound_index(folder: &Folder, cache_bytes: u64) -> Option<(Index, Closed)> {
    let closed = Closed::read(&folder.closed())?;
    if !folder.index(closed.index).is_dir() {
        return None;
    }
    let index = Index::open(folder, closed.index, cache_bytes).ok()?;
    index.sum().is_ok_and(|sum| sum == closed.sum).then_some((index, closed))
}

impl DiskEngine {
    /// Opens the store in this folder, or begins one, which is none until it has a
    /// [checkpoint](crate::storage::Engine::finish_checkpoint).
    pub(crate) fn open(path: &Path, cache_bytes: u64) -> Result<Self> {
        let folder = Folder::lock(path)?;
        let new_number = || RandomState::new().hash_one(path);
        if !folder.is_store() {
            folder.begin()?;
            let index = Index::open(&folder, 1, cache_bytes)?;
            return Ok(Self::new(folder, cache_bytes, index, new_number()));
        }
        let contents = folder.contents()?;
        let formats = contents.journals.iter().filter_map(|base| format_of(&folder.journal(*base)));
        if let Some(found) = formats.filter(|format| *format != FORMAT).max() {
            return Err(Error::Format { path: path.to_owned(), found, known: FORMAT });
        }
        match (sound_index(&folder, cache_bytes), History::read(&folder, &contents)?) {
            (Some((index, closed)), Ok(history)) if history.last() >= closed.change => {
                Self::go_on(folder, cache_bytes, index, history, closed.change)
            }
            // The index is all that is left of the last changes: a checkpoint is made of it.
            (Some((index, closed)), _) => {
                let last = contents.journals.iter().chain(&contents.checkpoints).copied().max();
                let mut engine = Self::new(folder, cache_bytes, index, new_number());
                engine.base = closed.change.max(last.unwrap_or_default()) + 1;
                engine.was_rebuilt = true;
                Ok(engine)
            }
            (None, Ok(history)) => {
                let number = contents.indexes.last().copied().unwrap_or_default() + 1;
                let index = load(&folder, number, cache_bytes, history.checkpoint).inspect_err(|_| {
                    let _ = fs::remove_dir_all(folder.index(number));
                })?;
                let behind = history.checkpoint;
                let mut engine = Self::go_on(folder, cache_bytes, index, history, behind)?;
                engine.was_rebuilt = true;
                Ok(engine)
            }
            (None, Err(problem)) => Err(folder.corrupt(problem)),
        }
    }

    /// Opens a store with an index that has everything up to a change.
    fn go_on(folder: Folder, cache_bytes: u64, index: Index, history: History, change: u64) -> Result<Self> {
        let mut engine = Self::new(folder, cache_bytes, index, history.store);
        let failed = |source| Error::Io { action: "opening", path: engine.folder.path().to_owned(), source };
        if let Some((path, found)) = history.journals.last() {
            let journal = Journal::go_on(path.clone(), found).map_err(failed)?;
            engine.set_journal(journal);
        }
        let checkpoint = fs::metadata(engine.folder.checkpoint(history.checkpoint)).map_err(failed)?;
        *engine.checkpoint_bytes.get_mut() = checkpoint.len();
        engine.folder.keep_only(history.checkpoint, engine.index().folder());
        let is_behind = history.last() > change;
        engine.behind = is_behind.then_some(Behind { change, journals: history.journals }).into();
        Ok(engine)
    }
}

/// Makes an index of a checkpoint.
pub(super) fn load(folder: &Folder, number: u64, cache_bytes: u64, checkpoint: u64) -> Result<Index> {
    let failed = |error| match error {
        DumpError::Io(source) => Error::Io { action: "reading", path: folder.path().to_owned(), source },
        _ => folder.corrupt(format!("its file checkpoint-{checkpoint} is not what was written")),
    };
    let mut found = FoundCheckpoint::open(&folder.checkpoint(checkpoint)).map_err(failed)?;
    let index = Index::open(folder, number, cache_bytes)?;
    let mut batch = Vec::with_capacity(ENTRIES);
    loop {
        let next = found.next_entry().map_err(failed)?;
        let is_end = next.is_none();
        batch.extend(next.map(|(key, value)| Write { key, value: Some(value) }));
        if batch.len() == ENTRIES || is_end {
            index.make_room()?;
            index.put(std::mem::take(&mut batch));
        }
        if is_end {
            return Ok(index);
        }
    }
}
