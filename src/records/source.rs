//! A file of records.

use super::{
    bytes::BYTE_ORDER_MARK,
    columns::Columns,
    csv::CsvRecords,
    cursor::{Cursor, Position},
    file_format::FileFormat,
    growing::{end_of_lines, head},
    jsonl::JsonRecords,
    outcome::Outcome,
    place::FilePlace,
    reader::{FileReader, NextRecord},
    tap::OnRead,
};
use crate::error::{Error, Result, shown};
use std::{
    fmt,
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    rc::Rc,
};

/// A file of records, open. Made by [`Source::options`], used by [`Records`](super::Records).
///
/// ```
/// use trackstats::{
///     Error,
///     records::{Columns, Source},
/// };
///
/// let csv = "when,user\n2024-05-01,ada\n".as_bytes();
/// let error = Source::options().read("visits", csv, &Columns::new("at")).unwrap_err();
/// assert!(matches!(error, Error::UnknownColumn { .. }));
/// ```
pub struct Source {
    /// As it was given, for people.
    name: PathBuf,
    /// The file's absolute path; none for what isn't a file.
    path: Option<String>,
    /// The file, if it can be read from any place on: pipes and devices can't.
    file: Option<File>,
    records: FormatRecords,
    on_read: OnRead,
    /// The file is appended from: what is left at its end is said.
    append: Option<Tail>,
}

enum FormatRecords {
    Csv(Box<CsvRecords>),
    Json(JsonRecords),
}

/// The end of a file that is appended from.
struct Tail {
    /// Bytes after the last line's end.
    unterminated: u64,
}

/// How a [`Source`] is opened.
///
/// ```
/// use std::{cell::Cell, rc::Rc};
/// use trackstats::{
///     Calendar,
///     records::{Columns, FileFormat, Records, Source},
/// };
///
/// let read = Rc::new(Cell::new(0));
/// let count = Rc::clone(&read);
/// let options = Source::options().format(FileFormat::Jsonl).on_read(move |bytes| count.set(count.get() + bytes));
///
/// let columns = Columns::new("at");
/// let source = options.read("a pipe", "{\"at\": 1714600000}\n".as_bytes(), &columns)?;
/// assert_eq!(Records::new([source], columns, &Calendar::default())?.count(), 1);
/// assert_eq!(read.get(), 19);
/// # Ok::<(), trackstats::Error>(())
/// ```
#[must_use]
#[derive(Clone)]
pub struct SourceOptions {
    format: Option<FileFormat>,
    growing: bool,
    on_read: OnRead,
}

impl SourceOptions {
    /// How the records are written. Default: by the file's ending, or else by its first byte.
    pub fn format(mut self, format: FileFormat) -> Self {
        self.format = Some(format);
        self
    }

    /// Whether the file grows and is [read on](super::Records::go_on) as it does; then it may be empty as yet.
    /// Default: no.
    pub fn growing(mut self, growing: bool) -> Self {
        self.growing = growing;
        self
    }

    /// What is called with the number of bytes whenever some were read, to show progress. Default: nothing.
    pub fn on_read(mut self, on_read: impl Fn(u64) + 'static) -> Self {
        self.on_read = Rc::new(on_read);
        self
    }

    /// Opens a file, and finds the columns in its header if it has one.
    ///
    /// # Errors
    /// [`Error::Io`] if it can't be opened or read, [`Error::NoRecords`] for a directory or a CSV file that is empty,
    /// [`Error::UnknownColumn`] and [`Error::UnreadableHeader`] for a header that doesn't fit.
    pub fn open(&self, path: &Path, columns: &Columns) -> Result<Source> {
        let failed = |source| io_error("opening", path, source);
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if metadata.is_dir() {
            let problem = "is a directory; give the files in it";
            return Err(Error::NoRecords { path: path.to_owned(), problem });
        }
        let absolute = path.canonicalize().map_err(failed)?;
        let reader = BufReader::with_capacity(1 << 16, file.try_clone().map_err(failed)?);
        let mut source = self.read(path, reader, columns)?;
        source.path = Some(absolute.display().to_string());
        source.file = metadata.is_file().then_some(file);
        Ok(source)
    }

    /// Reads records from what isn't a file, such as standard input. Its name is for people.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn read(
        &self,
        name: impl AsRef<Path>,
        mut reader: impl BufRead + 'static,
        columns: &Columns,
    ) -> Result<Source> {
        let name = name.as_ref();
        let beginning = reader.fill_buf().map_err(|source| io_error("reading", name, source))?;
        let format = self.format.unwrap_or_else(|| FileFormat::guess(name, beginning));
        let mark = if beginning.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        reader.consume(mark);
        let (reader, on_read) = (Box::new(reader), Rc::clone(&self.on_read));
        let records = match format {
            FileFormat::Csv => {
                let mut records = CsvRecords::open(name, reader, mark as u64, on_read)?;
                // A file that is appended from may not have been begun yet.
                if records.has_header() || !self.growing {
                    records.find(columns.names())?;
                }
                FormatRecords::Csv(Box::new(records))
            }
            FileFormat::Jsonl => FormatRecords::Json(JsonRecords::open(name, reader, mark as u64, on_read)),
        };
        let on_read = Rc::clone(&self.on_read);
        Ok(Source { name: name.to_owned(), path: None, file: None, records, on_read, append: None })
    }
}

