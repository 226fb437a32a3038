//! What keeps a store sound: reading all of it and checking it, recomputing calendar periods from days, backups, and
//! recovering what is left of a damaged store.
//!
//! It may use the store and what stands above it, and is used by the program alone.

#[cfg(feature = "backup")]
mod backup;
mod difference;
mod entries;
mod rebuild;
mod recover;
#[cfg(any(feature = "backup", feature = "exchange"))]
mod replacement;
#[cfg(test)]
mod tests;
mod verification;
mod verify;

#[cfg(feature = "backup")]
pub use backup::BackupReport;
pub use difference::{Difference, Differences};
pub use rebuild::{Rebuild, RebuildReport};
pub use recover::RecoverReport;
#[cfg(any(feature = "backup", feature = "exchange"))]
pub use replacement::Replacement;
pub use verification::{Problem, Verification};
