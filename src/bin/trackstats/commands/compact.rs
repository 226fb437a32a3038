//! `trackstats compact`.

use crate::{arguments::StoreArgs, output::note};
use clap::Args;

/// Rewrite the store into less space; never into more
///
/// It takes as much free space as the store then has. Whatever happens on the way, what is found afterwards is the store.
#[derive(Debug, Args)]
pub(crate) struct CompactArgs {}

impl CompactArgs {
    pub(crate) fn run(store: &StoreArgs) -> anyhow::Result<()> {
        let compaction = store.open()?.compact()?;
        note(&format!("{} bytes before, {} bytes after", compaction.before, compaction.after));
        Ok(())
    }
}
