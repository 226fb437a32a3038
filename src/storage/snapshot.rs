//! Reads that see the map as it was at one point in time, without keeping writers waiting.
//!
//! The engine's own scans aren't snapshots. So, while a snapshot is held, each write first saves what it replaces;
//! a reader puts those older values back over what it finds. Without a snapshot nothing is saved.

use super::{BATCH, Direction, Entry, Storage, Write, pending::pending_value};
use crate::{
    encoding::{KeyRange, Space, key},
    error::Result,
};
use std::{collections::BTreeMap, ops::Bound, sync::Arc};

/// A value, none if there was none, and the version that replaced it.
type Replaced = (u64, Option<Vec<u8>>);

/// What tells one point in time from another.
#[derive(Debug, Default)]
pub(super) struct Versions {
    /// Raised by each change.
    pub(super) version: u64,
    /// The last change is committed, but its writes are still on their way from those put aside: readers that see
    /// this version look there too.
    pub(super) settling: bool,
    /// The versions that snapshots are held of, and by how many.
    held: BTreeMap<u64, usize>,
    /// By key, the values that were replaced and the version that replaced them, oldest first.
    pub(super) replaced: BTreeMap<Vec<u8>, Vec<Replaced>>,
}

impl Versions {
    /// Drops the replaced values that no held snapshot can ask for.
    fn forget(&mut self) {
        match self.held.keys().next().copied() {
            None => self.replaced.clear(),
            Some(oldest) => self.replaced.retain(|_, values| {
                values.retain(|(version, _)| *version > oldest);
                !values.is_empty()
            }),
        }
    }

    /// The replaced values that a snapshot of `version` has to put back in `range`.
    fn replaced_since<'v>(
        &'v self,
        version: u64,
        range: &'v KeyRange,
    ) -> impl Iterator<Item = (&'v Vec<u8>, &'v Option<Vec<u8>>)> {
        let end = range.end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let bounds = (!range.is_empty()).then_some((Bound::Included(range.start.as_slice()), end));
        bounds.into_iter().flat_map(|bounds| self.replaced.range::<[u8], _>(bounds)).filter_map(
            move |(key, values)| {
                values.iter().find(|(replaced_by, _)| *replaced_by > version).map(|(_, value)| (key, value))
            },
        )
    }
}

/// The map as it was when the snapshot was taken. Cheap to clone.
///
/// What is replaced while it is held stays in memory, so it isn't meant to be kept for long.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot {
    held: Arc<Held>,
}

#[derive(Debug)]
struct Held {
    storage: Storage,
    version: u64,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut versions = self.storage.versions_mut();
        if let Some(count) = versions.held.get_mut(&self.version) {
            *count -= 1;
            if *count == 0 {
                versions.held.remove(&self.version);
                versions.forget();
            }
        }
    }
}

/// Some entries of a range, and the rest of the range if there may be more.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) entries: Vec<Entry>,
    pub(crate) rest: Option<KeyRange>,
}

impl Snapshot {
    pub(super) fn new(storage: Storage) -> Self {
        let mut versions = storage.versions_mut();
        let version = versions.version;
        *versions.held.entry(version).or_default() += 1;
        drop(versions);
        Self { held: Arc::new(Held { storage, version }) }
    }

    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let Held { storage, version } = &*self.held;
        let versions = storage.versions();
        if let Some(values) = versions.replaced.get(key)
            && let Some((_, value)) = values.iter().find(|(replaced_by, _)| replaced_by > version)
        {
            return Ok(value.clone());
        }
        if versions.settling
            && *version >= versions.version
            && let Some(pending) = storage.engine().get(&key::pending(key))?
        {
            return Ok(pending_value(&pending));
        }
        storage.engine().get(key)
    }

    /// The first entry of a range in a direction.
    pub(crate) fn first(&self, range: &KeyRange, direction: Direction) -> Result<Option<Entry>> {
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
    pub(crate) fn for_each(&self, range: KeyRange, mut visit: impl FnMut(Entry) -> Result<()>) -> Result<()> {
        let mut rest = Some(range);
        while let Some(range) = rest {
            let page = self.page(&range, Direction::Forwards, BATCH)?;
            page.entries.into_iter().try_for_each(&mut visit)?;
            rest = page.rest;
        }
        Ok(())
    }

    /// The first entries of a range in a direction: about `limit` of them, and none only when `rest` says so.
    pub(crate) fn page(&self, range: &KeyRange, direction: Direction, limit: usize) -> Result<Page> {
        let Held { storage, version } = &*self.held;
        let versions = storage.versions();
        let mut entries = storage.engine().scan(range, direction, limit)?;
        let mut rest = (entries.len() >= limit).then(|| rest_after(range, direction, &entries)).flatten();
        let mut covered = before_rest(range, direction, rest.as_ref());

        let mut patches = BTreeMap::new();
        if versions.settling && *version >= versions.version {
            let pending = storage.engine().scan(&pending_range(&covered), direction, limit)?;
            if pending.len() >= limit {
                let targets: Vec<Entry> = pending.iter().map(target_of).collect();
                rest = rest_after(range, direction, &targets);
                covered = before_rest(range, direction, rest.as_ref());
                entries.retain(|entry| contains(&covered, &entry.key));
            }
            for entry in &pending {
                patches.insert(key::pending_target(&entry.key).to_vec(), pending_value(&entry.value));
            }
        }
        for (key, value) in versions.replaced_since(*version, &covered) {
            patches.insert(key.clone(), value.clone());
        }
        drop(versions);
        if !patches.is_empty() {
            entries = patched(entries, patches, direction);
        }
        Ok(Page { entries, rest })
    }
}

