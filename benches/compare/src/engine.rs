//! What an engine has to do, and the engines there are.

use crate::{
    engines::{
        fjall::Fjall,
        flat::{Array, File},
        lmdb::Lmdb,
        redb::Redb,
        sled::Sled,
        sqlite::Sqlite,
        trackstats::Trackstats,
    },
    shape::{Point, Shape},
};
use anyhow::Result;
use clap::ValueEnum;
use std::path::Path;

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

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Name {
    Trackstats,
    Sqlite,
    Redb,
    Lmdb,
    Fjall,
    Sled,
    /// Records in one file, read through a memory map.
    File,
    /// A sorted array in memory.
    Array,
}

impl Name {
    pub fn title(self) -> &'static str {
        match self {
            Self::Trackstats => "trackstats",
            Self::Sqlite => "SQLite",
            Self::Redb => "redb",
            Self::Lmdb => "LMDB",
            Self::Fjall => "fjall",
            Self::Sled => "sled",
            Self::File => "flat file",
            Self::Array => "array",
        }
    }

    /// Opens the engine's store in this folder, or makes it.
    pub fn open(self, folder: &Path, commit: Commit) -> Result<Box<dyn Engine>> {
        Ok(match self {
            Self::Trackstats => Box::new(Trackstats::open(folder, commit)?),
            Self::Sqlite => Box::new(Sqlite::open(folder, commit)?),
            Self::Redb => Box::new(Redb::open(folder, commit)?),
            Self::Lmdb => Box::new(Lmdb::open(folder, commit)?),
            Self::Fjall => Box::new(Fjall::open(folder, commit)?),
            Self::Sled => Box::new(Sled::open(folder, commit)?),
            Self::File => Box::new(File::open(folder, commit)?),
            Self::Array => Box::<Array>::default(),
        })
    }

    /// Whether what was written is found again after closing.
    pub fn is_kept(self) -> bool {
        self != Self::Array
    }

    /// Whether a second value for a key replaces the first one, as this comparison uses the engine.
    pub fn replaces(self) -> bool {
        !matches!(self, Self::File)
    }
}

/// The engines that were asked for, trackstats first; all if none was.
pub fn chosen(asked: &[Name]) -> Vec<Name> {
    let all = Name::value_variants().iter().copied();
    all.filter(|name| *name == Name::Trackstats || asked.is_empty() || asked.contains(name)).collect()
}
