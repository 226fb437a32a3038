//! `trackstats compact`.

use crate::{arguments::StoreArgs, output::note, stop::Stop};
use clap::Args;

/// Rewrite the store into less space; never into more
///
/// It takes as much free space as the store then has. Whatever happens on the way, what is found afterwards is the store.
/// Ctrl-C is heeded once it is done, and at once when it is pressed again.
#[derive(Debug, Args)]
pub(crate) struct CompactArgs {}

impl CompactArgs {
    pub(crate) fn run(store: &StoreArgs) -> anyhow::Result<()> {
        let stop = Stop::listen()?;
        let compact = || {
            let compaction = store.open()?.compact()?;
            note(&format!("{} bytes before, {} bytes after", compaction.before, compaction.after));
            Ok(())
        };
        stop.outcome(compact(), "the store is as it was", "the store was compacted before that")
    }
}
