//! The journal: every change since the last checkpoint, in a file that is only added to.
//!
//! ```text
//! journal  title, store, base, checksum of these; records
//! record   mark, flags, length, number of the change, flushed, checksum; part of the change; zeros up to 16 bytes
//! ```
//!
//! What is flushed is behind the end of all records before it, as the next record says: so what a power cut leaves of the
//! last ones is told from damage. Room is made before it is needed, so that a flush has no sizes to write.

use crate::{
    error::{Error, Result},
    format::FORMAT,
    storage::{Log, lock},
};
use std::{
    collections::BTreeSet,
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    mem,
    path::{Path, PathBuf},
    sync::Mutex,
};
use twox_hash::XxHash3_64;

/// What every journal begins with; its format follows in the same line. The first 64 bytes are laid out so in every format.
const TITLE: &str = "trackstats journal, format ";
const TITLE_BYTES: usize = 32;
const HEADER: usize = 64;
const MARK: [u8; 3] = *b"\nJ\x01";
const RECORD: usize = 32;
/// Records begin at multiples of this, so that the next one is found behind a damaged one.
const ALIGNMENT: usize = 16;

/// With it, the change has happened.
const LAST: u8 = 0x01;

/// So much waits in memory at most, between flushes.
const BUFFER: usize = 1 << 20;

/// Room is made in steps of an eighth of the file, from so many bytes to so many.
const LEAST_ROOM: u64 = 4 << 10;
const MOST_ROOM: u64 = 1 << 20;

/// Which journal a file is: that of this store, with the changes behind this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct JournalName {
    pub(super) store: u64,
    pub(super) base: u64,
}

/// A journal that is written to.
#[derive(Debug)]
pub(super) struct Journal {
    name: JournalName,
    path: PathBuf,
    /// Locked before `tail`.
    file: Mutex<JournalFile>,
    tail: Mutex<Tail>,
}

/// What the file has.
#[derive(Debug)]
struct JournalFile {
    file: File,
    written: u64,
    flushed: u64,
    /// How long the file is.
    room: u64,
    /// What a flush that failed has left of it isn't known.
    stopped: Option<(io::ErrorKind, Option<i32>)>,
}

/// What comes next.
#[derive(Debug)]
struct Tail {
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
    /// Makes an empty journal, on the disk but for its name.
    pub(super) fn create(path: PathBuf, name: JournalName) -> io::Result<Self> {
        let mut file = File::options().read(true).write(true).create(true).truncate(true).open(&path)?;
        file.write_all(&name.header())?;
        file.sync_all()?;
        Ok(Self::new(file, path, name, HEADER as u64, name.base))
    }

    /// Goes on with a journal of which everything up to `end` was read; what follows is cleared away.
    pub(super) fn go_on(path: PathBuf, found: &FoundJournal) -> io::Result<Self> {
        let file = File::options().read(true).write(true).open(&path)?;
        if found.length > found.end {
            file.set_len(found.end)?;
        }
        file.sync_all()?;
        Ok(Self::new(file, path, found.name, found.end, found.last))
    }

    fn new(file: File, path: PathBuf, name: JournalName, end: u64, number: u64) -> Self {
        let file = JournalFile { file, written: end, flushed: end, room: end, stopped: None };
        let tail = Tail { buffer: Vec::new(), end, number, in_change: false, flushed: end };
        Self { name, path, file: Mutex::new(file), tail: Mutex::new(tail) }
    }

