//! Everything under a prefix, of whatever metrics, periods and objects.

use super::{
    rows::Wanted,
    statistics::{Selection, Statistics},
};
use crate::{
    error::{Error, Result},
    format::{KeyRange, RowKey, Space},
    kinds::AnyValue,
    model::{Period, Ref, Statistic},
    storage::{Direction, Snapshot},
    store::{Registry, Slots, Store, prefix},
};
use chrono::NaiveDate;
use std::{fmt, str::FromStr, sync::Arc};

/// The beginning of statistics' keys: a domain, a metric, a period, a date, each only after the one before.
///
/// Its text form has them in this order, with a `/` between: `flights/departures/day/2013-01-01`.
///
/// ```
/// use trackstats::{Period, Prefix};
///
/// let prefix: Prefix = "flights/departures/day".parse()?;
/// assert_eq!(prefix, Prefix::domain("flights")?.metric("departures")?.period(Period::Day));
/// # Ok::<(), trackstats::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct Prefix {
    names: Vec<String>,
    period: Option<Period>,
    date: Option<NaiveDate>,
}

impl Prefix {
    /// Everything in the store.
    pub fn everything() -> Self {
        Self::default()
    }

    /// Everything of a domain.
    ///
    /// # Errors
    /// [`Error::InvalidRef`].
    pub fn domain(domain: &str) -> Result<Self> {
        Ref::parse(domain)?;
        Ok(Self { names: vec![domain.to_owned()], ..Self::default() })
    }

    /// Of those, a metric's statistics.
    ///
    /// # Errors
    /// [`Error::InvalidRef`].
    pub fn metric(mut self, metric: &str) -> Result<Self> {
        Ref::parse(metric)?;
        self.names.truncate(1);
        self.names.push(metric.to_owned());
        Ok(self)
    }

    /// Of those, the statistics for a period.
    pub fn period(self, period: Period) -> Self {
        Self { period: Some(period), ..self }
    }

    /// Of those, the statistics of a date, or of the calendar period that contains it.
    pub fn date(self, date: NaiveDate) -> Self {
        Self { date: Some(date), ..self }
    }

    #[cfg(feature = "exchange")]
    /// Whether a metric is under the prefix, or may have statistics that are.
    pub(crate) fn covers(&self, domain: &str, metric: Option<&str>) -> bool {
        let mut names = self.names.iter();
        names.next().is_none_or(|name| name == domain)
            && names.next().is_none_or(|name| metric.is_none_or(|metric| name == metric))
    }
}

impl FromStr for Prefix {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut parts = text.split('/').filter(|part| !part.is_empty());
        let mut prefix = Self::default();
        for name in parts.by_ref().take(2) {
            prefix.names.push(Ref::parse(name)?.as_str().to_owned());
        }
        prefix.period = parts.next().map(str::parse).transpose()?;
        if let Some(date) = parts.next() {
            let parsed = date.parse().map_err(|_| Error::InvalidTimestamp { text: date.to_owned() })?;
            prefix.date = Some(parsed);
        }
        match parts.next() {
            None => Ok(prefix),
            Some(_) => {
                Err(Error::InvalidRef { reference: text.to_owned(), problem: "goes on after the date" })
            }
        }
    }
}

impl Store {
    /// All statistics under a prefix, in the order of their keys: first those without object, then those with one;
    /// each by domain, metric, period, date and object.
    ///
    /// ```
    /// use trackstats::{AnyValue, Domain, Metric, Period, Prefix, Store};
    ///
    /// const TILL: Domain = Domain::new("till", "The till");
    /// const SALES: Metric = Metric::new(TILL, "sales", "Sales");
    ///
    /// let store = Store::in_memory()?;
    /// store.record(SALES.on(Period::Day, store.today()?), 12)?;
    /// let all = store.scan(&Prefix::everything()).collect::<Result<Vec<_>, _>>()?;
    /// assert_eq!(all[0].value, Some(AnyValue::Integer(12)));
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    pub fn scan(&self, prefix: &Prefix) -> Scan {
        let (snapshot, registry) = self.snapshot_with_registry();
        Scan {
            store: self.clone(),
            snapshot,
            registry,
            prefix: prefix.clone(),
            left: vec![prefix.range(Space::Object), prefix.range(Space::Plain)],
            current: None,
        }
    }
}

impl Prefix {
    fn range(&self, space: Space) -> KeyRange {
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        match (names.as_slice(), self.period) {
            ([domain, metric], Some(period)) => prefix(domain, metric, period, space == Space::Object).rows(),
            _ => KeyRange::prefix(space.key(&names)),
        }
    }
}

/// The statistics under a prefix, read as they are asked for. Made by [`Store::scan`].
///
/// All are as they were when the reading began. Writes go on beside it; what they replace is kept in memory meanwhile,
/// so it isn't meant to be held for long.
pub struct Scan {
    store: Store,
    snapshot: Snapshot,
    /// As it was when the snapshot was taken: a metric that is deleted meanwhile is still in it.
    registry: Arc<Registry>,
    prefix: Prefix,
    /// The ranges of keys that are left, the next one last.
    left: Vec<KeyRange>,
    current: Option<Statistics<AnyValue>>,
}

impl Scan {
    /// The definitions that were there when the reading began.
    #[cfg(feature = "exchange")]
    pub(crate) fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.registry)
    }

    fn next_statistic(&mut self) -> Result<Option<Statistic<AnyValue>>> {
        loop {
            if let Some(statistic) = self.current.as_mut().and_then(Iterator::next) {
                return statistic.map(Some);
            }
            let Some(range) = self.left.pop() else { return Ok(None) };
            if let Some(entry) = self.snapshot.first(&range, Direction::Forwards)? {
                let found =
                    RowKey::decode(&entry.key).map_err(|malformed| self.store.corrupt(malformed, None))?;
                let rows = prefix(&found.domain, &found.metric, found.period, found.object.is_some()).rows();
                if let Some(start) = rows.end {
                    self.left.push(KeyRange { start, end: range.end });
                }
                self.current = self.statistics(&found)?;
            }
        }
    }

    /// The statistics of the metric and period that a row is of, with or without object as it is.
    fn statistics(&self, found: &RowKey) -> Result<Option<Statistics<AnyValue>>> {
        if self.prefix.period.is_some_and(|period| period != found.period) {
            return Ok(None);
        }
        let info = self.registry.find(self.store.path(), &found.domain, &found.metric)?;
        let slots = Slots::new(*self.store.calendar(), found.period, info.form());
        let (from, to) = slots.range(self.prefix.date, self.prefix.date)?;
        let wanted = if found.object.is_some() { Wanted::Beginning(Vec::new()) } else { Wanted::Plain };
        let selection = Selection { wanted, kinds: None, direction: Direction::Forwards, from, to };
        let names = (found.domain.as_str(), found.metric.as_str(), found.period);
        Ok(Some(Statistics::new(&self.store, self.snapshot.clone(), names, slots, selection)))
    }
}

impl Iterator for Scan {
    type Item = Result<Statistic<AnyValue>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_statistic().transpose()
    }
}

impl fmt::Debug for Scan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scan").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
