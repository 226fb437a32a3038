//! The engines there are, one file each. Each choice that a reader might doubt has its reason beside it.
//!
//! Caches: every peer may hold all of its data in memory, so that none is slow for want of it; trackstats has its
//! default of 64 MiB. What each takes is in the table.

mod fjall;
mod flat;
mod key;
mod lmdb;
mod redb;
mod sled;
pub mod sqlite;
pub mod trackstats;

use crate::engine::{Commit, Engine};
use anyhow::Result;
use clap::ValueEnum;
use fjall::Fjall;
use flat::{Array, File};
use lmdb::Lmdb;
use redb::Redb;
use sled::Sled;
use sqlite::Sqlite;
use std::path::Path;
use trackstats::Trackstats;

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
