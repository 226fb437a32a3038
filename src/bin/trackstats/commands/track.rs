//! `trackstats track`.

use crate::{
    arguments::{By, MetricName, StoreArgs},
    output::note,
    records::{
        Columns, Cursor, Format, Numbers, Outcome, Reader, Reading, Records, Source, measure, progress,
    },
};
use anyhow::{Context, bail};
use clap::{ArgGroup, Args};
use indicatif::ProgressBar;
use std::{cell::RefCell, path::PathBuf, rc::Rc, time::Instant};
use trackstats::{Calendar, Ids, Period, Report, Since, Store, Tracker, Value, chrono::NaiveDate};

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
    format: Option<Format>,
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
        let begun = Instant::now();
        let mut columns = Columns::new(&self.timestamp, self.aggregation.column());
        let item = self.aggregation.distinct.as_deref().map(|column| columns.id(column));
        let groups: Vec<Vec<usize>> = self.by.iter().map(|by| columns.group(by)).collect();
        let bar = progress(None);
        // Before the store is opened: a slip of the pen should not leave one behind, with the wrong calendar say.
        let sources = self.open(&columns, &bar)?;
        let (report, notes) = store.write(Calendar::default(), |store| {
            let reader = Reader::new(*store.calendar(), columns)?;
            let run = Run { args: &self, groups, store, bar: &bar };

            let names = self.metric.names(store);
            let (at, whole, decimal) = (|reading: &Reading| reading.at, Reading::whole, Reading::decimal);
            match &self.aggregation {
                Aggregation { sum: Some(_), .. } => {
                    run.track(Tracker::sum(names.metric()?, at, whole), sources, reader)
                }
                Aggregation { min: Some(_), .. } => {
                    run.track(Tracker::min(names.metric()?, at, whole), sources, reader)
                }
                Aggregation { max: Some(_), .. } => {
                    run.track(Tracker::max(names.metric()?, at, whole), sources, reader)
                }
                Aggregation { sum_float: Some(_), .. } => {
                    run.track(Tracker::sum_float(names.metric()?, at, decimal), sources, reader)
                }
                Aggregation { mean: Some(_), .. } => {
                    run.track(Tracker::summary(names.metric()?, at, decimal), sources, reader)
                }
                Aggregation { quantiles: Some(_), .. } => {
                    run.track(Tracker::quantiles(names.metric()?, at, decimal), sources, reader)
                }
                Aggregation { gauge: Some(_), .. } => {
                    run.track(Tracker::gauge(names.metric()?, at, decimal), sources, reader)
                }
                Aggregation { meter: Some(_), .. } => {
                    run.track(Tracker::meter(names.metric()?, at, decimal), sources, reader)
                }
                _ => match item {
                    Some(item) => {
                        let tracker = Tracker::distinct(names.metric()?, at, move |reading| {
                            Some(reading.item(item)?.into())
                        });
                        run.track(tracker, sources, reader)
                    }
                    None => run.track(Tracker::count(names.metric()?, at), sources, reader),
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

    fn open(&self, columns: &Columns, bar: &ProgressBar) -> anyhow::Result<Vec<Source>> {
        let mut sources: Vec<Source> = Vec::with_capacity(self.files.len());
        for file in &self.files {
            let source = Source::open(file, self.format, columns.names(), self.append, bar)?;
            if sources.iter().any(|other| other.path() == source.path()) {
                bail!("{} is given twice; its records would count twice", file.display());
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
struct Run<'r> {
    args: &'r TrackArgs,
    /// For each grouping, which of a reading's ids are its parts.
    groups: Vec<Vec<usize>>,
    store: &'r Store,
    bar: &'r ProgressBar,
}

impl Run<'_> {
    fn track<V: Value>(
        &self,
        mut tracker: Tracker<'_, Reading, V>,
        mut sources: Vec<Source>,
        reader: Reader,
    ) -> anyhow::Result<(Report, Vec<String>)> {
        for (by, group) in self.args.by.iter().zip(&self.groups) {
            let group = group.clone();
            tracker = tracker.by_parts(by.kinds.iter().map(String::as_str), move |reading, ids| {
                push(reading, &group, ids);
            })?;
        }
        let tracker = tracker.periods(self.args.period.iter().copied()).most_objects(self.args.most_objects);
        if !self.args.append {
            let records = Records::new(sources, reader, Cursor::default());
            let since = match (self.args.since, self.args.last) {
                (Some(date), _) => Since::Date(date),
                (None, Some(days)) => Since::LastDays(days),
                (None, None) if self.args.all => Since::Beginning,
                (None, None) => Since::LastStatistic,
            };
            let run = tracker.recompute().since(since).strict(self.args.strict);
            return Ok((run.run_results(self.store, records)?, Vec::new()));
        }
        let name = format!("{}/{}", self.args.metric, self.args.cursor.as_deref().unwrap_or("files"));
        let stored = self.store.cursor(&name)?;
        let cursor = match &stored {
            Some(bytes) => Cursor::decode(bytes)
                .with_context(|| format!("the cursor {name:?} is not of this program"))?,
            None => Cursor::default(),
        };
        for source in &mut sources {
            source.go_on(&cursor, self.bar)?;
        }
        let from_files = sources.iter().any(Source::has_cursor);
        let records = Records::new(sources, reader, cursor);
        let outcome: Rc<RefCell<Outcome>> = records.outcome();
        let mut run = tracker.append().strict(self.args.strict);
        if from_files {
            run = run.cursor(&name, stored.as_deref(), || outcome.borrow().cursor.encode());
        }
        let report = run.run_results(self.store, records)?;
        let notes = std::mem::take(&mut outcome.borrow_mut().notes);
        Ok((report, notes))
    }
}

/// Gives a grouping the ids of a record that has all of them.
fn push(reading: &Reading, group: &[usize], ids: &mut Ids<'_>) {
    if group.iter().all(|place| reading.id(*place).is_some()) {
        group.iter().filter_map(|place| reading.id(*place)).for_each(|id| ids.push(id));
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
