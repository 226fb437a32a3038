//! Reading a table: the rows of some objects in a range of slots, span by span, and in each by object.

use super::Table;
use crate::{
    error::Result,
    format::{BlockReader, KeyRange, PackedRow, SlotBits, key, same_bytes},
    kinds::Value,
    storage::{Direction, Entry, EntryBuffer, Reads},
};
use std::collections::VecDeque;

/// How many blocks are read at once, at most.
const PAGE: usize = 128;

/// The first page backwards has one block, since often the latest statistic is all that is wanted; each page after it
/// so many times more.
const GROWTH: usize = 8;

/// The blocks of a span are held up to this many bytes, keys included; more of them are read page by page.
const HELD: usize = if cfg!(test) { 16 << 10 } else { 8 << 20 };

/// The objects whose rows are wanted, by the bytes that they have in keys.
#[derive(Debug, Clone)]
pub(crate) enum Objects {
    /// All that the table has; of a table without objects its only series.
    All,
    /// These, in order.
    These(Vec<Vec<u8>>),
    /// Every object that begins with these bytes.
    Under(Vec<u8>),
}

/// A row as it is read: borrowed, and unpacked value by value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowView<'b> {
    first_slot: i32,
    wanted: SlotBits,
    row: PackedRow<'b>,
}

impl RowView<'_> {
    /// Calls `visit` with the slot and the value of each statistic that is wanted, in order; none is a missing one.
    #[inline]
    pub(crate) fn for_each<V: Value>(
        &self,
        reads: &impl Reads,
        mut visit: impl FnMut(i32, Option<V>),
    ) -> Result<()> {
        let first = self.first_slot;
        self.row
            .for_each(self.wanted, |offset, value| visit(first.saturating_add(offset.cast_signed()), value))
            .map_err(|malformed| reads.corrupt(malformed))
    }

    /// The first and the last slot with a statistic that is wanted, if there is one.
    pub(crate) fn ends(&self) -> Option<(i32, i32)> {
        let found = self.row.present() & self.wanted;
        let slot = |offset: u32| self.first_slot.saturating_add(offset.cast_signed());
        Some((slot(found.trailing_zeros()), slot(found.checked_ilog2()?)))
    }
}

/// The blocks of one span that may have wanted rows, in order.
#[derive(Debug)]
pub(super) struct SpanBlocks {
    pub(super) span: i32,
    /// The offsets in its rows that are wanted.
    pub(super) wanted: SlotBits,
    pub(super) blocks: Vec<Entry>,
    /// Where the blocks are, if they are too many to be held: none of them is in `blocks` then.
    pub(super) unheld: Option<KeyRange>,
}

/// Reads the rows of some objects in a range of slots. Made anew for each reading.
#[derive(Debug)]
pub(crate) struct RowCursor<R> {
    pub(super) reads: R,
    pub(super) table: Table,
    objects: Objects,
    pub(super) direction: Direction,
    slots: (i32, i32),
    /// The spans that are left, both included; none when the first is after the last.
    first: i32,
    last: i32,
    /// The last span had wanted blocks: the next one probably has too, and needs no search.
    dense: bool,
    /// Of a series without object: blocks that are read already, those that aren't, and how many are read next.
    ahead: VecDeque<Entry>,
    unread: Option<KeyRange>,
    page: usize,
}

impl<R: Reads> RowCursor<R> {
    /// The rows of these objects in the slots from one to another, both included.
    pub(crate) fn new(
        reads: R,
        table: Table,
        objects: Objects,
        direction: Direction,
        slots: (i32, i32),
    ) -> Self {
        let (first, last) = (table.span_of(slots.0), table.span_of(slots.1));
        let is_empty = slots.0 > slots.1 || matches!(&objects, Objects::These(these) if these.is_empty());
        let unread = (!is_empty).then(|| table.spans(first, last));
        let page = if direction == Direction::Backwards { 1 } else { PAGE };
        let last = if is_empty { first.saturating_sub(1) } else { last };
        let ahead = VecDeque::new();
        Self { reads, table, objects, direction, slots, first, last, dense: false, ahead, unread, page }
    }

    pub(crate) fn table(&self) -> &Table {
        &self.table
    }

    pub(crate) fn reads(&self) -> &R {
        &self.reads
    }

