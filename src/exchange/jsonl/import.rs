//! From JSON lines to a store.

use super::{
    lines::LineReader,
    parse::{Line, MetricFields, StatisticFields, TrackedFields},
    value,
};
use crate::{
    calendar::Calendar,
    error::{Error, Result, hint, nearest, shortened, shown},
    format::{Form, MetricRecord},
    kinds::{AnyValue, Figures, KindVisitor, visit_kind},
    model::{Domain, Metric, Object, Period, Ref},
    rollup::{Grouping, Imported, Tracked},
    store::{Bulk, Change, Store},
};
use std::{borrow::Cow, collections::BTreeMap, io::BufRead};

/// What an import read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportReport {
    /// Lines that define a domain.
    pub domains: u64,
    /// Lines that define a metric.
    pub metrics: u64,
    /// Statistics, each of which replaced what the store had for it, if anything.
    pub statistics: u64,
}

/// Reads what [`export`](super::export) wrote, and stores it: all of it, or nothing if there is a line that can't be read.
///
/// Statistics that the store has already are replaced, names and descriptions are updated, everything else stays. If the
/// lines define a calendar, it must be the store's; [`exported_calendar`] tells beforehand.
///
/// The weeks to years that a tracker keeps are recomputed where they hold an imported day, for all objects of the day's
/// grouping. A single imported week of such objects is enough that none of their weeks is recomputed, and so for months,
/// quarters and years: [`Store::rebuild`] does it then.
///
/// One line at a time is in memory, however many there are. With whole numbers that takes a few megabytes; at worst, with
/// a line of 24 MiB and in it a value of 16 MiB, about 120 MiB.
///
/// # Errors
/// [`Error::Import`] with the line and what is wrong with it; or what stands in the way of any write, such as
/// [`Error::Io`].
pub fn import(store: &Store, reader: impl BufRead) -> Result<ImportReport> {
    store.change(|change| {
        let mut import = Import::new(change);
        let mut lines = LineReader::new(reader);
        while let Some((number, line)) = lines.next()? {
            let line = Line::parse(line).map_err(LineError::Problem);
            line.and_then(|line| import.line(line)).map_err(|failure| failure.at(number))?;
        }
        import.end()
    })
}

/// The calendar that an export begins with, none if its first line defines none: to make a store with, into which it can
/// be imported.
///
/// ```
/// use trackstats::{
///     Calendar, Store,
///     exchange::{export, exported_calendar, import},
///     store::Prefix,
/// };
///
/// let calendar = Calendar::new("Asia/Tokyo")?;
/// let store = Store::options().calendar(calendar).in_memory()?;
/// let mut lines = Vec::new();
/// export(&store, &Prefix::everything(), &mut lines)?;
///
/// assert_eq!(exported_calendar(lines.as_slice())?, Some(calendar));
/// # Ok::<(), trackstats::Error>(())
/// ```
///
/// # Errors
/// [`Error::Import`] when the first line can't be read.
pub fn exported_calendar(reader: impl BufRead) -> Result<Option<Calendar>> {
    let mut lines = LineReader::new(reader);
    let Some((number, line)) = lines.next()? else { return Ok(None) };
    match Line::parse(line).map_err(|problem| LineError::Problem(problem).at(number))? {
        Line::Calendar(calendar) => Ok(Some(calendar)),
        _ => Ok(None),
    }
}

/// Why a line isn't imported.
enum LineError {
    /// The line itself.
    Problem(String),
    /// The store.
    Error(Error),
}

impl LineError {
    fn at(self, line: u64) -> Error {
        match self {
            Self::Problem(problem) => Error::Import { line, problem: shortened(problem) },
            // What has to do with the machine has nothing to do with the line.
            Self::Error(
                error @ (Error::Io { .. }
                | Error::Stopped { .. }
                | Error::Corrupt { .. }
                | Error::NestedChange),
            ) => error,
            Self::Error(error) => Error::Import { line, problem: shortened(error.to_string()) },
        }
    }
}

impl From<Error> for LineError {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<String> for LineError {
    fn from(problem: String) -> Self {
        Self::Problem(problem)
    }
}

type LineResult<T = ()> = Result<T, LineError>;

/// An import under way.
struct Import<'c, 's> {
    change: &'c mut Change<'s>,
    bulk: Bulk<AnyValue>,
    /// The bytes of encoded values that wait.
    encoded: usize,
    /// The store's domains and those defined by lines.
    domains: BTreeMap<String, DomainEntry>,
    report: ImportReport,
}

struct DomainEntry {
    name: String,
    metrics: BTreeMap<String, MetricEntry>,
}

struct MetricEntry {
    record: MetricRecord,
    /// What came for it, by the kinds of the objects.
    imported: Vec<(Vec<String>, Imported)>,
}

impl MetricEntry {
    fn new(record: MetricRecord) -> Self {
        Self { record, imported: Vec::new() }
    }
}

impl<'c, 's> Import<'c, 's> {
    /// Beyond so many bytes of encoded values, all are written: each value may have 16 MiB.
    const ENCODED: usize = 1 << 20;