    /// The last change before it.
    pub(super) fn base(&self) -> u64 {
        self.name.base
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The last change in it.
    pub(super) fn number(&self) -> u64 {
        lock(&self.tail).number
    }

    /// Whether it has parts of a change that hasn't happened.
    pub(super) fn is_in_change(&self) -> bool {
        lock(&self.tail).in_change
    }

    /// How many bytes it has.
    pub(super) fn len(&self) -> u64 {
        lock(&self.tail).end
    }

    /// Adds a change, or a part of one, to be flushed.
    pub(super) fn append(&self, log: Log<'_>) -> io::Result<()> {
        if lock(&self.tail).buffer.len() + log.bytes.len() > BUFFER {
            self.write_out(&mut lock(&self.file))?;
        }
        let mut tail = lock(&self.tail);
        let number = tail.number + 1;
        let record = record(self.name, tail.end, number, tail.flushed, log);
        tail.end += record.len() as u64;
        if tail.buffer.is_empty() {
            tail.buffer = record
        } else {
            tail.buffer.extend_from_slice(&record)
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

    /// Returns when everything that was added before is on the disk.
    pub(super) fn flush(&self) -> io::Result<()> {
        let mut file = lock(&self.file);
        self.write_out(&mut file)?;
        if file.flushed < file.written {
            if let Err(error) = file.file.sync_data() {
                file.stopped = Some((error.kind(), error.raw_os_error()));
                return Err(error);
            }
            file.flushed = file.written;
            lock(&self.tail).flushed = file.flushed;
        }
        Ok(())
    }

    /// Whether the file is still where it was opened.
    pub(super) fn file_is(&self, is: impl Fn(&File) -> bool) -> bool {
        is(&lock(&self.file).file)
    }

    /// Writes what waits to the file.
    fn write_out(&self, file: &mut JournalFile) -> io::Result<()> {
        if let Some((kind, code)) = file.stopped {
            return Err(code.map_or_else(|| kind.into(), io::Error::from_raw_os_error));
        }
        let buffer = mem::take(&mut lock(&self.tail).buffer);
        let end = file.written + buffer.len() as u64;
        let written = file.make_room(end, buffer.len()).and_then(|()| {
            file.file.seek(SeekFrom::Start(file.written))?;
            file.file.write_all(&buffer)
        });
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
        self.file.seek(SeekFrom::Start(self.room))?;
        self.file.write_all(&zeros)?;
        self.file.sync_data()?;
        self.room += room;
        Ok(())
    }
}

impl JournalName {
    fn header(self) -> [u8; HEADER] {
        self.header_of(FORMAT)
    }

    fn header_of(self, format: u32) -> [u8; HEADER] {
        let mut bytes = format!("{TITLE}{format}\n").into_bytes();
        bytes.resize(TITLE_BYTES, 0);
        bytes.extend([self.store, self.base].iter().flat_map(|number| number.to_le_bytes()));
        let checksum = XxHash3_64::oneshot(&bytes).to_le_bytes();
        let mut header = [0; HEADER];
        for (to, from) in header.iter_mut().zip(bytes.iter().chain(&checksum)) {
            *to = *from;
        }
        header
    }

    /// The name and the format that a header says; none if it isn't what was written.
    fn read(header: &[u8; HEADER]) -> Option<(Self, u32)> {
        let (title, numbers) = header.split_at_checked(TITLE_BYTES)?;
        let title = str::from_utf8(title).ok()?.trim_end_matches('\0');
        let format = title.strip_prefix(TITLE)?.strip_suffix('\n')?.parse().ok()?;
        let (store, numbers) = numbers.split_first_chunk()?;
        let (base, _) = numbers.split_first_chunk()?;
        let name = Self { store: u64::from_le_bytes(*store), base: u64::from_le_bytes(*base) };
        (name.header_of(format) == *header).then_some((name, format))
    }

    /// What seeds the checksums of its records.
    fn seed(self) -> u64 {
        XxHash3_64::oneshot(&self.header())
    }
}

/// The checksum of a record that begins at an offset.
fn checksum(name: JournalName, offset: u64, head: &[u8], part: &[u8]) -> u64 {
    let head = XxHash3_64::oneshot_with_seed(name.seed() ^ offset, head);
    XxHash3_64::oneshot_with_seed(head, part)
}

/// The bytes of a record, up to where the next begins.
fn record(name: JournalName, offset: u64, number: u64, flushed: u64, log: Log<'_>) -> Vec<u8> {
    let length = u32::try_from(log.bytes.len()).unwrap_or(u32::MAX);
    let flags = if log.is_last { LAST } else { 0 };
    let size = (RECORD + log.bytes.len()).next_multiple_of(ALIGNMENT);
    let mut record = Vec::with_capacity(size);
    record.extend_from_slice(&MARK);
    record.push(flags);
    record.extend_from_slice(&length.to_le_bytes());
    record.extend_from_slice(&number.to_le_bytes());
    record.extend_from_slice(&flushed.to_le_bytes());
    let checksum = checksum(name, offset, &record, log.bytes);
    record.extend_from_slice(&checksum.to_le_bytes());
    record.extend_from_slice(log.bytes);
    record.resize(size, 0);
    record
}

/// What was found in the file of a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FoundJournal {
    pub(super) name: JournalName,
    /// The last change that something is there of.
    pub(super) last: u64,
    /// Where the last record ends that is as it was written, with all before it.
    pub(super) end: u64,
    /// How long the file is.
    pub(super) length: u64,
    /// Something is missing that was flushed.
    pub(super) is_damaged: bool,
    /// The changes that have several parts and didn't happen.
    unfinished: Vec<u64>,
}

/// What is left of a journal.
#[derive(Debug)]
pub(super) struct SalvagedJournal {
    /// The parts of the changes that happened, in order.
    pub(super) parts: Vec<Vec<u8>>,
    /// The last of these changes.
    pub(super) last: u64,
    /// Something is missing.
    pub(super) is_damaged: bool,
}

/// A record that was read.
struct FoundRecord {
    number: u64,
    is_last: bool,
    flushed: u64,
    part: Vec<u8>,
    /// Where the next begins.
    next: u64,
}

/// Reads the records of a file, one after the other.
struct RecordReader<'f> {
    file: &'f mut File,
    name: JournalName,
    length: u64,
}

impl RecordReader<'_> {
    /// The record that begins here; none if it isn't what was written.
    fn at(&mut self, offset: u64) -> io::Result<Option<FoundRecord>> {
        let mut head = [0; RECORD];
        if offset + RECORD as u64 > self.length {
            return Ok(None);
        }
        self.file.seek(SeekFrom::Start(offset))?;
        self.file.read_exact(&mut head)?;
        let Some((fields, checksum_found)) = head.split_last_chunk::<8>() else { return Ok(None) };
        let ([mark @ .., flags], rest) = fields.split_at(4) else { return Ok(None) };
        let (Some((length, rest)), true) = (rest.split_first_chunk::<4>(), *mark == MARK) else {
            return Ok(None);
        };
        let (Some((number, rest)), length) = (rest.split_first_chunk::<8>(), u32::from_le_bytes(*length))
        else {
            return Ok(None);
        };
        let Some((flushed, _)) = rest.split_first_chunk::<8>() else { return Ok(None) };
        let next = (offset + RECORD as u64 + u64::from(length)).next_multiple_of(ALIGNMENT as u64);
        if offset + RECORD as u64 + u64::from(length) > self.length {
            return Ok(None);
        }
        let mut part = vec![0; length as usize];
        self.file.read_exact(&mut part)?;
        if checksum(self.name, offset, fields, &part).to_le_bytes() != *checksum_found {
            return Ok(None);
        }
        let (number, flushed) = (u64::from_le_bytes(*number), u64::from_le_bytes(*flushed));
        Ok(Some(FoundRecord { number, is_last: flags & LAST != 0, flushed, part, next }))
    }

