//! What keeps a store sound.

#[cfg(feature = "backup")]
mod backup;
mod salvage;

#[cfg(feature = "backup")]
pub use backup::BackupReport;
pub use salvage::SalvageReport;