impl Source {
    /// How to open a file of records.
    pub fn options() -> SourceOptions {
        SourceOptions { format: None, growing: false, on_read: Rc::new(|_| ()) }
    }

    /// The file's absolute path; none for what isn't a file.
    pub fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// Whether a cursor tells how far it was read: not of a pipe, a device, or what isn't a file.
    pub fn has_cursor(&self) -> bool {
        self.file.is_some()
    }

    /// The bytes that there are to read, if that is known.
    pub fn bytes(&self) -> Option<u64> {
        self.file.as_ref().and_then(|file| file.metadata().ok()).map(|metadata| metadata.len())
    }

    /// Goes on where the cursor says, up to the end of the last whole line: a writer may be in the middle of the next.
    pub(super) fn go_on(&mut self, cursor: &Cursor) -> Result<()> {
        let (Some(file), Some(path)) = (&self.file, &self.path) else { return Ok(()) };
        let failed = |source| io_error("reading", &self.name, source);
        let length = file.metadata().map_err(failed)?.len();
        let end = end_of_lines(file, length).map_err(failed)?;
        let place = match cursor.files.get(path) {
            Some(position) => self.checked(file, length, position)?,
            // Not even the header's line is whole.
            None if self.records.place().byte > end => FilePlace { byte: 0, line: 1 },
            None => self.records.place(),
        };
        let mut rest = file.try_clone().map_err(failed)?;
        rest.seek(SeekFrom::Start(place.byte)).map_err(failed)?;
        let rest = Box::new(rest.take(end.saturating_sub(place.byte)));
        match &mut self.records {
            FormatRecords::Csv(records) => records.go_on(rest, place, Rc::clone(&self.on_read)),
            FormatRecords::Json(records) => records.go_on(rest, place),
        }
        self.append = Some(Tail { unterminated: length - end.max(place.byte).min(length) });
        Ok(())
    }

    /// The place of a position, if the file is still the one that was read up to there.
    fn checked(&self, file: &File, length: u64, position: &Position) -> Result<FilePlace> {
        let head = head(file, position.offset).map_err(|source| io_error("reading", &self.name, source))?;
        if length < position.offset || head != position.head {
            return Err(Error::Replaced { path: self.name.clone(), offset: position.offset });
        }
        Ok(FilePlace { byte: position.offset, line: position.line })
    }

    pub(super) fn next(&mut self, reader: &FileReader) -> NextRecord {
        match &mut self.records {
            FormatRecords::Csv(records) => records.next(reader),
            FormatRecords::Json(records) => records.next(reader),
        }
    }

    /// Notes how far the file was read, and what of it was not.
    pub(super) fn leave(&self, outcome: &Outcome) {
        let (Some(Tail { unterminated }), Some(file), Some(path)) = (&self.append, &self.file, &self.path)
        else {
            return;
        };
        let (place, left) = match &self.records {
            FormatRecords::Csv(records) => records.end(),
            FormatRecords::Json(records) => (records.place(), false),
        };
        let left = match (left, unterminated) {
            (true, _) => Some("the last record opens a quote and isn't finished yet"),
            (false, 1..) => Some("the last line isn't finished yet"),
            (false, 0) => None,
        };
        if let Some(left) = left {
            let (name, line) = (shown(&self.name), place.line);
            outcome.note(format!("{name}:{line}: {left}; it is left for the next run"));
        }
        // A file that can't be read any more fails when it is read next.
        let Ok(head) = head(file, place.byte) else { return };
        if place.byte > 0 {
            outcome.leave(path, Position { offset: place.byte, line: place.line, head });
        }
    }
}

impl FormatRecords {
    fn place(&self) -> FilePlace {
        match self {
            Self::Csv(records) => records.place(),
            Self::Json(records) => records.place(),
        }
    }
}

fn io_error(action: &'static str, path: &Path, source: io::Error) -> Error {
    Error::Io { action, path: path.to_owned(), source }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("name", &self.name).finish_non_exhaustive()
    }
}

impl fmt::Debug for SourceOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { format, growing, on_read: _ } = self;
        f.debug_struct("SourceOptions")
            .field("format", format)
            .field("growing", growing)
            .finish_non_exhaustive()
    }
}