    /// Calls `visit` with each object that has a row, and the row: by span and then by object. Of a table without
    /// objects, the object has no bytes.
    pub(crate) fn for_each(mut self, mut visit: impl FnMut(&[u8], RowView<'_>) -> Result<()>) -> Result<()> {
        if self.direction == Direction::Forwards
            && (!self.table.has_objects() || matches!(self.objects, Objects::All))
        {
            let range = self.unread.clone();
            return self.stream(range, &mut visit);
        }
        if self.direction == Direction::Forwards
            && let Objects::Under(beginning) = self.objects.clone()
        {
            while let Some(span) = self.find_span()? {
                self.first = span.saturating_add(1);
                let range = self.blocks_under(span, &beginning)?;
                self.stream(Some(range), &mut visit)?;
            }
            return Ok(());
        }
        while let Some(SpanBlocks { blocks, unheld, .. }) = self.next_span()? {
            for block in &blocks {
                self.rows(&block.key, &block.value, &mut visit)?;
            }
            self.stream(unheld, &mut visit)?;
        }
        Ok(())
    }

    /// Visits the rows in a range of keys, a few blocks at a time.
    fn stream(
        &self,
        mut unread: Option<KeyRange>,
        visit: &mut impl FnMut(&[u8], RowView<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut blocks = EntryBuffer::default();
        while let Some(range) = unread {
            unread = self.reads.page_into(&range, PAGE, &mut blocks)?;
            for (key, block) in blocks.iter() {
                self.rows(key, block, visit)?;
            }
        }
        Ok(())
    }

    /// The last slot that an object which `wanted` takes has a statistic in; read backwards.
    pub(crate) fn last_slot(mut self, wanted: impl Fn(&[u8]) -> bool) -> Result<Option<i32>> {
        while let Some(SpanBlocks { blocks, unheld, .. }) = self.next_span()? {
            let mut last = None;
            let mut visit = |object: &[u8], row: RowView<'_>| {
                if wanted(object) {
                    last = last.max(row.ends().map(|(_, last)| last));
                }
                Ok(())
            };
            for block in &blocks {
                self.rows(&block.key, &block.value, &mut visit)?;
            }
            self.stream(unheld, &mut visit)?;
            if last.is_some() {
                return Ok(last);
            }
        }
        Ok(None)
    }

    /// Visits the wanted rows of a block that have a statistic at a wanted offset.
    fn rows(
        &self,
        key: &[u8],
        block: &[u8],
        visit: &mut impl FnMut(&[u8], RowView<'_>) -> Result<()>,
    ) -> Result<()> {
        let (span, first_object) =
            self.table.split(key).map_err(|malformed| self.reads.corrupt(malformed))?;
        let (first_slot, wanted) = (self.table.first_slot(span), self.table.offsets(span, self.slots));
        self.rows_from(first_object, block, |object, row, _| {
            if row.present() & wanted == 0 {
                return Ok(());
            }
            visit(object, RowView { first_slot, wanted, row })
        })
    }

    /// The blocks of the next span in this direction that may have wanted rows.
    pub(super) fn next_span(&mut self) -> Result<Option<SpanBlocks>> {
        if !self.table.has_objects() {
            return self.next_plain();
        }
        while self.first <= self.last {
            let guess = if self.direction == Direction::Forwards { self.first } else { self.last };
            // One span needs no search, unless each of many objects would be looked for in vain.
            let is_only =
                self.first == self.last && !matches!(&self.objects, Objects::These(these) if these.len() > 1);
            let mut found = if self.dense || is_only { self.blocks_of(guess)? } else { None };
            let mut span = guess;
            if found.is_none() && is_only {
                break;
            }
            if found.is_none() {
                let Some(next) = self.find_span()? else { break };
                span = next;
                found = self.blocks_of(span)?;
            }
            match self.direction {
                Direction::Forwards => self.first = span.saturating_add(1),
                Direction::Backwards => self.last = span.saturating_sub(1),
            }
            self.dense = found.is_some();
            if found.is_some() {
                return Ok(found);
            }
        }
        self.last = self.first.saturating_sub(1);
        Ok(None)
    }

    /// The next span in this direction that has blocks.
    fn find_span(&self) -> Result<Option<i32>> {
        if self.first > self.last {
            return Ok(None);
        }
        self.table.next_span(&self.reads, (self.first, self.last), self.direction)
    }

    /// The blocks of a span that may have objects which begin with these bytes.
    fn blocks_under(&self, span: i32, beginning: &[u8]) -> Result<KeyRange> {
        let prefix = self.table.key(span, beginning);
        let end = key::after(&prefix);
        // The first of them may be in a block that begins with an object before them.
        let first = self.table.block_of(&self.reads, span, beginning)?;
        Ok(KeyRange { start: first.map_or(prefix, |first| first.key), end })
    }

    fn next_plain(&mut self) -> Result<Option<SpanBlocks>> {
        while self.ahead.is_empty()
            && let Some(range) = self.unread.take()
        {
            let page = self.reads.page(&range, self.direction, self.page)?;
            self.page = PAGE.min(self.page * GROWTH);
            self.unread = page.rest;
            self.ahead.extend(page.entries);
        }
        let Some(block) = self.ahead.pop_front() else { return Ok(None) };
        let (span, _) = self.table.split(&block.key).map_err(|malformed| self.reads.corrupt(malformed))?;
        let wanted = self.table.offsets(span, self.slots);
        Ok(Some(SpanBlocks { span, wanted, blocks: vec![block], unheld: None }))
    }

    /// The blocks of a span that may have wanted rows, in order; none if there are none.
    fn blocks_of(&self, span: i32) -> Result<Option<SpanBlocks>> {
        let (blocks, unheld) = match &self.objects {
            Objects::All => self.held(self.table.spans(span, span))?,
            Objects::Under(beginning) => self.held(self.blocks_under(span, beginning)?)?,
            Objects::These(objects) => (self.blocks_with(span, objects)?, None),
        };
        let (is_empty, wanted) =
            (blocks.is_empty() && unheld.is_none(), self.table.offsets(span, self.slots));
        Ok((!is_empty).then_some(SpanBlocks { span, wanted, blocks, unheld }))
    }

    /// The blocks in a range of keys, or the range if they are too many to be held.
    fn held(&self, range: KeyRange) -> Result<(Vec<Entry>, Option<KeyRange>)> {
        let (mut blocks, mut bytes, mut rest) = (Vec::new(), 0, Some(range.clone()));
        while let Some(unread) = rest {
            let page = self.reads.page(&unread, Direction::Forwards, PAGE)?;
            bytes += page.entries.iter().map(|block| block.key.len() + block.value.len()).sum::<usize>();
            if bytes > HELD {
                return Ok((Vec::new(), Some(range)));
            }
            blocks.extend(page.entries);
            rest = page.rest;
        }
        Ok((blocks, None))
    }

    /// The blocks of a span that may have one of these objects, which are in order.
    fn blocks_with(&self, span: i32, objects: &[Vec<u8>]) -> Result<Vec<Entry>> {
        let mut blocks: Vec<Entry> = Vec::new();
        let mut last_object = Vec::new();
        for object in objects {
            // Objects that are neighbours are often in one block.
            if blocks.last().is_some() && *object <= last_object {
                continue;
            }
            let Some(block) = self.table.block_of(&self.reads, span, object)? else { continue };
            if blocks.last().is_none_or(|before| before.key != block.key) {
                last_object = last_object_of(&self.reads, &self.table, &block)?;
                blocks.push(block);
            }
        }
        Ok(blocks)
    }

    /// Calls `visit` with the wanted objects of a block, their rows, and the bytes that these are.
    pub(super) fn rows_of(
        &self,
        key: &[u8],
        block: &[u8],
        visit: impl FnMut(&[u8], PackedRow<'_>, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let (_, first_object) = self.table.split(key).map_err(|malformed| self.reads.corrupt(malformed))?;
        self.rows_from(first_object, block, visit)
    }

    /// The same of a block whose key has this first object.
    fn rows_from(
        &self,
        first_object: &[u8],
        block: &[u8],
        mut visit: impl FnMut(&[u8], PackedRow<'_>, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let corrupt = |malformed| self.reads.corrupt(malformed);
        let mut reader = BlockReader::new(self.table.form(), first_object, block).map_err(corrupt)?;
        while let Some(bytes) = reader.next_bytes().map_err(corrupt)? {
            if self.objects.has(reader.object()) {
                let row = PackedRow::read(self.table.form(), bytes).map_err(corrupt)?;
                visit(reader.object(), row, bytes)?;
            }
        }
        Ok(())
    }
}

fn last_object_of(reads: &impl Reads, table: &Table, block: &Entry) -> Result<Vec<u8>> {
    let corrupt = |malformed| reads.corrupt(malformed);
    let mut reader = table.reader(&block.key, &block.value).map_err(corrupt)?;
    while reader.next_bytes().map_err(corrupt)?.is_some() {}
    Ok(reader.object().to_vec())
}

impl Objects {
    fn has(&self, object: &[u8]) -> bool {
        match self {
            Self::All => true,
            Self::Under(beginning) => object.starts_with(beginning),
            Self::These(objects) => match objects.as_slice() {
                [only] => same_bytes(object, only),
                objects => objects.binary_search_by(|wanted| wanted.as_slice().cmp(object)).is_ok(),
            },
        }
    }
}
