//! Comma-separated values with a header.

use super::{
    bytes::{BYTE_ORDER_MARK, TOO_LONG},
    place::{FilePlace, skip, stop},
    reader::{FileReader, NextRecord},
    tap::{Given, OnRead, Tap, TooLong},
};
use crate::error::{Error, Result, Unreadable, nearest_first};
use csv::ByteRecord;
use std::{
    io::Read,
    path::{Path, PathBuf},
    rc::Rc,
};

/// The records of a file of comma-separated values.
pub(super) struct CsvRecords {
    name: PathBuf,
    reader: csv::Reader<Tap>,
    given: Rc<Given>,
    record: ByteRecord,
    /// The header's fields; none if the file is empty.
    header: ByteRecord,
    /// Where the wanted columns are.
    positions: Vec<usize>,
    /// Lines end with CR and LF, of which the reader takes the LF for the beginning of the next record.
    crlf: bool,
    /// Where the reader began in the file.
    base: FilePlace,
    /// A writer may still be in the middle of the last record.
    appended: bool,
    /// Where the record begins that was left for the next run.
    left: Option<FilePlace>,
}

impl CsvRecords {
    /// Begins to read, with the header.
    pub(super) fn open(name: &Path, reader: Box<dyn Read>, skipped: u64, on_read: OnRead) -> Result<Self> {
        let (reader, given) = tapped(reader, on_read);
        let mut records = Self {
            name: name.to_owned(),
            reader,
            given,
            record: ByteRecord::new(),
            header: ByteRecord::new(),
            positions: Vec::new(),
            crlf: false,
            base: FilePlace { byte: skipped, line: 1 },
            appended: false,
            left: None,
        };
        let mut header = ByteRecord::new();
        if let Err(error) = records.reader.read_byte_record(&mut header) {
            let problem = reason(&error);
            return Err(Error::UnreadableHeader { path: name.to_owned(), line: 1, problem });
        }
        records.header = header.iter().map(<[u8]>::trim_ascii).collect();
        records.crlf = records.reader.position().line() == lines_within(&header) + 1;
        Ok(records)
    }

    /// Whether the file has a header, and nothing is wrong with it for these columns.
    pub(super) fn find(&mut self, columns: &[String]) -> Result<()> {
        if self.header.is_empty() {
            let problem = "is empty; a CSV file begins with a header that names its columns";
            return Err(Error::NoRecords { path: self.name.clone(), problem });
        }
        let names: Vec<String> =
            self.header.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
        for column in columns {
            let mut found = names.iter().enumerate().filter(|(_, name)| *name == column);
            let Some((position, _)) = found.next() else {
                let columns = nearest_first(column, names.iter().map(String::as_str));
                return Err(Error::UnknownColumn {
                    path: self.name.clone(),
                    column: column.clone(),
                    columns: columns.into_iter().map(str::to_owned).collect(),
                });
            };
            if found.next().is_some() {
                let problem = format!("the header has the column {column:?} twice; rename one of them");
                return Err(Error::UnreadableHeader { path: self.name.clone(), line: 1, problem });
            }
            self.positions.push(position);
        }
        Ok(())
    }

    pub(super) fn has_header(&self) -> bool {
        !self.header.is_empty()
    }

    /// Where the next record begins.
    pub(super) fn place(&self) -> FilePlace {
        let position = self.reader.position();
        FilePlace { byte: self.base.byte + position.byte(), line: self.base.line + position.line() - 1 }
    }

    /// Goes on from a place with a reader that begins there, of a file that is still written to.
    pub(super) fn go_on(&mut self, reader: Box<dyn Read>, place: FilePlace, on_read: OnRead) {
        (self.reader, self.given) = tapped(reader, on_read);
        self.base = place;
        self.appended = true;
    }

    /// Where the reading stopped, and whether a record is left there.
    pub(super) fn end(&self) -> (FilePlace, bool) {
        self.left.map_or_else(|| (self.place(), false), |left| (left, true))
    }

    pub(super) fn next(&mut self, reader: &FileReader) -> NextRecord {
        let start = self.place();
        self.given.begin(self.reader.position().byte());
        match self.reader.read_byte_record(&mut self.record) {
            Ok(false) => return Ok(None),
            Ok(true) => {}
            Err(error) => {
                return Err(stop(&self.name, start.line + u64::from(self.crlf), reason(&error)));
            }
        }
        let last = self.record.get(self.record.len().wrapping_sub(1)).unwrap_or_default();
        // At the end of the file, an open quote is closed without a word; a field with a line's end in it is quoted.
        if self.given.ended() && last.contains(&b'\n') && self.given.open_quote() {
            if self.appended {
                self.left = Some(start);
                return Ok(None);
            }
            return Err(stop(&self.name, self.line(), "a quote is opened in this record and never closed"));
        }
        if self.record.len() != self.header.len() {
            let (has, needs) = (self.record.len(), self.header.len());
            let lines = lines_within(&self.record) + 1;
            let hint = if lines > 1 {
                format!(", over {lines} lines; is a quote not closed?")
            } else {
                String::new()
            };
            let reason = format!("it has {has} fields, and the header {needs}{hint}");
            return Err(skip(&self.name, self.line(), reason));
        }
        let text = |column: usize| self.record.get(*self.positions.get(column)?);
        reader.read(text).map(Some).map_err(|reason| self.unreadable(reason))
    }

    /// A record that has as many fields as the header, and can't be read: perhaps it is the header of a file that was
    /// put behind another.
    fn unreadable(&self, reason: String) -> Unreadable {
        let own = |field| {
            let field: &[u8] = field;
            field.strip_prefix(BYTE_ORDER_MARK).unwrap_or(field).trim_ascii()
        };
        if self.record.iter().map(own).eq(self.header.iter()) {
            return skip(&self.name, self.line(), "it is the header again; were files put together?");
        }
        let (mut names, mut fields): (Vec<_>, Vec<_>) =
            (self.header.iter().collect(), self.record.iter().map(own).collect());
        names.sort_unstable();
        fields.sort_unstable();
        if names == fields {
            // What follows would be read from the wrong columns.
            let reason = "it is the header again, with the columns in another order; were files put together? Track them one by one";
            return stop(&self.name, self.line(), reason);
        }
        skip(&self.name, self.line(), reason)
    }

    /// The line that the record begins on, which isn't where the reader began to look for it: there may be blank lines
    /// before.
    fn line(&self) -> u64 {
        let own_end = u64::from(!self.crlf && !self.given.ended());
        self.place().line.saturating_sub(lines_within(&self.record) + own_end)
    }
}

fn reason(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Io(io)
            if io.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<TooLong>) =>
        {
            format!("{TOO_LONG}; is a quote not closed, or is it another kind of file?")
        }
        _ => error.to_string(),
    }
}

fn tapped(reader: Box<dyn Read>, on_read: OnRead) -> (csv::Reader<Tap>, Rc<Given>) {
    let (tap, given) = Tap::new(reader, on_read);
    let reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).buffer_capacity(1 << 16).from_reader(tap);
    (reader, given)
}

fn lines_within(record: &ByteRecord) -> u64 {
    record.as_slice().split(|byte| *byte == b'\n').skip(1).count() as u64
}
