//! Which dates of the clock are believed.

use super::Clock;
use crate::{
    calendar::Timestamp,
    error::{Error, Result},
};
use chrono::NaiveDate;

/// Which dates are plausible for today, and what is done about others. For machines whose clock may start in 1970,
/// jump back, or jump decades ahead. Set by [`Options::clock_guard`](crate::store::Options::clock_guard).
///
/// It guards what the library takes for today: [`Store::today`](super::Store::today), and the runs of trackers. Records are guarded too,
/// whatever is done about the clock: one dated outside the plausible dates is skipped and reported. A statistic
/// that is recorded with a date of its own isn't looked at, and [`Store::now`](super::Store::now) is what the clock says.
///
/// With a guard, the store remembers the latest plausible date that it has seen: it is written when the date advances,
/// with whatever else is being written. One that is no longer plausible is forgotten. So, if a clock was wrong but
/// plausible, and limits keep the right date out since, open the store with a `latest` that the wrong one lies after.
///
/// ```
/// use trackstats::{
///     Error, Store, Timestamp,
///     chrono::NaiveDate,
///     store::{ClockGuard, FixedClock, Implausible},
/// };
///
/// let new_year = |year| NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
/// let guard = ClockGuard::new(new_year(2024), new_year(2045))?;
/// let in_1970 = FixedClock(Timestamp::from_unix_seconds(42));
///
/// let store = Store::options().clock(in_1970).clock_guard(guard).in_memory()?;
/// assert!(matches!(store.today(), Err(Error::ImplausibleClock { .. })));
///
/// let guard = guard.otherwise(Implausible::Park);
/// let store = Store::options().clock(in_1970).clock_guard(guard).in_memory()?;
/// assert_eq!(store.today()?, new_year(2024));
/// assert!(store.parked()?.is_some());
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct ClockGuard {
    pub(super) earliest: NaiveDate,
    pub(super) latest: NaiveDate,
    most_behind: Option<u32>,
    most_ahead: Option<u32>,
    pub(super) otherwise: Implausible,
}

/// What is done while the clock's date is implausible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Implausible {
    /// What needs today's date is an error, [`Error::ImplausibleClock`].
    Refuse,
    /// Today is taken to be the latest date that the store has seen, or else the earliest plausible date: not the
    /// nearest one, since running periods would be worked out up to a day that hasn't come. [`Store::parked`](super::Store::parked) and the
    /// report of a run say so.
    Park,
}

/// A clock that isn't believed, and what is taken for today instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parked {
    /// What the clock says.
    pub clock: Timestamp,
    /// What today is taken to be.
    pub today: NaiveDate,
}

impl ClockGuard {
    /// The plausible dates, from the earliest to the latest, both included. The earliest is at most that of the oldest
    /// record that is to count; when the program was built is a good one for records that are new.
    ///
    /// # Errors
    /// [`Error::InvalidDate`] when the earliest comes after the latest.
    pub fn new(earliest: NaiveDate, latest: NaiveDate) -> Result<Self> {
        if earliest > latest {
            return Err(Error::InvalidDate {
                text: format!("{earliest} to {latest}"),
                problem: "has no dates in it; the earliest plausible date comes first".to_owned(),
            });
        }
        Ok(Self { earliest, latest, most_behind: None, most_ahead: None, otherwise: Implausible::Refuse })
    }

    /// How many days today may lie before the latest date that the store has seen. Default: any number.
    pub fn most_behind(self, days: u32) -> Self {
        Self { most_behind: Some(days), ..self }
    }

    /// How many days today may lie after the latest date that the store has seen: more than the machine is ever
    /// switched off. Default: any number.
    pub fn most_ahead(self, days: u32) -> Self {
        Self { most_ahead: Some(days), ..self }
    }

    /// What is done while the clock's date is implausible. Default: [`Implausible::Refuse`].
    pub fn otherwise(self, otherwise: Implausible) -> Self {
        Self { otherwise, ..self }
    }

    pub(super) fn contains(&self, date: NaiveDate) -> bool {
        (self.earliest..=self.latest).contains(&date)
    }

    /// Why a date is not plausible for today, if it isn't; none at all is one beyond the calendar.
    pub(super) fn problem(&self, date: Option<NaiveDate>, seen: Option<NaiveDate>) -> Option<String> {
        let Some(date) = date.filter(|date| self.contains(*date)) else {
            return Some(format!("is outside the plausible dates {} to {}", self.earliest, self.latest));
        };
        let seen = seen?;
        let ahead = date.signed_duration_since(seen).num_days();
        let (most, side) =
            if ahead < 0 { (self.most_behind?, "before") } else { (self.most_ahead?, "after") };
        let days = ahead.unsigned_abs();
        let plural = if days == 1 { "" } else { "s" };
        (days > u64::from(most))
            .then(|| format!("is {days} day{plural} {side} {seen}, the latest date that the store has seen"))
    }
}

/// A store's clock, and which of its dates are believed.
#[derive(Debug)]
pub(super) struct GuardedClock {
    pub(super) clock: Box<dyn Clock>,
    pub(super) guard: Option<ClockGuard>,
}
