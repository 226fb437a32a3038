//! What a typical week or day looks like.

use super::{axis::Axis, series::SeriesQuery};
use crate::{
    calendar::Days,
    error::Result,
    kinds::Value,
    model::{Period, Point},
};
use chrono::{Datelike, Weekday};

/// One weekday or hour of a profile. Made by [`SeriesQuery::by_weekday`] and [`SeriesQuery::by_hour`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProfilePart<K, V> {
    /// The weekday, or the hour of the wall clock from 0 to 23.
    pub of: K,
    /// The merge of all statistics of it: absent if they are, missing if none has a value.
    pub value: Point<V>,
    /// How many statistics with a value were merged, zeros among them.
    pub values: u64,
    /// How many of these weekdays or hours the range has, with or without a statistic: a day of a sum is the value by
    /// this number, where no record means zero.
    pub dates: u64,
}

impl<V: Value> SeriesQuery<'_, V> {
    /// The days of the range by weekday, from the calendar's first day of the week: always seven. Several objects and
    /// metrics are merged.
    ///
    /// The range goes from the first date to the last, both included; without dates, from the first to the last
    /// statistic that is found.
    ///
    /// ```
    /// # use trackstats::{
    /// #     Domain, Metric, Period, Store,
    /// #     chrono::{NaiveDate, Weekday},
    /// #     model::Point,
    /// # };
    /// # const SALES: Metric = Metric::new(Domain::new("till", "The till"), "sales", "Sales");
    /// # let store = Store::in_memory()?;
    /// # let may = |day| NaiveDate::from_ymd_opt(2024, 5, day).unwrap();
    /// store.record(SALES.on(Period::Day, may(6)), 30)?; // a Monday
    /// store.record(SALES.on(Period::Day, may(20)), 60)?;
    /// let profile = store.series(SALES, Period::Day).from(may(6)).to(may(26)).by_weekday()?;
    /// let monday = &profile[0];
    /// assert_eq!((monday.of, monday.value, monday.values, monday.dates), (Weekday::Mon, Point::Value(90), 2, 3));
    /// assert_eq!(profile[1].value, Point::Absent);
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`all`](Self::all), [`Error::Merge`](crate::Error::Merge) when values don't merge, and
    /// [`Error::Underivable`](crate::Error::Underivable) of another period than the day.
    pub fn by_weekday(&self) -> Result<Vec<ProfilePart<Weekday, V>>> {
        let first = self.selection.store.calendar().week_start();
        let keys: Vec<Weekday> = std::iter::successors(Some(first), |day| Some(day.succ())).take(7).collect();
        self.profile("a profile by weekday", Period::Day, &keys, |axis, slot| {
            let weekday = axis.calendar.date(axis.period, slot)?.day().weekday();
            Ok(weekday.days_since(first) as usize)
        })
    }

    /// The hours of the range by the hour that the wall clock shows when they begin: always 24, from 0. The hour that
    /// the clocks show twice counts in both its turns, the one that they skip not. Several objects and metrics are
    /// merged.
    ///
    /// The range is that of [`by_weekday`](Self::by_weekday), the last date with all of its hours.
    ///
    /// ```
    /// # use trackstats::{
    /// #     Domain, Metric, Period, Store,
    /// #     chrono::NaiveDate,
    /// #     model::{Date, Point},
    /// # };
    /// # const SALES: Metric = Metric::new(Domain::new("till", "The till"), "sales", "Sales");
    /// # let store = Store::in_memory()?;
    /// # let may = |day| NaiveDate::from_ymd_opt(2024, 5, day).unwrap();
    /// store.record(SALES.on(Period::Hour, Date::with_hour(may(6), 17)), 3)?;
    /// store.record(SALES.on(Period::Hour, Date::with_hour(may(7), 17)), 5)?;
    /// let profile = store.series(SALES, Period::Hour).from(may(6)).to(may(9)).by_hour()?;
    /// assert_eq!((profile[17].of, profile[17].value, profile[17].dates), (17, Point::Value(8), 4));
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`by_weekday`](Self::by_weekday), [`Error::Underivable`](crate::Error::Underivable) of another period than
    /// the hour.
    pub fn by_hour(&self) -> Result<Vec<ProfilePart<u32, V>>> {
        let keys: Vec<u32> = (0..24).collect();
        self.profile("a profile by hour", Period::Hour, &keys, |axis, slot| {
            Ok(axis.calendar.wall_hour(slot)? as usize)
        })
    }

    fn profile<K: Copy>(
        &self,
        what: &str,
        period: Period,
        keys: &[K],
        part_of: impl Fn(&Axis, i32) -> Result<usize>,
    ) -> Result<Vec<ProfilePart<K, V>>> {
        let axis = self.axis();
        if self.period != period {
            return Err(
                axis.underivable(what, "it is made of hours by hour, and of days by weekday; ask for those")
            );
        }
        let part = |key: &K| ProfilePart { of: *key, value: Point::Absent, values: 0, dates: 0 };
        let mut parts: Vec<ProfilePart<K, V>> = keys.iter().map(part).collect();
        let mut ends: Option<(i32, i32)> = None;
        self.visit_series(|at, value| {
            let slot = at.slot;
            ends = Some(ends.map_or((slot, slot), |(first, last)| (first.min(slot), last.max(slot))));
            let Some(part) = parts.get_mut(part_of(&axis, slot)?) else { return Ok(()) };
            part.values += u64::from(value.is_some());
            self.merge_into(&mut part.value, at, value.as_ref())
        })?;
        let asked = self.range()?;
        let (from, to) = (asked.from.or(ends.map(|ends| ends.0)), asked.to.or(ends.map(|ends| ends.1)));
        if let (Some(from), Some(to)) = (from, to) {
            for slot in Days::new(axis.calendar).existing(period, from, to)? {
                if let Some(part) = parts.get_mut(part_of(&axis, slot)?) {
                    part.dates += 1;
                }
            }
        }
        Ok(parts)
    }
}
