//! What writers save for the snapshots that are held.

use super::Write;
use crate::format::KeyRange;
use std::{collections::BTreeMap, ops::Bound};

/// What was stored, none if there was nothing, and the version that replaced it.
type ReplacedValue = (u64, Option<Vec<u8>>);

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
    pub(super) held: BTreeMap<u64, (usize, u64)>,
    /// By key, what was replaced and the version that replaced it, oldest first.
    pub(super) replaced: BTreeMap<Vec<u8>, Vec<ReplacedValue>>,
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
        let Some((newest, _)) = self.held.last_key_value() else { return };
        let values = self.replaced.entry(key.to_vec()).or_default();
        // What was written since the newest snapshot was taken, no snapshot sees.
        if values.last().is_none_or(|(replaced_by, _)| replaced_by <= newest) {
            values.push((self.version + 1, stored.cloned()));
        }
    }

    /// Drops the replaced values that no held snapshot can ask for.
    pub(super) fn forget(&mut self) {
        match self.held.keys().next().copied() {
            None => self.replaced.clear(),
            Some(oldest) => self.replaced.retain(|_, values| {
                values.retain(|(version, _)| *version > oldest);
                !values.is_empty()
            }),
        }
    }

    /// What was replaced in `range` since `version`, as it was then.
    pub(super) fn replaced_since<'v>(
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
