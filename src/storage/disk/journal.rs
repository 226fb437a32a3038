//! The journal that is written to: every change since the last checkpoint, in a file that is only added to.

use super::{
    closed::Closed,
    files::{self, DurableFile, sync_folder},
    found_journal::FoundJournal,
    journal_record::{HEADER, JournalName, record},
};
use crate::storage::{Log, lock};
use std::{
    fs::File,
    io, mem,
    path::{Path, PathBuf},
    sync::Mutex,
};

/// So much waits in memory at most, between flushes.
const BUFFER: usize = if cfg!(test) { 16 << 10 } else { 1 << 20 };

/// Room is made in steps of an eighth of the file, from so many bytes to so many.
const LEAST_ROOM: u64 = 4 << 10;
const MOST_ROOM: u64 = 1 << 20;

/// A journal that is written to.
#[derive(Debug)]
pub(super) struct Journal {
    /// The last change before it.
    base: u64,
    /// What seeds the checksums of its records.
    seed: u64,
    path: PathBuf,
    /// Locked before `tail`.
    file: Mutex<JournalFile>,
    tail: Mutex<JournalTail>,
}

/// What the file has.
#[derive(Debug)]
struct JournalFile {
    file: DurableFile,
    written: u64,
    flushed: u64,
    /// How long the file is.
    room: u64,
    /// The folder doesn't say any more that the store is closed.
    is_open: bool,
    /// What a flush that failed has left of it isn't known.
    stopped: Option<(io::ErrorKind, Option<i32>)>,
}

/// What comes next.
#[derive(Debug)]
struct JournalTail {
    /// What isn't written to the file yet.
    buffer: Vec<u8>,
    /// Where the next record begins.
    end: u64,
    /// The last change.
    number: u64,
    /// A part of the next change is in the journal.
    in_change: bool,
    flushed: u64,
}

impl Journal {
    /// Makes an empty journal, which is whole when it has its name, and on the disk; `is_open` if it goes on from another that
    /// is [open](Self::open).
    pub(super) fn create(path: PathBuf, name: JournalName, is_open: bool) -> io::Result<Self> {
        let new = path.with_extension("new");
        let mut file = DurableFile::create(&new)?;
        let mut finish = || {
            file.write_at(0, &name.header())?;
            file.sync_all()?;
            files::rename(&new, &path)?;
            path.parent().map_or(Ok(()), sync_folder)
        };
        finish().inspect_err(|_| {
            let _ = files::remove(&new);
            let _ = files::remove(&path);
        })?;
        Ok(Self::new(file, path, name, HEADER as u64, name.base, is_open))
    }

    /// Goes on with a journal of which everything up to `end` was read; what follows is cleared away.
    pub(super) fn go_on(path: PathBuf, found: &FoundJournal) -> io::Result<Self> {
        let file = DurableFile::open(&path)?;
        if found.length > found.end {
            file.set_len(found.end)?;
        }
        file.sync_all()?;
        Ok(Self::new(file, path, found.name, found.end, found.last, false))
    }

    fn new(
        file: DurableFile,
        path: PathBuf,
        name: JournalName,
        end: u64,
        number: u64,
        is_open: bool,
    ) -> Self {
        let file = JournalFile { file, written: end, flushed: end, room: end, is_open, stopped: None };
        let tail = JournalTail { buffer: Vec::new(), end, number, in_change: false, flushed: end };
        Self { base: name.base, seed: name.seed(), path, file: Mutex::new(file), tail: Mutex::new(tail) }
    }

    /// The last change before it.
    pub(super) fn base(&self) -> u64 {
        self.base
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The last change in it.
    pub(super) fn number(&self) -> u64 {
        lock(&self.tail).number
    }

    /// How many bytes it has.
    pub(super) fn len(&self) -> u64 {
        lock(&self.tail).end
    }

    /// Adds a change, or a part of one, to be flushed.
    pub(super) fn append(&self, log: Log<'_>) -> io::Result<()> {
        if u32::try_from(log.bytes.len()).is_err() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        if lock(&self.tail).buffer.len() + log.bytes.len() > BUFFER {
            self.write_out(&mut lock(&self.file))?;
        }
        let mut tail = lock(&self.tail);
        let number = tail.number + 1;
        let record = record(self.seed, tail.end, number, tail.flushed, log);
        tail.end += record.len() as u64;
        if tail.buffer.is_empty() {
            tail.buffer = record;
        } else {
            tail.buffer.extend_from_slice(&record);
        }
        tail.in_change = !log.is_last;
        if log.is_last {
            tail.number = number;
        }
        Ok(())
    }

    /// Says that the parts that were added of a change are not to happen.
    pub(super) fn give_up(&self) {
        let mut tail = lock(&self.tail);
        if mem::take(&mut tail.in_change) {
            tail.number += 1;
        }
    }

    /// Makes the folder say no longer that the store is closed.
    pub(super) fn open(&self) -> io::Result<()> {
        self.open_in(&mut lock(&self.file))
    }

    fn open_in(&self, file: &mut JournalFile) -> io::Result<()> {
        if !file.is_open {
            self.path.parent().map_or(Ok(()), Closed::remove)?;
            file.is_open = true;
        }
        Ok(())
    }

    /// Returns when everything that was added before is on the disk.
    pub(super) fn flush(&self) -> io::Result<()> {
        let mut file = lock(&self.file);
        self.write_out(&mut file)?;
        if file.flushed < file.written {
            self.open_in(&mut file)?;
            file.sync()?;
            file.flushed = file.written;
            lock(&self.tail).flushed = file.flushed;
        }
        Ok(())
    }

    /// Writes nothing any more: another journal may have taken its place, or not.
    pub(super) fn stop(&self, error: &io::Error) {
        lock(&self.file).stop(error);
    }

    /// Whether nothing is written any more.
    pub(super) fn is_stopped(&self) -> bool {
        lock(&self.file).stopped.is_some()
    }

    /// Whether the file is still where it was opened.
    pub(super) fn file_is(&self, is: impl Fn(&File) -> bool) -> bool {
        is(lock(&self.file).file.file())
    }

    /// Writes what waits to the file.
    fn write_out(&self, file: &mut JournalFile) -> io::Result<()> {
        if let Some((kind, code)) = file.stopped {
            return Err(code.map_or_else(|| kind.into(), io::Error::from_raw_os_error));
        }
        let buffer = mem::take(&mut lock(&self.tail).buffer);
        let end = file.written + buffer.len() as u64;
        let made_room = file.make_room(end, buffer.len());
        let written = made_room.and_then(|()| file.file.write_at(file.written, &buffer));
        if let Err(error) = written {
            // It is written to the same place the next time.
            lock(&self.tail).buffer.splice(0..0, buffer);
            return Err(error);
        }
        file.written = end;
        file.room = file.room.max(end);
        Ok(())
    }
}

impl JournalFile {
    /// Writes zeros behind what is written next, if that is little.
    fn make_room(&mut self, end: u64, length: usize) -> io::Result<()> {
        if end <= self.room || length as u64 > MOST_ROOM / 16 {
            return Ok(());
        }
        let room = (self.room / 8).clamp(LEAST_ROOM, MOST_ROOM).max(end - self.room);
        let room = room.next_multiple_of(LEAST_ROOM);
        let zeros = vec![0; usize::try_from(room).unwrap_or_default()];
        self.file.write_at(self.room, &zeros)?;
        self.sync()?;
        self.room += room;
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data().inspect_err(|error| self.stop(error))
    }

    fn stop(&mut self, error: &io::Error) {
        self.stopped = Some((error.kind(), error.raw_os_error()));
    }
}
