//! Reading what is left of a damaged store.

use super::{
    folder::{self, Folder},
    log,
    seal::Seal,
    totals::{TOTALS, Totals},
};
use crate::{
    error::{Error, Result},
    storage::Entry,
};
use std::path::Path;

/// What is left of a damaged store.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Wreck {
    /// The entries that are what was written once, in the order of their keys.
    pub(crate) entries: Vec<Entry>,
    /// Messages of the log, and entries in them, that are not what was written.
    pub(crate) damaged: u64,
    /// How many entries there should be, if that can be read.
    pub(crate) expected: Option<u64>,
    /// The changes that were flushed and aren't there, if that can be read; those are the last.
    pub(crate) lost_changes: Option<u64>,
    /// All that there should be is there, as it was written last.
    pub(crate) complete: bool,
}

impl Wreck {
    /// Reads what is left of the store in this folder, and writes nothing to it.
    pub(crate) fn read(store: &Path) -> Result<Self> {
        let _lock = Folder::lock_if_possible(store)?;
        let data = folder::likely_data(store)?;
        let replayed = log::replay(&data.database());
        let mut replayed =
            replayed.map_err(|source| Error::Io { action: "reading", path: store.to_owned(), source })?;
        let totals = replayed.entries.remove(TOTALS).and_then(|bytes| Totals::decode(&bytes));
        if replayed.entries.is_empty() {
            let problem = "nothing in its files can be read".to_owned();
            return Err(Error::Corrupt { path: store.to_owned(), problem });
        }
        let mut found = Totals::default();
        for (key, value) in &replayed.entries {
            found.add(key, value);
        }
        let acknowledged = Seal::acknowledged_in(&data);
        let lost_changes =
            acknowledged.zip(totals).map(|(flushed, totals)| flushed.saturating_sub(totals.changes));
        Ok(Self {
            entries: replayed.entries.into_iter().map(|(key, value)| Entry { key, value }).collect(),
            damaged: replayed.damaged,
            expected: totals.map(|totals| totals.entries),
            lost_changes,
            complete: totals.is_some_and(|totals| totals.same_entries(&found)) && lost_changes == Some(0),
        })
    }
}
