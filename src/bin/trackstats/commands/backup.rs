//! `trackstats backup`.

use crate::{
    arguments::StoreArgs,
    output::{self, note},
    stop::Stop,
};
use clap::Args;
use std::{io::BufWriter, path::PathBuf};
use trackstats::{
    Error, Store,
    error::shown,
    maintenance::{BackupReport, Replacement},
};

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
        if self.file.as_os_str() == "-" {
            tell(store.write_backup(output::stdout())?);
            return Ok(());
        }
        let stop = Stop::listen()?;
        let outcome = self.write(&store, &stop);
        let file = shown(&self.file);
        stop.outcome(outcome, format!("{file} is as it was"), format!("{file} was complete before that"))
    }

    /// Writes the backup beside the file, up to a signal, and lets it take its place.
    fn write(&self, store: &Store, stop: &Stop) -> anyhow::Result<()> {
        let failed = |source| Error::Io { action: "writing to", path: self.file.clone(), source };
        let mut file = Replacement::private(&self.file).map_err(failed)?;
        let written = store.write_backup(BufWriter::new(stop.cutting(&mut file)));
        let report = written.map_err(|error| match error {
            Error::Io { action: "writing", source, .. } => failed(source),
            other => other,
        })?;
        file.put().map_err(failed)?;
        tell(report);
        Ok(())
    }
}

fn tell(report: BackupReport) {
    note(&format!("{} entries backed up", report.entries));
}
