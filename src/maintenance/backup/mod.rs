//! Backups: all of a store in one file, as it was at one moment.

mod read;
mod write;

pub use write::BackupReport;
