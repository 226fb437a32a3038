//! sled itself, with one entry a point: what trackstats would be without its rows.

use super::key::{Plan, at, key_of, plan, value};
use crate::{
    engine::{CACHE_BYTES, Commit, Engine, Read, Sum},
    shape::{Point, Shape},
};
use anyhow::Result;
use sled::{Batch, Config, Db, Mode};
use std::path::Path;

/// Larger batches take gigabytes of memory, and are no faster.
const ENTRIES: usize = 512;

pub struct Sled {
    database: Db,
    commit: Commit,
}

impl Sled {
    pub fn open(folder: &Path, commit: Commit) -> Result<Self> {
        let database = Config::new()
            .path(folder)
            .cache_capacity(u64::from(CACHE_BYTES))
            // "More disk for throughput".
            .mode(Mode::HighThroughput)
            // Flushed where the workload says so, as the others are.
            .flush_every_ms(None)
            .open()?;
        Ok(Self { database, commit })
    }

    fn insert(&self, points: impl Iterator<Item = Point>) -> Result<()> {
        let mut points = points.peekable();
        while points.peek().is_some() {
            let mut batch = Batch::default();
            for point in points.by_ref().take(ENTRIES) {
                batch.insert(&key_of(&point), &point.value.to_le_bytes());
            }
            self.database.apply_batch(batch)?;
        }
        Ok(())
    }
}

impl Engine for Sled {
    fn load(&mut self, shape: Shape) -> Result<()> {
        self.insert(shape.points())?;
        self.database.flush()?;
        Ok(())
    }

    fn write(&mut self, points: &[Point]) -> Result<()> {
        match points {
            // A batch of one only adds to the work.
            [point] => {
                self.database.insert(key_of(point), &point.value.to_le_bytes())?;
            }
            points => self.insert(points.iter().copied())?,
        }
        if self.commit == Commit::Synced {
            self.database.flush()?;
        }
        Ok(())
    }

    fn read(&mut self, read: Read, sum: &mut Sum) -> Result<()> {
        match plan(read) {
            Plan::Range(range) => {
                for entry in self.database.range(range) {
                    let (key, bytes) = entry?;
                    sum.add(at(read, &key)?, value(&bytes)?);
                }
            }
            Plan::Keys(days, key) => {
                for day in 0..days {
                    if let Some(bytes) = self.database.get(key(day))? {
                        sum.add(day, value(&bytes)?);
                    }
                }
            }
            Plan::Last(range) => {
                if let Some(entry) = self.database.range(range).next_back() {
                    let (key, bytes) = entry?;
                    sum.add(at(read, &key)?, value(&bytes)?);
                }
            }
        }
        Ok(())
    }

    fn close(self: Box<Self>) -> Result<()> {
        self.database.flush()?;
        Ok(())
    }
}
