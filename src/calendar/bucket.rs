//! The stretch of time that a period covers.

use super::{
    Calendar, Timestamp,
    day_number::{MIN_DAY, day_of_number},
    slot::hour_slot,
};
use crate::{
    error::Result,
    model::{Date, Period},
};
use chrono::{DateTime, NaiveDate, Utc};

const SECONDS_AN_HOUR: i64 = 3_600;

/// The stretch of time that a statistic covers: its date, and the instants from `start` up to but not including `end`.
///
/// ```
/// use trackstats::{Calendar, Period, chrono::NaiveDate};
///
/// let calendar = Calendar::new("America/Sao_Paulo")?;
/// let day = NaiveDate::from_ymd_opt(2014, 10, 19).unwrap();
///
/// // Midnight was skipped: the clocks went from 23:59:59 to 01:00:00.
/// let bucket = calendar.bucket_on(Period::Day, day)?;
/// assert_eq!(bucket.start.to_rfc3339(), "2014-10-19T03:00:00+00:00");
/// assert_eq!((bucket.end - bucket.start).num_hours(), 23);
/// # Ok::<(), trackstats::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Bucket {
    /// The date: the first day of a calendar period, the last of `LastDays` and `Lifetime`.
    pub date: Date,
    /// The first instant.
    pub start: DateTime<Utc>,
    /// The first instant that is past it; it equals `start` if nothing falls into the bucket.
    pub end: DateTime<Utc>,
}

impl Calendar {
    /// The bucket of a period that an instant falls into.
    ///
    /// `LastDays(n)` and `Lifetime` are those that end with the instant's day, so every later one has it too.
    ///
    /// ```
    /// use trackstats::{Calendar, Period};
    ///
    /// let calendar = Calendar::new("Europe/Paris")?;
    /// let at = calendar.parse_timestamp("2024-03-31T21:59:59Z")?;
    /// assert_eq!(calendar.bucket(Period::Quarter, at)?.date.to_string(), "2024-01-01");
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::DateOutOfRange`](crate::Error::DateOutOfRange) outside the years 1 to 9999,
    /// [`Error::HourOutOfRange`](crate::Error::HourOutOfRange) past the 32nd hour of a day, which only days have that
    /// a zone lived through twice, and [`Error::UnknownPeriod`](crate::Error::UnknownPeriod) for `LastDays(0)`.
    pub fn bucket(&self, period: Period, at: impl Into<Timestamp>) -> Result<Bucket> {
        let (period, at) = (period.checked()?, at.into());
        let day = self.day_number_at(at)?;
        let slot = match period {
            Period::Hour => {
                let since = at.unix_seconds() - self.day_start_second(day);
                hour_slot(day, since / SECONDS_AN_HOUR)?
            }
            _ => self.slot_of_day(period, day),
        };
        self.bucket_of_slot(period, slot)
    }

    /// The bucket of a period that a date lies in: for a month, any of its days will do.
    ///
    /// `LastDays(n)` is the n calendar days that end on the date, and `Lifetime` everything from the start of
    /// 0001-01-01 to the end of the date. A day that the zone skipped, and an hour that the day doesn't have, has a
    /// bucket of no length.
    ///
    /// ```
    /// use trackstats::{Calendar, Period, chrono::NaiveDate};
    ///
    /// let day = NaiveDate::from_ymd_opt(2024, 5, 17).unwrap();
    /// let calendar = Calendar::default();
    /// assert_eq!(calendar.bucket_on(Period::Week, day)?.date.to_string(), "2024-05-13");
    ///
    /// let window = calendar.bucket_on(Period::LastDays(7), day)?;
    /// assert_eq!(window.start.to_rfc3339(), "2024-05-11T00:00:00+00:00");
    /// assert_eq!(window.end.to_rfc3339(), "2024-05-18T00:00:00+00:00");
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Calendar::bucket`].
    pub fn bucket_on(&self, period: Period, date: impl Into<Date>) -> Result<Bucket> {
        let period = period.checked()?;
        self.bucket_of_slot(period, self.slot(period, date.into())?)
    }

    /// The local day of an instant: the last that has begun.
    ///
    /// ```
    /// use trackstats::Calendar;
    ///
    /// // At 00:01 the clocks went back to 23:01, but the new day had begun.
    /// let calendar = Calendar::new("America/St_Johns")?;
    /// let at = calendar.parse_timestamp("2006-10-29T02:45:00Z")?;
    /// assert_eq!(calendar.day_of(at)?.to_string(), "2006-10-29");
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::DateOutOfRange`](crate::Error::DateOutOfRange) outside the years 1 to 9999.
    pub fn day_of(&self, at: impl Into<Timestamp>) -> Result<NaiveDate> {
        day_of_number(self.day_number_at(at.into())?)
    }

    pub(crate) fn bucket_of_slot(&self, period: Period, slot: i32) -> Result<Bucket> {
        let date = self.date(period, slot)?;
        let day = self.first_day_number(period, slot);
        let (start, end) = (self.day_start_second(day), self.day_start_second(day.saturating_add(1)));
        let (start, end) = match period {
            Period::Day => (start, end),
            Period::Hour => {
                let from = start + i64::from(date.hour()) * SECONDS_AN_HOUR;
                (from.min(end), end.min(from + SECONDS_AN_HOUR))
            }
            Period::Week | Period::Month | Period::Quarter | Period::Year => {
                let next = self.first_day_number(period, slot.saturating_add(1));
                (start, self.day_start_second(next))
            }
            Period::LastDays(days) => {
                let first = day.saturating_add(1).saturating_sub(days.into());
                (self.day_start_second(first), end)
            }
            Period::Lifetime => (self.day_start_second(MIN_DAY), end),
        };
        let utc = |second| Timestamp::from_unix_seconds(second).to_utc();
        Ok(Bucket { date, start: utc(start)?, end: utc(end)? })
    }
}