    /// Whether a record behind this offset says that what is there was flushed.
    fn was_flushed(&mut self, offset: u64) -> io::Result<bool> {
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(offset))?;
        self.file.read_to_end(&mut bytes)?;
        let marked = |at: &usize| bytes.get(*at..).is_some_and(|rest| rest.starts_with(&MARK));
        for at in (ALIGNMENT..bytes.len()).step_by(ALIGNMENT).filter(marked) {
            if self.at(offset + at as u64)?.is_some_and(|record| record.flushed > offset) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn read_name(file: &mut File) -> io::Result<Option<(JournalName, u32)>> {
    let mut header = [0; HEADER];
    match file.read_exact(&mut header) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        read => read.map(|()| JournalName::read(&header)),
    }
}

/// The format of a journal, if its beginning is what was written.
pub(super) fn format_of(path: &Path) -> Option<u32> {
    let name = File::open(path).and_then(|mut file| read_name(&mut file));
    name.ok().flatten().map(|(_, format)| format)
}

impl FoundJournal {
    /// Reads a journal; none if the file doesn't begin as one does.
    pub(super) fn read(path: &Path) -> io::Result<Option<Self>> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        let Some((name, FORMAT)) = read_name(&mut file)? else { return Ok(None) };
        let mut reader = RecordReader { file: &mut file, name, length };
        let mut found = Self {
            name,
            last: name.base,
            end: HEADER as u64,
            length,
            is_damaged: false,
            unfinished: Vec::new(),
        };
        let mut current = None;
        while let Some(FoundRecord { number, is_last, next, .. }) = reader.at(found.end)? {
            if let Some(before) = current.filter(|before| *before != number) {
                found.unfinished.push(before);
            }
            current = (!is_last).then_some(number);
            found.last = number;
            found.end = next;
        }
        found.unfinished.extend(current);
        found.is_damaged = reader.was_flushed(found.end)?;
        Ok(Some(found))
    }

