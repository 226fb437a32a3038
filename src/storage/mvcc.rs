//! Reads that see the map as it was at one point in time, without keeping writers waiting.
//!
//! The engine's own scans aren't snapshots. So, while a snapshot is held, each write first saves what it replaces;
//! a reader puts those older values back over what it finds. Without a snapshot nothing is saved.

use super::{Direction, Entry, EntryBuffer, Page, Reads, Storage, reads::patched};
use crate::{
    error::Result,
    format::{KeyRange, Stored, value_after},
};
use std::{collections::BTreeMap, path::Path, sync::Arc};

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

impl Storage {
    /// The state of the map as it is now, for as long as it is held.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let mut versions = self.versions_mut();
        let (version, committed) = (versions.version, versions.committed);
        versions.held.entry(version).or_insert((0, committed)).0 += 1;
        drop(versions);
        Snapshot { held: Arc::new(Held { storage: self.clone(), version, committed }) }
    }
}

impl Snapshot {
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

    fn page_into(
        &self,
        range: &KeyRange,
        limit: usize,
        entries: &mut EntryBuffer,
    ) -> Result<Option<KeyRange>> {
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
