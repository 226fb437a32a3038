//! The stretch of time that a statistic covers.

use crate::error::{Error, Result, nearest};
use std::{fmt, str::FromStr};

/// The stretch of time that a statistic covers, by the store's [`Calendar`](crate::Calendar).
///
/// Calendar periods, from [`Hour`](Self::Hour) to [`Year`](Self::Year), are dated by their first day.
/// [`LastDays`](Self::LastDays) and [`Lifetime`](Self::Lifetime) are dated by their last day; where a tracker keeps
/// them, they aren't stored, but worked out from days when they are read.
///
/// Its text form is that of the command line: `day`, `last-7-days`.
///
/// ```
/// use trackstats::Period;
///
/// assert_eq!("last-28-days".parse::<Period>()?, Period::LastDays(28));
/// assert_eq!(Period::Quarter.to_string(), "quarter");
/// # Ok::<(), trackstats::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Period {
    /// A real hour, counted from the start of its local day: 25 on the day the clocks go back.
    Hour,
    /// A day, from the calendar's day start to the next: 23 to 25 hours, mostly.
    Day,
    /// Seven days, from the calendar's first day of the week.
    Week,
    /// A month, from the calendar's first day of the month.
    Month,
    /// Three months, from January, April, July or October.
    Quarter,
    /// Twelve months, from January.
    Year,
    /// This many calendar days (1 to 65535) ending on the date: a rolling window.
    LastDays(u16),
    /// Everything up to the end of the date. One that is recorded is an anchor, such as an opening balance: where a tracker
    /// keeps lifetimes, later ones go on from it.
    Lifetime,
}

impl Period {
    const NAMES: [&'static str; 10] = [
        "hour",
        "day",
        "week",
        "month",
        "quarter",
        "year",
        "last-7-days",
        "last-28-days",
        "last-30-days",
        "lifetime",
    ];

    /// Whether it is one of the calendar's: from [`Hour`](Self::Hour) to [`Year`](Self::Year).
    pub(crate) fn is_calendar(self) -> bool {
        !self.is_running()
    }

    /// Whether it ends on its date and overlaps its neighbours: [`LastDays`](Self::LastDays) and
    /// [`Lifetime`](Self::Lifetime).
    pub(crate) fn is_running(self) -> bool {
        matches!(self, Self::LastDays(_) | Self::Lifetime)
    }

    /// The same period, if it can exist: a window of no days can't.
    pub(crate) fn checked(self) -> Result<Self> {
        match self {
            Self::LastDays(0) => Err(Error::UnknownPeriod { period: self.to_string(), nearest: Vec::new() }),
            period => Ok(period),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hour => f.pad("hour"),
            Self::Day => f.pad("day"),
            Self::Week => f.pad("week"),
            Self::Month => f.pad("month"),
            Self::Quarter => f.pad("quarter"),
            Self::Year => f.pad("year"),
            Self::LastDays(n) => f.pad(&format!("last-{n}-days")),
            Self::Lifetime => f.pad("lifetime"),
        }
    }
}

impl FromStr for Period {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let unknown =
            || Error::UnknownPeriod { period: text.to_owned(), nearest: nearest(text, Self::NAMES) };
        match text {
            "hour" => Ok(Self::Hour),
            "day" => Ok(Self::Day),
            "week" => Ok(Self::Week),
            "month" => Ok(Self::Month),
            "quarter" => Ok(Self::Quarter),
            "year" => Ok(Self::Year),
            "lifetime" => Ok(Self::Lifetime),
            _ => text
                .strip_prefix("last-")
                .and_then(|rest| rest.strip_suffix("-days"))
                .filter(|n| n.bytes().all(|byte| byte.is_ascii_digit()) && !n.starts_with('0'))
                .and_then(|n| n.parse().ok())
                .map(Self::LastDays)
                .ok_or_else(unknown),
        }
    }
}
