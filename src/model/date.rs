//! The date of a statistic.

use chrono::NaiveDate;
use std::fmt;

/// The date of a statistic: a local day of the store's calendar and, for [`Period::Hour`](crate::Period::Hour),
/// an hour of it.
///
/// A [`NaiveDate`] converts into it; its hour is then 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    day: NaiveDate,
    hour: u8,
}

impl Date {
    /// An hour of a day, counted in real hours from the local start of the day: 0 to 24, since the day on
    /// which the clocks go back has 25.
    pub const fn with_hour(day: NaiveDate, hour: u8) -> Self {
        Self { day, hour }
    }

    /// The local day.
    pub const fn day(self) -> NaiveDate {
        self.day
    }

    /// The hour of the day, 0 for every period but the hour.
    pub const fn hour(self) -> u8 {
        self.hour
    }
}

impl From<NaiveDate> for Date {
    fn from(day: NaiveDate) -> Self {
        Self { day, hour: 0 }
    }
}

/// A date equals the day that it is, at hour 0.
impl PartialEq<NaiveDate> for Date {
    fn eq(&self, day: &NaiveDate) -> bool {
        *self == Self::from(*day)
    }
}

/// `2013-01-01`, and the hour, if it isn't the first, as `2013-01-01 hour 5`.
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.hour {
            0 => write!(f, "{}", self.day),
            hour => write!(f, "{} hour {hour}", self.day),
        }
    }
}
