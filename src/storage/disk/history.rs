//! What the checkpoint and the journals of a folder have: every change.

use super::{
    checkpoint::{FoundCheckpoint, file_hash},
    closed::Closed,
    folder::{Contents, Folder, index_path, is_damage, not_as_written},
    found_journal::{FoundJournal, format_of},
    journal_record::JournalName,
};
use crate::{
    error::{Error, Result},
    format::FORMAT,
    storage::{DumpError, Parts},
};
use std::{mem, path::PathBuf};

/// The newest checkpoint of a folder, and the journals behind it.
#[derive(Debug)]
pub(super) struct History {
    /// What tells this store's files from those of others.
    pub(super) store_id: u64,
    pub(super) checkpoint: u64,
    /// In their order; at least one.
    pub(super) journals: Vec<(PathBuf, FoundJournal)>,
    folder: PathBuf,
}

/// Refuses a folder with a journal of another format.
pub(super) fn check_format(folder: &Folder, contents: &Contents) -> Result<()> {
    let formats = contents.journals.iter().filter_map(|base| format_of(&folder.journal(*base)));
    match formats.filter(|format| *format != FORMAT).max() {
        Some(found) => Err(Error::Format { path: folder.path().to_owned(), found, known: FORMAT }),
        None => Ok(()),
    }
}

impl History {
    /// Reads what there is, the checkpoint only so far as is needed to know it; the text says what isn't as it was written.
    pub(super) fn read(folder: &Folder, contents: &Contents) -> Result<std::result::Result<Self, String>> {
        let failed = |source| Error::Io { action: "reading", path: folder.path().to_owned(), source };
        let Some(number) = contents.checkpoints.last().copied() else {
            return Ok(Err("its checkpoint is not there".to_owned()));
        };
        let checkpoint = match FoundCheckpoint::open(&folder.checkpoint(number)) {
            Ok(found) if found.record.number == number => found.record,
            Err(DumpError::Io(source)) if !is_damage(&source) => return Err(failed(source)),
            _ => return Ok(Err(not_as_written(Folder::CHECKPOINT, number))),
        };
        let mut history = Self {
            store_id: checkpoint.store_id,
            checkpoint: number,
            journals: Vec::new(),
            folder: folder.path().to_owned(),
        };
        for base in contents.journals.iter().filter(|base| **base >= number) {
            let path = folder.journal(*base);
            let found = match FoundJournal::read(&path) {
                Err(source) if !is_damage(&source) => return Err(failed(source)),
                found => found.ok().flatten(),
            };
            let expected = JournalName { store_id: history.store_id, base: history.last() };
            match found {
                Some(found) if found.name == expected && *base == expected.base && !found.is_damaged => {
                    history.journals.push((path, found));
                }
                _ => return Ok(Err(not_as_written(Folder::JOURNAL, *base))),
            }
        }
        if history.journals.is_empty() {
            return Ok(Err(format!("its file journal-{number} is not there")));
        }
        Ok(Ok(history))
    }

    /// The last change.
    pub(super) fn last(&self) -> u64 {
        self.journals.last().map_or(self.checkpoint, |(_, journal)| journal.last)
    }

    /// Whether the file of the checkpoint is the one with this hash.
    pub(super) fn has_checkpoint(&self, hash: u64) -> Result<bool> {
        let path = self.folder.join(format!("{}{}", Folder::CHECKPOINT, self.checkpoint));
        match file_hash(&path) {
            Err(source) if !is_damage(&source) => {
                Err(Error::Io { action: "reading", path: self.folder.clone(), source })
            }
            found => Ok(found.is_ok_and(|found| found == hash)),
        }
    }

    /// Whether the store had later changes when it was closed in order.
    pub(super) fn has_lost(&self, contents: &Contents) -> bool {
        let indexes = contents.indexes.iter().map(|number| index_path(&self.folder, *number));
        Closed::last_change(&self.folder, indexes).is_some_and(|last| self.last() < last)
    }

    /// What is said when changes were made after the last one.
    pub(super) fn lost(&self) -> String {
        format!("its last changes, from {} on, are lost", self.last() + 1)
    }

    /// Whether anything was changed after the checkpoint.
    pub(super) fn has_changes(&self) -> bool {
        self.last() > self.checkpoint
    }

    /// The parts of the changes behind the checkpoint.
    pub(super) fn parts(&mut self) -> Parts {
        let (folder, journals) = (self.folder.clone(), mem::take(&mut self.journals));
        Box::new(journals.into_iter().flat_map(move |(path, found)| found.parts(&folder, path)))
    }
}
