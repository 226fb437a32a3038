//! From a store to a backup.

use crate::{
    error::{Error, Result},
    format::KeyRange,
    storage::{DumpWriter, Reads},
    store::Store,
};
use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    process,
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
    /// step, once the new one is on the disk. Others may write to the store meanwhile.
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
        let (file, new) = beside(path).map_err(failed)?;
        let write = || {
            let report = self.write_backup_to(BufWriter::new(&file), failed)?;
            let replace = || {
                file.sync_all()?;
                // Opened before, since there may be no more files to open afterwards.
                let folder = folder_of(path)?;
                fs::rename(&new, path)?;
                folder.map_or(Ok(()), |folder| folder.sync_all())
            };
            replace().map_err(failed)?;
            Ok(report)
        };
        write().inspect_err(|_| {
            // It is gone where only the folder couldn't be flushed.
            let _ = fs::remove_file(&new);
        })
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

/// A new file beside another, to take its place.
fn beside(path: &Path) -> io::Result<(File, PathBuf)> {
    let process = process::id();
    // What a killed process left, and a file of the user's own, stays as it is.
    for number in 0_u64.. {
        let mut name = path.file_name().map_or_else(OsString::new, OsString::from);
        name.push(format!(".{process}-{number}.new"));
        let new = path.with_file_name(name);
        match File::create_new(&new) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            created => return created.map(|file| (file, new)),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// The folder that a file is in, to be flushed, where folders can be: without that, a power cut may undo a renaming.
fn folder_of(path: &Path) -> io::Result<Option<File>> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    cfg!(unix).then(|| File::open(folder)).transpose()
}
