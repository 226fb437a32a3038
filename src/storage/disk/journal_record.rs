//! The bytes of a journal: its header and its records.
//!
//! ```text
//! journal  title, store, base, checksum of these; records
//! record   mark, flags, length, number of the change, flushed, checksum; part of the change; zeros up to 16 bytes
//! ```
//!
//! Each record names the offset up to which the journal was flushed before it was added: so what a power cut leaves of the
//! last ones is told from damage. Room is made before it is needed, so that a flush has no sizes to write.

use crate::{format::FORMAT, storage::Log};
use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
};
use twox_hash::XxHash3_64;

/// What every journal begins with; its format follows in the same line. The first 64 bytes are laid out so in every format.
const TITLE: &str = "trackstats journal, format ";
const TITLE_BYTES: usize = 32;
pub(super) const HEADER: usize = 64;
const MARK: [u8; 3] = *b"\nJ\x01";
const RECORD: usize = 32;
/// Records begin at multiples of this, so that the next one is found behind a damaged one.
pub(super) const ALIGNMENT: usize = 16;

/// So much is looked through at once, where records are looked for.
const READ: usize = 64 << 10;

/// With it, the change has happened.
const LAST: u8 = 0x01;

/// Which journal a file is: that of this store, with the changes behind this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct JournalName {
    pub(super) store_id: u64,
    pub(super) base: u64,
}

impl JournalName {
    pub(super) fn header(self) -> [u8; HEADER] {
        self.header_of(FORMAT)
    }

    fn header_of(self, format: u32) -> [u8; HEADER] {
        let mut bytes = format!("{TITLE}{format}\n").into_bytes();
        bytes.resize(TITLE_BYTES, 0);
        bytes.extend([self.store_id, self.base].iter().flat_map(|number| number.to_le_bytes()));
        let checksum = XxHash3_64::oneshot(&bytes).to_le_bytes();
        let mut header = [0; HEADER];
        for (to, from) in header.iter_mut().zip(bytes.iter().chain(&checksum)) {
            *to = *from;
        }
        header
    }

    /// The name and the format that a header says; none if it isn't what was written.
    fn read(header: &[u8; HEADER]) -> Option<(Self, u32)> {
        let (title, numbers) = header.split_at_checked(TITLE_BYTES)?;
        let title = str::from_utf8(title).ok()?.trim_end_matches('\0');
        let format = title.strip_prefix(TITLE)?.strip_suffix('\n')?.parse().ok()?;
        let (store_id, numbers) = numbers.split_first_chunk()?;
        let (base, _) = numbers.split_first_chunk()?;
        let name = Self { store_id: u64::from_le_bytes(*store_id), base: u64::from_le_bytes(*base) };
        (name.header_of(format) == *header).then_some((name, format))
    }

    /// What seeds the checksums of its records.
    pub(super) fn seed(self) -> u64 {
        XxHash3_64::oneshot(&self.header())
    }
}

/// The checksum of a record that begins at an offset.
fn checksum(seed: u64, offset: u64, head: &[u8], part: &[u8]) -> u64 {
    let head = XxHash3_64::oneshot_with_seed(seed ^ offset, head);
    XxHash3_64::oneshot_with_seed(head, part)
}

/// The bytes of a record, up to where the next begins, in the journal of this [seed](JournalName::seed).
pub(super) fn record(seed: u64, offset: u64, number: u64, flushed: u64, log: Log<'_>) -> Vec<u8> {
    let length = u32::try_from(log.bytes.len()).unwrap_or(u32::MAX);
    let flags = if log.is_last { LAST } else { 0 };
    let size = (RECORD + log.bytes.len()).next_multiple_of(ALIGNMENT);
    let mut record = Vec::with_capacity(size);
    record.extend_from_slice(&MARK);
    record.push(flags);
    record.extend_from_slice(&length.to_le_bytes());
    record.extend_from_slice(&number.to_le_bytes());
    record.extend_from_slice(&flushed.to_le_bytes());
    let checksum = checksum(seed, offset, &record, log.bytes);
    record.extend_from_slice(&checksum.to_le_bytes());
    record.extend_from_slice(log.bytes);
    record.resize(size, 0);
    record
}

/// A record that was read.
pub(super) struct FoundRecord {
    pub(super) number: u64,
    pub(super) is_last: bool,
    pub(super) flushed: u64,
    pub(super) part: Vec<u8>,
    /// Where the next begins.
    pub(super) next: u64,
}

/// Reads the records of a file, mostly one after the other.
pub(super) struct RecordReader {
    file: BufReader<File>,
    /// Where the file is read next.
    position: u64,
    length: u64,
    seed: u64,
}

