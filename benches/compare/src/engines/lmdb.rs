//! LMDB, by heed.

use super::key::{Plan, at, key_of, plan, value};
use crate::{
    engine::{Commit, Engine, Read, Sum},
    shape::{Point, Shape},
};
use anyhow::{Context, Result};
use heed::{
    CompactionOption, Database, Env, EnvFlags, EnvOpenOptions, FlagSetMode, PutFlags, WithTls, types::Bytes,
};
use std::ops::Bound;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Address space, not memory or disk: LMDB's documentation says to make it large.
const MAP_BYTES: usize = 8 << 30;

/// Without a sync at each commit, LMDB is the fastest and isn't sure to survive a power cut at all; it has nothing in
/// between that is not slower.
const NO_SYNC: EnvFlags = EnvFlags::NO_SYNC;

pub struct Lmdb {
    env: Env<WithTls>,
    database: Database<Bytes, Bytes>,
    folder: PathBuf,
}

impl Lmdb {
    pub fn open(folder: &Path, commit: Commit) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let mut options = EnvOpenOptions::new();
        options.map_size(MAP_BYTES);
        // WRITE_MAP: "This is faster and uses fewer mallocs" (lmdb.h), at the same durability.
        let flags =
            EnvFlags::WRITE_MAP | if commit == Commit::Unsynced { NO_SYNC } else { EnvFlags::empty() };
        // SAFETY: this process alone opens the folder, which it made, once, and nothing else writes to its files.
        let env = unsafe { options.flags(flags).open(folder)? };
        let mut transaction = env.write_txn()?;
        let database = env.create_database(&mut transaction, None)?;
        transaction.commit()?;
        Ok(Self { env, database, folder: folder.to_owned() })
    }

    fn put(&self, points: impl Iterator<Item = Point>, flags: PutFlags) -> Result<()> {
        let mut transaction = self.env.write_txn()?;
        for point in points {
            let value = point.value.to_le_bytes();
            self.database.put_with_flags(&mut transaction, flags, &key_of(&point), &value)?;
        }
        Ok(transaction.commit()?)
    }
}

impl Engine for Lmdb {
    fn load(&mut self, shape: Shape) -> Result<()> {
        // APPEND: "for fast bulk loading when keys are already known to be in the correct order" (lmdb.h).
        self.put(shape.points(), PutFlags::APPEND)?;
        Ok(self.env.force_sync()?)
    }

    fn write(&mut self, points: &[Point]) -> Result<()> {
        self.put(points.iter().copied(), PutFlags::empty())
    }

    fn read(&mut self, read: Read, sum: &mut Sum) -> Result<()> {
        let transaction = self.env.read_txn()?;
        match plan(read) {
            Plan::Range(range) => {
                let range =
                    (Bound::Included(range.start().as_slice()), Bound::Included(range.end().as_slice()));
                for entry in self.database.range(&transaction, &range)? {
                    let (key, bytes) = entry?;
                    sum.add(at(read, key)?, value(bytes)?);
                }
            }
            Plan::Keys(days, key) => {
                for day in 0..days {
                    if let Some(bytes) = self.database.get(&transaction, &key(day))? {
                        sum.add(day, value(bytes)?);
                    }
                }
            }
            Plan::Last(range) => {
                let range =
                    (Bound::Included(range.start().as_slice()), Bound::Included(range.end().as_slice()));
                if let Some(entry) = self.database.rev_range(&transaction, &range)?.next() {
                    let (key, bytes) = entry?;
                    sum.add(at(read, key)?, value(bytes)?);
                }
            }
        }
        Ok(())
    }

    fn close(self: Box<Self>) -> Result<()> {
        self.env.force_sync()?;
        self.env.prepare_for_closing().wait();
        Ok(())
    }

    /// A copy without free pages is LMDB's way to make a database smaller.
    fn compact(&mut self) -> Result<bool> {
        let copy = self.folder.with_extension("copy");
        self.env.copy_to_path(&copy, CompactionOption::Enabled)?;
        let file = self.folder.join("data.mdb");
        fs::rename(&copy, &file).with_context(|| format!("replacing {}", file.display()))?;
        // Closing must not write to the new file.
        // SAFETY: no transaction is open, and the flag may be set at any time.
        unsafe { self.env.set_flags(NO_SYNC, FlagSetMode::Enable)? };
        Ok(true)
    }
}
