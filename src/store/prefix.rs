//! The beginning of statistics' keys.

use crate::{
    error::{Error, Result},
    format::{KeyRange, SeriesPrefix, Space},
    model::{Period, Ref},
};
use chrono::NaiveDate;
use std::str::FromStr;

/// The beginning of statistics' keys: a domain, a metric, a period, a date, each only after the one before.
///
/// Its text form has them in this order, with a `/` between: `flights/departures/day/2013-01-01`.
///
/// ```
/// use trackstats::{Period, store::Prefix};
///
/// let prefix: Prefix = "flights/departures/day".parse()?;
/// assert_eq!(prefix, Prefix::domain("flights")?.metric("departures")?.period(Period::Day));
/// # Ok::<(), trackstats::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct Prefix {
    names: Vec<String>,
    pub(super) period: Option<Period>,
    pub(super) date: Option<NaiveDate>,
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

impl Prefix {
    /// The keys of blocks that begin with it, without the date.
    pub(super) fn range(&self, space: Space) -> KeyRange {
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        match (names.as_slice(), self.period) {
            ([domain, metric], Some(period)) => SeriesPrefix::new(space, domain, metric, period).blocks(),
            _ => KeyRange::prefix(space.key(&names)),
        }
    }
}
