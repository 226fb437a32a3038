//! From a store to a backup.

use super::format::{FORMAT, Sums, TITLE, write_bytes};
use crate::{
    encoding::{KeyRange, Space, key},
    error::{Error, Result},
    store::Store,
};
use lz4_flex::frame::FrameEncoder;
use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

/// What a backup or a restored store has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackupReport {
    /// The entries: rows of statistics, registrations, cursors.
    pub entries: u64,
}

impl Store {
    /// Writes a backup of all of the store, as it is now, into this file; a file that is there is replaced in one
    /// step, once the new one is on the disk. Others may write to the store meanwhile.
    ///
    /// Only with the feature `backup`.
    ///
    /// ```
    /// use trackstats::{Domain, Metric, Period, Store};
    ///
    /// const TILL: Domain = Domain::new("till", "The till");
    /// const SALES: Metric = Metric::new(TILL, "sales", "Sales");
    ///
    /// let folder = tempfile::tempdir()?;
    /// let store = Store::open(folder.path().join("store"))?;
    /// store.record(SALES.on(Period::Day, store.today()?), 12)?;
    /// store.backup(folder.path().join("backup"))?;
    ///
    /// Store::restore(folder.path().join("backup"), folder.path().join("restored"))?;
    /// let restored = Store::open(folder.path().join("restored"))?;
    /// assert_eq!(restored.series(SALES, Period::Day).values()?, [Some(12)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Io`] when the file can't be written, [`Error::Corrupt`] when the store can't be read. A file that was
    /// there stays then.
    pub fn backup(&self, file: impl AsRef<Path>) -> Result<BackupReport> {
        let path = file.as_ref();
        let failed = |source| Error::Io { action: "writing to", path: path.to_owned(), source };
        let new = beside(path);
        let written = File::create(&new).map_err(failed).and_then(|file| {
            let report = self.write_backup(BufWriter::new(&file))?;
            file.sync_all().and_then(|()| fs::rename(&new, path)).map_err(failed)?;
            Ok(report)
        });
        if written.is_err() {
            // It may never have been there.
            let _ = fs::remove_file(&new);
        }
        written
    }

    /// Writes a backup of all of the store, as it is now. Others may write to it meanwhile; what they replace is kept in
    /// memory until the backup is written.
    ///
    /// The writer is flushed at the end; whether the bytes are on a disk then is for the caller to see to. Only with
    /// the feature `backup`.
    ///
    /// # Errors
    /// As [`backup`](Self::backup).
    pub fn write_backup(&self, mut writer: impl Write) -> Result<BackupReport> {
        let failed = |source: io::Error| Error::Io { action: "writing", path: "the backup".into(), source };
        let snapshot = self.snapshot();
        writeln!(writer, "{TITLE}{FORMAT}").map_err(failed)?;
        let mut stream = FrameEncoder::new(writer);
        let mut sums = Sums::default();
        let (start, end) = (Vec::new(), KeyRange::space(Space::Scratch).start);
        snapshot.for_each(KeyRange { start, end: Some(end) }, |entry| {
            if entry.key == key::changes() {
                return Ok(());
            }
            sums.add(&entry.key, &entry.value);
            write_bytes(&mut stream, &entry.key)
                .and_then(|()| write_bytes(&mut stream, &entry.value))
                .map_err(failed)
        })?;
        write_bytes(&mut stream, &[]).map_err(failed)?;
        let mut writer = stream.finish().map_err(|error| failed(error.into()))?;
        sums.write(&mut writer).and_then(|()| writer.flush()).map_err(failed)?;
        Ok(BackupReport { entries: sums.entries })
    }
}

/// A file beside another, to take its place.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().map_or_else(OsString::new, OsString::from);
    name.push(".new");
    path.with_file_name(name)
}
