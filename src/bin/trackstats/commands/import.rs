//! `trackstats import`.

use crate::{arguments::StoreArgs, output::note, progress::progress, stop::Stop};
use anyhow::{Context, bail};
use clap::Args;
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::PathBuf,
};
use trackstats::{error::shown, exchange::exported_calendar};

/// Read what `export` wrote into a store: all of it, or nothing
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// The file, JSON lines; `-` is standard input. A new store gets its calendar
    file: PathBuf,
}

impl ImportArgs {
    pub(crate) fn run(self, store: &StoreArgs) -> anyhow::Result<()> {
        let stop = Stop::listen()?;
        let outcome = self.import(store, &stop);
        stop.outcome(outcome, "nothing was imported", "everything was imported before that")
    }

    fn import(&self, store: &StoreArgs, stop: &Stop) -> anyhow::Result<()> {
        let name = || shown(&self.file);
        let (reader, bytes): (Box<dyn Read>, _) = if self.file.as_os_str() == "-" {
            (Box::new(stop.stdin()), None)
        } else {
            let file = File::open(&self.file).with_context(|| format!("opening {} failed", name()))?;
            let metadata = file.metadata().with_context(|| format!("reading {} failed", name()))?;
            if metadata.is_dir() {
                bail!("{} is a directory; give the file that `export` wrote", name());
            }
            (Box::new(stop.cutting(file)), metadata.is_file().then_some(metadata.len()))
        };
        let bar = progress(bytes);
        let mut reader = BufReader::with_capacity(1 << 16, bar.wrap_read(reader));
        let mut beginning = Vec::new();
        let whole = read_first_line(&mut reader, &mut beginning);
        let calendar = if whole.with_context(|| format!("reading {} failed", name()))? {
            exported_calendar(beginning.as_slice()).with_context(name)?
        } else {
            None
        };
        let report = store.write(calendar.unwrap_or_default(), |store| {
            trackstats::exchange::import(store, beginning.chain(reader)).with_context(name)
        })?;
        bar.finish_and_clear();
        note(&format!(
            "{} statistics, {} metrics, {} domains imported",
            report.statistics, report.metrics, report.domains
        ));
        Ok(())
    }
}

/// Reads up to the end of the first line that isn't blank, and says whether it came so far: a line that defines a calendar
/// is much shorter.
fn read_first_line(reader: &mut impl BufRead, beginning: &mut Vec<u8>) -> io::Result<bool> {
    const MOST: u64 = 1 << 16;
    let mut reader = reader.take(MOST);
    while beginning.trim_ascii().is_empty() {
        if reader.read_until(b'\n', beginning)? == 0 {
            break;
        }
    }
    Ok(reader.limit() > 0 || beginning.ends_with(b"\n"))
}
