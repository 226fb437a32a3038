//! redb.

use super::key::{KEY, Plan, at, key_of, plan};
use crate::{
    engine::{CACHE_BYTES, Commit, Engine, Read, Sum},
    shape::{Point, Shape},
};
use anyhow::Result;
use redb::{Database, Durability, ReadableDatabase, TableDefinition};
use std::{fs, path::Path};

/// Types of fixed width need no lengths in the pages.
const TABLE: TableDefinition<'static, &[u8; KEY], i64> = TableDefinition::new("statistic");

pub struct Redb {
    database: Database,
    durability: Durability,
}

impl Redb {
    pub fn open(folder: &Path, commit: Commit) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let database = Database::builder()
            .set_cache_size(CACHE_BYTES as usize)
            .create(folder.join("statistics.redb"))?;
        let durability = match commit {
            Commit::Synced => Durability::Immediate,
            Commit::Unsynced => Durability::None,
        };
        Ok(Self { database, durability })
    }

    /// One transaction: redb's own benchmark loads in one, too.
    fn insert(&self, points: impl Iterator<Item = Point>, durability: Durability) -> Result<()> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(durability)?;
        let mut table = transaction.open_table(TABLE)?;
        for point in points {
            table.insert(&key_of(&point), point.value)?;
        }
        drop(table);
        Ok(transaction.commit()?)
    }
}

impl Engine for Redb {
    fn load(&mut self, shape: Shape) -> Result<()> {
        self.insert(shape.points(), Durability::Immediate)
    }

    fn write(&mut self, points: &[Point]) -> Result<()> {
        self.insert(points.iter().copied(), self.durability)
    }

    fn read(&mut self, read: Read, sum: &mut Sum) -> Result<()> {
        let table = self.database.begin_read()?.open_table(TABLE)?;
        match plan(read) {
            Plan::Range(range) => {
                for entry in table.range::<&[u8; KEY]>(range.start()..=range.end())? {
                    let (key, value) = entry?;
                    sum.add(at(read, key.value())?, value.value());
                }
            }
            Plan::Keys(days, key) => {
                for day in 0..days {
                    if let Some(value) = table.get(&key(day))? {
                        sum.add(day, value.value());
                    }
                }
            }
            Plan::Last(range) => {
                if let Some(entry) = table.range::<&[u8; KEY]>(range.start()..=range.end())?.next_back() {
                    let (key, value) = entry?;
                    sum.add(at(read, key.value())?, value.value());
                }
            }
        }
        Ok(())
    }

    fn close(self: Box<Self>) -> Result<()> {
        // A commit that is synced takes those before it along.
        self.insert(std::iter::empty(), Durability::Immediate)?;
        Ok(self.database.close()?)
    }

    fn compact(&mut self) -> Result<bool> {
        self.database.compact()?;
        Ok(true)
    }
}
