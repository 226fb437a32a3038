//! Writing to a table: each block that changes is read once and written once.

use super::{Edit, Group, Memtable, Table, memtable::Patch, pack::PendingRows};
use crate::{
    error::{Error, Result},
    format::{KeyRange, PackedRow, Row, RowLog, same_bytes},
    kinds::Value,
    storage::{Direction, Entry, Reads, Transaction},
};
use std::{
    collections::{BTreeSet, VecDeque},
    mem,
    ops::AddAssign,
};

/// A row is held in memory as a whole, some times over.
const MOST_ROW_BYTES: usize = (16 << 20) + 64;

/// How many blocks are read at once, at most.
const PAGE: usize = 64;

/// How many statistics were written: `given` all that there were, `changed` those of them that weren't stored before as
/// they are now, and `removed` those that were stored before and are absent now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) given: u64,
    pub(crate) changed: u64,
    pub(crate) removed: u64,
}

impl AddAssign for Written {
    fn add_assign(&mut self, other: Self) {
        self.given += other.given;
        self.changed += other.changed;
        self.removed += other.removed;
    }
}

/// Which objects are wanted, by their bytes.
type IsWanted<'c> = &'c dyn Fn(&[u8]) -> bool;

/// The statistics that go before others are written: those of some objects in a range of slots, both ends included.
#[derive(Clone, Copy)]
pub(crate) struct Cut<'c> {
    pub(crate) slots: (i32, i32),
    pub(crate) objects: IsWanted<'c>,
}

/// Writes what a memtable has, in the order of the keys, and empties it. Before that, what `cut` says is removed, in the
/// same pass.
pub(crate) fn write<V: Value>(
    change: &mut Transaction<'_>,
    memtable: &mut Memtable<V>,
    edit: Edit,
    cut: Option<Cut<'_>>,
) -> Result<Written> {
    let groups = memtable.take();
    let mut rows: Vec<(i32, &Group<V>, &Patch<V>)> = groups
        .iter()
        .flat_map(|group| group.rows().iter().map(move |(span, patch)| (*span, group, patch)))
        .collect();
    // The groups are in the order of their objects, and stay so within a span.
    rows.sort_by_key(|(span, ..)| *span);
    let mut writer = SpanWriter::new(change, memtable.table(), edit, cut);
    let mut rows = rows.as_slice();
    while let Some(span) = writer.next_span(rows.first().map(|(span, ..)| *span))? {
        let count = rows.iter().take_while(|(other, ..)| *other == span).count();
        let (now, later) = rows.split_at_checked(count).unwrap_or((rows, &[]));
        writer.span(span, now)?;
        rows = later;
    }
    Ok(writer.written)
}

/// A row that is edited: its span, its group, and what it gets.
type RowEdit<'m, V> = (i32, &'m Group<V>, &'m Patch<V>);

struct SpanWriter<'w, 's> {
    change: &'w mut Transaction<'s>,
    table: &'w Table,
    edit: Edit,
    cut: Option<Cut<'w>>,
    /// The first span that isn't looked at yet for what is cut.
    uncut: i32,
    /// The rows that wait for being written to blocks.
    rows: PendingRows,
    /// What has changed in them.
    log: RowLog,
    /// The keys of blocks whose rows were taken, and that aren't written anew yet.
    taken: BTreeSet<Vec<u8>>,
    encoded: Vec<u8>,
    written: Written,
}

/// The blocks of a span that are read already, and the range of those that aren't.
#[derive(Debug, Default)]
struct BlockWindow {
    blocks: VecDeque<Entry>,
    unread: Option<KeyRange>,
}

impl<'w, 's> SpanWriter<'w, 's> {
    fn new(change: &'w mut Transaction<'s>, table: &'w Table, edit: Edit, cut: Option<Cut<'w>>) -> Self {
        Self {
            change,
            table,
            edit,
            uncut: cut.map_or(i32::MAX, |cut| table.span_of(cut.slots.0)),
            cut,
            rows: PendingRows::default(),
            log: RowLog::default(),
            taken: BTreeSet::new(),
            encoded: Vec::new(),
            written: Written::default(),
        }
    }

