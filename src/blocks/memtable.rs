//! The statistics of a table in memory, by object: what is about to be written, or is being worked out.

use super::Table;
use crate::{
    error::Result,
    format::{Malformed, Row, SlotBits, bit},
    kinds::{Layout, MergeError, Value},
};
use foldhash::fast::RandomState;
use std::{
    borrow::Borrow,
    collections::HashMap,
    hash::{Hash, Hasher},
    mem,
};

/// Statistics in memory, by object and span.
#[derive(Debug)]
pub(crate) struct Memtable<V> {
    table: Table,
    by_object: HashMap<ObjectBytes, usize, RandomState>,
    groups: Vec<Group<V>>,
    /// The group that comes after the last one that was asked for: objects come in the same order often.
    next: usize,
    recent: Option<Recent>,
}

/// The rows of one object.
#[derive(Debug)]
pub(crate) struct Group<V> {
    object: ObjectBytes,
    rows: Vec<(i32, Patch<V>)>,
    /// The span of the first row.
    first: i32,
}

/// What a row gets: statistics, and slots that become absent.
#[derive(Debug, Clone)]
pub(super) struct Patch<V> {
    pub(super) row: Row<V>,
    pub(super) removed: SlotBits,
}

/// What becomes of the statistics that are stored already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edit {
    /// New values are merged with them.
    Merge,
    /// New statistics replace them.
    Set,
}

/// Where the value of a slot is, in the rows of the first group: the slot merged into last.
#[derive(Debug, Clone, Copy)]
struct Recent {
    slot: i32,
    row: usize,
    value: usize,
}

/// About so many bytes more than were asked for does a piece of memory take.
const ALLOCATION: usize = 16;

/// What a slot's value takes besides itself; integers take nothing, and aren't asked.
fn heap_bytes<V: Value>(value: &V) -> usize {
    match V::LAYOUT {
        Layout::Integers => 0,
        _ => value.heap_bytes(),
    }
}

impl<V: Value> Memtable<V> {
    pub(crate) fn new(table: Table) -> Self {
        Self { table, by_object: HashMap::default(), groups: Vec::new(), next: 0, recent: None }
    }

    pub(crate) fn table(&self) -> &Table {
        &self.table
    }

    /// How many objects it has.
    pub(crate) fn len(&self) -> usize {
        self.groups.len()
    }

    /// The number of an object's group, which is made if there is none; and by how many bytes the memory has grown.
    pub(crate) fn group(&mut self, object: &[u8]) -> (usize, usize) {
        if let Some(group) = self.find(object) {
            return (group, 0);
        }
        let group = self.groups.len();
        self.by_object.insert(object.into(), group);
        self.groups.push(Group::new(object));
        self.next = group + 1;
        // Tables that grow have room for half as much again, on the whole.
        let sizes = size_of::<(ObjectBytes, usize)>() + size_of::<Group<V>>();
        (group, 2 * ObjectBytes::heap_bytes(object) + sizes * 3 / 2)
    }

    /// The number of an object's group, if it has one.
    pub(crate) fn find(&mut self, object: &[u8]) -> Option<usize> {
        // Without object there is one group, which needs no search.
        if object.is_empty() {
            return (!self.groups.is_empty()).then_some(0);
        }
        if let Some(group) = self.guess(|_, guessed| guessed == object) {
            return Some(group);
        }
        let group = *self.by_object.get(object)?;
        self.next = group + 1;
        Some(group)
    }

    /// The number of the group that is likely to come next, or of the first, if `is` says so of its number and object.
    pub(crate) fn guess(&mut self, is: impl Fn(usize, &[u8]) -> bool) -> Option<usize> {
        let is = |number: &usize| self.groups.get(*number).is_some_and(|group| is(*number, group.object()));
        let group = [self.next, 0].into_iter().find(is)?;
        self.next = group + 1;
        Some(group)
    }

    /// Adds a group, whose object comes after all others.
    pub(crate) fn push(&mut self, group: Group<V>) {
        self.by_object.insert(group.object.clone(), self.groups.len());
        self.groups.push(group);
    }

    /// The object of a group.
    pub(crate) fn object(&self, group: usize) -> &[u8] {
        self.groups.get(group).map(|group| group.object.bytes()).unwrap_or_default()
    }

