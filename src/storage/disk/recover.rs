//! Reading what is left of a damaged store, by those who must not write to it.

use super::{
    checkpoint::FoundCheckpoint,
    closed::Closed,
    folder::{Contents, Folder, index_path, is_held},
    found_journal::FoundJournal,
    journal_record::JournalName,
};
use crate::{
    error::{Error, Result},
    format::KeyRange,
    storage::{Direction, Entry, checksum::EntrySum, private_folder, sled::Database, until_free},
};
use std::{
    fs::{self, File},
    io,
    path::Path,
};

/// What is left of a damaged store. Later statistics and entries stand for earlier ones.
#[derive(Debug, Default)]
pub(crate) struct Remains {
    /// Those of the checkpoint, and then those of the index.
    pub(crate) entries: Vec<Entry>,
    /// What the journal has: parts of changes, in order.
    pub(crate) parts: Vec<Vec<u8>>,
    /// What is missing, or may be; nothing if all that was flushed is there.
    pub(crate) missing: Vec<String>,
}

/// Which journals are wanted: those behind this checkpoint, of this store, where that is known.
#[derive(Debug, Clone, Copy)]
struct JournalsOf {
    checkpoint: Option<u64>,
    store_id: Option<u64>,
}

impl Remains {
    /// Reads what is left of the store in this folder, and writes nothing to it; to `scratch`, a folder that isn't there,
    /// the index is copied.
    pub(crate) fn read(store: &Path, scratch: &Path) -> Result<Self> {
        let failed = |source| Error::Io { action: "reading", path: store.to_owned(), source };
        let lock = File::options().write(true).open(store.join("lock"));
        if let Ok(lock) = &lock
            && until_free(|| lock.try_lock(), is_held).is_err_and(|error| is_held(&error))
        {
            return Err(Error::Locked { path: store.to_owned() });
        }
        let contents = match Contents::read(store) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Contents::default(),
            contents => contents.map_err(failed)?,
        };
        if contents.is_empty() {
            return Err(Error::NoStore { path: store.to_owned() });
        }
        let closed = Closed::read(&store.join(Folder::CLOSED));
        let index = copied_index(store, &contents, closed.as_ref(), scratch)
            .map_err(|source| Error::Io { action: "writing to", path: scratch.to_owned(), source })
            .map(|copied| copied.and_then(|()| Self::index(store, scratch)));
        let noted = closed.or(Closed::read(&scratch.join(Folder::CLOSED)));
        let _ = fs::remove_dir_all(scratch);
        let (index, is_as_noted) = match index? {
            Ok((entries, sum)) => (Ok(entries), noted.is_some_and(|noted| noted.sum == sum)),
            Err(problem) => (Err(problem), false),
        };
        let index = match index {
            Ok(entries) if is_as_noted && closed.is_some() => {
                return Ok(Self { entries, ..Self::default() });
            }
            index => index,
        };
        let mut remains = Self::default();
        let number = contents.checkpoints.last().copied();
        let store_id = number.and_then(|number| remains.checkpoint(store, number));
        let is_whole = number.is_some() && remains.missing.is_empty();
        let of_checkpoint = remains.missing.len();
        let last = remains.journals(store, &contents, JournalsOf { checkpoint: number, store_id })?;
        let of_journals = remains.missing.split_off(of_checkpoint);
        let noted_later = noted.filter(|noted| last.is_none_or(|last| last < noted.change));
        match (index, noted_later) {
            (Ok(entries), Some(noted)) if is_as_noted => {
                let problem = format!("the changes after {}, if there were any, are lost", noted.change);
                return Ok(Self { entries, parts: Vec::new(), missing: vec![problem] });
            }
            // Nothing was written after it was closed, so what is left of the index is as new as can be.
            (Ok(entries), _) if closed.is_some() => remains.entries.extend(entries),
            // A power cut may have left it older than the checkpoint.
            (Ok(mut entries), _) => {
                entries.append(&mut remains.entries);
                remains.entries = entries;
                if !is_whole {
                    remains.missing.push("its index may be older than its last changes".to_owned());
                }
            }
            (Err(problem), _) if !is_whole => remains.missing.push(problem),
            (Err(_), _) => {}
        }
        if number.is_none() {
            remains.missing.push("its checkpoint is not there".to_owned());
        }
        remains.missing.extend(of_journals);
        if let Some(noted) = noted_later {
            let last = last.unwrap_or_default();
            remains.missing.push(format!("the changes from {} to {} are lost", last + 1, noted.change));
        }
        if remains.entries.is_empty() && remains.parts.is_empty() {
            let problem = "nothing in its files can be read".to_owned();
            return Err(Error::Corrupt { path: store.to_owned(), problem });
        }
        Ok(remains)
    }

    /// Reads what is left of the journals behind a checkpoint, and says up to which change they go, or the checkpoint.
    fn journals(&mut self, store: &Path, contents: &Contents, of: JournalsOf) -> Result<Option<u64>> {
        let JournalsOf { checkpoint, store_id } = of;
        let failed = |source| Error::Io { action: "reading", path: store.to_owned(), source };
        let mut last = checkpoint;
        let is_behind = |base: &&u64| checkpoint.is_none_or(|checkpoint| **base >= checkpoint);
        for base in contents.journals.iter().filter(is_behind) {
            let path = store.join(format!("{}{base}", Folder::JOURNAL));
            let name = store_id.map(|store_id| JournalName { store_id, base: *base });
            let found = FoundJournal::salvage(&path, name).map_err(failed)?;
            if found.is_damaged || last.is_some_and(|last| last != *base) {
                self.missing.push(format!("some changes of its file {}{base} are lost", Folder::JOURNAL));
            }
            last = Some(found.last);
            self.parts.extend(found.parts);
        }
        if contents.journals.is_empty() {
            self.missing.push("its journal is not there".to_owned());
        }
        Ok(last)
    }

    /// Reads a checkpoint as far as it can be read, and says which store it is of.
    fn checkpoint(&mut self, store: &Path, number: u64) -> Option<u64> {
        let name = format!("{}{number}", Folder::CHECKPOINT);
        let Ok(mut found) = FoundCheckpoint::open(&store.join(&name)) else {
            self.missing.push(format!("its file {name} can't be read"));
            return None;
        };
        loop {
            match found.next_entry() {
                Ok(Some((key, value))) => self.entries.push(Entry { key, value }),
                Ok(None) => break,
                Err(_) => {
                    let read = self.entries.len();
                    self.missing.push(format!("its file {name} can be read up to entry {read}"));
                    break;
                }
            }
        }
        Some(found.record.store_id)
    }

    /// The entries of a copy of the index, and what they come to; the text says that they can't be read.
    fn index(store: &Path, copy: &Path) -> std::result::Result<(Vec<Entry>, EntrySum), String> {
        let unreadable = || UNREADABLE_INDEX.to_owned();
        let database = Database::open(store, copy, 1 << 20).map_err(|_| unreadable())?;
        let (mut entries, mut sum) = (Vec::new(), EntrySum::default());
        let read = database.visit(&KeyRange::all(), Direction::Forwards, &mut |key, value| {
            sum.add(key, value);
            entries.push(Entry { key: key.to_vec(), value: value.to_vec() });
            Ok(true)
        });
        read.map_err(|_| unreadable())?;
        Ok((entries, sum))
    }
}

const UNREADABLE_INDEX: &str = "its index can't be read";

/// Copies the newest index of a store; the text says why it can't be read, the error that there is no room for the copy.
fn copied_index(
    store: &Path,
    contents: &Contents,
    closed: Option<&Closed>,
    to: &Path,
) -> io::Result<std::result::Result<(), String>> {
    let number = closed.map(|closed| closed.index).or(contents.indexes.last().copied());
    let Some(number) = number else { return Ok(Err("its index is not there".to_owned())) };
    match copy(&index_path(store, number), to) {
        Err(error) if is_full(&error) => Err(error),
        copied => Ok(copied.map_err(|_| UNREADABLE_INDEX.to_owned())),
    }
}

/// Whether an error says that there is no room on the disk.
fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    private_folder(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
