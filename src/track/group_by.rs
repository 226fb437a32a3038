//! The values of the records so far, by grouping, object and slot, in bounded memory.

use crate::{
    blocks::{Group, Memtable, Table},
    error::{Error, Result},
    kinds::{Layout, MergeError, Value},
    storage::{Entry, Spill},
    store::Store,
};
use std::mem;

/// The values of the records so far.
///
/// Rows of many objects don't fit into the processor's caches, and waiting for each of them takes longer than all
/// else. So values first wait in short queues, by their object: when a queue is full, all of its values go into the rows
/// of a few objects. (By 10,000 objects, shuffled, that is 1.4 times as fast.)
#[derive(Debug)]
pub(super) struct GroupBy<V> {
    groupings: Vec<Groups<V>>,
    bytes: usize,
    limit: usize,
    /// So many values wait in a queue at most.
    queue: usize,
    /// So many objects a grouping may have.
    most_objects: u64,
}

/// The groups of one grouping.
#[derive(Debug)]
struct Groups<V> {
    memtable: Memtable<V>,
    queues: Vec<Vec<Waiting<V>>>,
    spill: Spill,
}

/// A value on its way to the slot of a group.
#[derive(Debug)]
struct Waiting<V> {
    group: usize,
    slot: i32,
    value: V,
}

/// A value that can't be merged into the slot of an object.
#[derive(Debug)]
pub(super) struct Unmerged {
    pub(super) object: Vec<u8>,
    pub(super) slot: i32,
    pub(super) error: MergeError,
}

/// How many queues a grouping has: as many as keep the ends of all of them in the processor's caches, and the rows of
/// one queue's groups, too. A power of two.
const QUEUES: usize = 1_024;

/// The part of the memory that is for queues.
const QUEUES_PART: usize = 8;

impl<V: Value> GroupBy<V> {
    /// `tables` are those of the groupings, in their order.
    pub(super) fn new(store: &Store, tables: Vec<Table>, limit: usize, most_objects: u64) -> Self {
        let queues = limit / QUEUES_PART;
        // The size of other kinds of values isn't known.
        let queue = match V::LAYOUT {
            Layout::Integers => queues / (tables.len().max(1) * QUEUES * size_of::<Waiting<V>>()),
            _ => 0,
        };
        let groupings = tables.into_iter().map(|table| Groups::new(table, store.spill())).collect();
        Self { groupings, bytes: 0, limit: limit - queues, queue, most_objects }
    }

    /// Merges a value into the slot of an object, perhaps later, and says whether the memory is full.
    #[inline]
    pub(super) fn merge(
        &mut self,
        grouping: usize,
        object: &[u8],
        slot: i32,
        value: &V,
    ) -> Result<bool, Box<Unmerged>> {
        let Some(groups) = self.groupings.get_mut(grouping) else { return Ok(false) };
        let (group, grown) = groups.memtable.group(object);
        self.bytes += grown;
        self.bytes += if object.is_empty() {
            // There are few rows, and records come by date mostly.
            groups.memtable.merge_recent(slot, value).map_err(|error| groups.unmerged(0, slot, error))?
        } else if self.queue == 0 {
            groups.merge(group, slot, value)?
        } else {
            groups.enqueue(Waiting { group, slot, value: value.clone() }, self.queue)?
        };
        Ok(self.bytes > self.limit)
    }

    /// Merges what is still on its way.
    pub(super) fn flush(&mut self) -> Result<(), Box<Unmerged>> {
        for groups in &mut self.groupings {
            for queue in 0..groups.queues.len() {
                self.bytes += groups.merge_queue(queue)?;
            }
        }
        Ok(())
    }

    /// Spills everything that is flushed, and begins with an empty memory.
    pub(super) fn spill(&mut self) -> Result<()> {
        self.bytes = 0;
        self.groupings.iter_mut().try_for_each(Groups::spill)
    }

    /// Calls `visit` with the values of a grouping, all at once or some objects at a time, in their order; once
    /// everything is flushed.
    pub(super) fn for_each_memtable(
        &mut self,
        store: &Store,
        grouping: usize,
        mut visit: impl FnMut(&mut Memtable<V>) -> Result<()>,
    ) -> Result<()> {
        let (most, limit) = (self.most_objects, self.limit);
        let Some(groups) = self.groupings.get_mut(grouping) else { return Ok(()) };
        if !groups.spill.is_used() {
            if groups.memtable.len() as u64 > most {
                return Err(Error::TooManyObjects { most });
            }
            return visit(&mut groups.memtable);
        }
        groups.spill()?;
        let table = groups.memtable.table().clone();
        let (mut group, mut bytes, mut objects): (Option<Group<V>>, usize, u64) = (None, 0, 0);
        for entry in groups.spill.take()? {
            let Entry { key, value } = entry?;
            let Some((object, part)) = split_key(&key) else { continue };
            if let Some(done) = group.take_if(|group| group.object() != object) {
                groups.memtable.push(done);
                if bytes > limit {
                    visit(&mut groups.memtable)?;
                    bytes = 0;
                }
            }
            // What is packed takes some times more when it is not.
            bytes += 4 * (key.len() + value.len());
            objects += u64::from(group.is_none());
            if objects > most {
                return Err(Error::TooManyObjects { most });
            }
            let group = group.get_or_insert_with(|| Group::new(object));
            let merged = group.merge_part(&table, part, &value);
            merged.map_err(|malformed| store.corrupt(malformed, None))??;
        }
        if let Some(done) = group {
            groups.memtable.push(done);
        }
        visit(&mut groups.memtable)
    }
}

/// The key under which a part of an object's group is spilled.
fn key_of(object: &[u8], part: i32) -> Vec<u8> {
    [object, &(part.cast_unsigned() ^ 0x8000_0000).to_be_bytes()].concat()
}

fn split_key(key: &[u8]) -> Option<(&[u8], i32)> {
    let (object, part) = key.split_last_chunk::<4>()?;
    Some((object, (u32::from_be_bytes(*part) ^ 0x8000_0000).cast_signed()))
}

impl<V: Value> Groups<V> {
    fn new(table: Table, spill: Spill) -> Self {
        Self { memtable: Memtable::new(table), queues: Vec::new(), spill }
    }

    fn spill(&mut self) -> Result<()> {
        let groups = self.memtable.take();
        let table = self.memtable.table();
        let entries = groups.iter().flat_map(|group| match group.parts(table) {
            Ok(parts) => {
                let entry = |(part, value)| Ok(Entry { key: key_of(group.object(), part), value });
                parts.into_iter().map(entry).collect()
            }
            Err(error) => vec![Err(error)],
        });
        if groups.is_empty() { Ok(()) } else { self.spill.add(entries) }
    }

    /// Merges a value into a slot of a group, and says by how many bytes the memory has grown for it.
    #[inline]
    fn merge(&mut self, group: usize, slot: i32, value: &V) -> Result<usize, Box<Unmerged>> {
        self.memtable.merge(group, slot, value).map_err(|error| self.unmerged(group, slot, error))
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
        for Waiting { group, slot, value } in queue.drain(..) {
            grown += self.merge(group, slot, &value)?;
        }
        if let Some(emptied) = self.queues.get_mut(number) {
            *emptied = queue;
        }
        Ok(grown)
    }

    #[cold]
    #[expect(clippy::unnecessary_box_returns, reason = "a result is large otherwise, for each record")]
    fn unmerged(&self, group: usize, slot: i32, error: MergeError) -> Box<Unmerged> {
        Box::new(Unmerged { object: self.memtable.object(group).to_vec(), slot, error })
    }
}
