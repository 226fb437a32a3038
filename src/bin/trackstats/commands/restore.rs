//! `trackstats restore`.

use crate::{arguments::StoreArgs, output::note};
use clap::Args;
use std::{io, path::PathBuf};
use trackstats::{Store, error::shown};

/// Make a store of a backup, in a directory that is empty or not there
///
/// All of it is checked before it is put in its place; until then there is no store.
#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// The backup; `-` is standard input
    file: PathBuf,
}

impl RestoreArgs {
    pub(crate) fn run(self, store: &StoreArgs) -> anyhow::Result<()> {
        let directory = store.path()?;
        let report = if self.file.as_os_str() == "-" {
            Store::read_backup(io::stdin().lock(), directory)?
        } else {
            Store::restore(&self.file, directory)?
        };
        note(&format!("{} entries restored to {}", report.entries, shown(directory)));
        Ok(())
    }
}