    fn new(change: &'c mut Change<'s>) -> Self {
        let store = change.store();
        let entry = |name: &str| DomainEntry { name: name.to_owned(), metrics: BTreeMap::new() };
        let mut domains: BTreeMap<String, DomainEntry> = store
            .domains()
            .iter()
            .map(|domain| (domain.reference().to_owned(), entry(domain.name())))
            .collect();
        for info in store.metrics() {
            let domain = domains.entry(info.domain).or_insert_with(|| entry(&info.domain_name));
            domain.metrics.insert(info.reference, MetricEntry::new(info.record));
        }
        Self { change, bulk: Bulk::new(), encoded: 0, domains, report: ImportReport::default() }
    }

    fn line(&mut self, line: Line<'_>) -> LineResult {
        match line {
            Line::Calendar(calendar) => self.calendar(calendar),
            Line::Domain { reference, name } => self.domain(&reference, &name),
            Line::Metric(metric) => self.metric(metric),
            Line::Tracked(tracked) => self.tracked(tracked),
            Line::Statistic(statistic) => self.statistic(statistic),
        }
    }

    fn calendar(&mut self, calendar: Calendar) -> LineResult {
        let store = self.change.store();
        if calendar == *store.calendar() {
            return Ok(());
        }
        let (path, stored) = (shown(store.path()), store.calendar());
        Err(LineError::Problem(format!(
            "it defines the calendar {calendar}, and the store at {path} has {stored}; import it into a new store"
        )))
    }

    fn domain(&mut self, reference: &str, name: &str) -> LineResult {
        self.change.register_domain(Domain::parse(reference, name)?)?;
        let new = || DomainEntry { name: String::new(), metrics: BTreeMap::new() };
        let entry = self.domains.entry(reference.to_owned()).or_insert_with(new);
        name.clone_into(&mut entry.name);
        self.report.domains += 1;
        Ok(())
    }

    fn metric(&mut self, fields: MetricFields<'_>) -> LineResult {
        let MetricFields { domain, reference, name, description, kind, mut form } = fields;
        let (domain, reference) = (domain.as_ref(), Ref::parse(&reference)?.as_str());
        let Some(entry) = self.domains.get_mut(domain) else {
            let near = like(domain, self.domains.keys().cloned());
            return Err(LineError::Problem(format!(
                "the domain {domain:?} isn't defined{near}; define it first"
            )));
        };
        if let Some(MetricEntry { record: stored, .. }) = entry.metrics.get(reference) {
            if stored.kind != kind {
                let (stored, given) = (stored.kind.clone(), kind.into_owned());
                return Err(
                    Error::WrongKind { metric: format!("{domain}/{reference}"), stored, given }.into()
                );
            }
            if stored.form.is_integers() != form.is_integers() {
                let known = if stored.form.is_integers() { "whole numbers" } else { "encoded" };
                return Err(LineError::Problem(format!(
                    "in the store at {}, the values of {domain}/{reference} are {known}; \"encoded\" must say the same",
                    shown(self.change.store().path())
                )));
            }
            // A line doesn't tell whether encoded values are large, and there may be rows already.
            form = stored.form;
        }
        let (name, description) = (name.into_owned(), description.into_owned());
        let record = MetricRecord { name, description, kind: kind.into_owned(), form };
        self.change.set_metric(domain, reference, record.clone())?;
        match entry.metrics.get_mut(reference) {
            Some(entry) => entry.record = record,
            None => drop(entry.metrics.insert(reference.to_owned(), MetricEntry::new(record))),
        }
        self.report.metrics += 1;
        Ok(())
    }

    fn statistic(&mut self, fields: StatisticFields<'_>) -> LineResult {
        let StatisticFields { domain, metric, period, date, object, value } = fields;
        let known = self.domains.get_mut(domain.as_ref());
        let Some((name, MetricEntry { record, imported })) =
            known.and_then(|entry| Some((&entry.name, entry.metrics.get_mut(metric.as_ref())?)))
        else {
            return Err(self.undefined(&domain, &metric).into());
        };
        let value = value::read(&record.kind, record.form, value)?;
        let period: Period = period.parse()?;
        let date = self.change.store().calendar().parse_date(period, &date)?;
        let slot = self.change.store().calendar().slot(period, date)?;
        let kinds = || object.iter().flat_map(Object::kinds);
        if let Some((_, imported)) = imported.iter_mut().find(|(known, _)| kinds().eq(known)) {
            imported.note(period, slot);
        } else {
            let kinds: Vec<String> = kinds().map(str::to_owned).collect();
            let before = Tracked::read(self.change.writes(), &domain, &metric, &kinds)?;
            let mut first = Imported::new(before);
            first.note(period, slot);
            imported.push((kinds, first));
        }
        let metric = Metric::parse(Domain::parse(&domain, name)?, &metric, &record.name)?;
        let key = metric.describe(&record.description).on(period, date);
        let key = match object {
            Some(object) => key.of(object),
            None => key,
        };
        if let Some(AnyValue::Encoded(bytes)) = &value {
            self.encoded += bytes.len();
        }
        self.bulk.record(self.change, &key, value)?;
        self.report.statistics += 1;
        if self.encoded > Self::ENCODED {
            self.encoded = 0;
            self.bulk.write(self.change)?;
        }
        Ok(())
    }

