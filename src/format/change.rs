//! A change, as it stands in the journal: what was written, and not the blocks that it was written to.
//!
//! ```text
//! change  writes, one after the other
//! put     0x01, key, value
//! remove  0x02, key
//! clear   0x03, key, key               all entries from the first, included, to the second, excluded
//! span    0x04, key                    what the keys of the span's blocks begin with; its rows follow
//! row     0x05, object, row            statistics of the row
//! absent  0x06, object, 8 bytes        slots of the row that become absent, a bit each, little-endian
//! ```
//!
//! Keys, values and rows stand behind their length. An object: how many bytes it shares with the one before, how many
//! follow, those. Numbers are LEB128. What a change says holds by itself, whatever it is applied to, once or twice.

use super::{KeyRange, Malformed, SlotBits};
use crate::kinds::varint::{ByteReader, push_unsigned};

const PUT: u8 = 0x01;
const REMOVE: u8 = 0x02;
const CLEAR: u8 = 0x03;
const SPAN: u8 = 0x04;
const ROW: u8 = 0x05;
const ABSENT: u8 = 0x06;

/// Writes what changes.
#[derive(Debug, Default)]
pub(crate) struct ChangeWriter {
    bytes: Vec<u8>,
    span: Vec<u8>,
}

impl ChangeWriter {
    pub(crate) fn put(&mut self, key: &[u8], value: &[u8]) {
        self.bytes.push(PUT);
        self.prefixed(key);
        self.prefixed(value);
    }

    pub(crate) fn remove(&mut self, key: &[u8]) {
        self.bytes.push(REMOVE);
        self.prefixed(key);
    }

    /// All entries from one key, included, to another, excluded.
    pub(crate) fn clear(&mut self, range: &KeyRange) {
        self.bytes.push(CLEAR);
        self.prefixed(&range.start);
        self.prefixed(range.end.as_deref().unwrap_or(&[u8::MAX]));
    }

    /// What changes in rows of a span, whose blocks have keys that begin with this one.
    pub(crate) fn rows(&mut self, span: &[u8], rows: &RowLog) {
        if rows.bytes.is_empty() {
            return;
        }
        if self.span != span {
            self.bytes.push(SPAN);
            self.prefixed(span);
            span.clone_into(&mut self.span);
        }
        self.bytes.extend_from_slice(&rows.bytes);
    }

    fn prefixed(&mut self, bytes: &[u8]) {
        push_prefixed(bytes, &mut self.bytes);
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Begins anew.
    pub(crate) fn clear_all(&mut self) {
        self.bytes.clear();
        self.span.clear();
    }
}

fn push_prefixed(part: &[u8], bytes: &mut Vec<u8>) {
    push_unsigned(part.len() as u64, bytes);
    bytes.extend_from_slice(part);
}

/// What changes in rows of one span.
#[derive(Debug, Default)]
pub(crate) struct RowLog {
    bytes: Vec<u8>,
    object: Vec<u8>,
}

impl RowLog {
    /// Statistics of an object's row, as a row.
    pub(crate) fn row(&mut self, object: &[u8], row: &[u8]) {
        self.begin(ROW, object);
        push_prefixed(row, &mut self.bytes);
    }

    /// Slots of an object's row that become absent.
    pub(crate) fn absent(&mut self, object: &[u8], slots: SlotBits) {
        self.begin(ABSENT, object);
        self.bytes.extend_from_slice(&slots.to_le_bytes());
    }

    fn begin(&mut self, tag: u8, object: &[u8]) {
        self.bytes.push(tag);
        let shared = self.object.iter().zip(object).take_while(|(a, b)| a == b).count();
        push_unsigned(shared as u64, &mut self.bytes);
        push_prefixed(object.get(shared..).unwrap_or_default(), &mut self.bytes);
        object.clone_into(&mut self.object);
    }

    /// Begins anew.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.object.clear();
    }
}

/// One of the writes of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Logged<'b> {
    Put(&'b [u8], &'b [u8]),
    Remove(&'b [u8]),
    Clear(KeyRange),
    /// The beginning of the keys of a span's blocks, an object, and statistics of its row.
    Row(&'b [u8], Vec<u8>, &'b [u8]),
    /// The same with slots that become absent.
    Absent(&'b [u8], Vec<u8>, SlotBits),
}

/// Reads what changes.
#[derive(Debug)]
pub(crate) struct ChangeReader<'b> {
    rest: ByteReader<'b>,
    span: &'b [u8],
    object: Vec<u8>,
}

impl<'b> ChangeReader<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Self { rest: ByteReader::new(bytes), span: &[], object: Vec::new() }
    }

    /// The next write, none at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Logged<'b>>, Malformed> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let mut tag = self.rest.byte()?;
        if tag == SPAN {
            self.span = self.rest.prefixed()?;
            self.object.clear();
            tag = self.rest.byte()?;
        }
        Ok(Some(match tag {
            PUT => Logged::Put(self.rest.prefixed()?, self.rest.prefixed()?),
            REMOVE => Logged::Remove(self.rest.prefixed()?),
            CLEAR => {
                let (start, end) = (self.rest.prefixed()?.to_vec(), Some(self.rest.prefixed()?.to_vec()));
                Logged::Clear(KeyRange { start, end })
            }
            ROW => {
                let object = self.object()?;
                Logged::Row(self.span, object, self.rest.prefixed()?)
            }
            ABSENT => {
                let object = self.object()?;
                Logged::Absent(self.span, object, SlotBits::from_le_bytes(self.rest.array()?))
            }
            _ => return Err(Malformed("a change with a write of an unknown kind")),
        }))
    }

    fn object(&mut self) -> Result<Vec<u8>, Malformed> {
        const WRONG: Malformed = Malformed("a change whose objects share more than they have");
        let shared = usize::try_from(self.rest.unsigned()?).map_err(|_| WRONG)?;
        if shared > self.object.len() {
            return Err(WRONG);
        }
        self.object.truncate(shared);
        self.object.extend_from_slice(self.rest.prefixed()?);
        Ok(self.object.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_written_is_read_again() {
        let mut change = ChangeWriter::default();
        change.put(b"key", b"value");
        let mut rows = RowLog::default();
        rows.row(b"tea", b"\x01");
        rows.row(b"teapot", b"");
        change.rows(b"span", &rows);
        change.rows(b"span", &RowLog::default());
        rows.clear();
        rows.absent(b"teapot", 1 << 63);
        change.rows(b"other", &rows);
        change.remove(b"gone");
        let range = KeyRange { start: b"a".to_vec(), end: Some(b"b".to_vec()) };
        change.clear(&range);
        let mut reader = ChangeReader::new(change.bytes());
        let mut read = Vec::new();
        while let Some(write) = reader.next().unwrap() {
            read.push(write);
        }
        assert_eq!(
            read,
            [
                Logged::Put(b"key", b"value"),
                Logged::Row(b"span", b"tea".to_vec(), b"\x01"),
                Logged::Row(b"span", b"teapot".to_vec(), b""),
                Logged::Absent(b"other", b"teapot".to_vec(), 1 << 63),
                Logged::Remove(b"gone"),
                Logged::Clear(range),
            ]
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let mut reader = ChangeReader::new(&bytes);
            while let Ok(Some(_)) = reader.next() {}
        }
    }
}
