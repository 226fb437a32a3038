//! Reads that see the map as it was at one point in time, without keeping writers waiting.
//!
//! The engine's own scans aren't snapshots. So, while a snapshot is held, each write first saves what it replaces;
//! a reader puts those older values back over what it finds. Without a snapshot nothing is saved.

use super::{Direction, Engine, EntryBuffer, Page, Reads, Storage, reads::patched, versions::Versions};
use crate::{error::Result, format::KeyRange};
use std::{path::Path, sync::Arc};

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
    /// How often the map had been made anew.
    remakes: u64,
    /// Damage that it meets is left to whoever holds it.
    leaves_damage: bool,
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

impl Storage {
    /// The state of the map as it is now, for as long as it is held.
    pub(crate) fn snapshot(&self) -> Snapshot {
        self.hold(false)
    }

    /// The same for a checkpoint.
    pub(super) fn snapshot_of_checkpoint(&self) -> Snapshot {
        self.hold(true)
    }

    fn hold(&self, leaves_damage: bool) -> Snapshot {
        let mut versions = self.versions_mut();
        let Versions { version, remakes, .. } = *versions;
        *versions.held.entry(version).or_default() += 1;
        drop(versions);
        Snapshot { held: Arc::new(Held { storage: self.clone(), version, remakes, leaves_damage }) }
    }
}

impl Held {
    /// Reads from the map as it is and what was replaced in it.
    fn read<T>(&self, work: impl FnOnce(&Versions, &dyn Engine) -> Result<T>) -> Result<T> {
        let versions = self.storage.versions();
        versions.check(self.remakes, self.storage.path())?;
        let found = work(&versions, self.storage.engine());
        drop(versions);
        if self.leaves_damage {
            return found;
        }
        found.map_err(|error| self.storage.mended(error, self.remakes))
    }
}

impl Reads for Snapshot {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.held.read(|versions, engine| match versions.replaced(self.held.version, key)? {
            Some(stored) => Ok(stored),
            None => engine.get(key),
        })
    }

    fn page(&self, range: &KeyRange, direction: Direction, limit: usize) -> Result<Page> {
        self.held.read(|versions, engine| {
            let stored = engine.scan(range, direction, limit)?;
            let rest = range.after(&stored, direction).filter(|_| stored.len() >= limit);
            let covered = range.before(rest.as_ref(), direction);
            let patches = versions.replaced_in(self.held.version, &covered)?;
            Ok(Page { entries: patched(stored, patches, direction), rest })
        })
    }

    fn page_into(
        &self,
        range: &KeyRange,
        limit: usize,
        entries: &mut EntryBuffer,
    ) -> Result<Option<KeyRange>> {
        entries.clear();
        let read = self.held.read(|versions, engine| {
            if versions.may_have_replaced(self.held.version, range) {
                return Ok(None);
            }
            let (mut last, mut read) = (Vec::new(), 0);
            engine.visit(range, Direction::Forwards, limit, &mut |key, value| {
                entries.push(key, value);
                read += 1;
                key.clone_into(&mut last);
            })?;
            Ok(Some(range.behind(&last, Direction::Forwards).filter(|_| read >= limit)))
        })?;
        if let Some(rest) = read {
            return Ok(rest);
        }
        let page = self.page(range, Direction::Forwards, limit)?;
        page.entries.iter().for_each(|entry| entries.push(&entry.key, &entry.value));
        Ok(page.rest)
    }

    fn path(&self) -> &Path {
        self.held.storage.path()
    }
}
