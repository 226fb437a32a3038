//! The engine of stores that don't persist.

use super::{Direction, Engine, Log, VisitEntries, Write};
use crate::{error::Result, format::KeyRange};
use std::{
    collections::BTreeMap,
    ops::Bound,
    path::Path,
    sync::{PoisonError, RwLock},
};

/// A map in memory, gone when it is dropped.
#[derive(Debug, Default)]
pub(crate) struct MemoryEngine {
    map: RwLock<BTreeMap<Vec<u8>, Vec<u8>>>,
}

impl Engine for MemoryEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(self.map.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned())
    }

    fn visit(
        &self,
        range: &KeyRange,
        direction: Direction,
        limit: usize,
        visit: VisitEntries<'_>,
    ) -> Result<()> {
        if range.is_empty() {
            return Ok(());
        }
        let map = self.map.read().unwrap_or_else(PoisonError::into_inner);
        let end = range.end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let found = map.range::<[u8], _>((Bound::Included(range.start.as_slice()), end));
        let visit = |(key, value): (&Vec<u8>, &Vec<u8>)| visit(key, value);
        match direction {
            Direction::Forwards => found.take(limit).for_each(visit),
            Direction::Backwards => found.rev().take(limit).for_each(visit),
        }
        Ok(())
    }

    fn apply(&self, batch: Vec<Write>, _: Option<Log<'_>>) -> Result<()> {
        let mut map = self.map.write().unwrap_or_else(PoisonError::into_inner);
        for Write { key, value } in batch {
            match value {
                Some(value) => map.insert(key, value),
                None => map.remove(&key),
            };
        }
        Ok(())
    }

    fn flush(&self) -> Result<()> {
        Ok(())
    }

    fn check(&self) -> Result<()> {
        Ok(())
    }

    fn path(&self) -> &Path {
        Path::new("(in memory)")
    }
}
