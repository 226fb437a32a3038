//! From a backup to a store.

use super::BackupReport;
use crate::{
    error::{Error, Result},
    format::{
        BlockKey, BlockReader, DomainRecord, Malformed, MetricRecord, Record, Space, StoreRecord, form_of,
        key,
    },
    storage::{DUMP_FORMAT, DumpError, DumpReader},
    store::{BulkLoad, Store},
};
use std::{
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

impl Store {
    /// Makes a store in this directory, which must be empty or not there, of the backup in this file.
    ///
    /// All of it is read, checked and on the disk before it is put in its place, in one step; until then, and when it
    /// fails, there is no store. An entry at a time is in memory. The first opening then makes the
    /// [index](Store::made_anew) of it. Only with the feature `backup`.
    ///
    /// # Errors
    /// [`Error::Backup`] when the file is not a backup, is damaged, or of another format; [`Error::StoreExists`],
    /// [`Error::NotAStore`] or [`Error::Locked`] when the directory isn't empty; [`Error::Io`] when the file can't be read, or
    /// [`Error::NotMade`] when the store can't be written.
    pub fn restore(file: impl AsRef<Path>, directory: impl AsRef<Path>) -> Result<BackupReport> {
        let path = file.as_ref();
        let file = File::open(path).map_err(|source| Error::Io {
            action: "opening",
            path: path.to_owned(),
            source,
        })?;
        restore(path, file, directory.as_ref())
    }

    /// Makes a store in this directory, which must be empty or not there, of a backup, which is read to its end.
    ///
    /// Only with the feature `backup`.
    ///
    /// # Errors
    /// As [`restore`](Self::restore).
    pub fn read_backup(reader: impl Read, directory: impl AsRef<Path>) -> Result<BackupReport> {
        restore(Path::new("that was given"), reader, directory.as_ref())
    }
}

fn restore(name: &Path, reader: impl Read, directory: &Path) -> Result<BackupReport> {
    let bad = |problem: &str| Error::Backup { path: name.to_owned(), problem: problem.to_owned() };
    let failed = |error: DumpError| match error {
        DumpError::Io(source) => Error::Io { action: "reading", path: name.to_owned(), source },
        DumpError::Other => bad("it is not a backup of trackstats"),
        DumpError::Newer(format) => bad(&format!(
            "it has format {format}, and this version reads up to {DUMP_FORMAT}; use the version that wrote it, or a newer one"
        )),
        DumpError::TooShort => bad("it ends too soon, use another one"),
        DumpError::Damaged => bad("it is damaged, use another one"),
        DumpError::Unordered => bad("its entries are not in order, use another one"),
    };
    let mut dump = DumpReader::new(BufReader::with_capacity(1 << 16, reader)).map_err(failed)?;
    let mut unfinished = BulkLoad::begin(directory)?;
    let mut entries = 0;
    while let Some((key, value)) = dump.next_entry().map_err(failed)? {
        if entries == 0 {
            check_record(&key, &value, name)?;
        }
        check_layout(&key, &value)
            .map_err(|Malformed(problem)| bad(&format!("it has {problem}, use another one")))?;
        // A checkpoint of a store is a backup too.
        if key != key::checkpoint() {
            entries += 1;
            unfinished.put(&key, &value)?;
        }
    }
    unfinished.finish()?;
    Ok(BackupReport { entries })
}

/// The first entry says which format the others have.
fn check_record(first: &[u8], value: &[u8], name: &Path) -> Result<()> {
    let bad = |problem: String| Error::Backup { path: name.to_owned(), problem };
    let record = (first == key::store()).then(|| StoreRecord::decode(value));
    let record = record.and_then(std::result::Result::ok);
    let record = record.ok_or_else(|| bad("it doesn't say what it is of, use another one".to_owned()))?;
    if record.format != crate::format::FORMAT {
        let (found, known) = (record.format, crate::format::FORMAT);
        return Err(bad(format!(
            "it is of a store of format {found}, and this version reads format {known}; use the version that wrote it"
        )));
    }
    Ok(())
}

/// Whether an entry is laid out as those of a store are. What isn't is refused before it is written: a few kilobytes of a
/// file may stand for megabytes of it. What the values say is for [`verify`](Store::verify).
fn check_layout(key: &[u8], value: &[u8]) -> std::result::Result<(), Malformed> {
    let is = |space: Space| key.first() == Some(&(space as u8));
    if is(Space::Plain) || is(Space::Object) {
        BlockKey::decode(key)?;
        let (_, object) = key::split_span(key)?;
        let form = form_of(value).ok_or(Malformed("a block of no known form"))?;
        let mut rows = BlockReader::new(form, object, value)?;
        while rows.next_bytes()?.is_some() {}
        return Ok(());
    }
    if is(Space::Domain) {
        Space::Domain.names(key)?;
        DomainRecord::decode(value).map(drop)
    } else if is(Space::Metric) {
        Space::Metric.names(key)?;
        MetricRecord::decode(value).map(drop)
    } else if is(Space::Cursor) {
        Space::Cursor.names(key).map(drop)
    } else if is(Space::Store) || is(Space::Tracked) {
        Ok(())
    } else {
        Err(Malformed("an entry of no known kind"))
    }
}
