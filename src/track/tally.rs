//! The values of the records so far, by grouping, object and slot, in bounded memory.

use crate::{
    error::{Error, Result},
    format::{Form, ROW_SLOTS, Row},
    kinds::{Layout, MergeError, Value},
    storage::{Entry, Spill},
    store::Store,
};
use foldhash::fast::RandomState;
use std::{
    borrow::Borrow,
    collections::HashMap,
    hash::{Hash, Hasher},
    mem,
};

/// The values of the records so far.
///
/// Rows of many objects don't fit into the processor's caches, and waiting for each of them takes longer than all
/// else. So values first wait in short queues, by their group's index: when a queue is full, all of its values go into
/// the rows of a few groups.
#[derive(Debug)]
pub(super) struct Tally<V> {
    groupings: Vec<Groups<V>>,
    form: Form,
    bytes: usize,
    limit: usize,
    /// So many values wait in a queue at most.
    queue: usize,
    /// So many objects a grouping may have.
    most_objects: u64,
    spill: Spill,
}

/// The groups of one grouping.
#[derive(Debug)]
struct Groups<V> {
    by_object: HashMap<ObjectBytes, usize, RandomState>,
    rows: Vec<Rows<V>>,
    queues: Vec<Vec<Waiting<V>>>,
    recent: Option<Recent>,
    /// How many objects are put aside.
    aside: u64,
}

/// Where the value of a slot is, in the rows of the first group: the slot merged into last.
#[derive(Debug, Clone, Copy)]
struct Recent {
    ordinal: i32,
    row: usize,
    value: usize,
}

/// A value on its way to the slot of a group.
#[derive(Debug)]
struct Waiting<V> {
    group: usize,
    ordinal: i32,
    value: V,
}

/// A value that can't be merged into the slot of an object.
#[derive(Debug)]
pub(super) struct Unmerged {
    pub(super) object: Vec<u8>,
    pub(super) ordinal: i32,
    pub(super) error: MergeError,
}

/// The rows of one group, by number.
#[derive(Debug)]
struct Rows<V> {
    rows: Vec<(i32, Row<V>)>,
    /// The number of the first.
    first: i32,
}

/// What is worked out for one group: the bytes of its object, and its rows by number.
pub(super) type Tallied<V> = (Vec<u8>, Vec<(i32, Row<V>)>);

impl<V: Value> Tally<V> {
    pub(super) fn new(store: &Store, form: Form, groupings: usize, limit: usize, most_objects: u64) -> Self {
        let waiting = limit / WAITING_PART;
        // The size of other kinds of values isn't known.
        let queue = match V::LAYOUT {
            Layout::Integers => waiting / (groupings * QUEUES * size_of::<Waiting<V>>()),
            _ => 0,
        };
        let groupings = (0..groupings).map(|_| Groups::new()).collect();
        let spill = store.spill();
        Self { groupings, form, bytes: 0, limit: limit - waiting, queue, most_objects, spill }
    }

    /// Merges a value into the slot of an object, perhaps later, and says whether the memory is full.
    #[inline]
    pub(super) fn merge(
        &mut self,
        grouping: usize,
        object: &[u8],
        ordinal: i32,
        value: &V,
    ) -> Result<bool, Box<Unmerged>> {
        let Some(groups) = self.groupings.get_mut(grouping) else { return Ok(false) };
        let (group, group_bytes) = groups.index(object);
        self.bytes += group_bytes;
        self.bytes += if object.is_empty() {
            // There are few rows, and records come by date mostly.
            groups.merge_recent(ordinal, value)?
        } else if self.queue == 0 {
            groups.merge(group, ordinal, value)?
        } else {
            groups.enqueue(Waiting { group, ordinal, value: value.clone() }, self.queue)?
        };
        Ok(self.bytes > self.limit)
    }

    /// Merges what is still on its way.
    pub(super) fn settle(&mut self) -> Result<(), Box<Unmerged>> {
        for groups in &mut self.groupings {
            for queue in 0..groups.queues.len() {
                self.bytes += groups.merge_queue(queue)?;
            }
        }
        Ok(())
    }

    /// Makes sure that an object is among the groups, with or without values; says whether the memory is full.
    pub(super) fn touch(&mut self, grouping: usize, object: &[u8]) -> bool {
        if let Some(groups) = self.groupings.get_mut(grouping) {
            self.bytes += groups.index(object).1;
        }
        self.bytes > self.limit
    }

