//! Checkpoints: everything at one point, in one file.

use super::{
    files::{self, DurableFile, sync_folder},
    folder::{Folder, not_as_written},
};
use crate::{
    error::{Error, Result},
    format::{CheckpointRecord, Record, key},
    storage::{DumpEntry, DumpError, DumpReader, DumpWriter},
};
use std::{
    fs::File,
    io::{self, BufReader, Read, Write},
    mem,
    path::{Path, PathBuf},
};
use twox_hash::XxHash3_64;

/// A checkpoint's file is written, read and hashed by blocks of so many bytes.
const BLOCK: usize = 64 << 10;

/// A checkpoint that is being written. Dropped before it is finished, it leaves nothing behind.
#[derive(Debug)]
pub(crate) struct Checkpoint {
    /// Taken when it is finished.
    dump: Option<DumpWriter<HashedFile>>,
    unfinished: PathBuf,
    path: PathBuf,
    record: CheckpointRecord,
    has_record: bool,
}

impl Checkpoint {
    /// Begins the checkpoint of a store after a change.
    pub(super) fn begin(folder: &Folder, store_id: u64, number: u64) -> Result<Self> {
        let path = folder.checkpoint(number);
        let unfinished = path.with_extension("new");
        let begin = || {
            let file = DurableFile::create(&unfinished)?;
            DumpWriter::new(HashedFile { file, length: 0, block: Vec::with_capacity(BLOCK), hash: 0 })
        };
        let dump = begin().map_err(|source| failed(&unfinished, source))?;
        let record = CheckpointRecord { store_id, number };
        Ok(Self { dump: Some(dump), unfinished, path, record, has_record: false })
    }

    /// Adds an entry, which comes after those before.
    pub(crate) fn put(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        let Some(dump) = &mut self.dump else { return Ok(()) };
        let own = key::checkpoint();
        let mut written = Ok(());
        if !self.has_record && key > own.as_slice() {
            self.has_record = true;
            written = dump.put(&own, &self.record.encode());
        }
        written.and_then(|()| dump.put(key, value)).map_err(|source| failed(&self.unfinished, source))
    }

    /// The last change that is in it.
    pub(super) fn number(&self) -> u64 {
        self.record.number
    }

    /// Flushes it, and puts it in its place; says how many bytes it has, and its [hash](file_hash).
    pub(super) fn finish(mut self) -> Result<(u64, u64)> {
        let Some(mut dump) = self.dump.take() else { return Ok((0, 0)) };
        let finish = || {
            if !self.has_record {
                dump.put(&key::checkpoint(), &self.record.encode())?;
            }
            let (HashedFile { file, length, hash, .. }, _) = dump.finish()?;
            file.sync_all()?;
            files::rename(&self.unfinished, &self.path)?;
            self.path.parent().map_or(Ok(()), sync_folder)?;
            Ok((length, hash))
        };
        finish().map_err(|source| failed(&self.path, source))
    }
}

impl Drop for Checkpoint {
    fn drop(&mut self) {
        // It isn't there any more if it was finished.
        let _ = files::remove(&self.unfinished);
    }
}

fn failed(path: &Path, source: io::Error) -> Error {
    Error::Io { action: "writing to", path: path.to_owned(), source }
}

/// So many entries are given out at once.
const ENTRIES: usize = 1_024;

/// Reads all entries of a checkpoint, as writes.
pub(super) fn load<W: From<DumpEntry>>(
    folder: &Folder,
    number: u64,
    mut take: impl FnMut(Vec<W>) -> Result<()>,
) -> Result<()> {
    let failed = |error| match error {
        DumpError::Io(source) => Error::Io { action: "reading", path: folder.path().to_owned(), source },
        _ => folder.corrupt(not_as_written(Folder::CHECKPOINT, number)),
    };
    let mut found = FoundCheckpoint::open(&folder.checkpoint(number)).map_err(failed)?;
    let mut batch = Vec::with_capacity(ENTRIES);
    while let Some(entry) = found.next_entry().map_err(failed)? {
        batch.push(entry.into());
        if batch.len() == ENTRIES {
            take(mem::take(&mut batch))?;
        }
    }
    take(batch)
}

/// The hash of a file: XXH3 of each block, seeded with that of the blocks before.
pub(super) fn file_hash(path: &Path) -> io::Result<u64> {
    let (mut file, mut block, mut hash) = (File::open(path)?, Vec::with_capacity(BLOCK), 0);
    while Read::by_ref(&mut file).take(BLOCK as u64).read_to_end(&mut block)? > 0 {
        hash = XxHash3_64::oneshot_with_seed(hash, &block);
        block.clear();
    }
    Ok(hash)
}

/// A file that is written, and the [hash](file_hash) of what was.
#[derive(Debug)]
struct HashedFile {
    file: DurableFile,
    length: u64,
    block: Vec<u8>,
    hash: u64,
}

impl Write for HashedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.block.len() == BLOCK {
            self.flush()?;
        }
        let taken = bytes.len().min(BLOCK - self.block.len());
        self.block.extend_from_slice(bytes.get(..taken).unwrap_or_default());
        Ok(taken)
    }

    /// Ends a block, which is a shorter one only at the end of the file.
    fn flush(&mut self) -> io::Result<()> {
        if !self.block.is_empty() {
            self.file.write_at(self.length, &self.block)?;
            self.length += self.block.len() as u64;
            self.hash = XxHash3_64::oneshot_with_seed(self.hash, &self.block);
            self.block.clear();
        }
        Ok(())
    }
}

/// A checkpoint that was found.
#[derive(Debug)]
pub(super) struct FoundCheckpoint {
    dump: DumpReader<BufReader<File>>,
    /// The entry before the one that says what it is of.
    first: Option<DumpEntry>,
    pub(super) record: CheckpointRecord,
}

impl FoundCheckpoint {
    /// Opens a checkpoint, and reads what it is of.
    pub(super) fn open(path: &Path) -> std::result::Result<Self, DumpError> {
        let mut dump = DumpReader::new(BufReader::with_capacity(BLOCK, File::open(path)?))?;
        let mut next = dump.next_entry()?;
        let first = next.take_if(|(first, _)| *first < key::checkpoint());
        if first.is_some() {
            next = dump.next_entry()?;
        }
        let record = next.filter(|(next, _)| *next == key::checkpoint());
        let record = record.and_then(|(_, value)| CheckpointRecord::decode(&value).ok());
        Ok(Self { dump, first, record: record.ok_or(DumpError::Other)? })
    }

    /// The next entry; none at the end, where all of it is known to be right.
    pub(super) fn next_entry(&mut self) -> std::result::Result<Option<DumpEntry>, DumpError> {
        self.first.take().map_or_else(|| self.dump.next_entry(), |first| Ok(Some(first)))
    }
}
