//! A journal as it was found: how far it goes, and what is in it.

use super::{
    folder::is_damage,
    journal_record::{ALIGNMENT, FoundRecord, HEADER, JournalName, RecordReader, read_name},
};
use crate::{
    error::{Error, Result},
    format::FORMAT,
};
use std::{
    collections::BTreeSet,
    fs::File,
    io,
    path::{Path, PathBuf},
};

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
    /// The last change that happened or was given up.
    pub(super) last: u64,
    /// Something is missing.
    pub(super) is_damaged: bool,
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
        let mut reader = RecordReader::open(path, name)?;
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

    /// Reads what is left of the journal of this name; where no name is known, of the one that its beginning says.
    pub(super) fn salvage(path: &Path, name: Option<JournalName>) -> io::Result<SalvagedJournal> {
        let nothing = SalvagedJournal { parts: Vec::new(), last: 0, is_damaged: true };
        let found = match Self::read(path) {
            Err(error) if is_damage(&error) => return Ok(nothing),
            found => found?,
        };
        let name = name.or(found.as_ref().map(|found| found.name));
        let Some(name) = name else { return Ok(nothing) };
        let mut reader = RecordReader::open(path, name)?;
        let (mut behind, mut records) = ((HEADER - ALIGNMENT) as u64, Vec::new());
        while let Some(record) = reader.next_behind(behind)? {
            behind = record.next - ALIGNMENT as u64;
            records.push(record);
        }
        // A change with a number before the last one's has happened, or was given up.
        let last = records.last().map(|record| record.number.saturating_sub(u64::from(!record.is_last)));
        let last = last.unwrap_or(name.base);
        let happened: BTreeSet<u64> =
            records.iter().filter(|record| record.is_last).map(|record| record.number).collect();
        let parts = records.into_iter().filter(|record| happened.contains(&record.number));
        let parts = parts.map(|record| record.part).collect();
        let is_damaged = found.is_none_or(|found| found.is_damaged || found.name != name);
        Ok(SalvagedJournal { parts, last, is_damaged })
    }

    /// The parts of its changes, in order.
    pub(super) fn parts(self, store: &Path, path: PathBuf) -> impl Iterator<Item = Result<Vec<u8>>> + use<> {
        let failed = {
            let store = store.to_owned();
            move |source| Error::Io { action: "reading", path: store.clone(), source }
        };
        let (mut offset, mut reader) = (HEADER as u64, None);
        std::iter::from_fn(move || {
            while offset < self.end {
                let reader = match &mut reader {
                    Some(reader) => reader,
                    None => match RecordReader::open(&path, self.name) {
                        Ok(opened) => reader.insert(opened),
                        Err(source) => return Some(Err(failed(source))),
                    },
                };
                match reader.at(offset) {
                    Ok(Some(record)) => {
                        offset = record.next;
                        if !self.unfinished.contains(&record.number) {
                            return Some(Ok(record.part));
                        }
                    }
                    Ok(None) => offset = self.end,
                    Err(source) => return Some(Err(failed(source))),
                }
            }
            None
        })
    }
}
