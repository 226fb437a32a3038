//! The rows of a grouping object by object, though the store has them date by date, in bounded memory.

use crate::{
    error::Result,
    format::{KeyRange, key},
    storage::Snapshot,
    track::Target,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    vec,
};

/// So many objects are looked for in one pass over the keys.
const OBJECTS_A_PASS: usize = if cfg!(test) { 3 } else { 1 << 16 };

/// The rows of so many objects are read together at first; how many later, their size decides.
const OBJECTS_AT_FIRST: usize = 64;

/// About so many bytes of rows are held at once.
const BYTES: usize = 16 << 20;

/// A row: the index of its target, the day that it is dated by, and its bytes.
pub(super) type DatedRow = (usize, i32, Vec<u8>);

/// The rows of one object.
#[derive(Debug, Default)]
pub(super) struct ObjectRows {
    /// Its bytes, none without object.
    pub(super) object: Vec<u8>,
    /// By target and then by date.
    pub(super) rows: Vec<DatedRow>,
}

/// The objects of some kinds that have a row in one of some targets.
#[derive(Debug)]
pub(super) struct Objects {
    snapshot: Snapshot,
    targets: Vec<Target>,
    kinds: Vec<String>,
    /// By target, the days that its rows are dated by.
    dates: Vec<BTreeSet<i32>>,
    /// The objects of this pass whose rows aren't read yet.
    found: vec::IntoIter<Vec<u8>>,
    /// The last object of this pass; none before the first.
    last: Option<Vec<u8>>,
    /// There may be objects after the last.
    more: bool,
    at_once: usize,
    ready: vec::IntoIter<ObjectRows>,
}

impl Objects {
    pub(super) fn new(snapshot: Snapshot, targets: Vec<Target>, kinds: Vec<String>) -> Self {
        Self {
            snapshot,
            dates: vec![BTreeSet::new(); targets.len()],
            targets,
            kinds,
            found: Vec::new().into_iter(),
            last: None,
            more: true,
            at_once: OBJECTS_AT_FIRST,
            ready: Vec::new().into_iter(),
        }
    }

    pub(super) fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// The next object's rows, in the order of the objects. After an error, it goes on behind what can't be read.
    pub(super) fn next_object(&mut self) -> Result<Option<ObjectRows>> {
        loop {
            if let Some(object) = self.ready.next() {
                return Ok(Some(object));
            }
            if self.found.len() == 0 {
                if !self.more {
                    return Ok(None);
                }
                self.more = false;
                self.find()?;
            }
            let objects: Vec<Vec<u8>> = self.found.by_ref().take(self.at_once).collect();
            if !objects.is_empty() {
                self.ready = self.read(objects)?.into_iter();
            }
        }
    }

    /// Finds the next objects, as many as a pass takes.
    fn find(&mut self) -> Result<()> {
        let kind_bytes = self.kinds.first().map(|kind| key::kind_bytes(kind)).unwrap_or_default();
        let mut found: BTreeSet<Vec<u8>> = BTreeSet::new();
        let mut more = false;
        for (target, dates) in self.targets.iter().zip(&mut self.dates) {
            self.snapshot.for_each(target.prefix.rows(), |entry| {
                // A row that isn't dated as rows are, or whose object can't be decoded, is nobody's.
                let Ok((day, object)) = target.prefix.split(&entry.key) else { return Ok(()) };
                if !target.slots.is_first_day(day) || !object.starts_with(&kind_bytes) {
                    return Ok(());
                }
                dates.insert(day);
                let is_new = self.last.as_deref().is_none_or(|last| object > last)
                    && !found.contains(object)
                    && (self.kinds.is_empty()
                        || key::decode_object(object).is_ok_and(|object| object.is_of_kinds(&self.kinds)));
                if is_new {
                    found.insert(object.to_vec());
                    if found.len() > OBJECTS_A_PASS {
                        found.pop_last();
                        more = true;
                    }
                }
                Ok(())
            })?;
        }
        self.more = more;
        self.last = found.last().cloned().or(self.last.take());
        self.found = found.into_iter().collect::<Vec<_>>().into_iter();
        Ok(())
    }

    /// Reads the rows of objects that follow each other.
    fn read(&mut self, objects: Vec<Vec<u8>>) -> Result<Vec<ObjectRows>> {
        let (Some(first), Some(last)) = (objects.first().cloned(), objects.last().cloned()) else {
            return Ok(Vec::new());
        };
        let count = objects.len();
        let mut bytes = 0;
        let mut rows: BTreeMap<Vec<u8>, Vec<DatedRow>> =
            objects.into_iter().map(|object| (object, Vec::new())).collect();
        for (index, (target, dates)) in self.targets.iter().zip(&self.dates).enumerate() {
            for &day in dates {
                let start = target.prefix.row(day, &first);
                let range = KeyRange { start, end: key::after(&target.prefix.row(day, &last)) };
                self.snapshot.for_each(range, |entry| {
                    let object = target.prefix.split(&entry.key).map(|(_, object)| object);
                    if let Some(rows) = object.ok().and_then(|object| rows.get_mut(object)) {
                        bytes += entry.value.len() + size_of::<DatedRow>();
                        rows.push((index, day, entry.value));
                    }
                    Ok(())
                })?;
            }
        }
        self.at_once = (count * BYTES / bytes.max(1)).clamp(1, count * 4);
        Ok(rows.into_iter().map(|(object, rows)| ObjectRows { object, rows }).collect())
    }
}
