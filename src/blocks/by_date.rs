//! The statistics of a table by date and then by object, or both backwards: a merge over the rows of a span, which are
//! held as bytes.

use super::RowCursor;
use crate::{
    error::Result,
    format::{KeyRange, PackedRow, SlotBits, bit, key, same_bytes},
    kinds::Value,
    storage::{Direction, Entry, Reads},
};
use std::{collections::VecDeque, iter::Peekable, mem, ops::Range, vec};

/// Reads statistics by date. `label` makes of each object what stands for it, or leaves it out; what it made for the
/// span before is taken over for the same objects.
#[derive(Debug)]
pub(crate) struct ByDate<R, L, F, V> {
    cursor: RowCursor<R>,
    label: F,
    span: Span<L>,
    /// The blocks of a span that has many of them: its rows are gone over once for each date.
    passes: Option<Passes>,
    /// Statistics that weren't given yet, and what stands for the object of the last one.
    ready: VecDeque<(L, i32, Option<V>)>,
    given: Option<L>,
}

/// The objects and labels of a span's rows are held up to this many bytes; the cursor limits the blocks.
const HELD: usize = if cfg!(test) { 16 << 10 } else { 32 << 20 };

/// About how many bytes a label has, without the object's bytes that it copies.
const LABEL_BYTES: usize = 160;

/// How many blocks a pass reads at once.
const PAGE: usize = 64;

/// The blocks of a span that are too many to be held: they are gone over in passes.
#[derive(Debug)]
struct Passes {
    first_slot: i32,
    range: KeyRange,
    /// The offsets that no pass was made for yet.
    left: SlotBits,
    /// The offset of the pass that is under way, and where the blocks are that it hasn't read.
    current: Option<(u32, Option<KeyRange>)>,
}

/// The wanted rows of one span.
#[derive(Debug)]
struct Span<L> {
    first_slot: i32,
    /// Without their keys: each row has its object.
    blocks: Vec<Vec<u8>>,
    /// In this direction.
    rows: Vec<HeldRow<L>>,
    /// The offsets whose statistics weren't given yet.
    left: SlotBits,
    /// The offset that statistics are given of now, and how many of the rows have been looked at.
    current: Option<(u32, usize)>,
}

/// A row: what stands for its object, and where its bytes are.
#[derive(Debug)]
struct HeldRow<L> {
    object: Vec<u8>,
    label: L,
    present: SlotBits,
    block: usize,
    bytes: Range<usize>,
}

impl<L> Default for Span<L> {
    fn default() -> Self {
        Self { first_slot: 0, blocks: Vec::new(), rows: Vec::new(), left: 0, current: None }
    }
}