    /// The next span with something to do: the one that is edited next, or one before it that has something to cut.
    fn next_span(&mut self, edited: Option<i32>) -> Result<Option<i32>> {
        let Some(cut) = self.cut else { return Ok(edited) };
        let last = self.table.span_of(cut.slots.1);
        if self.uncut > last || edited.is_some_and(|edited| edited < self.uncut) {
            return Ok(edited);
        }
        let found = self.table.next_span(self.change, (self.uncut, last), Direction::Forwards)?;
        let next = [found, edited].into_iter().flatten().min();
        self.uncut = next.unwrap_or(i32::MAX).saturating_add(1);
        Ok(next)
    }

    /// Edits the rows of one span, which come in the order of their objects.
    fn span<V: Value>(&mut self, span: i32, mut edits: &[RowEdit<'_, V>]) -> Result<()> {
        let is_cut = self.cut.is_some_and(|cut| self.table.offsets(span, cut.slots) != 0);
        let mut window = BlockWindow::default();
        if is_cut {
            window.unread = Some(self.table.spans(span, span));
        }
        loop {
            if window.blocks.is_empty() {
                self.read(span, &mut window, edits, is_cut)?;
            }
            let Some(block) = window.blocks.pop_front() else { break };
            let end = self.end_of(&window, edits.len())?;
            let count = match &end {
                Some(end) => edits.iter().take_while(|(_, group, _)| group.object() < end.as_slice()).count(),
                None => edits.len(),
            };
            let (now, later) = edits.split_at_checked(count).unwrap_or((edits, &[]));
            edits = later;
            if !now.is_empty() || is_cut || !self.rows.is_empty() {
                self.block(span, &block, now, is_cut, &mut window)?;
            } else {
                // The next edit is further away than what was read: it is looked for anew.
                self.write_all(span)?;
                window = BlockWindow::default();
            }
            if edits.is_empty() && !is_cut && (window.blocks.is_empty() || self.rows.is_empty()) {
                break;
            }
        }
        // What is left has no block yet.
        for (_, group, patch) in edits {
            if let Err(error) = self.add(span, group.object(), patch) {
                // Those before are logged already, perhaps.
                self.write_all(span)?;
                return Err(error);
            }
            self.write_full(span)?;
        }
        self.write_all(span)
    }

    /// Reads the blocks that the next edits are for; all of the span if something may be cut in each.
    fn read<V>(
        &mut self,
        span: i32,
        window: &mut BlockWindow,
        edits: &[RowEdit<'_, V>],
        is_cut: bool,
    ) -> Result<()> {
        // A page has no block where all that were in it are removed in this change.
        while let Some(range) = window.unread.take() {
            let limit = if is_cut { PAGE } else { PAGE.min(edits.len() + 1) };
            let page = self.change.page(&range, Direction::Forwards, limit)?;
            window.blocks.extend(page.entries);
            window.unread = page.rest;
            if !window.blocks.is_empty() {
                return Ok(());
            }
        }
        let Some((_, group, _)) = edits.first().filter(|_| !is_cut) else { return Ok(()) };
        let found = match self.table.block_of(self.change, span, group.object())? {
            // An object before all others joins the first of them.
            None if self.table.has_objects() => {
                self.change.first(&self.table.spans(span, span), Direction::Forwards)?
            }
            found => found,
        };
        let Some(block) = found else { return Ok(()) };
        if edits.len() > 1
            && self.table.has_objects()
            && let Some(after) = self.table.spans(span, span).behind(&block.key, Direction::Forwards)
        {
            let page = self.change.page(&after, Direction::Forwards, PAGE.min(edits.len()))?;
            window.blocks.extend(page.entries);
            window.unread = page.rest;
        }
        window.blocks.push_front(block);
        Ok(())
    }

    /// The first object that is no longer the block's that was taken from the window; none if all that follow are.
    fn end_of(&mut self, window: &BlockWindow, edits: usize) -> Result<Option<Vec<u8>>> {
        let next = match (window.blocks.front(), &window.unread) {
            (Some(next), _) => Some(next.key.clone()),
            (None, Some(unread)) if edits > 0 => {
                self.change.first(unread, Direction::Forwards)?.map(|next| next.key)
            }
            (None, _) => None,
        };
        let split = next.map(|key| self.table.split(&key).map(|(_, object)| object.to_vec())).transpose();
        split.map_err(|malformed| self.change.corrupt(malformed))
    }

    /// Edits a block's rows, and writes them if they are no longer what they were.
    fn block<V: Value>(
        &mut self,
        span: i32,
        block: &Entry,
        edits: &[RowEdit<'_, V>],
        is_cut: bool,
        window: &mut BlockWindow,
    ) -> Result<()> {
        let (alone, Written { changed, removed, .. }) = (self.rows.is_empty(), self.written);
        let shrinks = self.edited(span, block, edits, is_cut)?;
        if alone && (changed, removed) == (self.written.changed, self.written.removed) {
            self.rows.clear();
            // Blocks before this one that lost all rows are neighbours of what follows no longer.
            return self.write_all(span);
        }
        self.taken.insert(block.key.clone());
        if self.rows.are_few() && window.blocks.is_empty() && window.unread.is_some() {
            return Ok(());
        }
        if shrinks && self.rows.are_few() && window.blocks.is_empty() {
            self.join(span, &block.key, window)?;
            if !window.blocks.is_empty() {
                return Ok(());
            }
        }
        if self.rows.are_few() && window.blocks.front().is_some_and(|next| self.fits(next)) {
            return Ok(());
        }
        self.write_all(span)
    }

    /// Takes a block's rows with their edits; says whether one of them has gone.
    fn edited<V: Value>(
        &mut self,
        span: i32,
        block: &Entry,
        edits: &[RowEdit<'_, V>],
        is_cut: bool,
    ) -> Result<bool> {
        let form = self.table.form();
        let cut = self.cut.filter(|_| is_cut);
        let reader = self.table.reader(&block.key, &block.value);
        let mut reader = reader.map_err(|malformed| self.change.corrupt(malformed))?;
        let mut edits = edits.iter().peekable();
        let mut shrinks = false;
        while let Some(bytes) = reader.next_bytes().map_err(|malformed| self.change.corrupt(malformed))? {
            let object = reader.object();
            while let Some((_, group, patch)) = edits.next_if(|(_, group, _)| group.object() < object) {
                self.add(span, group.object(), patch)?;
            }
            let edit = edits.next_if(|(_, group, _)| same_bytes(group.object(), object));
            let cut = cut.filter(|cut| (cut.objects)(object));
            if edit.is_none() && cut.is_none() {
                self.rows.push(object, bytes);
                continue;
            }
            if cut.is_none()
                && let Some((_, _, patch)) = edit
                && self.insert(span, object, bytes, patch)?
            {
                continue;
            }
            let before = Row::<V>::decode(form, bytes).map_err(|malformed| self.change.corrupt(malformed))?;
            let mut row = before.clone();
            if let Some(cut) = cut {
                row.remove_all(self.table.offsets(span, cut.slots));
            }
            if let Some((_, _, patch)) = edit {
                self.apply(span, object, patch, &mut row)?;
            }
            let (changed, removed) = (row.differing(&before), before.present() & !row.present());
            self.written.changed += u64::from(changed.count_ones());
            self.written.removed += u64::from(removed.count_ones());
            if row.is_empty() {
                shrinks = true;
            } else {
                self.push(span, object, &row)?;
            }
            if removed != 0 {
                self.log.absent(object, removed);
            }
            if changed != 0 && changed != row.present() {
                row.remove_all(!changed);
                self.encode(span, object, &row)?;
            }
            if changed != 0 {
                self.log.row(object, &self.encoded);
            }
        }
        for (_, group, patch) in edits {
            self.add(span, group.object(), patch)?;
        }
        Ok(shrinks)
    }

    /// Takes a row with one more integer, without unpacking it, where that can be done; says whether it was.
    fn insert<V: Value>(&mut self, span: i32, object: &[u8], bytes: &[u8], patch: &Patch<V>) -> Result<bool> {
        let Some((slot, value)) = patch.one_integer() else { return Ok(false) };
        let row = PackedRow::read(self.table.form(), bytes);
        let row = row.map_err(|malformed| self.change.corrupt(malformed))?;
        self.encoded.clear();
        if !row.encode_with(slot, value, &mut self.encoded) {
            return Ok(false);
        }
        self.rows.push(object, &self.encoded);
        self.encode(span, object, &patch.row)?;
        self.log.row(object, &self.encoded);
        self.written.given += 1;
        self.written.changed += 1;
        Ok(true)
    }

    /// Takes a new row.
    fn add<V: Value>(&mut self, span: i32, object: &[u8], patch: &Patch<V>) -> Result<()> {
        let mut row = Row::default();
        self.apply(span, object, patch, &mut row)?;
        self.written.changed += u64::from(row.len());
        if row.is_empty() {
            return Ok(());
        }
        self.push(span, object, &row)?;
        self.log.row(object, &self.encoded);
        Ok(())
    }

    fn apply<V: Value>(
        &mut self,
        span: i32,
        object: &[u8],
        patch: &Patch<V>,
        row: &mut Row<V>,
    ) -> Result<()> {
        self.written.given += patch.apply(row, self.edit).map_err(|(offset, error)| {
            let slot = self.table.first_slot(span).saturating_add(offset.cast_signed());
            self.table.merge_error(slot, object, &error)
        })?;
        Ok(())
    }

    fn encode<V: Value>(&mut self, span: i32, object: &[u8], row: &Row<V>) -> Result<()> {
        self.encoded.clear();
        row.encode(self.table.form(), &mut self.encoded)
            .map_err(|unencodable| self.table.unstorable(span, object, unencodable))
    }

    fn push<V: Value>(&mut self, span: i32, object: &[u8], row: &Row<V>) -> Result<()> {
        self.encode(span, object, row)?;
        if self.encoded.len() > MOST_ROW_BYTES {
            let statistic = self.table.describe(self.table.first_slot(span), object);
            let problem = "its neighbours and it have more than 16 MiB; give its kind of value Layout::Large";
            return Err(Error::Unstorable { statistic, problem: problem.to_owned() });
        }
        self.rows.push(object, &self.encoded);
        Ok(())
    }

    /// Whether the rows that wait and a block have room in one.
    fn fits(&self, block: &Entry) -> bool {
        // Its first object is in its key only, but would be in the bytes of the joined block.
        let first_object = self.table.split(&block.key).map_or(0, |(_, object)| object.len());
        self.rows.fit_with(first_object + block.value.len())
    }

    /// Takes the neighbour of a block that has shrunk, where both fit into one: the next, or else the one before.
    fn join(&mut self, span: i32, key: &[u8], window: &mut BlockWindow) -> Result<()> {
        if !self.table.has_objects() || self.rows.is_empty() {
            return Ok(());
        }
        let span = self.table.spans(span, span);
        if let Some(after) = span.behind(key, Direction::Forwards)
            && let Some(next) = self.change.first(&after, Direction::Forwards)?
        {
            if self.fits(&next) {
                window.blocks.push_back(next);
            }
            return Ok(());
        }
        // Blocks before this one may be taken too, and are still there until the rows are written.
        let before = KeyRange { start: span.start, end: self.taken.first().cloned() };
        let Some(previous) = self.change.first(&before, Direction::Backwards)? else {
            return Ok(());
        };
        if self.fits(&previous) {
            let corrupt = |malformed| self.change.corrupt(malformed);
            let mut reader = self.table.reader(&previous.key, &previous.value).map_err(corrupt)?;
            let mut joined = PendingRows::default();
            while let Some(bytes) = reader.next_bytes().map_err(corrupt)? {
                joined.push(reader.object(), bytes);
            }
            joined.append(&self.rows);
            self.rows = joined;
            self.taken.insert(previous.key);
        }
        Ok(())
    }

    fn write_full(&mut self, span: i32) -> Result<()> {
        if !self.rows.are_many() {
            return Ok(());
        }
        let mut blocks = Vec::new();
        self.rows.write_full(self.table, |block| blocks.push(block));
        self.put(span, blocks)
    }

    fn write_all(&mut self, span: i32) -> Result<()> {
        let mut blocks = Vec::new();
        self.rows.write_all(self.table, |block| blocks.push(block));
        self.put(span, blocks)?;
        for key in mem::take(&mut self.taken) {
            self.change.write_block(key, None)?;
        }
        Ok(())
    }

    fn put(&mut self, span: i32, blocks: Vec<(Vec<u8>, Vec<u8>)>) -> Result<()> {
        self.change.log_rows(&self.table.key(span, &[]), &self.log);
        self.log.clear();
        for (first, bytes) in blocks {
            let key = self.table.key(span, &first);
            self.taken.remove(&key);
            self.change.write_block(key, Some(bytes))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
