//! What writers save for the snapshots that are held.

use super::undo::{ReplacedEntries, Undo};
use crate::{
    error::{Error, Result},
    format::KeyRange,
};
use std::{collections::BTreeMap, ops::Bound, path::Path};

/// What was stored, none if there was nothing, and the version that replaced it.
type ReplacedValue = (u64, Option<Vec<u8>>);

/// What tells one point in time from another.
#[derive(Debug, Default)]
pub(super) struct Versions {
    /// Raised by each change.
    pub(super) version: u64,
    /// The versions that snapshots are held of, and by how many.
    pub(super) held: BTreeMap<u64, usize>,
    /// By key, what small changes have replaced, oldest first.
    pub(super) replaced: BTreeMap<Vec<u8>, Vec<ReplacedValue>>,
    /// What large changes have replaced, and the version that each has made, oldest first; the last may not have happened
    /// yet.
    pub(super) large: Vec<(u64, Undo)>,
    pub(super) is_large_under_way: bool,
    /// How often the map was made anew. Its entries aren't the same ones then, though they say the same.
    pub(super) remakes: u64,
}

impl Versions {
    /// Saves what stands under a key and is about to be replaced by the next version, if a snapshot sees it.
    pub(super) fn save(&mut self, key: &[u8], stored: Option<Vec<u8>>) {
        let Some((newest, _)) = self.held.last_key_value() else { return };
        let values = self.replaced.entry(key.to_vec()).or_default();
        // What was written since the newest snapshot was taken, no snapshot sees.
        if values.last().is_none_or(|(replaced_by, _)| replaced_by <= newest) {
            values.push((self.version + 1, stored));
        }
    }

    /// Says that the map was made anew: snapshots that were taken before see nothing any more, and a change that is open won't
    /// happen.
    pub(super) fn remade(&mut self) {
        self.remakes += 1;
        self.replaced.clear();
        self.large.clear();
        self.is_large_under_way = false;
    }

    /// Whether the map is still the one that a read began with.
    pub(super) fn check(&self, remakes: u64, store: &Path) -> Result<()> {
        if self.remakes == remakes { Ok(()) } else { Err(Error::MadeAnew { path: store.to_owned() }) }
    }

    /// Drops the replaced values that no held snapshot can ask for.
    pub(super) fn forget(&mut self) {
        let oldest = self.held.keys().next().copied().unwrap_or(self.version);
        self.large.retain(|(version, _)| *version > oldest);
        if self.held.is_empty() {
            self.replaced.clear();
        } else {
            self.replaced.retain(|_, values| {
                values.retain(|(version, _)| *version > oldest);
                !values.is_empty()
            });
        }
    }

    /// What stood under a key at a version, if it was replaced since.
    pub(super) fn replaced(&self, version: u64, key: &[u8]) -> Result<Option<Option<Vec<u8>>>> {
        let mut values = self.replaced.get(key).into_iter().flatten();
        let mut oldest = values.find(|(by, _)| *by > version).cloned();
        for (by, undo) in self.large.iter().filter(|(by, _)| *by > version) {
            if oldest.as_ref().is_none_or(|(oldest, _)| by < oldest)
                && let Some(value) = undo.get(key)?
            {
                oldest = Some((*by, value));
            }
        }
        Ok(oldest.map(|(_, value)| value))
    }

    /// Whether anything was replaced in a range since a version, perhaps.
    pub(super) fn may_have_replaced(&self, version: u64, range: &KeyRange) -> bool {
        self.large.iter().any(|(by, _)| *by > version) || self.small(version, range).next().is_some()
    }

    /// What was replaced in a range since a version, as it was then.
    pub(super) fn replaced_in(&self, version: u64, range: &KeyRange) -> Result<ReplacedEntries> {
        let mut oldest: BTreeMap<Vec<u8>, ReplacedValue> =
            self.small(version, range).map(|(key, value)| (key.clone(), value.clone())).collect();
        for (by, undo) in self.large.iter().filter(|(by, _)| *by > version) {
            for (key, value) in undo.range(range)? {
                let older = oldest.entry(key).or_insert_with(|| (*by, value.clone()));
                if *by < older.0 {
                    *older = (*by, value);
                }
            }
        }
        Ok(oldest.into_iter().map(|(key, (_, value))| (key, value)).collect())
    }

    fn small<'v>(
        &'v self,
        version: u64,
        range: &'v KeyRange,
    ) -> impl Iterator<Item = (&'v Vec<u8>, &'v ReplacedValue)> {
        let end = range.end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let bounds = (!range.is_empty()).then_some((Bound::Included(range.start.as_slice()), end));
        bounds.into_iter().flat_map(|bounds| self.replaced.range::<[u8], _>(bounds)).filter_map(
            move |(key, values)| Some((key, values.iter().find(|(replaced_by, _)| *replaced_by > version)?)),
        )
    }
}
