//! A file of records, or standard input.

use super::{
    MARK, Next, Outcome,
    csv::{CsvRecords, Place},
    cursor::{Cursor, HEAD, Position, fingerprint},
    jsonl::JsonRecords,
    reading::Reader,
};
use anyhow::{Context, bail};
use clap::ValueEnum;
use indicatif::ProgressBar;
use std::{
    fmt,
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom},
    path::Path,
};

/// How the records of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Comma-separated values with a header
    Csv,
    /// JSON lines
    Jsonl,
}

/// A file of records, or standard input.
pub(crate) struct Source {
    /// As it was given, for people.
    name: String,
    /// The file's absolute path; none for standard input.
    path: Option<String>,
    /// The file, if it can be read from any place on: pipes and devices can't.
    file: Option<File>,
    records: Records,
    /// The file is appended from: what is left at its end is said.
    append: Option<Tail>,
}

enum Records {
    Csv(CsvRecords),
    Json(JsonRecords),
}

/// The end of a file that is appended from.
struct Tail {
    /// Bytes after the last line's end.
    unterminated: u64,
}

impl Source {
    /// Opens a file, `-` for standard input, and finds the columns in its header if it has one.
    pub(crate) fn open(
        path: &Path,
        format: Option<Format>,
        columns: &[String],
        append: bool,
        bar: &ProgressBar,
    ) -> anyhow::Result<Self> {
        let stdin = path.as_os_str() == "-";
        let name = if stdin { "standard input".to_owned() } else { path.display().to_string() };
        let failed = || format!("opening {name} failed");
        let (mut reader, absolute, file): (Box<dyn BufRead>, _, _) = if stdin {
            (Box::new(io::stdin().lock()), None, None)
        } else {
            let file = File::open(path).with_context(failed)?;
            let metadata = file.metadata().with_context(failed)?;
            if metadata.is_dir() {
                bail!("{name} is a directory; give the files in it");
            }
            let absolute = path.canonicalize().with_context(failed)?;
            let clone = file.try_clone().with_context(failed)?;
            let reader = Box::new(BufReader::with_capacity(1 << 16, clone));
            (reader, Some(absolute.display().to_string()), metadata.is_file().then_some(file))
        };
        let beginning = reader.fill_buf().with_context(|| format!("reading {name} failed"))?;
        let mark = if beginning.starts_with(MARK) { MARK.len() } else { 0 };
        let json = beginning.iter().skip(mark).find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
        reader.consume(mark);
        let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
        let by_ending = match ending.as_deref() {
            Some("csv") => Some(Format::Csv),
            Some("jsonl" | "ndjson") => Some(Format::Jsonl),
            _ => None,
        };
        let format = format.or(by_ending).unwrap_or(if json { Format::Jsonl } else { Format::Csv });
        let records = match format {
            Format::Csv => {
                let mut records = CsvRecords::open(&name, reader, mark as u64, bar)?;
                // A file that is appended from may not have been begun yet.
                if records.has_header() || !append {
                    records.find(columns)?;
                }
                Records::Csv(records)
            }
            Format::Jsonl => Records::Json(JsonRecords::open(&name, reader, mark as u64, bar)),
        };
        Ok(Self { name, path: absolute, file, records, append: None })
    }

    /// The file's absolute path; none for standard input.
    pub(crate) fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// Whether a cursor tells how far it was read: neither of standard input nor of a pipe.
    pub(crate) fn has_cursor(&self) -> bool {
        self.file.is_some()
    }

    /// The bytes that there are to read, if that is known.
    pub(crate) fn bytes(&self) -> Option<u64> {
        self.file.as_ref().and_then(|file| file.metadata().ok()).map(|metadata| metadata.len())
    }

    /// Goes on where the cursor says, up to the end of the last whole line: a writer may be in the middle of the next.
    pub(crate) fn go_on(&mut self, cursor: &Cursor, bar: &ProgressBar) -> anyhow::Result<()> {
        let (Some(file), Some(path)) = (&self.file, &self.path) else { return Ok(()) };
        let failed = || format!("reading {} failed", self.name);
        let length = file.metadata().with_context(failed)?.len();
        let mut place = match &self.records {
            Records::Csv(records) => records.place(),
            Records::Json(records) => records.place(),
        };
        let end = end_of_lines(file, length).with_context(failed)?;
        if let Some(position) = cursor.files.get(path) {
            let head = head(file, position.offset).with_context(failed)?;
            if length < position.offset || head != position.head {
                bail!(
                    "{} is not the file that was read up to byte {} before: it was replaced or cut; use another --cursor to append all of it, or track without --append",
                    self.name,
                    position.offset
                );
            }
            place = Place { byte: position.offset, line: position.line };
        } else if place.byte > end {
            // Not even the header's line is whole.
            place = Place { byte: 0, line: 1 };
        }
        let mut rest = file.try_clone().with_context(failed)?;
        rest.seek(SeekFrom::Start(place.byte)).with_context(failed)?;
        let rest = Box::new(rest.take(end.saturating_sub(place.byte)));
        match &mut self.records {
            Records::Csv(records) => records.go_on(rest, place, bar),
            Records::Json(records) => records.go_on(rest, place),
        }
        self.append = Some(Tail { unterminated: length - end.max(place.byte).min(length) });
        Ok(())
    }

    pub(super) fn next(&mut self, reader: &Reader) -> Next {
        match &mut self.records {
            Records::Csv(records) => records.next(reader),
            Records::Json(records) => records.next(reader),
        }
    }

    /// Notes how far the file was read, and what of it was not.
    pub(super) fn leave(&self, outcome: &mut Outcome) {
        let (Some(Tail { unterminated }), Some(file), Some(path)) = (&self.append, &self.file, &self.path)
        else {
            return;
        };
        let (place, left) = match &self.records {
            Records::Csv(records) => records.end(),
            Records::Json(records) => (records.place(), false),
        };
        let name = &self.name;
        if left {
            let line = place.line;
            let note = format!(
                "{name}:{line}: the last record opens a quote and isn't finished yet; it is left for the next run"
            );
            outcome.notes.push(note);
        } else if *unterminated > 0 {
            let note = format!(
                "{name}:{}: the last line isn't finished yet; it is left for the next run",
                place.line
            );
            outcome.notes.push(note);
        }
        // A file that can't be read any more fails when it is read next.
        let Ok(head) = head(file, place.byte) else { return };
        if place.byte > 0 {
            outcome
                .cursor
                .files
                .insert(path.clone(), Position { offset: place.byte, line: place.line, head });
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The fingerprint of a file's first bytes, of those before `offset`.
fn head(mut file: &File, offset: u64) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(HEAD.min(offset)).read_to_end(&mut bytes)?;
    Ok(fingerprint(&bytes))
}

/// The offset after the last end of a line among the first `length` bytes.
fn end_of_lines(mut file: &File, length: u64) -> io::Result<u64> {
    const STEP: u64 = 1 << 16;
    let mut end = length;
    let mut bytes = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(STEP);
        bytes.clear();
        file.seek(SeekFrom::Start(start))?;
        file.take(end - start).read_to_end(&mut bytes)?;
        if let Some(at) = bytes.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}
