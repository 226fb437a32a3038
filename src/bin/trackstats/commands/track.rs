//! `trackstats track`.

use crate::{
    arguments::{By, MetricName, StoreArgs},
    output::note,
    progress::{measure, progress},
    stop::Stop,
};
use anyhow::{Context, anyhow, bail};
use clap::{ArgGroup, Args, ValueEnum};
use indicatif::ProgressBar;
use std::{io::BufReader, path::PathBuf, time::Instant};
use trackstats::{
    Calendar, Error, Period, Store, Tracker,
    chrono::NaiveDate,
    error::shown,
    kinds::Value,
    records::{Columns, Cursor, FileFormat, FileRecord, Numbers, Records, Source},
    track::{Ids, Report, Since},
};

/// Work statistics out from files of records: CSV with a header, or JSON lines
///
/// Timestamps are RFC 3339, `YYYY-MM-DD[ T]HH:MM[:SS[.f]]` or `YYYY-MM-DD` in the store's time zone, or whole Unix
/// seconds. Statistics without object are always kept.
///
/// Without --append the files hold all records since the date that is recomputed: that of the last statistic, unless
/// --since, --last or --all says otherwise.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("from").args(["since", "last", "all"]))]
pub(crate) struct TrackArgs {
    /// CSV with a header or JSON lines, by its ending, --format or its first byte; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The metric, DOMAIN/METRIC
    #[arg(long)]
    metric: MetricName,
    /// The column with the instant of a record
    #[arg(long, value_name = "COLUMN")]
    timestamp: String,
    /// Statistics by the object that this column names, too; `country,province` is one object of two parts. Values of
    /// digits only, without leading zeros, are numbers, all others texts [KIND: the column's name]
    #[arg(long, value_name = "COLUMN[=KIND]")]
    by: Vec<By>,
    /// hour, day, week, month, quarter, year, last-N-days, lifetime; several joined by commas
    #[arg(long, value_delimiter = ',', default_value = "day")]
    period: Vec<Period>,
    #[command(flatten)]
    aggregation: Aggregation,
    /// Recompute from this date on
    #[arg(long, value_name = "DATE")]
    since: Option<NaiveDate>,
    /// Recompute the last N days, today included
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    last: Option<u16>,
    /// Recompute everything
    #[arg(long)]
    all: bool,
    /// Merge in what was added to the files since the last time, and remember how far they were read
    #[arg(long, conflicts_with = "from")]
    append: bool,
    /// The name under which that is remembered [default: files]
    #[arg(long, value_name = "NAME", requires = "append")]
    cursor: Option<String>,
    /// Fail, and store nothing, if a record can't be read; otherwise it is reported and skipped
    #[arg(long)]
    strict: bool,
    /// Fail, and store nothing, if the records are about more objects of one kind
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    most_objects: u64,
    #[arg(long, value_enum, help = "How the records are written [default: by the file's ending]")]
    format: Option<RecordFormat>,
}

/// How the records of a file are written.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum RecordFormat {
    /// Comma-separated values with a header
    Csv,
    /// JSON lines
    Jsonl,
}

/// What is made of the records, rather than counting them.
#[derive(Debug, Args)]
#[group(multiple = false)]
struct Aggregation {
    /// Add up this column of whole numbers, rather than count the records; an empty value is a record without one
    #[arg(long, value_name = "COLUMN")]
    sum: Option<String>,
    /// Keep the smallest whole number of this column
    #[arg(long, value_name = "COLUMN")]
    min: Option<String>,
    /// Keep the largest whole number of this column
    #[arg(long, value_name = "COLUMN")]
    max: Option<String>,
    /// Add up this column of decimals
    #[arg(long, value_name = "COLUMN")]
    sum_float: Option<String>,
    /// Keep the mean of this column of decimals, with their count, sum, smallest, largest and variance
    #[arg(long, value_name = "COLUMN")]
    mean: Option<String>,
    /// Keep the quantiles of this column of decimals, such as the median, to within 1 %
    #[arg(long, value_name = "COLUMN")]
    quantiles: Option<String>,
    /// Keep the last, lowest and highest of a level, such as a temperature
    #[arg(long, value_name = "COLUMN")]
    gauge: Option<String>,
    /// Keep how much a meter that only grows has grown; group by the meter, if there are several
    #[arg(long, value_name = "COLUMN")]
    meter: Option<String>,
    /// Count the different values of this column, such as users, to within 1.7 %; an empty one is none
    #[arg(long, value_name = "COLUMN")]
    distinct: Option<String>,
}

