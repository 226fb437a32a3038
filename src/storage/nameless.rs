//! Files without a name: gone with the process, whatever becomes of it.

use super::Storage;
use crate::error::{Error, Result};
use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    path::PathBuf,
    sync::atomic::Ordering,
};

/// What such files are called for the moment in which they have a name, in a store's folder.
pub(in crate::storage) const NAMELESS: &str = "spill-";

/// A file without a name, where the system allows that; else it loses its name when it is dropped.
#[derive(Debug)]
pub(super) struct NamelessFile {
    pub(super) file: File,
    path: PathBuf,
}

/// Bytes that are only added to; in memory if the store is.
#[derive(Debug)]
pub(super) enum Scratch {
    File { file: NamelessFile, length: u64 },
    Memory(Vec<u8>),
}

impl Storage {
    /// A file without a name in the store's folder; none if it is in memory.
    pub(super) fn nameless_file(&self) -> Result<Option<NamelessFile>> {
        let Some(folder) = self.engine().folder() else { return Ok(None) };
        let number = self.shared.spills.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!("{NAMELESS}{number}"));
        let file = File::options().read(true).write(true).create_new(true).open(&path);
        let file = file.map_err(|source| NamelessFile::failed(folder.to_owned(), source))?;
        let _ = fs::remove_file(&path);
        Ok(Some(NamelessFile { file, path }))
    }

    pub(super) fn scratch(&self) -> Result<Scratch> {
        let file = self.nameless_file()?;
        Ok(file.map_or(Scratch::Memory(Vec::new()), |file| Scratch::File { file, length: 0 }))
    }
}

impl NamelessFile {
    fn failed(path: PathBuf, source: io::Error) -> Error {
        Error::Io { action: "spilling to", path, source }
    }
}

impl Drop for NamelessFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

impl Scratch {
    /// Adds bytes, and says where they begin.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<u64> {
        match self {
            Self::File { file: NamelessFile { file, path }, length } => {
                let start = *length;
                let written = file.seek(SeekFrom::Start(start)).and_then(|_| file.write_all(bytes));
                let folder = || path.parent().unwrap_or(path).to_owned();
                written.map_err(|source| NamelessFile::failed(folder(), source))?;
                *length += bytes.len() as u64;
                Ok(start)
            }
            Self::Memory(memory) => {
                let start = memory.len() as u64;
                memory.extend_from_slice(bytes);
                Ok(start)
            }
        }
    }

    pub(super) fn read(&mut self, start: u64, length: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        match self {
            Self::File { file: NamelessFile { file, path }, .. } => {
                let read = file.seek(SeekFrom::Start(start)).and_then(|_| file.read_exact(&mut bytes));
                let folder = || path.parent().unwrap_or(path).to_owned();
                let action = "reading what was spilled to";
                read.map_err(|source| Error::Io { action, path: folder(), source })?;
            }
            Self::Memory(memory) => {
                let start = usize::try_from(start).unwrap_or(usize::MAX);
                let found = memory.get(start..).and_then(|rest| rest.get(..length));
                bytes.copy_from_slice(found.unwrap_or(&vec![0; length]));
            }
        }
        Ok(bytes)
    }
}
