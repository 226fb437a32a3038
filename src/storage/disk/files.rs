//! The operations on the files of a store that a power cut may undo, all in one place, so that tests see each of them.

#[cfg(test)]
use super::recorder::{self, FileOperation, RecordedFile};
use crate::storage::private_file;
use std::{
    fs::{self, File},
    io::{self, Seek, SeekFrom, Write},
    path::Path,
};

/// A file that is written to, and that is to survive power cuts.
#[derive(Debug)]
pub(super) struct DurableFile {
    file: File,
    #[cfg(test)]
    number: Option<RecordedFile>,
}

impl DurableFile {
    /// Makes a file for its owner alone, or empties the one that there is.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let file = private_file().read(true).write(true).create(true).truncate(true).open(path)?;
        Ok(Self {
            file,
            #[cfg(test)]
            number: recorder::created(path),
        })
    }

    /// Opens a file as it is.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = File::options().read(true).write(true).open(path)?;
        Ok(Self {
            file,
            #[cfg(test)]
            number: recorder::opened(path),
        })
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    pub(super) fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(offset))?;
        self.file.write_all(bytes)?;
        #[cfg(test)]
        recorder::changed(self.number, |number| FileOperation::Write(number, offset, bytes.to_vec()));
        Ok(())
    }

    pub(super) fn set_len(&self, length: u64) -> io::Result<()> {
        self.file.set_len(length)?;
        #[cfg(test)]
        recorder::changed(self.number, |number| FileOperation::SetLength(number, length));
        Ok(())
    }

    /// Returns when its bytes, and its length, are on the disk.
    pub(super) fn sync_data(&self) -> io::Result<()> {
        #[cfg(test)]
        if recorder::is_recording() {
            recorder::changed(self.number, FileOperation::Sync);
            return Ok(());
        }
        self.file.sync_data()
    }

    /// The same, with its times.
    pub(super) fn sync_all(&self) -> io::Result<()> {
        #[cfg(test)]
        if recorder::is_recording() {
            return self.sync_data();
        }
        self.file.sync_all()
    }
}

pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    #[cfg(test)]
    recorder::renamed(from, to);
    Ok(())
}

pub(super) fn remove(path: &Path) -> io::Result<()> {
    fs::remove_file(path)?;
    #[cfg(test)]
    recorder::removed(path);
    Ok(())
}

/// Makes the names in a folder survive a power cut, where folders can be flushed.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(test)]
    if recorder::is_recording() {
        recorder::synced_folder(path);
        return Ok(());
    }
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}
