//! Bytes to model and back: the only place that knows a byte layout. Every byte is drawn in `src/docs/format.md`.
//!
//! It may use `kinds`, `calendar` and what stands above them. Keys, records and envelopes are used by everything below;
//! rows and blocks by `blocks` alone.

mod block;
mod change;
#[cfg(test)]
mod golden;
pub(crate) mod key;
mod record;
mod row_head;
mod row;

pub(crate) use block::{BlockBuilder, BlockReader, form_of};
pub(crate) use change::{ChangeReader, ChangeWriter, Logged, RowLog};
pub(crate) use key::{BlockKey, KeyRange, PartKindBytes, SeriesPrefix, Space};
pub(crate) use record::{
    CalendarRecord, CheckpointRecord, DomainRecord, FORMAT, Form, MetricRecord, PeriodRecord, Record,
    SeenRecord, StoreRecord, TrackedRecord,
};
pub(crate) use row::{PackedRow, Row, Unencodable};
pub(crate) use row_head::{MOST_SLOTS, SlotBits, bit, slots_of};

use crate::kinds::varint::Misread;

/// The longest cursor, in bytes. That of the files of records takes some 150 bytes a file.
pub(crate) const MOST_CURSOR_BYTES: usize = 4 << 20;

/// The longest name of a cursor, in bytes.
pub(crate) const MOST_CURSOR_NAME_BYTES: usize = 1 << 16;

/// Whether both are the same bytes. Empty ones aren't compared: their pointers dangle, and then `memcmp` takes the
/// processor 80 ns.
pub(crate) fn same_bytes(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && (a.is_empty() || a == b)
}

/// Bytes that are not what was written, and what is wrong with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) &'static str);

impl From<Misread> for Malformed {
    fn from(misread: Misread) -> Self {
        Self(match misread {
            Misread::TooFew => "bytes that end too soon",
            Misread::TooLong => "a number that has too many bytes",
        })
    }
}
