//! From a store to a backup.

use crate::{
    error::{Error, Result},
    format::KeyRange,
    maintenance::replacement::Replacement,
    storage::{DumpWriter, Reads},
    store::Store,
};
use std::{
    io::{self, BufWriter, Write},
    path::Path,
};

/// What a backup or a restored store has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackupReport {
    /// The entries: blocks of statistics, registrations, cursors.
    pub entries: u64,
}

impl Store {
    /// Writes a backup of all of the store, as it is now, into this file; a file that is there is replaced in one
    /// step, once the new one is on the disk. Others may write to the store meanwhile. On Unix, only the file's owner may
    /// read it, whatever the umask.
    ///
    /// A process that is killed on the way leaves a file beside it, of the same name with two numbers and `.new` added,
    /// which may be deleted.
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
    /// there stays then; only where the folder can't be flushed at the very end, the new one is in its place.
    pub fn backup(&self, file: impl AsRef<Path>) -> Result<BackupReport> {
        let path = file.as_ref();
        let failed = |source| Error::Io { action: "writing to", path: path.to_owned(), source };
        let mut file = Replacement::private(path).map_err(failed)?;
        let report = self.write_backup_to(BufWriter::new(&mut file), failed)?;
        file.put().map_err(failed)?;
        Ok(report)
    }

    /// Writes a backup of all of the store, as it is now. Others may write to it meanwhile; what they replace is kept in
    /// memory until the backup is written.
    ///
    /// The writer is flushed at the end; whether the bytes are on a disk then is for the caller to see to. Only with
    /// the feature `backup`.
    ///
    /// # Errors
    /// As [`backup`](Self::backup).
    pub fn write_backup(&self, writer: impl Write) -> Result<BackupReport> {
        self.write_backup_to(writer, |source| Error::Io {
            action: "writing",
            path: "the backup".into(),
            source,
        })
    }

    fn write_backup_to(
        &self,
        writer: impl Write,
        failed: impl Fn(io::Error) -> Error + Copy,
    ) -> Result<BackupReport> {
        let mut dump = DumpWriter::new(writer).map_err(failed)?;
        self.snapshot()
            .for_each(KeyRange::all(), |entry| dump.put(&entry.key, &entry.value).map_err(failed))?;
        let (_, entries) = dump.finish().map_err(failed)?;
        Ok(BackupReport { entries })
    }
}
