//! `trackstats export`.

use crate::output::{kinds::STORED, series::value_cells};
use crate::{
    arguments::{StoreArgs, checked_prefix, object_text},
    output::{self, Cell, TableOrCsv},
    stop::Stop,
};
use anyhow::Context;
use clap::{Args, ValueEnum};
use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::PathBuf,
};
use trackstats::{Store, error::shown, maintenance::Replacement, store::Prefix};

/// Write definitions and statistics to standard output or a file
///
/// The appends' cursors are not in it: after an import, append only what is new. Running periods that trackers keep are
/// worked out again where it is imported.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// Only what is under DOMAIN[/METRIC[/PERIOD[/DATE]]]
    prefix: Option<String>,
    /// `csv` has the statistics only, and can't be imported
    #[arg(long, value_enum, default_value_t = ExportFormat::Jsonl)]
    format: ExportFormat,
    /// The file to write; one that is there is replaced once the new one is complete [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ExportFormat {
    Jsonl,
    Csv,
}

impl ExportArgs {
    pub(crate) fn run(self, store: &StoreArgs) -> anyhow::Result<()> {
        let store = store.read()?;
        let prefix = checked_prefix(&store, self.prefix.as_deref())?;
        let Some(path) = &self.output else { return self.write(&store, &prefix, output::stdout()) };
        let failed = || format!("writing {} failed", shown(path));
        // A pipe or a device is written to, and can't be replaced.
        if fs::metadata(path).is_ok_and(|there| !there.is_file() && !there.is_dir()) {
            let file = File::create(path).with_context(failed)?;
            return self.write(&store, &prefix, BufWriter::new(file)).with_context(failed);
        }
        let stop = Stop::listen()?;
        let write = || -> anyhow::Result<()> {
            // Of a link, what it leads to is replaced, which /dev/stdout may be.
            let path = path.canonicalize().unwrap_or_else(|_| path.clone());
            let mut file = Replacement::of(&path)?;
            self.write(&store, &prefix, BufWriter::new(stop.cutting(&mut file)))?;
            Ok(file.put()?)
        };
        let file = shown(path);
        let (cut_short, done) = (format!("{file} is as it was"), format!("{file} was complete before that"));
        stop.outcome(write().with_context(failed), cut_short, done)
    }

    fn write(&self, store: &Store, prefix: &Prefix, writer: impl Write) -> anyhow::Result<()> {
        match self.format {
            ExportFormat::Jsonl => trackstats::exchange::export(store, prefix, writer).map(drop)?,
            ExportFormat::Csv => {
                let header = ["domain", "metric", "period", "date", "object", "value"];
                let mut rows = output::rows(TableOrCsv::Csv, &header, writer)?;
                for statistic in store.scan(prefix) {
                    let statistic = statistic?;
                    let series = &statistic.series;
                    let date = store.calendar().date_text(series.period(), statistic.date)?;
                    let object = series.object().map(object_text).unwrap_or_default();
                    let texts =
                        [series.domain(), series.metric(), &series.period().to_string(), &date, &object];
                    let texts = texts.map(|text| Cell::Text(text.to_owned()));
                    rows.row(
                        texts.into_iter().chain(value_cells(STORED, statistic.value.as_ref())).collect(),
                    )?;
                }
                rows.end()?;
            }
        }
        Ok(())
    }
}