    /// Merges a value into a slot of a group; says by how many bytes the memory has grown.
    #[inline]
    pub(crate) fn merge(&mut self, group: usize, slot: i32, value: &V) -> Result<usize, MergeError> {
        let (span, at) = (self.table.span_of(slot), self.table.offset_of(slot));
        let Some(group) = self.groups.get_mut(group) else { return Ok(0) };
        let (row, row_bytes) = group.row(span);
        let Some((_, patch)) = group.rows.get_mut(row) else { return Ok(0) };
        let heap = |row: &Row<V>| row.get(at).value().map_or(0, heap_bytes);
        let heap_before = heap(&patch.row);
        let new = patch.row.merge(at, value)?;
        patch.removed &= !bit(at);
        let grown = heap(&patch.row).saturating_sub(heap_before);
        Ok(row_bytes + grown + if new { size_of::<V>() } else { 0 })
    }

    /// Merges a value into a slot of the first group, which is likely to be the slot merged into last.
    #[inline]
    pub(crate) fn merge_recent(&mut self, slot: i32, value: &V) -> Result<usize, MergeError> {
        if let Some(recent) = self.recent.filter(|recent| recent.slot == slot)
            && let Some((_, patch)) = self.groups.first_mut().and_then(|group| group.rows.get_mut(recent.row))
            && let Some(stored) = patch.row.value_mut(recent.value)
        {
            let heap_before = heap_bytes(stored);
            stored.merge(value)?;
            return Ok(heap_bytes(stored).saturating_sub(heap_before));
        }
        let grown = self.merge(0, slot, value)?;
        let (span, at) = (self.table.span_of(slot), self.table.offset_of(slot));
        self.recent = self.groups.first_mut().and_then(|group| {
            let (row, _) = group.row(span);
            let value = group.rows.get(row)?.1.row.rank(at);
            Some(Recent { slot, row, value })
        });
        Ok(grown)
    }

    /// Sets the statistic of a slot, missing without a value; says by how many bytes the memory has grown.
    pub(crate) fn set(&mut self, group: usize, slot: i32, value: Option<V>) -> usize {
        let heap = value.as_ref().map_or(0, heap_bytes) + size_of::<V>();
        let at = self.table.offset_of(slot);
        self.patch(group, slot, |patch| {
            patch.row.set(at, value);
            patch.removed &= !bit(at);
        }) + heap
    }

    /// Makes a slot missing, unless it has a statistic.
    pub(crate) fn touch(&mut self, group: usize, slot: i32) -> usize {
        let at = self.table.offset_of(slot);
        self.patch(group, slot, |patch| {
            if patch.row.present() & bit(at) == 0 {
                patch.row.set(at, None);
                patch.removed &= !bit(at);
            }
        })
    }

    /// Makes a slot absent.
    pub(crate) fn remove(&mut self, group: usize, slot: i32) -> usize {
        let at = self.table.offset_of(slot);
        self.patch(group, slot, |patch| {
            patch.row.remove(at);
            patch.removed |= bit(at);
        })
    }

    /// Whether a slot is set, or is made absent.
    pub(crate) fn has(&self, group: usize, slot: i32) -> bool {
        let (span, at) = (self.table.span_of(slot), self.table.offset_of(slot));
        self.groups
            .get(group)
            .and_then(|group| group.find(span))
            .is_some_and(|patch| (patch.row.present() | patch.removed) & bit(at) != 0)
    }

    fn patch(&mut self, group: usize, slot: i32, edit: impl FnOnce(&mut Patch<V>)) -> usize {
        let span = self.table.span_of(slot);
        let Some(group) = self.groups.get_mut(group) else { return 0 };
        let (row, grown) = group.row(span);
        if let Some((_, patch)) = group.rows.get_mut(row) {
            edit(patch);
        }
        grown
    }

    /// The groups in the order of their objects; none are left.
    pub(crate) fn take(&mut self) -> Vec<Group<V>> {
        self.recent = None;
        self.next = 0;
        self.by_object.clear();
        let mut groups = mem::take(&mut self.groups);
        groups.sort_unstable_by(|a, b| a.object.bytes().cmp(b.object.bytes()));
        groups
    }

