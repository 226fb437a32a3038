//! What a storage engine has to offer.

use super::Checkpoint;
use crate::{error::Result, format::KeyRange};
use std::{fmt::Debug, path::Path, sync::Arc};

/// So many entries are read at once, where all of a range are.
pub(crate) const BATCH: usize = 512;

/// Takes a key and its value.
pub(crate) type VisitEntries<'v> = &'v mut dyn FnMut(&[u8], &[u8]);

/// Parts of changes, as they were logged.
pub(crate) type Parts = Box<dyn Iterator<Item = Result<Vec<u8>>>>;

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

    /// Does all of these writes, after it has added them to the journal, or none. No key is in a batch twice, and nobody else
    /// writes meanwhile. Without a log, the map is written to alone: what it had before or will have is in the journal.
    fn apply(&self, batch: Vec<Write>, log: Option<Log<'_>>) -> Result<()>;

    /// Says that the parts that were logged of a change are not to happen.
    fn give_up(&self) {}

    /// The parts of changes in the journal that the map doesn't have yet: they are to be applied first of all, and then it
    /// has [caught up](Self::caught_up).
    fn unapplied(&self) -> Option<Parts> {
        None
    }

    /// Says that the map has all that was [behind](Self::behind).
    fn caught_up(&self) {}

    /// Returns when every change that was logged is on the disk.
    fn flush(&self) -> Result<()>;

    /// Whether changes can't be logged before there is a checkpoint: what there was is damaged.
    fn needs_checkpoint(&self) -> bool {
        false
    }

    /// Whether the journal is long enough for a checkpoint.
    fn wants_checkpoint(&self) -> bool {
        false
    }

    /// Begins a checkpoint: the journal goes on in a new file. No change is open meanwhile. None in memory.
    fn begin_checkpoint(&self) -> Result<Option<Checkpoint>> {
        Ok(None)
    }

    /// Puts a checkpoint, which has all entries as they were when it was begun, in the place of the one before.
    fn finish_checkpoint(&self, _: Checkpoint) -> Result<()> {
        Ok(())
    }

    /// Makes the map anew from the checkpoint where that takes less space. No change is open meanwhile, and none was made
    /// since the checkpoint was begun; reads go on.
    fn renew(&self) -> Result<()> {
        Ok(())
    }

    /// How many bytes its files hold, with all that waits for being written to them; none in memory.
    fn bytes(&self) -> u64 {
        0
    }

    /// Begins to make the map anew, since damage was met in it: gives an engine with all that the checkpoint has, and what
    /// it doesn't have yet of the journal. No change is applied meanwhile. None in memory.
    fn begin_remake(&self) -> Result<Option<(Arc<dyn Engine>, Parts)>> {
        Ok(None)
    }

    /// Puts the map that was made anew in the place of the damaged one.
    fn finish_remake(&self) {}

    /// What was made anew when it was opened, if anything was.
    fn made_anew(&self) -> Option<MadeAnew> {
        None
    }

    /// Reads everything, and compares it with what was written. No change is open meanwhile.
    fn check(&self) -> Result<()>;

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

/// What was made anew when a store was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MadeAnew {
    /// The index that reads go to, from the checkpoint and the journal: the store wasn't closed in order the last time, or
    /// the index was damaged.
    Index,
    /// The checkpoint and the journal, from the index: one of them was damaged.
    History,
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: Vec<u8>,
    pub(crate) value: Vec<u8>,
}

/// What a key gets, none if its entry goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Write {
    pub(crate) key: Vec<u8>,
    pub(crate) value: Option<Vec<u8>>,
}

impl From<(Vec<u8>, Vec<u8>)> for Write {
    fn from((key, value): (Vec<u8>, Vec<u8>)) -> Self {
        Self { key, value: Some(value) }
    }
}

/// A change as it is logged, or a part of one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Log<'b> {
    pub(crate) bytes: &'b [u8],
    /// With it, the change happens.
    pub(crate) is_last: bool,
}

/// Which end of a range comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Forwards,
    Backwards,
}
