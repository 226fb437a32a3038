//! From a store to JSON lines.

use super::line::{CalendarLine, DomainLine, MetricLine, StatisticLine, TrackedLine};
use crate::{
    calendar::Calendar,
    error::{Error, Result},
    kinds::AnyValue,
    model::Statistic,
    rollup::Grouping,
    store::{MetricInfo, Prefix, Store},
};
use serde::Serialize;
use std::io::{self, Write};

/// Writes everything under a prefix as JSON lines, definitions first, and returns the number of statistics.
///
/// All statistics are as they were when the writing began; others may write to the store meanwhile. The writer gets
/// many small writes: give it a [`BufWriter`](io::BufWriter).
///
/// ```
/// use trackstats::{
///     Domain, Metric, Period, Store,
///     exchange::{export, import},
///     store::Prefix,
/// };
///
/// const TILL: Domain = Domain::new("till", "The till");
/// const SALES: Metric = Metric::new(TILL, "sales", "Sales");
///
/// let store = Store::in_memory()?;
/// store.record(SALES.on(Period::Day, store.today()?), 12)?;
/// let mut lines = Vec::new();
/// assert_eq!(export(&store, &Prefix::everything(), &mut lines)?, 1);
///
/// let copy = Store::in_memory()?;
/// assert_eq!(import(&copy, lines.as_slice())?.statistics, 1);
/// let mut again = Vec::new();
/// export(&copy, &Prefix::everything(), &mut again)?;
/// assert_eq!(again, lines);
/// # Ok::<(), trackstats::Error>(())
/// ```
///
/// What is stored is written, and which periods trackers keep: running periods that they keep are worked out again
/// where the export is imported. Callers' cursors are not exported: after an import, append only what is new.
///
/// # Errors
/// [`Error::Io`] when the writer fails, and as [`Store::scan`].
pub fn export(store: &Store, prefix: &Prefix, writer: impl Write) -> Result<u64> {
    let scan = store.scan(prefix);
    let registry = scan.registry();
    let mut lines = LineWriter { writer, line: Vec::new() };
    lines.write(&CalendarLine::from(store.calendar()))?;
    for domain in registry.domains().iter().filter(|domain| prefix.covers(domain.reference(), None)) {
        lines.write(&DomainLine::from(domain))?;
    }
    let covered = |metric: &&MetricInfo| prefix.covers(metric.domain(), Some(metric.reference()));
    for metric in registry.metrics().iter().filter(covered) {
        lines.write(&MetricLine::from(metric))?;
    }
    for grouping in Grouping::all(scan.snapshot(), &[])? {
        if prefix.covers(&grouping.domain, Some(&grouping.metric)) {
            lines.write(&TrackedLine::from(&grouping))?;
        }
    }
    let mut statistics = 0;
    for statistic in scan {
        let statistic = statistic?;
        let kind = registry.kind(statistic.series.domain(), statistic.series.metric()).unwrap_or_default();
        lines.write(&StatisticLine::new(store.calendar(), kind, &statistic)?)?;
        statistics += 1;
    }
    lines.writer.flush().map_err(failed)?;
    Ok(statistics)
}

struct LineWriter<W> {
    writer: W,
    line: Vec<u8>,
}

impl<W: Write> LineWriter<W> {
    fn write(&mut self, line: &impl Serialize) -> Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, line).map_err(|error| failed(error.into()))?;
        self.line.push(b'\n');
        self.writer.write_all(&self.line).map_err(failed)
    }
}

/// A statistic as the line of JSON that [`export`] writes for it, without the line's end. `kind` is that of its metric's
/// values, [`MetricInfo::kind`].
///
/// # Errors
/// As [`Calendar::date_text`], and [`Error::InvalidValue`] for bytes that are no value of this kind.
pub fn statistic_line(calendar: &Calendar, kind: &str, statistic: &Statistic<AnyValue>) -> Result<String> {
    let line = StatisticLine::new(calendar, kind, statistic)?;
    serde_json::to_string(&line).map_err(|error| failed(error.into()))
}

fn failed(source: io::Error) -> Error {
    Error::Io { action: "writing", path: "the export".into(), source }
}