    /// Puts everything that is settled aside, and begins with an empty memory.
    pub(super) fn put_aside(&mut self, store: &Store) -> Result<()> {
        let mut entries = Vec::with_capacity(ASIDE);
        for (number, groups) in self.groupings.iter_mut().enumerate() {
            for (object, rows) in groups.take() {
                let before = self.spill.entries(&[&grouping_bytes(number)[..], &object].concat()).next();
                groups.aside += u64::from(before.transpose()?.is_none());
                if groups.aside > self.most_objects {
                    return Err(Error::TooManyObjects { most: self.most_objects });
                }
                if rows.is_empty() {
                    entries.push(Entry { key: spill_key(number, &object, NO_ROW), value: Vec::new() });
                }
                for (row_number, mut row) in rows {
                    let key = spill_key(number, &object, row_number);
                    if let Some(bytes) = self.spill.get(&key)? {
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
                    self.spill.put_all(entries.drain(..))?;
                }
            }
        }
        self.bytes = 0;
        self.spill.put_all(entries)
    }

    /// Calls `visit` with each group of a grouping, in the order of the objects, once everything is settled.
    pub(super) fn for_each_group(
        &mut self,
        store: &Store,
        grouping: usize,
        mut visit: impl FnMut(Tallied<V>) -> Result<()>,
    ) -> Result<()> {
        if !self.spill.is_used() {
            let groups = self.groupings.get_mut(grouping).map(Groups::take).unwrap_or_default();
            if groups.len() as u64 > self.most_objects {
                return Err(Error::TooManyObjects { most: self.most_objects });
            }
            return groups.into_iter().try_for_each(visit);
        }
        self.put_aside(store)?;
        let mut group: Option<Tallied<V>> = None;
        for entry in self.spill.entries(&grouping_bytes(grouping)) {
            let Entry { key, value } = entry?;
            let Some((object, number)) = split_spill_key(&key) else { continue };
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
fn heap_bytes<V: Value>(value: &V) -> usize {
    match V::LAYOUT {
        Layout::Integers => 0,
        _ => value.heap_bytes(),
    }
}

/// About so many bytes more than were asked for does a piece of memory take.
const ALLOCATION: usize = 16;

/// How many queues a grouping has: as many as keep the ends of all of them in the processor's caches, and the rows of
/// one queue's groups, too. A power of two.
const QUEUES: usize = 1_024;

/// The part of the memory that is for queues.
const WAITING_PART: usize = 8;

/// About so many entries are on their way to the spill at once.
const ASIDE: usize = 4_096;

/// Stands for "no row", so that a group without values can be put aside.
const NO_ROW: i32 = i32::MIN;

fn grouping_bytes(grouping: usize) -> [u8; 8] {
    (grouping as u64).to_be_bytes()
}

fn spill_key(grouping: usize, object: &[u8], row: i32) -> Vec<u8> {
    let row = (row.cast_unsigned() ^ 0x8000_0000).to_be_bytes();
    [&grouping_bytes(grouping)[..], object, &row].concat()
}

fn split_spill_key(key: &[u8]) -> Option<(&[u8], i32)> {
    let (_, rest) = key.split_first_chunk::<8>()?;
    let (object, row) = rest.split_last_chunk::<4>()?;
    Some((object, (u32::from_be_bytes(*row) ^ 0x8000_0000).cast_signed()))
}

impl<V> Groups<V> {
    fn new() -> Self {
        Self { by_object: HashMap::default(), rows: Vec::new(), queues: Vec::new(), recent: None, aside: 0 }
    }

    /// The index of an object's group, and by how many bytes the memory has grown for it.
    fn index(&mut self, object: &[u8]) -> (usize, usize) {
        // Without object there is one group, which needs no search (and comparing empty slices, whose pointers
        // dangle, takes the processor 80 ns).
        let known = if object.is_empty() {
            (!self.rows.is_empty()).then_some(0)
        } else {
            self.by_object.get(object).copied()
        };
        if let Some(index) = known {
            return (index, 0);
        }
        let index = self.rows.len();
        self.by_object.insert(object.into(), index);
        self.rows.push(Rows { rows: Vec::new(), first: 0 });
        // Tables that grow have room for up to twice as many.
        let grown =
            ALLOCATION + object.len() + 2 * (size_of::<(ObjectBytes, usize)>() + size_of::<Rows<V>>());
        (index, grown)
    }

    /// The groups in the order of their objects; none are left.
    fn take(&mut self) -> Vec<Tallied<V>> {
        self.recent = None;
        let mut rows: Vec<_> = mem::take(&mut self.rows).into_iter().map(Some).collect();
        let mut groups: Vec<Tallied<V>> = self
            .by_object
            .drain()
            .filter_map(|(object, index)| Some((object.bytes().to_vec(), rows.get_mut(index)?.take()?.rows)))
            .collect();
        groups.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        groups
    }
}

impl<V: Value> Groups<V> {
    /// Merges a value into a slot of a group, and says by how many bytes the memory has grown for it.
    #[inline]
    fn merge(&mut self, group: usize, ordinal: i32, value: &V) -> Result<usize, Box<Unmerged>> {
        let Some(rows) = self.rows.get_mut(group) else { return Ok(0) };
        let slot = ordinal.rem_euclid(ROW_SLOTS).cast_unsigned();
        let (at, row_bytes) = rows.row(ordinal.div_euclid(ROW_SLOTS));
        let Some((_, row)) = rows.rows.get_mut(at) else { return Ok(0) };
        let heap_before = row.get(slot).flatten().map_or(0, heap_bytes);
        match row.merge(slot, value) {
            Ok(new) => {
                let heap = row.get(slot).flatten().map_or(0, heap_bytes).saturating_sub(heap_before);
                Ok(row_bytes + heap + if new { size_of::<V>() } else { 0 })
            }
            Err(error) => Err(Box::new(self.unmerged(group, ordinal, error))),
        }
    }

    /// Merges a value into a slot of the first group, which it is likely to be the slot merged into last.
    #[inline]
    fn merge_recent(&mut self, ordinal: i32, value: &V) -> Result<usize, Box<Unmerged>> {
        let recent = self.recent.filter(|recent| recent.ordinal == ordinal);
        let Some(rows) = self.rows.first_mut() else { return Ok(0) };
        let stored = recent.and_then(|Recent { row, value, .. }| rows.rows.get_mut(row)?.1.value_mut(value));
        if let Some(stored) = stored {
            let heap_before = heap_bytes(stored);
            return match stored.merge(value) {
                Ok(()) => Ok(heap_bytes(stored).saturating_sub(heap_before)),
                Err(error) => Err(Box::new(self.unmerged(0, ordinal, error))),
            };
        }
        let grown = self.merge(0, ordinal, value)?;
        self.recent = self.rows.first_mut().and_then(|rows| {
            let (row, _) = rows.row(ordinal.div_euclid(ROW_SLOTS));
            let value = rows.rows.get(row)?.1.rank(ordinal.rem_euclid(ROW_SLOTS).cast_unsigned());
            Some(Recent { ordinal, row, value })
        });
        Ok(grown)
    }

    /// Lets a value wait in a queue, which is merged when it has this length.
    #[inline]
    fn enqueue(&mut self, waiting: Waiting<V>, length: usize) -> Result<usize, Box<Unmerged>> {
        if self.queues.is_empty() {
            self.queues.resize_with(QUEUES, Vec::new);
        }
        let number = waiting.group % QUEUES;
        let Some(queue) = self.queues.get_mut(number) else { return Ok(0) };
        queue.push(waiting);
        if queue.len() < length { Ok(0) } else { self.merge_queue(number) }
    }

    #[inline(never)]
    fn merge_queue(&mut self, number: usize) -> Result<usize, Box<Unmerged>> {
        let Some(mut queue) = self.queues.get_mut(number).map(mem::take) else { return Ok(0) };
        let mut grown = 0;
        for Waiting { group, ordinal, value } in queue.drain(..) {
            grown += self.merge(group, ordinal, &value)?;
        }
        if let Some(emptied) = self.queues.get_mut(number) {
            *emptied = queue;
        }
        Ok(grown)
    }

    #[cold]
    fn unmerged(&self, group: usize, ordinal: i32, error: MergeError) -> Unmerged {
        let object = self.by_object.iter().find(|(_, index)| **index == group);
        let object = object.map(|(object, _)| object.bytes().to_vec()).unwrap_or_default();
        Unmerged { object, ordinal, error }
    }
}

impl<V> Rows<V> {
    /// Where the row of this number is, and by how many bytes the memory has grown for it.
    #[inline]
    fn row(&mut self, number: i32) -> (usize, usize) {
        // Most groups have all rows from their first to their last.
        let guess = usize::try_from(number.wrapping_sub(self.first)).unwrap_or(usize::MAX);
        if self.rows.get(guess).is_some_and(|(found, _)| *found == number) {
            return (guess, 0);
        }
        match self.rows.binary_search_by_key(&number, |(found, _)| *found) {
            Ok(at) => (at, 0),
            Err(at) => {
                // Of many objects, most have one row with one value.
                if self.rows.is_empty() {
                    self.rows.reserve_exact(1);
                }
                self.rows.insert(at, (number, Row::default()));
                self.first = if at == 0 { number } else { self.first };
                (at, 2 * (ALLOCATION + size_of::<(i32, Row<V>)>()))
            }
        }
    }
}

/// The bytes of an object. Short ones, which most are, stand in the table itself: following a pointer takes longer
/// than comparing them.
#[derive(Debug)]
enum ObjectBytes {
    Short { length: u8, bytes: [u8; 22] },
    Long(Box<[u8]>),
}

impl ObjectBytes {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Short { length, bytes } => bytes.get(..usize::from(*length)).unwrap_or_default(),
            Self::Long(bytes) => bytes,
        }
    }
}

impl From<&[u8]> for ObjectBytes {
    fn from(object: &[u8]) -> Self {
        let mut bytes = [0; 22];
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
