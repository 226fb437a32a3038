//! Rows on their way into blocks.

use super::Table;
use crate::format::BlockBuilder;
use std::ops::Range;

/// A block that would become larger than this is split, unless it has one row. A leaf of sled has up to 17 entries, and
/// must fit into a quarter of a segment, or sled gives it a file of its own; see `storage::sled`.
pub(super) const SPLIT: usize = 880;

/// Blocks are about so large when they are split or written in order.
const TARGET: usize = 640;

/// A block that shrinks below this is joined to its neighbour.
const SHRUNKEN: usize = SPLIT / 4;

/// The lengths that stand before the parts of a row in a block have no more bytes together.
const LENGTHS: usize = 12;

/// Most blocks have no more rows.
const USUAL_ROWS: usize = 64;

/// Beyond this many bytes of rows, full blocks are written.
const WAITING: usize = 16 * SPLIT;

/// The rows of neighbouring objects, in order.
#[derive(Debug, Default)]
pub(super) struct PendingRows {
    bytes: Vec<u8>,
    rows: Vec<(Range<usize>, Range<usize>)>,
}

impl PendingRows {
    pub(super) fn push(&mut self, object: &[u8], row: &[u8]) {
        let start = self.bytes.len();
        if start == 0 {
            self.bytes.reserve(SPLIT);
            self.rows.reserve(USUAL_ROWS);
        }
        self.bytes.extend_from_slice(object);
        let middle = self.bytes.len();
        self.bytes.extend_from_slice(row);
        self.rows.push((start..middle, middle..self.bytes.len()));
    }

    pub(super) fn append(&mut self, others: &Self) {
        others.iter().for_each(|(object, row)| self.push(object, row));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.rows.clear();
    }

    /// Whether they are so few that they should share a block with their neighbours.
    pub(super) fn are_few(&self) -> bool {
        self.bytes.len() < SHRUNKEN
    }

    /// Whether there are more than should wait.
    pub(super) fn are_many(&self) -> bool {
        self.bytes.len() > WAITING
    }

    /// Whether they and so many bytes have room in one block.
    pub(super) fn fit_with(&self, bytes: usize) -> bool {
        self.bytes.len() + bytes <= SPLIT
    }

    fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let part = |range: &Range<usize>| self.bytes.get(range.clone()).unwrap_or_default();
        self.rows.iter().map(move |(object, row)| (part(object), part(row)))
    }

    /// Makes full blocks of the rows, and keeps those that don't fill one. `put` gets the first object and the bytes.
    pub(super) fn write_full(&mut self, table: &Table, mut put: impl FnMut((Vec<u8>, Vec<u8>))) {
        let mut builder = BlockBuilder::new(table.form(), SPLIT);
        let (mut kept, mut number) = (0, 0);
        for (object, row) in self.iter() {
            if !has_room(&builder, object, row) {
                put(builder.take());
                kept = number;
            }
            builder.push(object, row);
            number += 1;
            if builder.len() >= TARGET {
                put(builder.take());
                kept = number;
            }
        }
        let mut rest = Self::default();
        self.iter().skip(kept).for_each(|(object, row)| rest.push(object, row));
        *self = rest;
    }

    /// Makes blocks of the rows, of about the same size; none are left.
    pub(super) fn write_all(&mut self, table: &Table, mut put: impl FnMut((Vec<u8>, Vec<u8>))) {
        let mut builder = BlockBuilder::new(table.form(), self.bytes.len());
        self.iter().for_each(|(object, row)| builder.push(object, row));
        if builder.len() > SPLIT && self.rows.len() > 1 {
            let size = builder.len() / builder.len().div_ceil(TARGET);
            builder = BlockBuilder::new(table.form(), SPLIT);
            for (object, row) in self.iter() {
                if builder.len() >= size || !has_room(&builder, object, row) {
                    put(builder.take());
                }
                builder.push(object, row);
            }
        }
        if !builder.is_empty() {
            put(builder.take());
        }
        self.clear();
    }
}

/// Whether a row fits into the block that is being made; into an empty one all do, so that a large row stands alone.
fn has_room(builder: &BlockBuilder, object: &[u8], row: &[u8]) -> bool {
    builder.is_empty() || builder.len() + LENGTHS + object.len() + row.len() <= SPLIT
}
