//! The engines that keep programs' statistics.

use crate::engines::Name;
use clap::ValueEnum;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    Trackstats,
    /// By date, then object: the faster one to write.
    Sqlite,
    /// By object, then date: a little smaller.
    SqliteByObject,
}

impl Engine {
    pub fn title(self) -> &'static str {
        match self {
            Self::Trackstats | Self::Sqlite => self.name().title(),
            Self::SqliteByObject => "SQLite, by object",
        }
    }

    /// What it is called where it is chosen.
    pub fn name(self) -> Name {
        match self {
            Self::Trackstats => Name::Trackstats,
            Self::Sqlite | Self::SqliteByObject => Name::Sqlite,
        }
    }
}