    /// Takes out the upper half of the objects; none if there is only one.
    pub(crate) fn split_off_upper_half(&mut self) -> Option<Self> {
        if self.groups.len() < 2 {
            return None;
        }
        let mut lower = self.take();
        let mut upper = Self::new(self.table.clone());
        for group in lower.split_off(lower.len().div_ceil(2)) {
            upper.push(group);
        }
        for group in lower {
            self.push(group);
        }
        Some(upper)
    }

    /// Drops the upper half of the objects, and says which is the first of them; none if there is only one.
    pub(crate) fn keep_lower_half(&mut self) -> Option<Vec<u8>> {
        self.split_off_upper_half()?.groups.first().map(|group| group.object().to_vec())
    }

    /// Drops the objects that aren't wanted.
    pub(crate) fn retain(&mut self, wanted: impl Fn(&[u8]) -> bool) {
        for group in self.take() {
            if wanted(group.object()) {
                self.push(group);
            }
        }
    }

    /// Makes every slot absent that has a statistic.
    pub(crate) fn remove_all(&mut self) {
        for (_, patch) in self.groups.iter_mut().flat_map(|group| &mut group.rows) {
            patch.removed |= mem::take(&mut patch.row).present();
        }
    }

    /// The objects, in order.
    pub(crate) fn objects(&self) -> Vec<Vec<u8>> {
        let mut objects: Vec<Vec<u8>> = self.groups.iter().map(|group| group.object().to_vec()).collect();
        objects.sort_unstable();
        objects
    }

    /// The first and the last slot that is set or made absent.
    pub(crate) fn ends(&self) -> Option<(i32, i32)> {
        let rows = self.groups.iter().flat_map(|group| &group.rows);
        let ends = rows.filter_map(|(span, patch)| {
            let touched = patch.row.present() | patch.removed;
            let slot = |offset: u32| self.table.first_slot(*span).saturating_add(offset.cast_signed());
            Some((slot(touched.trailing_zeros()), slot(touched.checked_ilog2()?)))
        });
        ends.reduce(|(from, to), (first, last)| (from.min(first), to.max(last)))
    }

    /// Calls `visit` with the object and the slots and statistics of each group, in no order.
    pub(crate) fn for_each(&self, mut visit: impl FnMut(&[u8], i32, Option<&V>)) {
        for group in &self.groups {
            group.for_each(&self.table, |slot, value| visit(group.object.bytes(), slot, value));
        }
    }
}

impl<V> Group<V> {
    pub(crate) fn new(object: &[u8]) -> Self {
        Self { object: object.into(), rows: Vec::new(), first: 0 }
    }

    /// The bytes of the object.
    pub(crate) fn object(&self) -> &[u8] {
        self.object.bytes()
    }

    /// The rows by span, in order.
    pub(super) fn rows(&self) -> &[(i32, Patch<V>)] {
        &self.rows
    }

    /// Calls `visit` with the slot of each statistic, in order, and its value, none if it is missing.
    pub(crate) fn for_each(&self, table: &Table, mut visit: impl FnMut(i32, Option<&V>)) {
        for (span, patch) in &self.rows {
            let first = table.first_slot(*span);
            for (offset, value) in patch.row.iter() {
                visit(first.saturating_add(offset.cast_signed()), value);
            }
        }
    }

    /// The parts of the group as bytes, each with its number: what [`merge_part`](Self::merge_part) takes.
    pub(crate) fn parts(&self, table: &Table) -> Result<Vec<(i32, Vec<u8>)>>
    where
        V: Value,
    {
        let part = |(span, patch): &(i32, Patch<V>)| {
            let mut bytes = Vec::new();
            let encoded = patch.row.encode(table.form(), &mut bytes);
            encoded.map_err(|unencodable| table.unstorable(*span, self.object(), unencodable))?;
            Ok((*span, bytes))
        };
        self.rows.iter().map(part).collect()
    }

    /// Merges a part into the group; the inner error is of values that don't merge.
    pub(crate) fn merge_part(
        &mut self,
        table: &Table,
        part: i32,
        bytes: &[u8],
    ) -> Result<Result<()>, Malformed>
    where
        V: Value,
    {
        let stored = Row::<V>::decode(table.form(), bytes)?;
        let (row, _) = self.row(part);
        let Some((_, patch)) = self.rows.get_mut(row) else { return Ok(Ok(())) };
        for (offset, value) in stored.iter() {
            let merged = value.map_or(Ok(false), |value| patch.row.merge(offset, value));
            if let Err(error) = merged {
                let slot = table.first_slot(part).saturating_add(offset.cast_signed());
                return Ok(Err(table.merge_error(slot, self.object.bytes(), &error)));
            }
        }
        Ok(Ok(()))
    }

