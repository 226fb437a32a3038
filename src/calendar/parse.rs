//! Timestamps from text.

use super::{Calendar, Timestamp};
use crate::error::{Error, Result};
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeZone};

impl Calendar {
    /// Reads a timestamp in one of these forms; white space around it is ignored.
    ///
    /// - RFC 3339, with an offset: `2013-01-01T05:45:00-05:00`, `2013-01-01 10:45:00.5Z`;
    /// - a local time of the calendar's zone: `2013-01-01 05:45`, `2013-01-01T05:45:00.5`;
    /// - a local date, which stands for 00:00 on the wall clock, wherever the calendar's days begin: `2013-01-01`;
    /// - whole Unix seconds: `1357037100`, `-86400`.
    ///
    /// A local time that the clocks skipped is read as the end of the gap, and one that they showed twice as the first.
    ///
    /// ```
    /// use trackstats::Calendar;
    ///
    /// let calendar = Calendar::new("America/New_York")?;
    /// let at = calendar.parse_timestamp("2013-01-01 05:45")?;
    /// assert_eq!(at.to_string(), "2013-01-01T10:45:00Z");
    ///
    /// // 02:30 was skipped on this day.
    /// let at = calendar.parse_timestamp("2013-03-10 02:30")?;
    /// assert_eq!(at, calendar.parse_timestamp("2013-03-10 03:00")?);
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidTimestamp`], with the first 40 characters of the text.
    pub fn parse_timestamp(&self, text: &str) -> Result<Timestamp> {
        let trimmed = text.trim();
        unix_seconds(trimmed)
            .or_else(|| local_time(trimmed).map(|wall| self.instant_of(wall)))
            .or_else(|| DateTime::parse_from_rfc3339(trimmed).ok().map(Timestamp::from))
            .ok_or_else(|| Error::InvalidTimestamp { text: trimmed.chars().take(40).collect() })
    }

    /// The instant at which the local wall clock shows a time.
    fn instant_of(&self, wall: NaiveDateTime) -> Timestamp {
        match self.zone.from_local_datetime(&wall).earliest() {
            Some(at) => at.into(),
            None => Timestamp::from_unix_seconds(self.earliest(wall.and_utc().timestamp())),
        }
    }
}

fn unix_seconds(text: &str) -> Option<Timestamp> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !is_number(digits) {
        return None;
    }
    text.parse().ok().map(Timestamp::from_unix_seconds)
}

/// `YYYY-MM-DD`, alone or with `[ T]HH:MM[:SS[.f]]`. chrono's own parser takes signs, single digits and white space
/// in the middle, and of a slip of the pen makes another date.
fn local_time(text: &str) -> Option<NaiveDateTime> {
    let (date, time) = text.split_at_checked("YYYY-MM-DD".len())?;
    let (year, month, day) = (date.get(..4)?, date.get(5..7)?, date.get(8..)?);
    let date = (date.get(4..5)? == "-" && date.get(7..8)? == "-")
        .then(|| NaiveDate::from_ymd_opt(number(year)?.cast_signed(), number(month)?, number(day)?))??;
    let time = match time.strip_prefix([' ', 'T', 't']) {
        Some(time) => time_of_day(time)?,
        None if time.is_empty() => NaiveTime::MIN,
        None => return None,
    };
    Some(date.and_time(time))
}

/// `HH:MM[:SS[.f]]`, of which the fraction is dropped.
fn time_of_day(text: &str) -> Option<NaiveTime> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let mut parts = clock.split(':');
    let (hour, minute) = (two_digits(parts.next()?)?, two_digits(parts.next()?)?);
    // A fraction without seconds would be one of a minute.
    let second = match parts.next() {
        Some(second) => two_digits(second)?,
        None if clock == text => 0,
        None => return None,
    };
    // As in RFC 3339, a leap second is read as the second before it, to which Unix time adds it.
    let second = if second == 60 { 59 } else { second };
    (is_number(fraction) && parts.next().is_none())
        .then(|| NaiveTime::from_hms_opt(hour, minute, second))
        .flatten()
}

fn two_digits(text: &str) -> Option<u32> {
    if text.len() == 2 { number(text) } else { None }
}

fn number(text: &str) -> Option<u32> {
    if is_number(text) { text.parse().ok() } else { None }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
