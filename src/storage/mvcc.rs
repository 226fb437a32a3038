//! Reads that see the map as it was at one point in time, without keeping writers waiting.
//!
//! The engine's own scans aren't snapshots. So, while a snapshot is held, each write first saves what it replaces;
//! a reader puts those older values back over what it finds. Without a snapshot nothing is saved.

use super::{Direction, Entries, Entry, Page, Reads, Storage, Write, reads::patched};
use crate::{
    error::Result,
    format::{KeyRange, Stored, value_after},
};
use std::{collections::BTreeMap, ops::Bound, path::Path, sync::Arc};

/// What was stored, none if there was nothing, and the version that replaced it.
type Replaced = (u64, Option<Vec<u8>>);

/// What tells one point in time from another.
#[derive(Debug, Default)]
pub(super) struct Versions {
    /// Raised by each change.
    pub(super) version: u64,
    /// The number of the last large change that is committed.
    pub(super) committed: u64,
    /// Another large change has written, or a failed one is still to be taken back.
    pub(super) under_way: bool,
    /// The versions that snapshots are held of, by how many, and the last large change that they see.
    held: BTreeMap<u64, (usize, u64)>,
    /// By key, what was replaced and the version that replaced it, oldest first.
    pub(super) replaced: BTreeMap<Vec<u8>, Vec<Replaced>>,
}

impl Versions {
    /// The last large change that all readers see, those who began before it was committed too.
    pub(super) fn committed_for_all(&self) -> u64 {
        self.held.values().next().map_or(self.committed, |(_, committed)| *committed)
    }

    /// Saves what a batch is about to replace, for the snapshots that are held.
    pub(super) fn save_replaced(&mut self, batch: &[Write]) {
        for write in batch {
            self.save(&write.key, write.old.as_ref());
        }
    }

    /// Saves what stands under a key and is about to be replaced by the next version.
    pub(super) fn save(&mut self, key: &[u8], stored: Option<&Vec<u8>>) {
        if self.held.is_empty() {
            return;
        }
        let next = self.version + 1;
        let values = self.replaced.entry(key.to_vec()).or_default();
        if values.last().is_none_or(|(replaced_by, _)| *replaced_by < next) {
            values.push((next, stored.cloned()));
        }
    }

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

    /// What was replaced in `range` since `version`, as it was then.
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
    /// The last large change that was committed.
    committed: u64,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut versions = self.storage.versions_mut();
        if let Some((count, _)) = versions.held.get_mut(&self.version) {
            *count -= 1;
            if *count == 0 {
                versions.held.remove(&self.version);
                versions.forget();
            }
        }
    }
}

impl Snapshot {
    pub(super) fn new(storage: Storage) -> Self {
        let mut versions = storage.versions_mut();
        let (version, committed) = (versions.version, versions.committed);
        versions.held.entry(version).or_insert((0, committed)).0 += 1;
        drop(versions);
        Self { held: Arc::new(Held { storage, version, committed }) }
    }

    /// The value that this snapshot sees of stored bytes.
    fn value(&self, stored: Vec<u8>) -> Result<Option<Vec<u8>>> {
        value_after(stored, self.held.committed).map_err(|malformed| self.held.storage.corrupt(malformed))
    }
}

impl Reads for Snapshot {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let Held { storage, version, .. } = &*self.held;
        let versions = storage.versions();
        let replaced = versions.replaced.get(key);
        let replaced = replaced.and_then(|values| values.iter().find(|(by, _)| by > version));
        let stored = match replaced {
            Some((_, stored)) => stored.clone(),
            None => storage.engine().get(key)?,
        };
        drop(versions);
        stored.map_or(Ok(None), |stored| self.value(stored))
    }

    fn page(&self, range: &KeyRange, direction: Direction, limit: usize) -> Result<Page> {
        let Held { storage, version, .. } = &*self.held;
        let versions = storage.versions();
        let mut stored = storage.engine().scan(range, direction, limit)?;
        let rest = range.after(&stored, direction).filter(|_| stored.len() >= limit);
        let patches: BTreeMap<_, _> = versions
            .replaced_since(*version, &range.before(rest.as_ref(), direction))
            .map(|(key, stored)| (key.clone(), stored.clone()))
            .collect();
        drop(versions);
        stored = patched(stored, patches, direction);
        let mut entries = Vec::with_capacity(stored.len());
        for Entry { key, value } in stored {
            entries.extend(self.value(value)?.map(|value| Entry { key, value }));
        }
        Ok(Page { entries, rest })
    }

    fn page_into(&self, range: &KeyRange, limit: usize, entries: &mut Entries) -> Result<Option<KeyRange>> {
        entries.clear();
        let Held { storage, version, committed } = &*self.held;
        let versions = storage.versions();
        if versions.replaced_since(*version, range).next().is_some() {
            drop(versions);
            let page = self.page(range, Direction::Forwards, limit)?;
            page.entries.iter().for_each(|entry| entries.push(&entry.key, &entry.value));
            return Ok(page.rest);
        }
        let (mut last, mut read, mut malformed) = (Vec::new(), 0, None);
        storage.engine().visit(range, Direction::Forwards, limit, &mut |key, stored| {
            match Stored::decode(stored).map(|stored| stored.after(*committed)) {
                Ok(Some(value)) => entries.push(key, value),
                Ok(None) => {}
                Err(problem) => malformed = Some(problem),
            }
            read += 1;
            key.clone_into(&mut last);
        })?;
        drop(versions);
        match malformed {
            Some(malformed) => Err(storage.corrupt(malformed)),
            None => Ok(range.behind(&last, Direction::Forwards).filter(|_| read >= limit)),
        }
    }

    fn path(&self) -> &Path {
        self.held.storage.path()
    }
}
