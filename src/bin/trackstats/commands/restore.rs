//! `trackstats restore`.

use crate::{arguments::StoreArgs, output::note, stop::Stop};
use clap::Args;
use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};
use trackstats::{Error, Store, error::shown};

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
        let stop = Stop::listen()?;
        let outcome = self.restore(store.path()?, &stop);
        stop.outcome(outcome, "nothing was restored", "everything was restored before that")
    }

    fn restore(&self, directory: &Path, stop: &Stop) -> anyhow::Result<()> {
        let report = if self.file.as_os_str() == "-" {
            Store::read_backup(stop.stdin(), directory)?
        } else {
            let file = File::open(&self.file).map_err(|source| self.failed("opening", source))?;
            Store::read_backup(stop.cutting(file), directory).map_err(|error| self.named(error))?
        };
        note(&format!("{} entries restored to {}", report.entries, shown(directory)));
        Ok(())
    }

    fn failed(&self, action: &'static str, source: io::Error) -> Error {
        Error::Io { action, path: self.file.clone(), source }
    }

    /// An error of reading the backup, with its name: what is read up to a signal has none.
    fn named(&self, error: Error) -> Error {
        match error {
            Error::Backup { problem, .. } => Error::Backup { path: self.file.clone(), problem },
            Error::Io { action: "reading", source, .. } => self.failed("reading", source),
            other => other,
        }
    }
}
