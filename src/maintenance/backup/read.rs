//! From a backup to a store.

use super::{
    BackupReport,
    format::{FORMAT, LONGEST_KEY, Sums, TITLE, longest_value, read_bytes},
};
use crate::{
    error::{Error, Result},
    format::{Record, StoreRecord, key},
    store::{BulkLoad, Store},
};
use lz4_flex::frame::FrameDecoder;
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

impl Store {
    /// Makes a store in this directory, which must be empty or not there, of the backup in this file.
    ///
    /// All of it is read, checked and on the disk before it is put in its place, in one step; until then, and when it
    /// fails, there is no store. Only with the feature `backup`.
    ///
    /// # Errors
    /// [`Error::Backup`] when the file is not a backup, is damaged, or of another format; [`Error::StoreExists`],
    /// [`Error::NotAStore`] or [`Error::Locked`] when the directory isn't empty; or [`Error::Io`].
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
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::UnexpectedEof => bad("it ends too soon, use another one"),
        // What the decoder of the frame has to say is of this kind too.
        io::ErrorKind::InvalidData | io::ErrorKind::Other => bad("it is damaged, use another one"),
        _ => Error::Io { action: "reading", path: name.to_owned(), source: error },
    };
    let mut reader = BufReader::with_capacity(1 << 16, reader);
    let format = title(&mut reader).map_err(failed)?;
    let format = format.ok_or_else(|| bad("it is not a backup of trackstats"))?;
    if format > FORMAT {
        return Err(bad(&format!(
            "it has format {format}, and this version reads up to {FORMAT}; use the version that wrote it, or a newer one"
        )));
    }
    let mut unfinished = BulkLoad::begin(directory)?;
    let mut stream = FrameDecoder::new(reader);
    let mut sums = Sums::default();
    let mut last: Option<Vec<u8>> = None;
    loop {
        let entry_key = read_bytes(&mut stream, LONGEST_KEY).map_err(failed)?;
        if entry_key.is_empty() {
            break;
        }
        let value = read_bytes(&mut stream, longest_value(&entry_key)).map_err(failed)?;
        if last.is_none() {
            check_record(&entry_key, &value, name)?;
        }
        if last.is_some_and(|last| last >= entry_key) {
            return Err(bad("its entries are not in order, use another one"));
        }
        sums.add(&entry_key, &value);
        last = Some(entry_key.clone());
        unfinished.put(entry_key, value)?;
    }
    let mut rest = Vec::new();
    stream.by_ref().take(1).read_to_end(&mut rest).map_err(failed)?;
    let mut reader = stream.into_inner();
    let ends = Sums::read(&mut reader).map_err(failed)?;
    reader.take(1).read_to_end(&mut rest).map_err(failed)?;
    if last.is_none() || ends != sums || !rest.is_empty() {
        return Err(bad("it is damaged, use another one"));
    }
    unfinished.finish()?;
    Ok(BackupReport { entries: sums.entries })
}

/// The format that the first line names, none if it isn't that of a backup.
fn title(reader: &mut impl BufRead) -> io::Result<Option<u32>> {
    let mut line = Vec::new();
    reader.take(TITLE.len() as u64 + 11).read_until(b'\n', &mut line)?;
    let line = str::from_utf8(&line).ok().and_then(|line| line.strip_prefix(TITLE)?.strip_suffix('\n'));
    Ok(line.and_then(|format| format.parse().ok()))
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
