//! fjall, an LSM-tree.

use super::key::{Plan, at, key_of, plan, value};
use crate::{
    engine::{CACHE_BYTES, Commit, Engine, Read, Sum},
    shape::{Point, Shape},
};
use anyhow::Result;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use std::path::Path;

pub struct Fjall {
    database: Database,
    statistics: Keyspace,
    durability: Option<PersistMode>,
}

impl Fjall {
    pub fn open(folder: &Path, commit: Commit) -> Result<Self> {
        // "Or more if the data set fully fits into memory", says its documentation of the cache.
        let database = Database::builder(folder).cache_size(u64::from(CACHE_BYTES)).open()?;
        let statistics = database.keyspace("statistic", KeyspaceCreateOptions::default)?;
        // SyncData is enough to find the journal's new bytes again, and faster than SyncAll.
        let durability = (commit == Commit::Synced).then_some(PersistMode::SyncData);
        Ok(Self { database, statistics, durability })
    }
}

impl Engine for Fjall {
    fn load(&mut self, shape: Shape) -> Result<()> {
        // "Prefer this method ... for maximum bulk load speed": sorted, without journal.
        let mut ingestion = self.statistics.start_ingestion()?;
        for point in shape.points() {
            ingestion.write(key_of(&point), point.value.to_le_bytes())?;
        }
        ingestion.finish()?;
        Ok(self.database.persist(PersistMode::SyncAll)?)
    }

    fn write(&mut self, points: &[Point]) -> Result<()> {
        let mut batch = self.database.batch().durability(self.durability);
        for point in points {
            batch.insert(&self.statistics, key_of(point), point.value.to_le_bytes());
        }
        Ok(batch.commit()?)
    }

    fn read(&mut self, read: Read, sum: &mut Sum) -> Result<()> {
        match plan(read) {
            Plan::Range(range) => {
                for entry in self.statistics.range(range) {
                    let (key, bytes) = entry.into_inner()?;
                    sum.add(at(read, &key)?, value(&bytes)?);
                }
            }
            Plan::Keys(days, key) => {
                for day in 0..days {
                    if let Some(bytes) = self.statistics.get(key(day))? {
                        sum.add(day, value(&bytes)?);
                    }
                }
            }
            Plan::Last(range) => {
                if let Some(entry) = self.statistics.range(range).next_back() {
                    let (key, bytes) = entry.into_inner()?;
                    sum.add(at(read, &key)?, value(&bytes)?);
                }
            }
        }
        Ok(())
    }

    fn close(self: Box<Self>) -> Result<()> {
        Ok(self.database.persist(PersistMode::SyncAll)?)
    }

    fn compact(&mut self) -> Result<bool> {
        // What is in memory and the journal goes into tables first.
        self.statistics.rotate_memtable_and_wait()?;
        self.statistics.major_compact()?;
        Ok(true)
    }
}
