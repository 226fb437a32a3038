//! Slots: the ordinals by which statistics are stored.
//!
//! | period | slot |
//! | --- | --- |
//! | hour | 32 times the day number, and the hour of the day |
//! | day, last-N-days, lifetime | the day number, 0 for 1970-01-01 |
//! | week | 0 for the calendar's week that contains 1970-01-01 |
//! | month, quarter, year | 0 for the one that begins in January 1970 |
//!
//! The next and the previous period are one slot away; of an hour, within its day.

use super::{
    Calendar,
    day_number::{MAX_DAY, MIN_DAY, checked_day, clamp, day_number, day_of_month, day_of_number, month_of},
};
use crate::{
    error::{Error, Result},
    model::{Date, Period},
};
use std::ops::RangeInclusive;

/// The hours of a day that have slots.
const HOURS: i32 = 32;
const MONTHS_A_QUARTER: i32 = 3;
const MONTHS_A_YEAR: i32 = 12;

impl Calendar {
    /// The slot of the period that a date lies in.
    ///
    /// The date must lie in the years 1 to 9999, or in a period that does in part: the first week may begin in year 0,
    /// and its date must be good for finding it again.
    pub(crate) fn slot(&self, period: Period, date: Date) -> Result<i32> {
        let day = day_number(date.day());
        let slot = self.slot_of_day(period, day);
        if !(MIN_DAY..=MAX_DAY).contains(&day) && !self.slots(period).contains(&slot) {
            checked_day(day)?;
        }
        match period {
            Period::Hour => hour_slot(day, i64::from(date.hour())),
            _ => Ok(slot),
        }
    }

    /// The slot of the period that a day lies in, whose first hour if the period is the hour.
    pub(crate) fn slot_of_day(&self, period: Period, day: i32) -> i32 {
        let month = || {
            let (month, day) = month_of(day);
            if day < self.month_start_day { month.saturating_sub(1) } else { month }
        };
        match period {
            Period::Hour => day.saturating_mul(HOURS),
            Period::Day | Period::LastDays(_) | Period::Lifetime => day,
            Period::Week => clamp((i64::from(day) + self.days_of_week_0_before_epoch()).div_euclid(7)),
            Period::Month => month(),
            Period::Quarter => month().div_euclid(MONTHS_A_QUARTER),
            Period::Year => month().div_euclid(MONTHS_A_YEAR),
        }
    }

    /// The slots that have a day in the years 1 to 9999.
    pub(crate) fn slots(&self, period: Period) -> RangeInclusive<i32> {
        let last_hour = if period == Period::Hour { HOURS - 1 } else { 0 };
        self.slot_of_day(period, MIN_DAY)..=self.slot_of_day(period, MAX_DAY) + last_hour
    }

    /// The date of a slot: the first day of a calendar period, the last of `LastDays` and `Lifetime`.
    ///
    /// Slots a little outside the years 1 to 9999 have dates too, since rows begin there; it fails only where
    /// `NaiveDate` ends.
    pub(crate) fn date(&self, period: Period, slot: i32) -> Result<Date> {
        let day = day_of_number(self.first_day_number(period, slot))?;
        match (period, u8::try_from(slot.rem_euclid(HOURS))) {
            (Period::Hour, Ok(hour)) => Ok(Date::with_hour(day, hour)),
            _ => Ok(day.into()),
        }
    }

    /// The day number of a slot's date, for any slot; one that has no such number gets the nearest.
    pub(crate) fn first_day_number(&self, period: Period, slot: i32) -> i32 {
        let month = |months: i32| day_of_month(i64::from(slot) * i64::from(months), self.month_start_day);
        match period {
            Period::Hour => slot.div_euclid(HOURS),
            Period::Day | Period::LastDays(_) | Period::Lifetime => slot,
            Period::Week => clamp(i64::from(slot) * 7 - self.days_of_week_0_before_epoch()),
            Period::Month => month(1),
            Period::Quarter => month(MONTHS_A_QUARTER),
            Period::Year => month(MONTHS_A_YEAR),
        }
    }

    /// 1970-01-01 was a Thursday.
    fn days_of_week_0_before_epoch(&self) -> i64 {
        i64::from(chrono::Weekday::Thu.days_since(self.week_start))
    }
}

/// The slot of an hour of a day, if it has one.
///
/// The longest day had 47 hours: Kwajalein on 1969-09-30.
pub(super) fn hour_slot(day: i32, hour: i64) -> Result<i32> {
    match i32::try_from(hour) {
        Ok(hour) if (0..HOURS).contains(&hour) => Ok(day.saturating_mul(HOURS).saturating_add(hour)),
        _ => Err(Error::HourOutOfRange {
            date: day_of_number(day)?.to_string(),
            hour: u32::try_from(hour).unwrap_or(u32::MAX),
        }),
    }
}
