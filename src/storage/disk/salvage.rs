//! Reading what is left of a damaged store.
//!
//! sled writes to the files that it opens, so copies of them are opened. The database has two ways to its pages: by the
//! snapshot of its log and what was logged since, or by replaying all of its log, which passes over what is
//! damaged. The one that finds more is taken.

use super::{
    database::Database,
    folder::{self, Folder, Place},
    seal::Seal,
    totals::Totals,
};
use crate::{
    error::{Error, Result},
    storage::Entry,
};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Everything is read once or twice, in order.
const CACHE_BYTES: u64 = 16 << 20;

/// What is left of a damaged store, open for reading.
#[derive(Debug)]
pub(crate) struct Wreck {
    database: Database,
    left: Left,
    workspace: PathBuf,
}

/// How much is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Left {
    /// Entries that are what was written once.
    pub(crate) entries: u64,
    /// Entries that aren't, and places in which nothing could be read.
    pub(crate) damaged: u64,
    /// How many entries there should be, if that can be read.
    pub(crate) expected: Option<u64>,
    /// The changes that were flushed and aren't there, if that can be read; those are the last.
    pub(crate) lost_changes: Option<u64>,
    /// All that there should be is there, as it was written last.
    pub(crate) complete: bool,
}

impl Wreck {
    /// Opens what is left of the store in this folder. The workspace is a folder that isn't there yet; it takes as much
    /// space as the damaged store.
    pub(crate) fn open(store: &Path, workspace: &Path) -> Result<Self> {
        let _lock = Folder::lock_if_possible(store)?;
        let data = folder::likely_data(store)?;
        let acknowledged = Seal::acknowledged_in(&data);
        let mut best: Option<Self> = None;
        for (name, with_snapshot) in [("replayed", false), ("as-it-is", true)] {
            let copy = workspace.join(name);
            copy_database(&data, &copy, with_snapshot).map_err(|source| Error::Io {
                action: "copying to",
                path: copy.clone(),
                source,
            })?;
            let Ok(database) = Database::open(store, &copy, CACHE_BYTES) else { continue };
            let left = left(&database, acknowledged);
            let better =
                |best: &Self| (left.complete, left.entries) > (best.left.complete, best.left.entries);
            if best.as_ref().is_none_or(better) {
                best = Some(Self { database, left, workspace: workspace.to_owned() });
            }
            if left.complete {
                break;
            }
        }
        let problem = || "nothing in its files can be read".to_owned();
        best.filter(|best| best.left.entries > 0)
            .ok_or_else(|| Error::Corrupt { path: store.to_owned(), problem: problem() })
    }

    pub(crate) fn left(&self) -> Left {
        self.left
    }

    /// Visits all entries that are left, in the order of their keys, until a visit fails.
    pub(crate) fn for_each(&self, mut visit: impl FnMut(Entry) -> Result<()>) -> Result<()> {
        self.database.readable(|entry| entry.map_or(Ok(()), &mut visit))
    }
}

impl Drop for Wreck {
    fn drop(&mut self) {
        // Who asked for the workspace may remove it too.
        let _ = fs::remove_dir_all(&self.workspace);
    }
}

fn left(database: &Database, acknowledged: Option<u64>) -> Left {
    let mut found = Totals::default();
    let mut damaged = 0;
    // This visit never fails.
    let _ = database.readable(|entry| {
        match entry {
            Some(Entry { key, value }) => found.add(&key, &value),
            None => damaged += 1,
        }
        Ok(())
    });
    let totals = database.totals().ok().flatten();
    let lost = |totals: &Totals| acknowledged.map(|acknowledged| acknowledged.saturating_sub(totals.changes));
    let lost_changes = totals.as_ref().and_then(lost);
    let all = totals.is_some_and(|totals| totals.same_entries(&found));
    Left {
        entries: found.entries,
        damaged,
        expected: totals.map(|totals| totals.entries),
        lost_changes,
        complete: all && damaged == 0 && lost_changes == Some(0),
    }
}

fn copy_database(data: &Place, to: &Path, with_snapshot: bool) -> io::Result<()> {
    let from = data.database();
    fs::create_dir_all(to.join("blobs"))?;
    for file in fs::read_dir(&from)?.chain(fs::read_dir(from.join("blobs")).into_iter().flatten()) {
        let path = file?.path();
        let is_snapshot = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("snap."));
        if path.is_file() && (with_snapshot || !is_snapshot) {
            fs::copy(&path, to.join(path.strip_prefix(&from).unwrap_or(&path)))?;
        }
    }
    Ok(())
}
