//! A place on the disk for what a tracker can't hold in memory.

use super::{BATCH, Direction, Entry, Storage, Write};
use crate::{
    error::Result,
    format::{KeyRange, key},
};

/// An ordered map that only its owner sees, gone when it is dropped, or when the store is opened again.
#[derive(Debug)]
pub(crate) struct Spill {
    storage: Storage,
    prefix: Vec<u8>,
    used: bool,
}

impl Spill {
    pub(super) fn new(storage: Storage, run: u64) -> Self {
        Self { storage, prefix: key::spill(run), used: false }
    }

    pub(crate) fn is_used(&self) -> bool {
        self.used
    }

    pub(crate) fn put_all(&mut self, entries: impl IntoIterator<Item = Entry>) -> Result<()> {
        self.used = true;
        let mut entries = entries.into_iter();
        loop {
            let batch: Vec<Write> = entries
                .by_ref()
                .take(BATCH)
                .map(|entry| {
                    let key = [&self.prefix, &entry.key[..]].concat();
                    let old = self.storage.engine().get(&key)?;
                    Ok(Write { key, old, new: Some(entry.value) })
                })
                .collect::<Result<_>>()?;
            if batch.is_empty() {
                return Ok(());
            }
            self.storage.engine().apply(batch)?;
        }
    }

    /// All entries whose keys begin with `prefix`, in order.
    pub(crate) fn entries(&self, prefix: &[u8]) -> impl Iterator<Item = Result<Entry>> {
        let mut rest = Some(KeyRange::prefix([&self.prefix, prefix].concat()));
        let mut page = Vec::new().into_iter();
        std::iter::from_fn(move || {
            if page.len() == 0
                && let Some(range) = rest.take()
            {
                match self.storage.engine().scan(&range, Direction::Forwards, BATCH) {
                    Ok(entries) => {
                        let full = entries.len() == BATCH;
                        rest = range.after(&entries, Direction::Forwards).filter(|_| full);
                        page = entries.into_iter();
                    }
                    Err(error) => return Some(Err(error)),
                }
            }
            let entry = page.next()?;
            let key = entry.key.get(self.prefix.len()..).unwrap_or_default().to_vec();
            Some(Ok(Entry { key, value: entry.value }))
        })
    }
}

impl Drop for Spill {
    fn drop(&mut self) {
        if self.used {
            // What stays behind is cleared when the store is opened.
            let _ = self.storage.clear(&KeyRange::prefix(self.prefix.clone()));
        }
    }
}
