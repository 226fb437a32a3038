//! The values of the records so far, by grouping, object and slot, in bounded memory.

use crate::{
    encoding::{Form, ROW_SLOTS, Row},
    error::{Error, Result},
    model::{Layout, MergeError, Value},
    storage::{Entry, Scratch},
    store::Store,
};
use std::{collections::HashMap, mem};

/// The values of the records so far.
#[derive(Debug)]
pub(super) struct Tally<V> {
    groupings: Vec<Groups<V>>,
    form: Form,
    bytes: usize,
    limit: usize,
    scratch: Scratch,
}

/// The groups of one grouping.
#[derive(Debug)]
struct Groups<V> {
    by_object: HashMap<Box<[u8]>, usize>,
    rows: Vec<Rows<V>>,
}

/// The rows of one group, by number.
#[derive(Debug)]
struct Rows<V> {
    rows: Vec<(i32, Row<V>)>,
    /// Where the row used last is: records come by date mostly.
    last: usize,
}

/// What is worked out for one group: the bytes of its object, and its rows by number.
pub(super) type Tallied<V> = (Vec<u8>, Vec<(i32, Row<V>)>);

impl<V: Value> Tally<V> {
    pub(super) fn new(store: &Store, form: Form, groupings: usize, limit: usize) -> Self {
        let groupings =
            (0..groupings).map(|_| Groups { by_object: HashMap::new(), rows: Vec::new() }).collect();
        Self { groupings, form, bytes: 0, limit, scratch: store.scratch() }
    }

    /// Merges a value into the slot of an object, and says whether the memory is full.
    pub(super) fn merge(
        &mut self,
        grouping: usize,
        object: &[u8],
        ordinal: i32,
        value: &V,
    ) -> Result<bool, MergeError> {
        let number = ordinal.div_euclid(ROW_SLOTS);
        let slot = ordinal.rem_euclid(ROW_SLOTS).cast_unsigned();
        let Some(groups) = self.groupings.get_mut(grouping) else { return Ok(false) };
        let (rows, group_bytes) = groups.rows(object);
        let (row, row_bytes) = rows.row(number);
        let (before, heap_before) = (row.len(), heap_bytes(row, slot));
        row.merge(slot, value)?;
        self.bytes += group_bytes + row_bytes + (row.len() - before) as usize * size_of::<V>();
        self.bytes += heap_bytes(row, slot).saturating_sub(heap_before);
        Ok(self.bytes > self.limit)
    }

    /// Makes sure that an object is among the groups, with or without values; says whether the memory is full.
    pub(super) fn touch(&mut self, grouping: usize, object: &[u8]) -> bool {
        if let Some(groups) = self.groupings.get_mut(grouping) {
            self.bytes += groups.rows(object).1;
        }
        self.bytes > self.limit
    }

    /// Puts everything aside, and begins with an empty memory.
    pub(super) fn put_aside(&mut self, store: &Store) -> Result<()> {
        let mut entries = Vec::with_capacity(ASIDE);
        for (number, groups) in self.groupings.iter_mut().enumerate() {
            for (object, rows) in groups.take() {
                if rows.is_empty() {
                    entries.push(Entry { key: scratch_key(number, &object, NO_ROW), value: Vec::new() });
                }
                for (row_number, mut row) in rows {
                    let key = scratch_key(number, &object, row_number);
                    if let Some(bytes) = self.scratch.get(&key)? {
                        let aside =
                            Row::decode(&bytes).map_err(|malformed| store.corrupt(malformed, None))?;
                        row.merge_row(&aside).map_err(|error| Error::Merge {
                            statistic: "a group put aside".to_owned(),
                            problem: error.to_string(),
                        })?;
                    }
                    let value = row.encode(self.form).map_err(|malformed| store.corrupt(malformed, None))?;
                    entries.push(Entry { key, value });
                }
                if entries.len() >= ASIDE {
                    self.scratch.put_all(entries.drain(..))?;
                }
            }
        }
        self.bytes = 0;
        self.scratch.put_all(entries)
    }

