//! The writes of a large change, put aside until it is committed, and then brought to their places.

use super::{BATCH, Direction, Storage, Write};
use crate::{
    encoding::{KeyRange, Space, key},
    error::Result,
};

const REMOVE: u8 = 0;
const PUT: u8 = 1;

/// A pending write's bytes: what to do, and the value to put.
pub(super) fn pending_write(key: &[u8], value: Option<&[u8]>) -> Write {
    let value = match value {
        Some(value) => [&[PUT][..], value].concat(),
        None => vec![REMOVE],
    };
    Write { key: key::pending(key), value: Some(value) }
}

pub(super) fn pending_value(pending: &[u8]) -> Option<Vec<u8>> {
    match pending.split_first() {
        Some((&PUT, value)) => Some(value.to_vec()),
        _ => None,
    }
}

impl Storage {
    /// Commits the pending change: from here on it has happened, and `settle` brings its writes to their places.
    pub(super) fn commit_pending(&self) -> Result<()> {
        let mut versions = self.versions_mut();
        self.engine().apply(vec![Write { key: key::committed(), value: Some(Vec::new()) }])?;
        versions.settling = true;
        versions.version += 1;
        Ok(())
    }

    /// Brings the writes of the committed change to their places; can be begun again after a failure or a crash.
    pub(super) fn settle(&self) -> Result<()> {
        let pending = KeyRange::space(Space::Pending);
        loop {
            let mut versions = self.versions_mut();
            let entries = self.engine().scan(&pending, Direction::Forwards, BATCH)?;
            if entries.is_empty() {
                self.engine().apply(vec![Write { key: key::committed(), value: None }])?;
                versions.settling = false;
                return Ok(());
            }
            let puts: Vec<Write> = entries
                .iter()
                .map(|entry| Write {
                    key: key::pending_target(&entry.key).to_vec(),
                    value: pending_value(&entry.value),
                })
                .collect();
            let version = versions.version;
            self.save_replaced(&mut versions, version, &puts)?;
            let removes = entries.into_iter().map(|entry| Write { key: entry.key, value: None });
            self.engine().apply(puts.into_iter().chain(removes).collect())?;
        }
    }
}
