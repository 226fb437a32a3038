//! A place on the disk for what a tracker can't hold in memory: sorted runs, which are merged when they are read.

use super::{Entry, Storage, nameless::NamelessFile};
use crate::error::{Error, Result};
use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    fs::File,
    io::{self, BufReader, BufWriter, Cursor, Read, Seek, Write},
    mem,
    path::{Path, PathBuf},
};

/// More runs than this are merged into one: each is an open file.
const MOST_RUNS: usize = 16;

/// Entries that only their owner sees, gone when it is dropped.
#[derive(Debug)]
pub(crate) struct Spill {
    storage: Storage,
    runs: Vec<SortedRun>,
}

/// Entries in the order of their keys; in memory if the store is.
#[derive(Debug)]
enum SortedRun {
    File(NamelessFile),
    Memory(Vec<u8>),
}

impl Storage {
    /// A place for what a tracker can't hold in memory.
    pub(crate) fn spill(&self) -> Spill {
        Spill { storage: self.clone(), runs: Vec::new() }
    }
}

impl Spill {
    pub(crate) fn is_used(&self) -> bool {
        !self.runs.is_empty()
    }

    /// Adds entries, which come in the order of their keys.
    pub(crate) fn add(&mut self, entries: impl IntoIterator<Item = Result<Entry>>) -> Result<()> {
        if self.runs.len() >= MOST_RUNS {
            let merged = Merge::new(mem::take(&mut self.runs), self.storage.path())?;
            let run = self.write(merged)?;
            self.runs.push(run);
        }
        let run = self.write(entries)?;
        self.runs.push(run);
        Ok(())
    }

    /// All entries in the order of their keys, those of one key in the order in which they were added; none are left.
    pub(crate) fn take(&mut self) -> Result<Merge> {
        Merge::new(mem::take(&mut self.runs), self.storage.path())
    }

    fn write(&self, entries: impl IntoIterator<Item = Result<Entry>>) -> Result<SortedRun> {
        let Some(file) = self.storage.nameless_file()? else {
            let mut bytes = Vec::new();
            write_entries(&mut bytes, entries, self.storage.path())?;
            return Ok(SortedRun::Memory(bytes));
        };
        let folder = self.storage.path();
        let failed = |source| Error::Io { action: "spilling to", path: folder.to_owned(), source };
        let mut writer = BufWriter::new(&file.file);
        write_entries(&mut writer, entries, folder)?;
        writer.flush().map_err(failed)?;
        drop(writer);
        Ok(SortedRun::File(file))
    }
}

fn write_entries(
    writer: &mut impl Write,
    entries: impl IntoIterator<Item = Result<Entry>>,
    folder: &Path,
) -> Result<()> {
    let failed = |source| Error::Io { action: "spilling to", path: folder.to_owned(), source };
    for entry in entries {
        let Entry { key, value } = entry?;
        for bytes in [key, value] {
            let length =
                u32::try_from(bytes.len()).map_err(|_| failed(io::ErrorKind::FileTooLarge.into()))?;
            writer
                .write_all(&length.to_le_bytes())
                .and_then(|()| writer.write_all(&bytes))
                .map_err(failed)?;
        }
    }
    Ok(())
}

/// The next entry of a run: its key, the number of the run, and its value; the one with the lowest key comes first.
type NextEntry = Reverse<(Vec<u8>, usize, Vec<u8>)>;

/// The entries of several runs.
#[derive(Debug)]
pub(crate) struct Merge {
    runs: Vec<RunReader>,
    next: BinaryHeap<NextEntry>,
    path: PathBuf,
}

/// A run that is read.
#[derive(Debug)]
struct RunReader {
    /// Gone with the reader.
    _run: Option<SortedRun>,
    source: RunSource,
}

#[derive(Debug)]
enum RunSource {
    File(BufReader<File>),
    Memory(Cursor<Vec<u8>>),
}

impl RunReader {
    fn new(mut run: SortedRun) -> io::Result<Self> {
        match &mut run {
            SortedRun::File(NamelessFile { file, .. }) => {
                file.rewind()?;
                let source = RunSource::File(BufReader::with_capacity(1 << 16, file.try_clone()?));
                Ok(Self { _run: Some(run), source })
            }
            SortedRun::Memory(bytes) => {
                Ok(Self { source: RunSource::Memory(Cursor::new(mem::take(bytes))), _run: None })
            }
        }
    }

    fn next_entry(&mut self) -> io::Result<Option<(Vec<u8>, Vec<u8>)>> {
        match &mut self.source {
            RunSource::File(file) => read_entry(file),
            RunSource::Memory(bytes) => read_entry(bytes),
        }
    }
}

fn read_entry(reader: &mut impl Read) -> io::Result<Option<(Vec<u8>, Vec<u8>)>> {
    let mut length = [0; 4];
    match reader.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let key = read_bytes(reader, length)?;
    reader.read_exact(&mut length)?;
    Ok(Some((key, read_bytes(reader, length)?)))
}

fn read_bytes(reader: &mut impl Read, length: [u8; 4]) -> io::Result<Vec<u8>> {
    let length = u32::from_le_bytes(length).into();
    let mut bytes = Vec::new();
    let read = reader.take(length).read_to_end(&mut bytes)?;
    if read as u64 == length { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

impl Merge {
    fn new(runs: Vec<SortedRun>, path: &Path) -> Result<Self> {
        let mut merge = Self { runs: Vec::new(), next: BinaryHeap::new(), path: path.to_owned() };
        for run in runs {
            let reader = RunReader::new(run).map_err(|source| merge.failed(source))?;
            merge.runs.push(reader);
            merge.advance(merge.runs.len() - 1)?;
        }
        Ok(merge)
    }

    fn failed(&self, source: io::Error) -> Error {
        Error::Io { action: "reading what was spilled to", path: self.path.clone(), source }
    }

    /// Reads the next entry of a run.
    fn advance(&mut self, number: usize) -> Result<()> {
        let read = self.runs.get_mut(number).map_or(Ok(None), RunReader::next_entry);
        if let Some((key, value)) = read.map_err(|source| self.failed(source))? {
            self.next.push(Reverse((key, number, value)));
        }
        Ok(())
    }
}

impl Iterator for Merge {
    type Item = Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        let Reverse((key, number, value)) = self.next.pop()?;
        Some(self.advance(number).map(|()| Entry { key, value }))
    }
}
