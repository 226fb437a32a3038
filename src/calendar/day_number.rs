//! Days as numbers: 0 is 1970-01-01, days before it are negative.

use crate::error::{Error, Result};
use chrono::{Datelike, NaiveDate};

/// The day number of 0001-01-01, the first day of every calendar.
pub(crate) const MIN_DAY: i32 = -719_162;
/// The day number of 9999-12-31, the last day of every calendar.
pub(crate) const MAX_DAY: i32 = 2_932_896;

const SECONDS_A_DAY: i64 = 86_400;

/// The days from 0001-01-01, which is day 1 of the common era, to 1970-01-01.
const EPOCH_FROM_CE: i32 = 719_163;

/// The number of a date.
pub(crate) fn day_number(date: NaiveDate) -> i32 {
    date.num_days_from_ce() - EPOCH_FROM_CE
}

/// The date with this number.
///
/// Fails only where `NaiveDate` ends, some 262,000 years away.
pub(crate) fn day_of_number(day: i32) -> Result<NaiveDate> {
    day.checked_add(EPOCH_FROM_CE)
        .and_then(NaiveDate::from_num_days_from_ce_opt)
        .ok_or_else(|| Error::DateOutOfRange { date: format!("day {day} since 1970") })
}

/// The same day, if it lies in the years 1 to 9999.
pub(super) fn checked_day(day: i32) -> Result<i32> {
    if (MIN_DAY..=MAX_DAY).contains(&day) {
        return Ok(day);
    }
    let date = day_of_number(day)?.to_string();
    Err(Error::DateOutOfRange { date })
}

/// The first second of a day, were its local time UTC.
pub(super) fn midnight(day: i32) -> i64 {
    i64::from(day) * SECONDS_A_DAY
}

/// The day that a second of local time falls on.
pub(super) fn day_of_second(second: i64) -> i32 {
    clamp(second.div_euclid(SECONDS_A_DAY))
}

/// The nearest number that fits into 32 bits.
pub(super) fn clamp(number: i64) -> i32 {
    i32::try_from(number).unwrap_or(if number < 0 { i32::MIN } else { i32::MAX })
}

/// Years are taken to begin in March, which puts the leap day at their end; 400 of them repeat exactly.
/// (Howard Hinnant: "chrono-Compatible Low-Level Date Algorithms".)
const DAYS_IN_400_YEARS: i64 = 146_097;
const MARCH_0000_TO_EPOCH: i64 = 719_468;

/// Months since January 1970 and the day of the month, from 1; for any day, also where dates end.
pub(super) fn month_of(day: i32) -> (i32, u32) {
    let days = i64::from(day) + MARCH_0000_TO_EPOCH;
    let (era, of_era) = (days.div_euclid(DAYS_IN_400_YEARS), days.rem_euclid(DAYS_IN_400_YEARS));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let months = (era * 400 + year - 1970) * 12 + month + 2;
    (clamp(months), u32::try_from(of_month).unwrap_or(1))
}

/// The number of a day of a month, which is counted from January 1970; for any month, also where dates end.
pub(super) fn day_of_month(months: i64, day: u32) -> i32 {
    let from_march = months.saturating_sub(2);
    let (year, month) = (from_march.div_euclid(12) + 1970, from_march.rem_euclid(12));
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * month + 2) / 5 + i64::from(day) - 1;
    let days = era * DAYS_IN_400_YEARS + of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    clamp(days - MARCH_0000_TO_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_agree_with_chrono_on_every_day_and_beyond_the_years_1_to_9999() {
        for day in MIN_DAY - 20_000..=MAX_DAY + 20_000 {
            let date = day_of_number(day).unwrap();
            let months = (date.year() - 1970) * 12 + date.month0().cast_signed();
            assert_eq!(day_number(date), day);
            assert_eq!(month_of(day), (months, date.day()), "{date}");
            assert_eq!(day_of_month(i64::from(months), date.day()), day, "{date}");
        }
    }

    #[test]
    fn the_range_is_the_years_1_to_9999() {
        assert_eq!(day_of_number(MIN_DAY).unwrap().to_string(), "0001-01-01");
        assert_eq!(day_of_number(MAX_DAY).unwrap().to_string(), "9999-12-31");
        assert!(checked_day(MIN_DAY).is_ok() && checked_day(MAX_DAY).is_ok());
        let messages =
            [MIN_DAY - 1, MAX_DAY + 1, i32::MIN].map(|day| checked_day(day).unwrap_err().to_string());
        assert!(messages[0].starts_with("0000-12-31 is outside"));
        assert!(messages[1].starts_with("+10000-01-01 is outside"));
        assert!(messages[2].starts_with("day -2147483648 since 1970 is outside"));
    }

    #[test]
    fn numbers_at_the_ends_of_32_bits_do_not_overflow() {
        for day in [i32::MIN, i32::MAX] {
            let (months, of_month) = month_of(day);
            assert_eq!(day_of_month(i64::from(months), of_month), day);
        }
        assert_eq!(day_of_month(i64::from(i32::MAX) * 12, 1), i32::MAX);
        assert_eq!(day_of_month(i64::from(i32::MIN) * 12, 1), i32::MIN);
    }
}
