//! An engine for tests, which counts what is asked of it.

use super::{Direction, Engine, Log, MemoryEngine, VisitEntries, Write};
use crate::{error::Result, format::KeyRange};
use std::{
    mem,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

/// What was asked of an engine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Calls {
    pub(crate) gets: usize,
    pub(crate) scans: usize,
    pub(crate) applies: usize,
    /// The entries of all batches.
    pub(crate) written: usize,
    /// The bytes of all logs.
    pub(crate) logged: usize,
    /// The keys that were asked for, and where scans began, as text.
    pub(crate) reads: Vec<String>,
}

/// A map in memory that counts calls.
#[derive(Debug, Default)]
pub(crate) struct CountingEngine {
    engine: MemoryEngine,
    calls: Counter,
}

/// What was asked of the engine that it came from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counter(Arc<Mutex<Calls>>);

impl Counter {
    /// What was asked since it was taken last.
    pub(crate) fn take(&self) -> Calls {
        self.with(mem::take)
    }

    fn with<T>(&self, work: impl FnOnce(&mut Calls) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl CountingEngine {
    pub(crate) fn counter(&self) -> Counter {
        self.calls.clone()
    }
}

impl Engine for CountingEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.calls.with(|calls| {
            calls.gets += 1;
            calls.reads.push(format!("get {}", key.escape_ascii()));
        });
        self.engine.get(key)
    }

    fn visit(
        &self,
        range: &KeyRange,
        direction: Direction,
        limit: usize,
        visit: VisitEntries<'_>,
    ) -> Result<()> {
        self.calls.with(|calls| {
            calls.scans += 1;
            let start = range.start.escape_ascii();
            calls.reads.push(format!("scan {start} {direction:?} {limit}"));
        });
        self.engine.visit(range, direction, limit, visit)
    }

    fn apply(&self, batch: Vec<Write>, log: Option<Log<'_>>) -> Result<()> {
        self.calls.with(|calls| {
            calls.applies += 1;
            calls.written += batch.len();
            calls.logged += log.map_or(0, |log| log.bytes.len());
        });
        self.engine.apply(batch, log)
    }

    fn flush(&self) -> Result<()> {
        self.engine.flush()
    }

    fn check(&self) -> Result<()> {
        self.engine.check()
    }

    fn path(&self) -> &Path {
        self.engine.path()
    }
}
