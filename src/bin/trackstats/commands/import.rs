//! `trackstats import`.

use crate::{arguments::StoreArgs, output::note, records::progress};
use anyhow::Context;
use clap::Args;
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::PathBuf,
};
use trackstats::exported_calendar;

/// Read what `export` wrote into a store: all of it, or nothing
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// The file, JSON lines; `-` is standard input. A new store gets its calendar
    file: PathBuf,
}

impl ImportArgs {
    /// The longest line that an import reads.
    const LONGEST: u64 = 1 << 20;

    pub(crate) fn run(self, store: &StoreArgs) -> anyhow::Result<()> {
        let name = || self.file.display().to_string();
        let (reader, bytes): (Box<dyn Read>, _) = if self.file.as_os_str() == "-" {
            (Box::new(io::stdin().lock()), None)
        } else {
            let file = File::open(&self.file).with_context(|| format!("opening {} failed", name()))?;
            let bytes = file.metadata().with_context(|| format!("reading {} failed", name()))?.len();
            (Box::new(file), Some(bytes))
        };
        let bar = progress(bytes);
        let mut reader = BufReader::with_capacity(1 << 16, bar.wrap_read(reader));
        let mut first = Vec::new();
        let reading = reader.by_ref().take(Self::LONGEST + 1).read_until(b'\n', &mut first);
        reading.with_context(|| format!("reading {} failed", name()))?;
        let calendar = exported_calendar(first.as_slice()).with_context(name)?.unwrap_or_default();
        let store = store.open_or_create(calendar)?;
        let report = trackstats::import(&store, first.chain(reader)).with_context(name)?;
        store.flush()?;
        bar.finish_and_clear();
        note(&format!(
            "{} statistics, {} metrics, {} domains imported",
            report.statistics, report.metrics, report.domains
        ));
        Ok(())
    }
}
