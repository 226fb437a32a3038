//! `trackstats backup`.

use crate::{
    arguments::StoreArgs,
    output::{self, note},
};
use clap::Args;
use std::path::PathBuf;

/// Write everything in the store into one file, to be put back by `restore`
///
/// The store must not be open in another program; that program can make a backup by itself.
#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// The file to write; one that is there is replaced once the backup is complete; `-` is standard output
    file: PathBuf,
}

impl BackupArgs {
    pub(crate) fn run(self, store: &StoreArgs) -> anyhow::Result<()> {
        let store = store.read()?;
        let report = if self.file.as_os_str() == "-" {
            store.write_backup(output::stdout())?
        } else {
            store.backup(&self.file)?
        };
        note(&format!("{} entries backed up", report.entries));
        Ok(())
    }
}
