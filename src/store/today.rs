//! Today's date: what the clock says, or what is taken for it.

use super::{ClockGuard, Implausible, Parked, Store};
use crate::{
    calendar::{Timestamp, day_number, day_of_number},
    error::{Error, Result},
    format::{Record, SeenRecord, key},
    storage::Reads,
};
use chrono::NaiveDate;
use std::ops::RangeInclusive;

/// Today's date, and whether it is the clock's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Today {
    pub(crate) date: NaiveDate,
    pub(crate) parked: Option<Parked>,
}

impl Store {
    /// The present instant, by the store's clock, plausible or not.
    pub fn now(&self) -> Timestamp {
        self.inner.clock.clock.now()
    }

    /// Today's date, by the store's clock and calendar.
    ///
    /// # Errors
    /// [`Error::DateOutOfRange`] when the clock is outside the years 1 to 9999; with a [`ClockGuard`]
    /// [`Error::ImplausibleClock`] when it isn't plausible, unless it is parked.
    pub fn today(&self) -> Result<NaiveDate> {
        Ok(self.guarded_today()?.date)
    }

    /// What the clock says, and what is taken for today instead, while a [`ClockGuard`] doesn't believe it and parks
    /// it. None when the clock is believed.
    ///
    /// # Errors
    /// As [`Store::today`].
    pub fn parked(&self) -> Result<Option<Parked>> {
        Ok(self.guarded_today()?.parked)
    }

    pub(crate) fn guarded_today(&self) -> Result<Today> {
        let now = self.now();
        let date = self.calendar().day_of(now);
        let Some(guard) = self.inner.clock.guard else { return Ok(Today { date: date?, parked: None }) };
        let bytes = self.snapshot().get(&key::seen())?;
        let seen = self.seen(&guard, bytes.as_deref())?;
        match (guard.problem(date.as_ref().ok().copied(), seen), guard.otherwise) {
            (None, _) => Ok(Today { date: date?, parked: None }),
            (Some(_), Implausible::Park) => {
                let today = seen.unwrap_or(guard.earliest);
                Ok(Today { date: today, parked: Some(Parked { clock: now, today }) })
            }
            (Some(problem), Implausible::Refuse) => {
                let date = date.map_or_else(|_| now.to_string(), |date| date.to_string());
                Err(Error::ImplausibleClock { path: self.path().to_owned(), date, problem })
            }
        }
    }

    /// The days that a record may be dated on, as day numbers; none if any will do.
    pub(crate) fn plausible_days(&self) -> Option<RangeInclusive<i32>> {
        let guard = self.inner.clock.guard?;
        Some(day_number(guard.earliest)..=day_number(guard.latest))
    }

    /// The record of today's date, if it is to be remembered: it is plausible, and later than the one that the store
    /// has seen.
    pub(super) fn newly_seen(
        &self,
        bytes: impl FnOnce() -> Result<Option<Vec<u8>>>,
    ) -> Result<Option<Vec<u8>>> {
        let Some(guard) = self.inner.clock.guard else { return Ok(None) };
        let seen = self.seen(&guard, bytes()?.as_deref())?;
        let today = self.calendar().day_of(self.now()).ok();
        let new = today.filter(|today| seen < Some(*today) && guard.problem(Some(*today), seen).is_none());
        Ok(new.map(|today| SeenRecord { day: day_number(today) }.encode()))
    }

    /// The latest date that the store has seen, unless it is no longer plausible.
    fn seen(&self, guard: &ClockGuard, bytes: Option<&[u8]>) -> Result<Option<NaiveDate>> {
        let Some(bytes) = bytes else { return Ok(None) };
        let SeenRecord { day } =
            SeenRecord::decode(bytes).map_err(|malformed| self.corrupt(malformed, None))?;
        Ok(Some(day_of_number(day)?).filter(|seen| guard.contains(*seen)))
    }
}