impl<R, L, F, V> ByDate<R, L, F, V>
where
    R: Reads,
    F: FnMut(&[u8]) -> Result<Option<L>>,
    V: Value,
{
    pub(crate) fn new(cursor: RowCursor<R>, label: F) -> Self {
        let (span, passes, ready) = (Span::default(), None, VecDeque::new());
        Self { cursor, label, span, passes, ready, given: None }
    }

    /// What stands for the next statistic's object, its slot, and its value, none if it is missing.
    pub(crate) fn next_statistic(&mut self) -> Result<Option<(&L, i32, Option<V>)>> {
        let (row, offset) = loop {
            if let Some((label, slot, value)) = self.ready.pop_front() {
                return Ok(Some((self.given.insert(label), slot, value)));
            }
            if self.next_of_pass()? {
                continue;
            }
            if let Some(found) = self.span.next(self.cursor.direction) {
                break found;
            }
            let Some(blocks) = self.cursor.next_span()? else { return Ok(None) };
            let (span, wanted) = (blocks.span, blocks.wanted);
            let unheld = match blocks.unheld {
                Some(range) => Some(range),
                None => self.hold(span, wanted, blocks.blocks)?,
            };
            if let Some(range) = unheld {
                self.begin_passes(span, wanted, range)?;
            }
        };
        let corrupt = |malformed| self.cursor.reads.corrupt(malformed);
        let Some(HeldRow { label, block, bytes, .. }) = self.span.rows.get(row) else { return Ok(None) };
        let block = self.span.blocks.get(*block).map(Vec::as_slice).unwrap_or_default();
        let bytes = block.get(bytes.clone()).unwrap_or_default();
        let packed = PackedRow::read(self.cursor.table.form(), bytes).map_err(corrupt)?;
        let value = packed.get(offset).map_err(corrupt)?.flatten();
        Ok(Some((label, self.span.first_slot.saturating_add(offset.cast_signed()), value)))
    }

    /// Takes the range of a span's blocks, to be gone over once for each offset that has a statistic.
    fn begin_passes(&mut self, span: i32, wanted: SlotBits, range: KeyRange) -> Result<()> {
        let mut left = 0;
        self.cursor.reads.for_each(range.clone(), |block| {
            self.cursor.rows_of(&block.key, &block.value, |_, row, _| {
                left |= row.present() & wanted;
                Ok(())
            })
        })?;
        self.span = Span::default();
        let first_slot = self.cursor.table.first_slot(span);
        self.passes = Some(Passes { first_slot, range, left, current: None });
        Ok(())
    }

    /// Reads the next blocks of a pass that have a statistic; says whether there were any.
    fn next_of_pass(&mut self) -> Result<bool> {
        let direction = self.cursor.direction;
        while let Some(passes) = &mut self.passes {
            let Some((offset, unread)) = passes
                .current
                .take()
                .or_else(|| Some((next_offset(&mut passes.left, direction)?, Some(passes.range.clone()))))
            else {
                self.passes = None;
                break;
            };
            let Some(range) = unread else { continue };
            let page = self.cursor.reads.page(&range, direction, PAGE)?;
            passes.current = Some((offset, page.rest));
            let slot = passes.first_slot.saturating_add(offset.cast_signed());
            let (label, ready, cursor) = (&mut self.label, &mut self.ready, &self.cursor);
            for block in &page.entries {
                let mut found = Vec::new();
                cursor.rows_of(&block.key, &block.value, |object, row, _| {
                    let value = row.get(offset).map_err(|malformed| cursor.reads.corrupt(malformed))?;
                    if let Some(value) = value
                        && let Some(label) = label(object)?
                    {
                        found.push((label, slot, value));
                    }
                    Ok(())
                })?;
                if direction == Direction::Backwards {
                    found.reverse();
                }
                ready.extend(found);
            }
            if !ready.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Takes a span's rows, or says where its blocks are if the rows are too many to be held.
    fn hold(&mut self, span: i32, wanted: SlotBits, blocks: Vec<Entry>) -> Result<Option<KeyRange>> {
        let ends = blocks.first().zip(blocks.last());
        let range =
            ends.map(|(first, last)| KeyRange { start: first.key.clone(), end: key::after(&last.key) });
        let backwards = self.cursor.direction == Direction::Backwards;
        let mut known = mem::take(&mut self.span.rows);
        if backwards {
            known.reverse();
        }
        let mut known = known.into_iter().peekable();
        let (mut rows, mut present) = (Vec::with_capacity(known.len()), 0);
        let (mut held, mut held_bytes) = (Vec::with_capacity(blocks.len()), 0);
        for Entry { key, value } in blocks {
            let (number, start) = (held.len(), value.as_ptr_range().start.addr());
            let label = &mut self.label;
            self.cursor.rows_of(&key, &value, |object, row, bytes| {
                let found = row.present() & wanted;
                if found == 0 {
                    return Ok(());
                }
                let Some(label) = labelled(&mut known, object, label)? else { return Ok(()) };
                present |= found;
                let at = bytes.as_ptr_range().start.addr() - start;
                let (object, bytes) = (object.to_vec(), at..at + bytes.len());
                held_bytes += size_of::<HeldRow<L>>() + LABEL_BYTES + 2 * object.len();
                rows.push(HeldRow { object, label, present: found, block: number, bytes });
                Ok(())
            })?;
            held.push(value);
            if held_bytes > HELD {
                return Ok(range);
            }
        }
        if backwards {
            rows.reverse();
        }
        let first_slot = self.cursor.table.first_slot(span);
        self.span = Span { first_slot, blocks: held, rows, left: present, current: None };
        Ok(None)
    }
}

/// What stands for an object: what stood for it in the span before, whose objects come in the same order.
fn labelled<L>(
    known: &mut Peekable<vec::IntoIter<HeldRow<L>>>,
    object: &[u8],
    label: &mut impl FnMut(&[u8]) -> Result<Option<L>>,
) -> Result<Option<L>> {
    while known.next_if(|known| known.object.as_slice() < object).is_some() {}
    match known.next_if(|known| same_bytes(&known.object, object)) {
        Some(known) => Ok(Some(known.label)),
        None => label(object),
    }
}

impl<L> Span<L> {
    /// The row and the offset of the next statistic.
    fn next(&mut self, direction: Direction) -> Option<(usize, u32)> {
        loop {
            if let Some((offset, seen)) = &mut self.current {
                while let Some(row) = self.rows.get(*seen) {
                    *seen += 1;
                    if row.present & bit(*offset) != 0 {
                        return Some((*seen - 1, *offset));
                    }
                }
            }
            self.current = Some((next_offset(&mut self.left, direction)?, 0));
        }
    }
}

/// Takes the next of some offsets in a direction.
fn next_offset(left: &mut SlotBits, direction: Direction) -> Option<u32> {
    let offset = match direction {
        Direction::Forwards if *left != 0 => left.trailing_zeros(),
        _ => left.checked_ilog2()?,
    };
    *left &= !bit(offset);
    Some(offset)
}
