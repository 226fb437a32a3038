//! An instant.

use crate::error::{Error, Result};
use chrono::{DateTime, SecondsFormat, TimeZone, Utc};
use std::{
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

/// An instant, in whole seconds since 1970-01-01T00:00:00Z; fractions are rounded down, towards the past.
///
/// ```
/// use trackstats::{Timestamp, chrono::DateTime};
///
/// let departure = DateTime::parse_from_rfc3339("2013-01-01T05:45:00.9-05:00").unwrap();
/// assert_eq!(Timestamp::from(departure), Timestamp::from_unix_seconds(1_357_037_100));
/// assert_eq!(Timestamp::from(departure).to_string(), "2013-01-01T10:45:00Z");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant this many seconds after 1970-01-01T00:00:00Z, or before it if negative.
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since 1970-01-01T00:00:00Z, negative before it.
    pub const fn unix_seconds(self) -> i64 {
        self.0
    }

    /// The same instant as a date and time in UTC.
    ///
    /// # Errors
    /// [`Error::DateOutOfRange`] for an instant that [`DateTime`] can't hold, some 262,000 years away.
    pub fn to_utc(self) -> Result<DateTime<Utc>> {
        DateTime::from_timestamp(self.0, 0).ok_or_else(|| self.out_of_range())
    }

    pub(super) fn out_of_range(self) -> Error {
        Error::DateOutOfRange { date: self.to_string() }
    }
}

impl<Z: TimeZone> From<DateTime<Z>> for Timestamp {
    fn from(at: DateTime<Z>) -> Self {
        Self(at.timestamp())
    }
}

/// An instant too far away for 64 bits becomes the nearest one that fits.
impl From<SystemTime> for Timestamp {
    fn from(at: SystemTime) -> Self {
        let seconds = match at.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
            Err(error) => {
                let before = error.duration();
                let whole = i64::try_from(before.as_secs()).map_or(i64::MIN, |seconds| -seconds);
                whole.saturating_sub(i64::from(before.subsec_nanos() > 0))
            }
        };
        Self(seconds)
    }
}

/// RFC 3339 in UTC: `2013-01-01T10:45:00Z`. Instants that no date can be given for are written as
/// `Unix second N`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match DateTime::from_timestamp(self.0, 0) {
            Some(utc) => f.pad(&utc.to_rfc3339_opts(SecondsFormat::Secs, true)),
            None => f.pad(&format!("Unix second {}", self.0)),
        }
    }
}
