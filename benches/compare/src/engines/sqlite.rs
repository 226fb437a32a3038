//! SQLite, by its own advice: WAL, prepared statements, one transaction for many rows, no rowid.

use crate::{
    engine::{CACHE_BYTES, Commit, Engine, Read, Sum},
    shape::{Point, Shape},
};
use anyhow::Result;
use rusqlite::{Connection, Params};
use std::{fs, path::Path};

/// A WITHOUT ROWID table is the B-tree of its key alone (sqlite.org/withoutrowid.html).
const TABLE: &str = "CREATE TABLE IF NOT EXISTS statistic (
    metric INTEGER NOT NULL, period INTEGER NOT NULL, date INTEGER NOT NULL, object INTEGER NOT NULL, value INTEGER,
    PRIMARY KEY (metric, period, date, object)) WITHOUT ROWID";
const UPSERT: &str = "INSERT INTO statistic VALUES (?1, 0, ?2, ?3, ?4)
    ON CONFLICT (metric, period, date, object) DO UPDATE SET value = excluded.value";
const INSERT: &str = "INSERT INTO statistic VALUES (?1, 0, ?2, ?3, ?4)";
const SERIES: &str = "SELECT date, value FROM statistic
    WHERE metric = ?1 AND period = 0 AND date BETWEEN 0 AND ?2 ORDER BY date";
/// An object's days are far apart in this key: looking each up by number is ten times faster than reading all between.
const OBJECT: &str = "WITH RECURSIVE day(date) AS (SELECT 0 UNION ALL SELECT date + 1 FROM day WHERE date + 1 < ?3)
    SELECT date, value FROM day CROSS JOIN statistic USING (date) WHERE metric = ?1 AND period = 0 AND object = ?2";
const DATE: &str = "SELECT object, value FROM statistic WHERE metric = ?1 AND period = 0 AND date = ?2";
const LATEST: &str = "SELECT date, value FROM statistic
    WHERE metric = ?1 AND period = 0 ORDER BY date DESC LIMIT 1";
const SCAN: &str = "SELECT date, value FROM statistic";

/// Rows a transaction when loading: enough to make its end cheap, while the log stays small.
const ROWS: usize = 100_000;

pub struct Sqlite {
    connection: Connection,
}

impl Sqlite {
    pub fn open(folder: &Path, commit: Commit) -> Result<Self> {
        let connection = connect(folder, commit)?;
        connection.execute_batch(TABLE)?;
        Ok(Self { connection })
    }

    fn select(&self, sql: &str, parameters: impl Params, sum: &mut Sum) -> Result<()> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(parameters)?;
        while let Some(row) = rows.next()? {
            sum.add(row.get(0)?, row.get(1)?);
        }
        Ok(())
    }
}

impl Engine for Sqlite {
    fn load(&mut self, shape: Shape) -> Result<()> {
        let mut points = shape.points().peekable();
        while points.peek().is_some() {
            let transaction = self.connection.transaction()?;
            let mut insert = transaction.prepare_cached(INSERT)?;
            for Point { metric, day, object, value } in points.by_ref().take(ROWS) {
                insert.execute((metric, day, object, value))?;
            }
            drop(insert);
            transaction.commit()?;
        }
        checkpoint(&self.connection)
    }

    fn write(&mut self, points: &[Point]) -> Result<()> {
        let transaction = self.connection.transaction()?;
        let mut upsert = transaction.prepare_cached(UPSERT)?;
        for Point { metric, day, object, value } in points {
            upsert.execute((metric, day, object, value))?;
        }
        drop(upsert);
        Ok(transaction.commit()?)
    }

    fn read(&mut self, read: Read, sum: &mut Sum) -> Result<()> {
        match read {
            Read::Series { metric, days } => self.select(SERIES, (metric, days), sum),
            Read::Object { metric, object, days } => self.select(OBJECT, (metric, object, days), sum),
            Read::Date { metric, day } => self.select(DATE, (metric, day), sum),
            Read::Latest { metric } => self.select(LATEST, [metric], sum),
            Read::Scan => self.select(SCAN, [], sum),
        }
    }

    fn close(self: Box<Self>) -> Result<()> {
        checkpoint(&self.connection)?;
        self.connection.close().map_err(|(_, error)| error.into())
    }

    fn compact(&mut self) -> Result<bool> {
        self.connection.execute_batch("VACUUM")?;
        checkpoint(&self.connection)?;
        Ok(true)
    }
}

/// Opens the database in this folder, or makes it.
pub fn connect(folder: &Path, commit: Commit) -> Result<Connection> {
    fs::create_dir_all(folder)?;
    let connection = Connection::open(folder.join("statistics.sqlite"))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // FULL syncs the log at each commit; NORMAL at checkpoints only, and stays consistent (pragma.html).
    let synchronous = match commit {
        Commit::Synced => "FULL",
        Commit::Unsynced => "NORMAL",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    // A negative number is in KiB.
    connection.pragma_update(None, "cache_size", -i64::from(CACHE_BYTES >> 10))?;
    // Reads from a memory map copy nothing (mmap.html).
    connection.pragma_update(None, "mmap_size", CACHE_BYTES)?;
    // One process has the store open, as it is with the others: no locks in shared memory (wal.html).
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    Ok(connection)
}

/// Brings what is in the log into the database, and empties the log.
pub fn checkpoint(connection: &Connection) -> Result<()> {
    Ok(connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
}
