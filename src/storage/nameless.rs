//! Files without a name: gone with the process, whatever becomes of it.

use super::private::private_file;
use crate::error::{Error, Result};
use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
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

impl NamelessFile {
    /// Makes a file in a folder; `number` tells it from the others that have just been made.
    pub(super) fn new(folder: &Path, number: u64) -> Result<Self> {
        let path = folder.join(format!("{NAMELESS}{number}"));
        let file = private_file().read(true).write(true).create_new(true).open(&path);
        let file = file.map_err(|source| Self::failed(folder.to_owned(), source))?;
        let _ = fs::remove_file(&path);
        Ok(Self { file, path })
    }

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
    pub(super) fn new(file: Option<NamelessFile>) -> Self {
        file.map_or(Self::Memory(Vec::new()), |file| Self::File { file, length: 0 })
    }

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
