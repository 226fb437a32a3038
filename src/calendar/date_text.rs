//! The dates of statistics as text, and back.

use super::{Calendar, Timestamp};
use crate::{
    error::{Error, Result},
    model::{Date, Period},
};
use chrono::{DateTime, FixedOffset, NaiveDate, Offset, SecondsFormat, TimeZone, Utc};

impl Calendar {
    /// An instant as the zone's wall clock showed it. Offsets that aren't whole minutes, which RFC 3339 can't write,
    /// are cut to them.
    ///
    /// # Errors
    /// [`Error::DateOutOfRange`] for an instant that [`DateTime`] can't hold.
    pub fn local(&self, at: impl Into<Timestamp>) -> Result<DateTime<FixedOffset>> {
        let utc: DateTime<Utc> = at.into().to_utc()?;
        let seconds = self.zone.offset_from_utc_datetime(&utc.naive_utc()).fix().local_minus_utc();
        // A whole number of minutes below a day, as the offset itself is.
        let offset = FixedOffset::east_opt(seconds / 60 * 60).unwrap_or_else(|| Utc.fix());
        Ok(utc.with_timezone(&offset))
    }

    /// A statistic's date as text: `2013-01-01`, or for an hour its start as RFC 3339 in the zone's offset, which tells
    /// the two hours apart that the clocks show twice.
    ///
    /// An hour that its day doesn't have, which can be recorded too, is written as `2013-01-01 hour 30`.
    ///
    /// ```
    /// use trackstats::{Calendar, Period, chrono::NaiveDate, model::Date};
    ///
    /// let calendar = Calendar::new("Europe/Amsterdam")?;
    /// let day = NaiveDate::from_ymd_opt(2025, 10, 26).unwrap();
    /// assert_eq!(calendar.date_text(Period::Day, day)?, "2025-10-26");
    ///
    /// let second_two_o_clock = Date::with_hour(day, 3);
    /// let text = calendar.date_text(Period::Hour, second_two_o_clock)?;
    /// assert_eq!(text, "2025-10-26T02:00:00+01:00");
    /// assert_eq!(calendar.parse_date(Period::Hour, &text)?, second_two_o_clock);
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Calendar::bucket`].
    pub fn date_text(&self, period: Period, date: impl Into<Date>) -> Result<String> {
        let date = date.into();
        if period != Period::Hour {
            return Ok(date.day().to_string());
        }
        let bucket = self.bucket_on(period, date)?;
        if bucket.start >= bucket.end {
            return Ok(format!("{} hour {}", date.day(), date.hour()));
        }
        Ok(self.local(bucket.start)?.to_rfc3339_opts(SecondsFormat::Secs, false))
    }

    /// The date that a text of [`Calendar::date_text`] stands for.
    ///
    /// It must be the very date: of a month its first day, of an hour its start, whatever the offset that it is
    /// written with.
    ///
    /// # Errors
    /// [`Error::InvalidDate`], which names the date that would be right, and as [`Calendar::bucket`].
    pub fn parse_date(&self, period: Period, text: &str) -> Result<Date> {
        let date = match period {
            Period::Hour => self.parse_hour(text),
            _ => parse_day(text).map(Date::from),
        };
        let date = date.ok_or_else(|| invalid(period, text, ""))?;
        let right = self.date(period, self.slot(period, date)?)?;
        if right == date && (period != Period::Hour || self.names_hour(date, text)?) {
            return Ok(date);
        }
        Err(invalid(period, text, &format!("; it lies in the one of {}", self.date_text(period, right)?)))
    }

    fn parse_hour(&self, text: &str) -> Option<Date> {
        if let Some((day, hour)) = text.split_once(" hour ") {
            return Some(Date::with_hour(parse_day(day)?, hour.parse().ok()?));
        }
        let at = DateTime::parse_from_rfc3339(text).ok()?;
        self.bucket(Period::Hour, at).ok().map(|bucket| bucket.date)
    }

    /// Whether a text that lies in an hour is the name of that hour.
    fn names_hour(&self, date: Date, text: &str) -> Result<bool> {
        let bucket = self.bucket_on(Period::Hour, date)?;
        Ok(match DateTime::parse_from_rfc3339(text) {
            Ok(at) => at == bucket.start,
            // An hour that the day has goes by its start only.
            Err(_) => bucket.start >= bucket.end,
        })
    }
}

/// `YYYY-MM-DD`, to the letter.
fn parse_day(text: &str) -> Option<NaiveDate> {
    text.parse().ok().filter(|day: &NaiveDate| day.to_string() == text)
}

fn invalid(period: Period, text: &str, hint: &str) -> Error {
    let article = if period == Period::Hour { "an" } else { "a" };
    let form = match period {
        Period::Hour => "its start as RFC 3339",
        Period::Day => "YYYY-MM-DD",
        Period::Week | Period::Month | Period::Quarter | Period::Year => "its first day as YYYY-MM-DD",
        Period::LastDays(_) | Period::Lifetime => "its last day as YYYY-MM-DD",
    };
    let text = text.chars().take(40).collect();
    Error::InvalidDate { text, problem: format!("is not the date of {article} {period}, {form}{hint}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_hour_of_nasty_days_comes_back_from_its_text() {
        for (zone, day) in [
            ("America/New_York", "2013-03-10"),
            ("America/New_York", "2013-11-03"),
            ("Australia/Lord_Howe", "2024-04-07"),
            ("Australia/Lord_Howe", "2024-10-06"),
            ("Asia/Kathmandu", "1986-01-01"),
            ("Pacific/Apia", "2011-12-30"),
            ("Pacific/Kwajalein", "1969-09-30"),
            // Offsets of 19 minutes and 32 seconds.
            ("Europe/Amsterdam", "1900-01-01"),
            ("UTC", "0001-01-01"),
            ("UTC", "9999-12-31"),
        ] {
            let calendar = Calendar::new(zone).unwrap();
            let mut texts = Vec::new();
            for hour in 0..32 {
                let date = Date::with_hour(day.parse().unwrap(), hour);
                let text = calendar.date_text(Period::Hour, date).unwrap();
                assert_eq!(calendar.parse_date(Period::Hour, &text).unwrap(), date, "{zone} {text}");
                texts.push(text);
            }
            texts.sort_unstable();
            texts.dedup();
            assert_eq!(texts.len(), 32, "{zone} {day}");
        }
    }

    #[test]
    fn a_date_within_a_period_is_not_its_date_and_the_error_names_that() {
        let calendar = Calendar::new("America/New_York").unwrap();
        let error = |period, text| calendar.parse_date(period, text).unwrap_err().to_string();
        assert_eq!(
            error(Period::Month, "2013-01-15"),
            "\"2013-01-15\" is not the date of a month, its first day as YYYY-MM-DD; it lies in the one of 2013-01-01"
        );
        assert_eq!(
            error(Period::Hour, "2013-01-15T10:30:00-05:00"),
            "\"2013-01-15T10:30:00-05:00\" is not the date of an hour, its start as RFC 3339; it lies in the one of 2013-01-15T10:00:00-05:00"
        );
        for text in ["", "2013-1-1", "2013-02-29", "+2013-01-01", "2013-01-01T00:00:00Z", "1357037100"] {
            assert!(error(Period::Day, text).contains("is not the date of a day"), "{text}");
        }
        for text in ["2013-01-15", "2013-01-15 hour 3", "2013-01-15 hour -1"] {
            assert!(error(Period::Hour, text).contains("is not the date of an hour"), "{text}");
        }
        assert!(calendar.parse_date(Period::Hour, "2013-01-15T15:00:00Z").is_ok());
    }
}
