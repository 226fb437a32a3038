//! What an engine has to do.

use crate::shape::{Point, Shape};
use anyhow::Result;

/// What each peer's cache may hold: more than all that is stored.
pub const CACHE_BYTES: u32 = 1 << 30;

/// A place for statistics. Writing a key again replaces its value.
pub trait Engine {
    /// Writes all statistics of a shape, in the order of their keys, into an empty store; they are on the disk when it
    /// returns.
    fn load(&mut self, shape: Shape) -> Result<()>;

    /// Writes statistics, as one change where the engine has such. They are on the disk when it returns, if the engine
    /// was opened with [`Commit::Synced`].
    fn write(&mut self, points: &[Point]) -> Result<()>;

    /// Reads statistics, and adds them up.
    fn read(&mut self, read: Read, sum: &mut Sum) -> Result<()>;

    /// Whether the engine can do this at all.
    fn can(&self, _read: Read) -> bool {
        true
    }

    /// Closes the store; what was written is on the disk then.
    fn close(self: Box<Self>) -> Result<()>;

    /// Rewrites the store into less space, and says whether it can.
    fn compact(&mut self) -> Result<bool> {
        Ok(false)
    }
}

/// When a write is on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commit {
    /// When it returns.
    Synced,
    /// When the store is closed, or earlier.
    Unsynced,
}

/// What is read. The metric is one with objects, unless it is a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// All days of a metric without objects.
    Series { metric: u8, days: u32 },
    /// All days of one object.
    Object { metric: u8, object: u32, days: u32 },
    /// All objects of one day.
    Date { metric: u8, day: u32 },
    /// The last day's statistic of a metric without objects.
    Latest { metric: u8 },
    /// Everything.
    Scan,
}

/// What was read, so that engines can be held against each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    pub count: u64,
    pub sum: u64,
}

impl Sum {
    /// Adds a value and what it was found at: the object where those of a date are read, otherwise the day.
    pub fn add(&mut self, at: u32, value: i64) {
        self.count += 1;
        self.sum = self.sum.wrapping_add(value.cast_unsigned() ^ u64::from(at) << 20);
    }
}
