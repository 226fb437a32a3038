//! The calendar's settings.

use crate::error::{Error, Result, nearest};
use chrono::{NaiveTime, Timelike, Weekday};
use chrono_tz::Tz;
use std::fmt;

/// How instants become dates: the time zone, and when days, weeks and months begin.
///
/// A day begins at the earliest instant whose local wall clock is at or past the day's start. Where the clocks
/// skip that time, it begins when they have; where they show it twice, at the first. So a day lasts 24 hours,
/// or 23, 25, 23.5, or none at all: Samoa had no 30 December 2011. Once a day has begun, the one before it is over,
/// even if the wall clock goes back over midnight.
///
/// Dates lie in the years 1 to 9999; whatever falls outside of them is an error, never a panic.
///
/// ```
/// use trackstats::{
///     Calendar, Period,
///     chrono::{NaiveTime, Weekday},
/// };
///
/// let calendar = Calendar::new("Europe/Amsterdam")?.weeks_from(Weekday::Sun);
/// let at = calendar.parse_timestamp("2025-10-26T12:00:00Z")?;
///
/// let day = calendar.bucket(Period::Day, at)?;
/// assert_eq!(day.date.to_string(), "2025-10-26");
/// assert_eq!((day.end - day.start).num_hours(), 25);
/// # Ok::<(), trackstats::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Calendar {
    pub(super) zone: Tz,
    day_start: NaiveTime,
    pub(super) week_start: Weekday,
    pub(super) month_start_day: u32,
}

impl Calendar {
    /// A calendar in a time zone of the IANA database, such as `Europe/Amsterdam` or `UTC`, with days from 00:00,
    /// weeks from Monday and months from the 1st.
    ///
    /// # Errors
    /// [`Error::UnknownZone`], with the names that come nearest. Capitals count.
    pub fn new(zone: &str) -> Result<Self> {
        let zone = zone.parse().map_err(|_| Error::UnknownZone {
            zone: zone.to_owned(),
            nearest: nearest(zone, chrono_tz::TZ_VARIANTS.iter().map(|tz| tz.name())),
        })?;
        Ok(Self { zone, ..Self::default() })
    }

    /// The wall clock time at which a day begins, a whole minute. Default: 00:00.
    ///
    /// With days from 04:00, half past three at night still belongs to the day before.
    ///
    /// # Errors
    /// [`Error::InvalidCalendar`] for a time that isn't a whole minute.
    pub fn days_from(self, day_start: NaiveTime) -> Result<Self> {
        if day_start.second() != 0 || day_start.nanosecond() != 0 {
            let problem =
                format!("days can't begin at {day_start}: give a whole minute, from 00:00 to 23:59");
            return Err(Error::InvalidCalendar { problem });
        }
        Ok(Self { day_start, ..self })
    }

    /// The first day of the week. Default: Monday.
    #[must_use]
    pub const fn weeks_from(self, week_start: Weekday) -> Self {
        Self { week_start, ..self }
    }

    /// The first day of the month, 1 to 28, for months that are billed from the 15th, say. Default: 1.
    ///
    /// Quarters and years begin on that day of their first month too. A month has the date on which it begins:
    /// with months from the 15th, 3 May is in the month of 15 April.
    ///
    /// # Errors
    /// [`Error::InvalidCalendar`] for a day that some months don't have.
    pub fn months_from(self, day: u32) -> Result<Self> {
        if !(1..=28).contains(&day) {
            let problem =
                format!("months can't begin on day {day}: give a day that every month has, from 1 to 28");
            return Err(Error::InvalidCalendar { problem });
        }
        Ok(Self { month_start_day: day, ..self })
    }

    /// The name of the time zone in the IANA database.
    pub fn zone(&self) -> &'static str {
        self.zone.name()
    }

    /// The wall clock time at which a day begins.
    pub const fn day_start(&self) -> NaiveTime {
        self.day_start
    }

    /// The first day of the week.
    pub const fn week_start(&self) -> Weekday {
        self.week_start
    }

    /// The first day of the week as it is written on the command line and in exports: `monday`.
    pub const fn week_start_name(&self) -> &'static str {
        match self.week_start {
            Weekday::Mon => "monday",
            Weekday::Tue => "tuesday",
            Weekday::Wed => "wednesday",
            Weekday::Thu => "thursday",
            Weekday::Fri => "friday",
            Weekday::Sat => "saturday",
            Weekday::Sun => "sunday",
        }
    }

    /// The first day of the month, 1 to 28.
    pub const fn month_start_day(&self) -> u32 {
        self.month_start_day
    }

    /// The version of the IANA database that this program was built with, such as `2025b`.
    ///
    /// Governments change their clocks at short notice; another version can give the same instant another date.
    pub const fn tz_version() -> &'static str {
        chrono_tz::IANA_TZDB_VERSION
    }

    /// Seconds of wall clock time from midnight to the start of the day.
    pub(super) fn day_start_seconds(&self) -> i64 {
        i64::from(self.day_start.num_seconds_from_midnight())
    }
}

/// UTC, days from 00:00, weeks from Monday, months from the 1st.
impl Default for Calendar {
    fn default() -> Self {
        Self { zone: Tz::UTC, day_start: NaiveTime::MIN, week_start: Weekday::Mon, month_start_day: 1 }
    }
}

/// `Europe/Amsterdam, days from 00:00, weeks from monday, months from day 1`.
impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let week_start = self.week_start_name();
        let (zone, day_start, month_start) =
            (self.zone, self.day_start.format("%H:%M"), self.month_start_day);
        write!(f, "{zone}, days from {day_start}, weeks from {week_start}, months from day {month_start}")
    }
}