    fn undefined(&self, domain: &str, metric: &str) -> String {
        let names = self
            .domains
            .iter()
            .flat_map(|(domain, entry)| entry.metrics.keys().map(move |metric| format!("{domain}/{metric}")));
        let wanted = format!("{domain}/{metric}");
        let near = like(&wanted, names);
        format!("the metric {wanted} isn't defined{near}; define it first")
    }

    /// Takes over what is tracked of a metric, beside what the store tracks of it already.
    fn tracked(&mut self, fields: TrackedFields<'_>) -> LineResult {
        let TrackedFields { domain, metric, kinds, periods } = fields;
        let known = self.domains.get_mut(domain.as_ref());
        let Some(entry) = known.and_then(|entry| entry.metrics.get_mut(metric.as_ref())) else {
            return Err(self.undefined(&domain, &metric).into());
        };
        let (domain, metric) = (domain.into_owned(), metric.into_owned());
        let kinds: Vec<String> = kinds.into_iter().map(Cow::into_owned).collect();
        if kinds.len() > Object::MAX_PARTS {
            return Err(LineError::Problem(
                "\"by\" has more than 8 kinds, which an object can't have".to_owned(),
            ));
        }
        kinds.iter().try_for_each(|kind| Ref::parse(kind).map(drop))?;
        let before = Tracked::read(self.change.writes(), &domain, &metric, &kinds)?;
        let mut tracked = before.clone().unwrap_or_default();
        if !entry.imported.iter().any(|(known, _)| *known == kinds) {
            entry.imported.push((kinds.clone(), Imported::new(before)));
        }
        for period in periods {
            tracked.periods.push(period.parse::<Period>()?.checked()?);
        }
        tracked.periods.retain(|period| *period != Period::Day);
        tracked.periods.sort_unstable();
        tracked.periods.dedup();
        let grouping = Grouping { domain, metric, part_kinds: kinds, tracked };
        Ok(self.change.put_bytes(grouping.key(), grouping.tracked.encode())?)
    }

    fn end(mut self) -> Result<ImportReport> {
        self.bulk.write(self.change)?;
        for (domain, entry) in &self.domains {
            for (metric, MetricEntry { record, imported }) in &entry.metrics {
                for (kinds, imported) in imported {
                    let grouping = (domain.as_str(), metric.as_str(), kinds.as_slice());
                    let in_step = InStep { change: self.change, grouping, form: record.form, imported };
                    // Values of a program's own kinds can't be merged here: their periods stay as they were imported.
                    visit_kind(&record.kind, in_step).unwrap_or(Ok(()))?;
                }
            }
        }
        Ok(self.report)
    }
}

/// Brings the calendar periods of a grouping into step with the days that were imported.
struct InStep<'i, 's> {
    change: &'i mut Change<'s>,
    /// The domain, the metric and the kinds of the objects.
    grouping: (&'i str, &'i str, &'i [String]),
    form: Form,
    imported: &'i Imported,
}

impl KindVisitor for InStep<'_, '_> {
    type Output = Result<()>;

    fn visit<V: Figures>(self) -> Result<()> {
        let Self { change, grouping: (domain, metric, kinds), form, imported } = self;
        let Some(tracked) = Tracked::read(change.writes(), domain, metric, kinds)? else { return Ok(()) };
        let (domain, metric, kinds) = (domain.to_owned(), metric.to_owned(), kinds.to_vec());
        let days = change.store().table((&domain, &metric), Period::Day, form, !kinds.is_empty());
        let mut grouping = Grouping { domain, metric, part_kinds: kinds, tracked };
        let before = grouping.tracked.clone();
        grouping.bring_into_step::<V>(change.writes(), &days, imported)?;
        if grouping.tracked != before {
            change.put_bytes(grouping.key(), grouping.tracked.encode())?;
        }
        Ok(())
    }
}

/// The names near one that isn't known, for people.
fn like(name: &str, candidates: impl Iterator<Item = String>) -> String {
    let candidates: Vec<String> = candidates.collect();
    hint(&nearest(name, candidates.iter().map(String::as_str)))
}
