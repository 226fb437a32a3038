//! How far a database was flushed and checked, in a file beside it.
//!
//! The file is written over in place and isn't flushed itself: whatever of it survives says no more than what is true. If
//! it can't be read, nothing is known, and everything is checked.

use super::{
    folder::DataFolder,
    totals::{Totals, entry_hash, numbers},
};
use crate::error::{Error, Result};
use std::{
    fs::{self, File},
    io::{self, Seek, SeekFrom, Write},
    mem,
    path::{Path, PathBuf},
};

/// The open file, and what it says.
#[derive(Debug)]
pub(super) struct Watermark {
    file: File,
    path: PathBuf,
    says: Says,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Says {
    /// The last batch that a flush returned for.
    acknowledged: u64,
    /// The batch up to which all entries were checked, and the snapshot of its log that the database had then.
    checked: u64,
    log: u64,
}

impl Says {
    fn encode(self) -> Vec<u8> {
        let mut bytes: Vec<u8> = [self.acknowledged, self.checked, self.log]
            .iter()
            .flat_map(|number| number.to_le_bytes())
            .collect();
        let hash = entry_hash(b"watermark", &bytes);
        bytes.extend_from_slice(&hash.to_le_bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let [acknowledged, checked, log, _] = numbers(bytes)?;
        let says = Self { acknowledged, checked, log };
        (says.encode() == bytes).then_some(says)
    }
}

impl Watermark {
    /// Makes the file of a new database.
    pub(super) fn create(store: &Path, data_folder: &DataFolder) -> Result<Self> {
        let mut watermark = Self::open(store, data_folder, Says::default())?;
        watermark.write()?;
        Ok(watermark)
    }

    /// Reads the file.
    pub(super) fn read(store: &Path, data_folder: &DataFolder) -> Result<Self> {
        let says = match fs::read(data_folder.watermark()) {
            Ok(bytes) => Says::decode(&bytes).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Says::default(),
            Err(error) if error.kind() == io::ErrorKind::IsADirectory => {
                let problem = "its file watermark is a directory".to_owned();
                return Err(Error::Corrupt { path: store.to_owned(), problem });
            }
            Err(source) => return Err(Error::Io { action: "opening", path: store.to_owned(), source }),
        };
        Self::open(store, data_folder, says)
    }

    /// The last batch that a flush returned for, if the file can be read.
    pub(super) fn acknowledged_in(data_folder: &DataFolder) -> Option<u64> {
        Some(Says::decode(&fs::read(data_folder.watermark()).ok()?)?.acknowledged)
    }

    fn open(store: &Path, data_folder: &DataFolder, says: Says) -> Result<Self> {
        let path = data_folder.watermark();
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(|source| Error::Io { action: "opening", path: store.to_owned(), source })?;
        Ok(Self { file, path, says })
    }

    pub(super) fn acknowledged(&self) -> u64 {
        self.says.acknowledged
    }

    /// Says that everything up to this batch is on the disk.
    pub(super) fn acknowledge(&mut self, batches: u64) -> Result<()> {
        if batches > self.says.acknowledged {
            let before = mem::replace(&mut self.says.acknowledged, batches);
            self.write().inspect_err(|_| self.says.acknowledged = before)?;
        }
        Ok(())
    }

    /// Whether no batch was applied since all entries were checked.
    pub(super) fn was_checked(&self, totals: &Totals, log: Option<u64>) -> bool {
        self.says.checked == totals.batches && log == Some(self.says.log)
    }

    /// Says that all entries were checked.
    pub(super) fn checked(&mut self, totals: &Totals, log: Option<u64>) -> Result<()> {
        let before = self.says;
        self.says.checked = totals.batches;
        self.says.log = log.unwrap_or_default();
        if self.says == before { Ok(()) } else { self.write() }
    }

    fn write(&mut self) -> Result<()> {
        let bytes = self.says.encode();
        let written = self.file.seek(SeekFrom::Start(0)).and_then(|_: u64| self.file.write_all(&bytes));
        written.map_err(|source: io::Error| Error::Io {
            action: "writing to",
            path: self.path.clone(),
            source,
        })
    }
}