impl Aggregation {
    /// The column of numbers that is read.
    fn column(&self) -> Option<(&str, Numbers)> {
        let Self { sum, min, max, sum_float, mean, quantiles, gauge, meter, distinct: _ } = self;
        let whole = [sum, min, max].map(|column| (column, Numbers::Whole)).into_iter();
        let decimal = [sum_float, mean, quantiles, gauge, meter].map(|column| (column, Numbers::Decimal));
        whole.chain(decimal).find_map(|(column, numbers)| Some((column.as_deref()?, numbers)))
    }
}

impl TrackArgs {
    pub(crate) fn run(self, store: &StoreArgs) -> anyhow::Result<()> {
        let stop = Stop::listen()?;
        let outcome = self.track(store, &stop);
        stop.outcome(outcome, "nothing was stored", "everything was stored before that")
    }

    fn track(self, store: &StoreArgs, stop: &Stop) -> anyhow::Result<()> {
        let begun = Instant::now();
        let mut columns = Columns::new(&self.timestamp).fraction_hint("--sum-float adds decimals");
        if let Some((column, numbers)) = self.aggregation.column() {
            columns = columns.number(column, numbers);
        }
        let item = self.aggregation.distinct.as_deref().map(|column| columns.id(column));
        let groups: Vec<Vec<usize>> =
            self.by.iter().map(|by| by.columns.iter().map(|column| columns.id(column)).collect()).collect();
        let bar = progress(None);
        // Before the store is opened: a slip of the pen should not leave one behind, with the wrong calendar say.
        let sources = self.open(&columns, &bar, stop)?;
        let has_cursor = sources.iter().any(Source::has_cursor);
        let (report, notes) = store.write(Calendar::default(), |store| {
            let records = Records::new(sources, columns, store.calendar())?;
            let run = TrackRun { args: &self, groups, store, has_cursor, stop };
            let names = self.metric.names(store);
            let (at, whole, decimal) = (FileRecord::at, FileRecord::whole, FileRecord::decimal);
            match &self.aggregation {
                Aggregation { sum: Some(_), .. } => {
                    run.track(Tracker::sum(names.metric()?, at, whole), records)
                }
                Aggregation { min: Some(_), .. } => {
                    run.track(Tracker::min(names.metric()?, at, whole), records)
                }
                Aggregation { max: Some(_), .. } => {
                    run.track(Tracker::max(names.metric()?, at, whole), records)
                }
                Aggregation { sum_float: Some(_), .. } => {
                    run.track(Tracker::sum_float(names.metric()?, at, decimal), records)
                }
                Aggregation { mean: Some(_), .. } => {
                    run.track(Tracker::summary(names.metric()?, at, decimal), records)
                }
                Aggregation { quantiles: Some(_), .. } => {
                    run.track(Tracker::quantiles(names.metric()?, at, decimal), records)
                }
                Aggregation { gauge: Some(_), .. } => {
                    run.track(Tracker::gauge(names.metric()?, at, decimal), records)
                }
                Aggregation { meter: Some(_), .. } => {
                    run.track(Tracker::meter(names.metric()?, at, decimal), records)
                }
                _ => match item {
                    Some(item) => {
                        let tracker = Tracker::distinct(names.metric()?, at, move |record| {
                            Some(record.filled_id(item)?.into())
                        });
                        run.track(tracker, records)
                    }
                    None => run.track(Tracker::count(names.metric()?, at), records),
                },
            }
        })?;
        bar.finish_and_clear();
        for sentence in &notes {
            note(sentence);
        }
        tell(&report, begun);
        Ok(())
    }

    fn open(&self, columns: &Columns, bar: &ProgressBar, stop: &Stop) -> anyhow::Result<Vec<Source>> {
        let counter = bar.clone();
        let mut options = Source::options().growing(self.append).on_read(move |bytes| counter.inc(bytes));
        if let Some(format) = self.format {
            options = options.format(format.into());
        }
        let mut sources: Vec<Source> = Vec::with_capacity(self.files.len());
        for file in &self.files {
            let source = if file.as_os_str() == "-" {
                options.read("standard input", BufReader::new(stop.stdin()), columns)?
            } else {
                options.open(file, columns)?
            };
            if sources.iter().any(|other| other.path() == source.path()) {
                bail!("{} is given twice; its records would count twice", shown(file));
            }
            sources.push(source);
        }
        let bytes: Option<u64> = sources.iter().map(Source::bytes).sum();
        if let Some(bytes) = bytes {
            measure(bar, bytes);
        }
        Ok(sources)
    }
}