fn target_of(pending: &Entry) -> Entry {
    Entry { key: key::pending_target(&pending.key).to_vec(), value: Vec::new() }
}

/// What is left of a range after the last of these entries; none when nothing can be.
fn rest_after(range: &KeyRange, direction: Direction, entries: &[Entry]) -> Option<KeyRange> {
    let last = entries.last()?;
    let rest = match direction {
        // The next key after one is the same with a zero byte added.
        Direction::Forwards => KeyRange { start: [&last.key[..], &[0]].concat(), end: range.end.clone() },
        Direction::Backwards => KeyRange { start: range.start.clone(), end: Some(last.key.clone()) },
    };
    (!rest.is_empty()).then_some(rest)
}

/// The part of a range that is not its rest.
fn before_rest(range: &KeyRange, direction: Direction, rest: Option<&KeyRange>) -> KeyRange {
    match (rest, direction) {
        (None, _) => range.clone(),
        (Some(rest), Direction::Forwards) => {
            KeyRange { start: range.start.clone(), end: Some(rest.start.clone()) }
        }
        (Some(rest), Direction::Backwards) => {
            KeyRange { start: rest.end.clone().unwrap_or_default(), end: range.end.clone() }
        }
    }
}

fn contains(range: &KeyRange, key: &[u8]) -> bool {
    *key >= *range.start && range.end.as_deref().is_none_or(|end| key < end)
}

fn pending_range(range: &KeyRange) -> KeyRange {
    let all = KeyRange::space(Space::Pending);
    let end = range.end.as_deref().map_or(all.end, |end| Some(key::pending(end)));
    KeyRange { start: key::pending(&range.start), end }
}

fn patched(
    entries: Vec<Entry>,
    patches: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    direction: Direction,
) -> Vec<Entry> {
    let mut map: BTreeMap<Vec<u8>, Option<Vec<u8>>> =
        entries.into_iter().map(|entry| (entry.key, Some(entry.value))).collect();
    map.extend(patches);
    let kept = map.into_iter().filter_map(|(key, value)| Some(Entry { key, value: value? }));
    match direction {
        Direction::Forwards => kept.collect(),
        Direction::Backwards => kept.rev().collect(),
    }
}

impl Storage {
    /// Applies a change that fits into one batch.
    pub(super) fn apply(&self, batch: Vec<Write>) -> Result<()> {
        let mut versions = self.versions_mut();
        let next = versions.version + 1;
        self.save_replaced(&mut versions, next, &batch)?;
        self.engine().apply(batch)?;
        versions.version = next;
        Ok(())
    }

    /// Saves what a batch that makes version `version` replaces, if a snapshot of an older version is held.
    pub(super) fn save_replaced(&self, versions: &mut Versions, version: u64, batch: &[Write]) -> Result<()> {
        if versions.held.keys().next().is_none_or(|oldest| *oldest >= version) {
            return Ok(());
        }
        for write in batch {
            let values = versions.replaced.entry(write.key.clone()).or_default();
            if values.last().is_none_or(|(replaced_by, _)| *replaced_by < version) {
                values.push((version, self.engine().get(&write.key)?));
            }
        }
        Ok(())
    }
}
