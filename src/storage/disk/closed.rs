//! The note of a store that was closed in order: what its files come to.

use super::{
    files::{self, DurableFile, sync_folder},
    folder::Folder,
};
use crate::storage::checksum::{EntrySum, entry_hash};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

const TITLE: &str = "trackstats, closed";

/// The index of this number had these entries after this change, which was the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Closed {
    pub(super) index: u64,
    pub(super) change: u64,
    pub(super) sum: EntrySum,
    /// The [hash](super::checkpoint::file_hash) of the checkpoint's file.
    pub(super) checkpoint: u64,
}

impl Closed {
    fn text(&self) -> String {
        let Self { index, change, sum: EntrySum { entries, hashes }, checkpoint } = self;
        let text = format!(
            "{TITLE}\nfolder {index}\nchange {change}\nentries {entries}\nsum {hashes:016x}\ncheckpoint {checkpoint:016x}\n"
        );
        let checksum = entry_hash(TITLE.as_bytes(), text.as_bytes());
        format!("{text}checksum {checksum:016x}\n")
    }

    /// Reads the file; none if it isn't what was written.
    pub(super) fn read(path: &Path) -> Option<Self> {
        let text = fs::read_to_string(path).ok()?;
        let mut lines = text.lines().skip(1);
        let mut number = |name: &str, radix| {
            let line = lines.next()?.strip_prefix(name)?.strip_prefix(' ')?;
            u64::from_str_radix(line, radix).ok()
        };
        let (index, change) = (number("folder", 10)?, number("change", 10)?);
        let sum = EntrySum { entries: number("entries", 10)?, hashes: number("sum", 16)? };
        let closed = Self { index, change, sum, checkpoint: number("checkpoint", 16)? };
        (closed.text() == text).then_some(closed)
    }

    /// The last change that a store had when it was closed in order, as far as is known: its index keeps a copy of the note,
    /// which stays when the note goes.
    pub(super) fn last_change(folder: &Path, indexes: impl IntoIterator<Item = PathBuf>) -> Option<u64> {
        let notes = indexes.into_iter().chain([folder.to_owned()]);
        notes.filter_map(|folder| Self::read(&folder.join(Folder::CLOSED))).map(|closed| closed.change).max()
    }

    /// Removes the note from a store's folder, on the disk too, if it is there.
    pub(super) fn remove(folder: &Path) -> io::Result<()> {
        let path = folder.join(Folder::CLOSED);
        match files::remove(&path) {
            // It may have been removed, but not on the disk.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(_) if path.is_dir() => fs::remove_dir_all(path)?,
            removed => removed?,
        }
        sync_folder(folder)
    }

    /// Writes the note into a store's folder, and a copy into that of its index. Neither need be flushed: without the note, the
    /// index is made anew.
    pub(super) fn write(&self, store: &Path, index: &Path) -> io::Result<()> {
        for folder in [index, store] {
            let path = folder.join(Folder::CLOSED);
            let new = path.with_extension("new");
            DurableFile::create(&new)?.write_at(0, self.text().as_bytes())?;
            files::rename(&new, &path)?;
        }
        Ok(())
    }
}