    fn find(&self, span: i32) -> Option<&Patch<V>> {
        let at = self.rows.binary_search_by_key(&span, |(span, _)| *span).ok()?;
        self.rows.get(at).map(|(_, patch)| patch)
    }

    /// Where the row of this span is, and by how many bytes the memory has grown for it.
    #[inline]
    fn row(&mut self, span: i32) -> (usize, usize) {
        // Most groups have all rows from their first to their last.
        let guess = usize::try_from(span.wrapping_sub(self.first)).unwrap_or(usize::MAX);
        if self.rows.get(guess).is_some_and(|(found, _)| *found == span) {
            return (guess, 0);
        }
        match self.rows.binary_search_by_key(&span, |(found, _)| *found) {
            Ok(at) => (at, 0),
            Err(at) => {
                // Of many objects, most have one row with one value.
                if self.rows.is_empty() {
                    self.rows.reserve_exact(1);
                }
                self.rows.insert(at, (span, Patch::default()));
                self.first = if at == 0 { span } else { self.first };
                (at, 2 * ALLOCATION + size_of::<(i32, Patch<V>)>() * 3 / 2)
            }
        }
    }
}

impl<V> Default for Patch<V> {
    fn default() -> Self {
        Self { row: Row::default(), removed: 0 }
    }
}

impl<V: Value> Patch<V> {
    /// The slot and the value, if the patch has one integer and nothing else.
    pub(super) fn one_integer(&self) -> Option<(u32, i64)> {
        let mut statistics = self.row.iter();
        let (slot, value) = statistics.next()?;
        if self.removed == 0 && statistics.next().is_none() {
            Some((slot, value?.to_integer()?))
        } else {
            None
        }
    }

    /// Puts what the patch has into a stored row, merged with what is there or instead of it; says how many statistics
    /// were written. An error has the offset of its slot.
    pub(super) fn apply(&self, stored: &mut Row<V>, edit: Edit) -> Result<u64, (u32, MergeError)> {
        stored.remove_all(self.removed);
        let mut written = 0;
        for (offset, value) in self.row.iter() {
            match (edit, value) {
                (Edit::Merge, Some(value)) => {
                    stored.merge(offset, value).map_err(|error| (offset, error))?;
                }
                (Edit::Merge, None) => continue,
                (Edit::Set, value) => stored.set(offset, value.cloned()),
            }
            written += 1;
        }
        Ok(written)
    }
}

/// Objects of so many bytes stand in the table itself.
const SHORT: usize = 22;

/// The bytes of an object. Short ones, which most are, stand in the table itself: following a pointer takes longer
/// than comparing them.
#[derive(Debug, Clone)]
enum ObjectBytes {
    Short { length: u8, bytes: [u8; SHORT] },
    Long(Box<[u8]>),
}

impl ObjectBytes {
    /// How many bytes an object takes beside its entry in a table.
    fn heap_bytes(object: &[u8]) -> usize {
        if object.len() <= SHORT { 0 } else { ALLOCATION + object.len() }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Short { length, bytes } => bytes.get(..usize::from(*length)).unwrap_or_default(),
            Self::Long(bytes) => bytes,
        }
    }
}

impl From<&[u8]> for ObjectBytes {
    fn from(object: &[u8]) -> Self {
        let mut bytes = [0; SHORT];
        match (bytes.get_mut(..object.len()), u8::try_from(object.len())) {
            (Some(short), Ok(length)) => {
                short.copy_from_slice(object);
                Self::Short { length, bytes }
            }
            _ => Self::Long(object.into()),
        }
    }
}

impl Borrow<[u8]> for ObjectBytes {
    fn borrow(&self) -> &[u8] {
        self.bytes()
    }
}

impl Hash for ObjectBytes {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bytes().hash(state);
    }
}

impl PartialEq for ObjectBytes {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl Eq for ObjectBytes {}
