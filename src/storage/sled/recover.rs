//! Reading what is left of a damaged store.

use super::{
    folder::{self, Folder},
    sled_log,
    totals::{TOTALS, Totals, entry_hash},
    watermark::Watermark,
};
use crate::{
    error::{Error, Result},
    format::{ChangesRecord, Record, key, value_after},
    storage::Entry,
};
use std::{collections::BTreeMap, path::Path};

/// What is left of a damaged store.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Remains {
    /// The entries that are what was written once, in the order of their keys.
    pub(crate) entries: Vec<Entry>,
    /// Messages of the log, and entries in them, that are not what was written.
    pub(crate) damaged: u64,
    /// How many entries there should be, if that can be read.
    pub(crate) expected: Option<u64>,
    /// How many of the last batches that were flushed aren't there, if that can be read.
    pub(crate) lost_batches: Option<u64>,
    /// All that there should be is there, as it was written last.
    pub(crate) complete: bool,
}

impl Remains {
    /// Reads what is left of the store in this folder, and writes nothing to it.
    pub(crate) fn read(store: &Path) -> Result<Self> {
        let _lock = Folder::lock_if_possible(store)?;
        let data = folder::likely_data(store)?;
        let replayed = sled_log::replay(&data.database());
        let mut replayed =
            replayed.map_err(|source| Error::Io { action: "reading", path: store.to_owned(), source })?;
        let noted = replayed.entries.remove(TOTALS).and_then(|bytes| Totals::decode(&bytes));
        let totals = replayed.totals.newer(noted.unwrap_or_default());
        let totals = (totals.batches > 0).then_some(totals);
        if replayed.entries.is_empty() {
            let problem = "nothing in its files can be read".to_owned();
            return Err(Error::Corrupt { path: store.to_owned(), problem });
        }
        let mut found = Totals::default();
        for (key, value) in &replayed.entries {
            found.add(entry_hash(key, value));
        }
        let stored = replayed.entries.len();
        let (entries, malformed) = values(replayed.entries);
        // Some of what is stored is nobody's value.
        let nothing = (stored - entries.len()) as u64 - malformed;
        let acknowledged = Watermark::acknowledged_in(&data);
        let lost_batches =
            acknowledged.zip(totals).map(|(flushed, totals)| flushed.saturating_sub(totals.batches));
        Ok(Self {
            entries,
            damaged: replayed.damaged + malformed,
            expected: totals.map(|totals| totals.entries.saturating_sub(nothing)),
            lost_batches,
            complete: totals.is_some_and(|totals| totals.same_entries(&found)) && lost_batches == Some(0),
        })
    }
}

/// The values that readers would see of what is stored, and how much of it can't be read.
fn values(mut stored: BTreeMap<Vec<u8>, Vec<u8>>) -> (Vec<Entry>, u64) {
    let changes = stored.remove(&key::changes()).and_then(|bytes| value_after(bytes, 0).ok()?);
    let changes = changes.and_then(|record| ChangesRecord::decode(&record).ok());
    // Without their record, large changes are taken to be committed: nearly all are.
    let committed = changes.map_or(u64::MAX, |record| record.committed);
    let mut malformed = 0;
    let mut entries = Vec::with_capacity(stored.len());
    for (key, bytes) in stored {
        match value_after(bytes, committed) {
            Ok(value) => entries.extend(value.map(|value| Entry { key, value })),
            Err(_) => malformed += 1,
        }
    }
    (entries, malformed)
}
