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
use chrono::NaiveDate;
use std::ops::RangeInclusive;

/// The hours of a day that have slots.
pub(crate) const HOURS: i32 = 32;
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

    /// The slots from the one that contains `from` to the last of `to`, both included; without them, all slots.
    pub(crate) fn slot_range(
        &self,
        period: Period,
        from: Option<NaiveDate>,
        to: Option<NaiveDate>,
    ) -> Result<(i32, i32)> {
        let all = self.slots(period);
        let from = from.map_or(Ok(*all.start()), |from| self.slot(period, from.into()))?;
        let to = to.map_or(Ok(*all.end()), |to| self.last_slot(period, to))?;
        Ok((from, to))
    }

    /// The last slot that a day is in: of hours, the last there may be.
    pub(crate) fn last_slot(&self, period: Period, day: NaiveDate) -> Result<i32> {
        let slot = self.slot(period, day.into())?;
        Ok(if period == Period::Hour { slot + HOURS - 1 } else { slot })
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

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{Datelike, Weekday};

    const PERIODS: [Period; 8] = [
        Period::Hour,
        Period::Day,
        Period::Week,
        Period::Month,
        Period::Quarter,
        Period::Year,
        Period::LastDays(28),
        Period::Lifetime,
    ];

    const WEEKDAYS: [Weekday; 7] =
        [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];

    fn calendars() -> impl Iterator<Item = Calendar> {
        let week = |(month_start, week_start)| {
            let calendar = Calendar::default().weeks_from(week_start);
            calendar.months_from(month_start).unwrap()
        };
        [1, 2, 15, 28]
            .into_iter()
            .zip(WEEKDAYS.into_iter().cycle())
            .chain([(1, Weekday::Fri), (1, Weekday::Sat), (7, Weekday::Sun)])
            .map(week)
    }

    #[test]
    fn the_date_of_a_slot_has_that_slot_and_days_share_it_up_to_the_next() {
        let near_the_ends = (MIN_DAY..MIN_DAY + 800).chain(MAX_DAY - 800..MAX_DAY);
        let days: Vec<i32> = near_the_ends.chain(-3_000..3_000).chain(15_000..25_000).collect();
        for calendar in calendars() {
            for period in PERIODS {
                for &day in &days {
                    let slot = calendar.slot(period, day_of_number(day).unwrap().into()).unwrap();
                    assert_eq!(slot, calendar.slot_of_day(period, day));
                    let date = calendar.date(period, slot).unwrap();
                    assert_eq!(calendar.slot(period, date).unwrap(), slot, "{period} {date} {calendar}");
                    let first = calendar.first_day_number(period, slot);
                    assert_eq!(first, day_number(date.day()));
                    let next = if period == Period::Hour { slot + HOURS } else { slot + 1 };
                    let past = calendar.first_day_number(period, next);
                    assert!((first..past).contains(&day), "{period} {date} {calendar}");
                }
            }
        }
    }

    #[test]
    fn periods_begin_on_the_calendars_days() {
        for calendar in calendars() {
            for slot in -50..50 {
                let date = |period| calendar.date(period, slot).unwrap().day();
                assert_eq!(date(Period::Week).weekday(), calendar.week_start());
                for (period, months) in [(Period::Month, 1), (Period::Quarter, 3), (Period::Year, 12)] {
                    let date = date(period);
                    assert_eq!(date.day(), calendar.month_start_day());
                    assert_eq!((date.year() - 1970) * 12 + date.month0().cast_signed(), slot * months);
                }
            }
            let epoch = calendar.first_day_number(Period::Week, 0);
            assert!((-6..=0).contains(&epoch));
        }
    }

    #[test]
    fn every_hour_of_a_day_has_a_slot_of_its_own() {
        let day = NaiveDate::from_ymd_opt(1969, 12, 31).unwrap();
        let calendar = Calendar::default();
        for hour in 0..32 {
            let date = Date::with_hour(day, hour);
            let slot = calendar.slot(Period::Hour, date).unwrap();
            assert_eq!(slot, i32::from(hour) - 32);
            assert_eq!(calendar.date(Period::Hour, slot).unwrap(), date);
        }
        let error = calendar.slot(Period::Hour, Date::with_hour(day, 32)).unwrap_err();
        assert!(matches!(error, Error::HourOutOfRange { hour: 32, .. }));
        assert_eq!(calendar.slot(Period::Day, Date::with_hour(day, 32)).unwrap(), -1);
    }

    #[test]
    fn slots_of_rows_that_begin_outside_the_years_1_to_9999_have_dates() {
        for calendar in calendars() {
            for period in PERIODS {
                let slots = calendar.slots(period);
                for slot in [slots.start() - 32, slots.end() + 32] {
                    let date = calendar.date(period, slot).unwrap();
                    assert!(calendar.slot(period, date).is_err(), "{period} {date}");
                }
                for slot in [i32::MIN, i32::MAX] {
                    let _ = calendar.date(period, slot);
                    let _ = calendar.first_day_number(period, slot);
                    let _ = calendar.slot_of_day(period, slot);
                }
            }
        }
    }

    #[test]
    fn a_period_that_begins_in_year_0_can_be_asked_for_by_its_date() {
        let calendar = Calendar::default().weeks_from(Weekday::Tue).months_from(28).unwrap();
        let first = day_of_number(MIN_DAY).unwrap();
        for period in [Period::Week, Period::Month, Period::Quarter, Period::Year] {
            let slot = calendar.slot(period, first.into()).unwrap();
            let date = calendar.date(period, slot).unwrap();
            assert_eq!(date.day().year(), 0, "{period}");
            assert_eq!(calendar.slot(period, date).unwrap(), slot);
            let before = calendar.date(period, slot - 1).unwrap();
            assert!(calendar.slot(period, before).is_err());
        }
    }
}