    /// Calls `visit` with each group of a grouping, in the order of the objects.
    pub(super) fn for_each_group(
        &mut self,
        store: &Store,
        grouping: usize,
        mut visit: impl FnMut(Tallied<V>) -> Result<()>,
    ) -> Result<()> {
        if !self.scratch.is_used() {
            let groups = self.groupings.get_mut(grouping).map(Groups::take).unwrap_or_default();
            return groups.into_iter().try_for_each(visit);
        }
        self.put_aside(store)?;
        let mut group: Option<Tallied<V>> = None;
        for entry in self.scratch.entries(&grouping_bytes(grouping)) {
            let Entry { key, value } = entry?;
            let Some((object, number)) = split_scratch_key(&key) else { continue };
            match &mut group {
                Some((current, _)) if current == object => {}
                other => {
                    if let Some(done) = other.replace((object.to_vec(), Vec::new())) {
                        visit(done)?;
                    }
                }
            }
            if let Some((_, rows)) = group.as_mut().filter(|_| number != NO_ROW) {
                let row = Row::decode(&value).map_err(|malformed| store.corrupt(malformed, None))?;
                rows.push((number, row));
            }
        }
        group.map_or(Ok(()), visit)
    }
}

/// What a slot's value takes besides itself; integers take nothing, and aren't asked.
fn heap_bytes<V: Value>(row: &Row<V>, slot: u32) -> usize {
    match V::LAYOUT {
        Layout::Integers { .. } => 0,
        _ => row.get(slot).flatten().map_or(0, V::heap_bytes),
    }
}

/// About so many bytes more than were asked for does a piece of memory take.
const ALLOCATION: usize = 16;

/// About so many entries are on their way to the scratch at once.
const ASIDE: usize = 4_096;

/// Stands for "no row", so that a group without values can be put aside.
const NO_ROW: i32 = i32::MIN;

fn grouping_bytes(grouping: usize) -> [u8; 8] {
    (grouping as u64).to_be_bytes()
}

fn scratch_key(grouping: usize, object: &[u8], row: i32) -> Vec<u8> {
    let row = (row.cast_unsigned() ^ 0x8000_0000).to_be_bytes();
    [&grouping_bytes(grouping)[..], object, &row].concat()
}

fn split_scratch_key(key: &[u8]) -> Option<(&[u8], i32)> {
    let (_, rest) = key.split_first_chunk::<8>()?;
    let (object, row) = rest.split_last_chunk::<4>()?;
    Some((object, (u32::from_be_bytes(*row) ^ 0x8000_0000).cast_signed()))
}

impl<V> Groups<V> {
    /// The rows of an object, and by how many bytes the memory has grown for them.
    fn rows(&mut self, object: &[u8]) -> (&mut Rows<V>, usize) {
        // Without object there is one group, which needs no search (and comparing empty slices, whose pointers
        // dangle, takes the processor 80 ns).
        let known = if object.is_empty() {
            (!self.rows.is_empty()).then_some(0)
        } else {
            self.by_object.get(object).copied()
        };
        let index = known.unwrap_or(self.rows.len());
        let mut grown = 0;
        if known.is_none() {
            self.by_object.insert(object.into(), index);
            self.rows.push(Rows { rows: Vec::new(), last: 0 });
            // Tables that grow have room for up to twice as many.
            grown = ALLOCATION + object.len() + 2 * (size_of::<(Box<[u8]>, usize)>() + size_of::<Rows<V>>());
        }
        #[expect(clippy::indexing_slicing, reason = "an index is only handed out when its rows are there")]
        (&mut self.rows[index], grown)
    }

    /// The groups in the order of their objects; none are left.
    fn take(&mut self) -> Vec<Tallied<V>> {
        let mut rows: Vec<_> = mem::take(&mut self.rows).into_iter().map(Some).collect();
        let mut groups: Vec<Tallied<V>> = self
            .by_object
            .drain()
            .filter_map(|(object, index)| Some((object.into_vec(), rows.get_mut(index)?.take()?.rows)))
            .collect();
        groups.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        groups
    }
}

impl<V> Rows<V> {
    /// The row of this number, and by how many bytes the memory has grown for it.
    fn row(&mut self, number: i32) -> (&mut Row<V>, usize) {
        let mut grown = 0;
        if self.rows.get(self.last).is_none_or(|(found, _)| *found != number) {
            self.last = self.rows.binary_search_by_key(&number, |(found, _)| *found).unwrap_or_else(|at| {
                // Of many objects, most have one row with one value.
                if self.rows.is_empty() {
                    self.rows.reserve_exact(1);
                }
                self.rows.insert(at, (number, Row::default()));
                grown = 2 * (ALLOCATION + size_of::<(i32, Row<V>)>());
                at
            });
        }
        #[expect(clippy::indexing_slicing, reason = "the search above has found or made it")]
        (&mut self.rows[self.last].1, grown)
    }
}