    /// Reads what is left of a journal, which is that of this name if its beginning can't be read.
    pub(super) fn salvage(path: &Path, name: Option<JournalName>) -> io::Result<SalvagedJournal> {
        let found = match Self::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            found => found?,
        };
        let Some(name) = found.as_ref().map(|found| found.name).or(name) else {
            return Ok(SalvagedJournal { parts: Vec::new(), last: 0, is_damaged: true });
        };
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        let mut reader = RecordReader { file: &mut file, name, length };
        let (mut offset, mut records) = (HEADER as u64, Vec::new());
        while offset < length {
            let record = reader.at(offset)?;
            offset = record.as_ref().map_or(offset + ALIGNMENT as u64, |record| record.next);
            records.extend(record);
        }
        let happened: BTreeSet<u64> =
            records.iter().filter(|record| record.is_last).map(|record| record.number).collect();
        let parts = records.into_iter().filter(|record| happened.contains(&record.number));
        let parts = parts.map(|record| record.part).collect();
        let last = happened.last().copied().unwrap_or(name.base);
        Ok(SalvagedJournal { parts, last, is_damaged: found.is_none_or(|found| found.is_damaged) })
    }

    /// The parts of the changes behind this one, in order.
    pub(super) fn parts(
        &self,
        store: &Path,
        path: &Path,
        behind: u64,
    ) -> impl Iterator<Item = Result<Vec<u8>>> + use<> {
        let failed = {
            let store = store.to_owned();
            move |source| Error::Io { action: "reading", path: store.clone(), source }
        };
        let (mut offset, found, path) = (HEADER as u64, self.clone(), path.to_owned());
        let mut file = None;
        std::iter::from_fn(move || {
            while offset < found.end {
                let opened = match &mut file {
                    Some(file) => file,
                    None => match File::open(&path) {
                        Ok(opened) => file.insert(opened),
                        Err(source) => return Some(Err(failed(source))),
                    },
                };
                let mut reader = RecordReader { file: opened, name: found.name, length: found.length };
                match reader.at(offset) {
                    Ok(Some(record)) => {
                        offset = record.next;
                        if record.number > behind && !found.unfinished.contains(&record.number) {
                            return Some(Ok(record.part));
                        }
                    }
                    Ok(None) => offset = found.end,
                    Err(source) => return Some(Err(failed(source))),
                }
            }
            None
        })
    }
}
