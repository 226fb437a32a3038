//! Reading the map as it is at one point in time.

use super::{BATCH, Direction, Entry};
use crate::{
    error::{Error, Result},
    format::{KeyRange, Malformed},
};
use std::{collections::BTreeMap, path::Path};

/// Some entries of a range, and the rest of the range if there may be more.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) entries: Vec<Entry>,
    pub(crate) rest: Option<KeyRange>,
}

/// Some entries, in memory of one piece.
#[derive(Debug, Default)]
pub(crate) struct EntryBuffer {
    bytes: Vec<u8>,
    /// Where each key ends, and its value.
    ends: Vec<(usize, usize)>,
}

impl EntryBuffer {
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    pub(super) fn push(&mut self, key: &[u8], value: &[u8]) {
        self.bytes.extend_from_slice(key);
        let end = self.bytes.len();
        self.bytes.extend_from_slice(value);
        self.ends.push((end, self.bytes.len()));
    }

    /// The keys and values, in order.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (&[u8], &[u8])> {
        let starts = [0].into_iter().chain(self.ends.iter().map(|(_, end)| *end));
        let starts: Vec<usize> = starts.take(self.ends.len()).collect();
        let part = |from: usize, to: usize| self.bytes.get(from..to).unwrap_or_default();
        self.ends
            .iter()
            .zip(starts)
            .map(move |((middle, end), start)| (part(start, *middle), part(*middle, *end)))
    }
}

/// What can be read from: a snapshot, or a change with its own writes.
pub(crate) trait Reads {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>>;

    /// The first entries of a range in a direction: about `limit` of them, and none only when `rest` says so.
    fn page(&self, range: &KeyRange, direction: Direction, limit: usize) -> Result<Page>;

    /// The same, into memory that is used again; says what is left of the range, if there may be more.
    fn page_into(
        &self,
        range: &KeyRange,
        limit: usize,
        entries: &mut EntryBuffer,
    ) -> Result<Option<KeyRange>> {
        entries.clear();
        let page = self.page(range, Direction::Forwards, limit)?;
        page.entries.iter().for_each(|entry| entries.push(&entry.key, &entry.value));
        Ok(page.rest)
    }

    /// The store's path, for errors.
    fn path(&self) -> &Path;

    /// The first entry of a range in a direction.
    fn first(&self, range: &KeyRange, direction: Direction) -> Result<Option<Entry>> {
        let mut rest = Some(range.clone());
        let mut limit = 1;
        while let Some(range) = rest {
            let page = self.page(&range, direction, limit)?;
            // There may be more than was asked for, where replaced values are put back.
            if let Some(first) = page.entries.into_iter().next() {
                return Ok(Some(first));
            }
            rest = page.rest;
            limit = BATCH;
        }
        Ok(None)
    }

    /// Calls `visit` with each entry of a range, in order.
    fn for_each(&self, range: KeyRange, mut visit: impl FnMut(Entry) -> Result<()>) -> Result<()>
    where
        Self: Sized,
    {
        let mut rest = Some(range);
        while let Some(range) = rest {
            let page = self.page(&range, Direction::Forwards, BATCH)?;
            page.entries.into_iter().try_for_each(&mut visit)?;
            rest = page.rest;
        }
        Ok(())
    }

    fn corrupt(&self, malformed: Malformed) -> Error {
        Error::Corrupt { path: self.path().to_owned(), problem: format!("it has {}", malformed.0) }
    }
}

impl<R: Reads> Reads for &R {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        (**self).get(key)
    }

    fn page(&self, range: &KeyRange, direction: Direction, limit: usize) -> Result<Page> {
        (**self).page(range, direction, limit)
    }

    fn page_into(
        &self,
        range: &KeyRange,
        limit: usize,
        entries: &mut EntryBuffer,
    ) -> Result<Option<KeyRange>> {
        (**self).page_into(range, limit, entries)
    }

    fn path(&self) -> &Path {
        (**self).path()
    }
}

impl KeyRange {
    /// What is left of the range after these entries, the first of it in a direction; none when nothing can be.
    pub(super) fn after(&self, entries: &[Entry], direction: Direction) -> Option<Self> {
        self.behind(&entries.last()?.key, direction)
    }

    /// What is left of the range behind a key, in a direction; none when nothing can be.
    pub(crate) fn behind(&self, key: &[u8], direction: Direction) -> Option<Self> {
        let rest = match direction {
            // The next key after one is the same with a zero byte added.
            Direction::Forwards => Self { start: [key, &[0]].concat(), end: self.end.clone() },
            Direction::Backwards => Self { start: self.start.clone(), end: Some(key.to_vec()) },
        };
        (!rest.is_empty()).then_some(rest)
    }

    /// The part of the range that is not its rest.
    pub(super) fn before(&self, rest: Option<&Self>, direction: Direction) -> Self {
        match (rest, direction) {
            (None, _) => self.clone(),
            (Some(rest), Direction::Forwards) => {
                Self { start: self.start.clone(), end: Some(rest.start.clone()) }
            }
            (Some(rest), Direction::Backwards) => {
                Self { start: rest.end.clone().unwrap_or_default(), end: self.end.clone() }
            }
        }
    }
}

/// Entries with others put over them, none where there is no entry.
pub(super) fn patched(
    entries: Vec<Entry>,
    patches: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    direction: Direction,
) -> Vec<Entry> {
    if patches.is_empty() {
        return entries;
    }
    let mut map: BTreeMap<Vec<u8>, Option<Vec<u8>>> =
        entries.into_iter().map(|entry| (entry.key, Some(entry.value))).collect();
    map.extend(patches);
    let kept = map.into_iter().filter_map(|(key, value)| Some(Entry { key, value: value? }));
    match direction {
        Direction::Forwards => kept.collect(),
        Direction::Backwards => kept.rev().collect(),
    }
}