/// A run of a tracker over files.
struct TrackRun<'r> {
    args: &'r TrackArgs,
    /// For each grouping, which of a record's ids are its parts.
    groups: Vec<Vec<usize>>,
    store: &'r Store,
    /// Whether a cursor tells how far any of the files was read.
    has_cursor: bool,
    stop: &'r Stop,
}

impl TrackRun<'_> {
    fn track<V: Value>(
        &self,
        mut tracker: Tracker<'_, FileRecord, V>,
        records: Records,
    ) -> anyhow::Result<(Report, Vec<String>)> {
        for (by, group) in self.args.by.iter().zip(&self.groups) {
            let group = group.clone();
            tracker = tracker.by_parts(by.kinds.iter().map(String::as_str), move |record, ids| {
                push(record, &group, ids);
            })?;
        }
        let tracker = tracker.periods(self.args.period.iter().copied()).most_objects(self.args.most_objects);
        if !self.args.append {
            let since = match (self.args.since, self.args.last) {
                (Some(date), _) => Since::Date(date),
                (None, Some(days)) => Since::LastDays(days),
                (None, None) if self.args.all => Since::Beginning,
                (None, None) => Since::LastStatistic,
            };
            let run = tracker.recompute().since(since).strict(self.args.strict);
            return Ok((run.run_results(self.store, self.stop.records(records))?, Vec::new()));
        }
        let name = format!("{}/{}", self.args.metric, self.args.cursor.as_deref().unwrap_or("files"));
        let stored = self.store.cursor(&name)?;
        let cursor = match &stored {
            Some(bytes) => Cursor::decode(bytes)
                .with_context(|| format!("the cursor {name:?} is not of this program"))?,
            None => Cursor::default(),
        };
        let records = records.go_on(cursor).map_err(replaced)?;
        let outcome = records.outcome();
        let mut run = tracker.append().strict(self.args.strict);
        if self.has_cursor {
            run = run.cursor(&name, stored.as_deref(), || outcome.cursor().encode());
        }
        let report = run.run_results(self.store, self.stop.records(records))?;
        Ok((report, outcome.notes()))
    }
}

/// What to do with this program about a file that isn't the one that was read.
fn replaced(error: Error) -> anyhow::Error {
    let Error::Replaced { path, offset } = error else { return error.into() };
    anyhow!(
        "{} is not the file that was read up to byte {offset} before: it was replaced or cut; use another --cursor to append all of it, or track without --append",
        shown(&path)
    )
}

impl From<RecordFormat> for FileFormat {
    fn from(format: RecordFormat) -> Self {
        match format {
            RecordFormat::Csv => Self::Csv,
            RecordFormat::Jsonl => Self::Jsonl,
        }
    }
}

/// Gives a grouping the ids of a record that has all of them.
fn push(record: &FileRecord, group: &[usize], ids: &mut Ids<'_>) {
    if group.iter().all(|column| record.id(*column).is_some()) {
        group.iter().filter_map(|column| record.id(*column)).for_each(|id| ids.push(id));
    }
}

fn tell(report: &Report, begun: Instant) {
    for skip in &report.skips {
        note(&format!("skipped {}", skip.reason));
    }
    let more = report.skipped.saturating_sub(report.skips.len() as u64);
    if more > 0 {
        note(&format!("skipped {more} more"));
    }
    let mut extras = Vec::new();
    if report.without_value > 0 {
        extras.push(format!("{} without a value", report.without_value));
    }
    if report.before_since > 0 {
        let since =
            report.since.map(|since| format!(" {since}, from which was recomputed")).unwrap_or_default();
        extras.push(format!("{} dated before{since}", report.before_since));
    }
    if report.future > 0 {
        extras.push(format!("{} dated in the future", report.future));
    }
    let extras = if extras.is_empty() { String::new() } else { format!(" ({})", extras.join(", ")) };
    note(&format!(
        "{} records read, {} skipped, {} late, {} statistics written, {:.2} seconds{extras}",
        report.read,
        report.skipped,
        report.late,
        report.written,
        begun.elapsed().as_secs_f64(),
    ));
}
