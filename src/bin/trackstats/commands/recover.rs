//! `trackstats recover`.

use crate::{arguments::StoreArgs, output::note};
use clap::Args;
use std::path::PathBuf;
use trackstats::{Store, maintenance::RecoverReport};

/// Copy everything that can be read of a damaged store into a new one
///
/// The damaged store stays as it is. A backup is better, if there is one. `--zone` and the other settings of a calendar
/// are for a store whose own can't be read.
#[derive(Debug, Args)]
pub(crate) struct RecoverArgs {
    /// The directory of the new store, empty or not there
    #[arg(value_name = "NEW_DIR")]
    directory: PathBuf,
}

impl RecoverArgs {
    pub(crate) fn run(self, store: &StoreArgs) -> anyhow::Result<()> {
        let report = Store::recover(store.path()?, &self.directory, store.calendar()?)?;
        for line in told(&report) {
            note(&line);
        }
        Ok(())
    }
}

/// What was recovered and what was lost, a sentence a line.
fn told(report: &RecoverReport) -> Vec<String> {
    let RecoverReport { entries, missing, unregistered, registered_again, .. } = report;
    let mut told = vec![format!("{entries} entries copied")];
    if missing.is_empty() {
        told.push("everything that was flushed is there".to_owned());
    } else {
        told.extend(missing.iter().cloned());
        told.push("`trackstats verify` compares what is there".to_owned());
    }
    for (metric, rows) in unregistered {
        told.push(format!(
            "{rows} rows of {metric} left out: its registration is lost, and the kind of its values"
        ));
    }
    for metric in registered_again {
        told.push(format!("{metric} registered again, as integers without a name: its registration is lost"));
    }
    told
}