impl RecordReader {
    /// Of the file of the journal of this name, from its beginning.
    pub(super) fn open(path: &Path, name: JournalName) -> io::Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok(Self { file: BufReader::with_capacity(READ, file), position: 0, length, seed: name.seed() })
    }

    fn go_to(&mut self, offset: u64) -> io::Result<()> {
        self.file.seek_relative(offset.cast_signed() - self.position.cast_signed())?;
        self.position = offset;
        Ok(())
    }

    fn read(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        self.file.read_exact(bytes)?;
        self.position += bytes.len() as u64;
        Ok(())
    }

    /// The record that begins here; none if it isn't what was written.
    pub(super) fn at(&mut self, offset: u64) -> io::Result<Option<FoundRecord>> {
        let mut head = [0; RECORD];
        if offset + RECORD as u64 > self.length {
            return Ok(None);
        }
        self.go_to(offset)?;
        self.read(&mut head)?;
        let Some((fields, checksum_found)) = head.split_last_chunk::<8>() else { return Ok(None) };
        let ([mark @ .., flags], rest) = fields.split_at(4) else { return Ok(None) };
        let (Some((length, rest)), true) = (rest.split_first_chunk::<4>(), *mark == MARK) else {
            return Ok(None);
        };
        let (Some((number, rest)), length) = (rest.split_first_chunk::<8>(), u32::from_le_bytes(*length))
        else {
            return Ok(None);
        };
        let Some((flushed, _)) = rest.split_first_chunk::<8>() else { return Ok(None) };
        let next = (offset + RECORD as u64 + u64::from(length)).next_multiple_of(ALIGNMENT as u64);
        if offset + RECORD as u64 + u64::from(length) > self.length {
            return Ok(None);
        }
        let mut part = vec![0; length as usize];
        self.read(&mut part)?;
        if checksum(self.seed, offset, fields, &part).to_le_bytes() != *checksum_found {
            return Ok(None);
        }
        let (number, flushed) = (u64::from_le_bytes(*number), u64::from_le_bytes(*flushed));
        Ok(Some(FoundRecord { number, is_last: flags & LAST != 0, flushed, part, next }))
    }

    /// Whether a record behind this offset says that what is there was flushed.
    pub(super) fn was_flushed(&mut self, offset: u64) -> io::Result<bool> {
        let mut behind = offset;
        while let Some(record) = self.next_behind(behind)? {
            if record.flushed > offset {
                return Ok(true);
            }
            behind = record.next - ALIGNMENT as u64;
        }
        Ok(false)
    }

    /// The first record that begins behind this offset.
    pub(super) fn next_behind(&mut self, mut offset: u64) -> io::Result<Option<FoundRecord>> {
        offset += ALIGNMENT as u64;
        if let Some(record) = self.at(offset)? {
            return Ok(Some(record));
        }
        let mut bytes = Vec::with_capacity(READ);
        while offset < self.length {
            bytes.clear();
            self.go_to(offset)?;
            self.position += self.file.by_ref().take(READ as u64).read_to_end(&mut bytes)? as u64;
            let marked = (0..bytes.len()).step_by(ALIGNMENT);
            for at in marked.filter(|at| bytes.get(*at..).is_some_and(|rest| rest.starts_with(&MARK))) {
                if let Some(record) = self.at(offset + at as u64)? {
                    return Ok(Some(record));
                }
            }
            offset += READ as u64;
        }
        Ok(None)
    }
}

/// The name and the format that a journal begins with; none if that isn't what was written.
pub(super) fn read_name(file: &mut File) -> io::Result<Option<(JournalName, u32)>> {
    let mut header = [0; HEADER];
    match file.read_exact(&mut header) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        read => read.map(|()| JournalName::read(&header)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        digits.concat()
    }

    /// As drawn in `src/docs/format.md`.
    #[test]
    fn a_header_and_a_record_are_these_bytes() {
        let name = JournalName { store_id: 0x0102, base: 5 };
        let header = name.header();
        let title = hex(b"trackstats journal, format 2\n\0\0\0");
        assert_eq!(
            hex(&header),
            format!("{title}020100000000000005000000000000009d87a032ced00f830000000000000000")
        );
        assert_eq!(JournalName::read(&header), Some((name, 2)));
        let log = Log { bytes: b"abc", is_last: true };
        let bytes = record(name.seed(), 64, 6, 64, log);
        assert_eq!(
            hex(&bytes),
            "0a4a01010300000006000000000000004000000000000000e168794697cf98fb61626300000000000000000000000000"
        );
    }
}
