//! What a storage engine has to offer.

use crate::{error::Result, format::KeyRange};
use std::{fmt::Debug, path::Path};

/// So many entries are read at once, where all of a range are.
pub(crate) const BATCH: usize = 512;

/// What the names of files begin with that hold spilled entries, in a store's folder.
pub(in crate::storage) const SPILL_FILES: &str = "spill-";

/// Takes a key and its value.
pub(crate) type VisitEntries<'v> = &'v mut dyn FnMut(&[u8], &[u8]);

/// An ordered map of bytes. Calls may come from many threads at once.
pub(crate) trait Engine: Debug + Send + Sync {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>>;

    /// Calls `visit` with the keys and values of the first `limit` entries of a range in this direction; of fewer only when
    /// there are no more.
    fn visit(
        &self,
        range: &KeyRange,
        direction: Direction,
        limit: usize,
        visit: VisitEntries<'_>,
    ) -> Result<()>;

    /// The first `limit` entries of a range in this direction; fewer only when there are no more.
    fn scan(&self, range: &KeyRange, direction: Direction, limit: usize) -> Result<Vec<Entry>> {
        let mut entries = Vec::new();
        self.visit(range, direction, limit, &mut |key, value| {
            entries.push(Entry { key: key.to_vec(), value: value.to_vec() });
        })?;
        Ok(entries)
    }

    /// Does all of these writes or none, also across a crash; in the order of the calls, so that no write survives
    /// one that was made before it. No key is in a batch twice, and nobody else writes to its keys meanwhile.
    fn apply(&self, batch: Vec<Write>) -> Result<()>;

    /// Returns when everything that was applied is on the disk.
    fn flush(&self) -> Result<()>;

    /// Makes the map what is found at its path from now on. Until then there is none.
    fn publish(&self) -> Result<()>;

    /// Reads all entries, and compares them with what was written. Writes wait meanwhile, reads go on.
    fn check(&self) -> Result<()>;

    /// Rewrites the map into less space, in one step, each entry as `rewritten` makes it, or without it; where that takes
    /// more, the map stays as it is. Writes wait meanwhile, reads go on.
    fn compact(&self, rewritten: &dyn Fn(Entry) -> Option<Entry>) -> Result<Compaction>;

    /// The directory, if there is one: for files that are gone with the process.
    fn folder(&self) -> Option<&Path> {
        None
    }

    /// The directory, or a name for people where there is none.
    fn path(&self) -> &Path;
}

/// How many bytes the files of a store had before a compaction, and have after it; none in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Compaction {
    /// In bytes.
    pub before: u64,
    /// In bytes.
    pub after: u64,
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: Vec<u8>,
    pub(crate) value: Vec<u8>,
}

/// What a key has, none if there is nothing, and what it gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Write {
    pub(crate) key: Vec<u8>,
    pub(crate) old: Option<Vec<u8>>,
    pub(crate) new: Option<Vec<u8>>,
}

/// Which end of a range comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Forwards,
    Backwards,
}
