//! The days of many instants, fast.

use super::{
    Calendar, Timestamp,
    day_number::{MAX_DAY, MIN_DAY, checked_day},
    slot::hour_slot,
};
use crate::error::Result;

/// The days of a calendar, with the boundaries of those asked for before.
///
/// Finding the day of an instant in a time zone takes more than 100 nanoseconds, a record should take only a few
/// of them. Records come in order mostly, so the day found last is tried first; then the boundaries around it.
#[derive(Debug, Clone)]
pub(crate) struct Days {
    calendar: Calendar,
    /// The day found last, which begins at `start` and ends before `end`; none yet if they are equal.
    day: i32,
    start: i64,
    end: i64,
    /// When the days from `first` on begin, without a gap; of the last one only the beginning is known.
    starts: Vec<i64>,
    first: i32,
    /// Days found far from those of `starts`.
    far: u32,
}

impl Days {
    const SECONDS_A_DAY: i64 = 86_400;

    /// A single instant should not pay for a year of boundaries: the more there are, the more are added.
    const FEWEST_AROUND: i32 = 8;
    const MOST_AROUND: i32 = 366;

    /// 64 years. A record with a broken clock, in 1970 or 2106, must not fill the memory with all days up to it.
    const FAR: i32 = 23_376;

    /// So many far days are no broken clocks: the first ones were. The boundaries start again from there.
    const MANY_FAR: u32 = 64;

    pub(crate) fn new(calendar: Calendar) -> Self {
        Self { calendar, day: 0, start: 0, end: 0, starts: Vec::new(), first: 0, far: 0 }
    }

    /// The number of the day of an instant, in Unix seconds: the last day that has begun.
    #[inline]
    pub(crate) fn find(&mut self, seconds: i64) -> Result<i32> {
        if self.start <= seconds && seconds < self.end {
            return Ok(self.day);
        }
        match self.look_up(seconds) {
            Some(day) => Ok(day),
            None => self.work_out(seconds),
        }
    }

    /// The slot of the hour of an instant, in Unix seconds.
    pub(crate) fn find_hour(&mut self, seconds: i64) -> Result<i32> {
        let day = self.find(seconds)?;
        hour_slot(day, (seconds - self.start) / 3_600)
    }

    /// The first second of a day in the years 1 to 9999, or of the day after them.
    pub(crate) fn start(&mut self, day: i32) -> Result<i64> {
        if day == self.day && self.start < self.end {
            return Ok(self.start);
        }
        if let Some(start) = self.cached_start(day) {
            return Ok(start);
        }
        if day != MAX_DAY + 1 {
            checked_day(day)?;
        }
        self.cache_around(day);
        Ok(self.cached_start(day).unwrap_or_else(|| self.calendar.day_start_second(day)))
    }

    /// Whether a day has any length: some were skipped by their zone.
    pub(crate) fn was(&mut self, day: i32) -> Result<bool> {
        Ok(self.start(day)? < self.start(day.saturating_add(1))?)
    }

    /// The last day up to this one that has any length; before the year 1, the same.
    pub(crate) fn last_that_was(&mut self, mut day: i32) -> Result<i32> {
        while day >= MIN_DAY && !self.was(day)? {
            day -= 1;
        }
        Ok(day)
    }

    fn look_up(&mut self, seconds: i64) -> Option<i32> {
        let since_first = seconds.checked_sub(*self.starts.first()?)?;
        // Days are so nearly of one length that the guess is off by one or two at most.
        let guess = usize::try_from(since_first.div_euclid(Self::SECONDS_A_DAY)).ok()?;
        let mut index = guess.min(self.starts.len().checked_sub(2)?);
        loop {
            let (start, end) = (*self.starts.get(index)?, *self.starts.get(index + 1)?);
            if seconds < start {
                index = index.checked_sub(1)?;
            } else if seconds >= end {
                index += 1;
            } else {
                (self.start, self.end) = (start, end);
                self.day = self.first + i32::try_from(index).ok()?;
                return Some(self.day);
            }
        }
    }

    #[cold]
    fn work_out(&mut self, seconds: i64) -> Result<i32> {
        let day = self.calendar.day_number_at(Timestamp::from_unix_seconds(seconds))?;
        self.cache_around(day);
        self.day = day;
        self.start = self.calendar.day_start_second(day);
        self.end = self.calendar.day_start_second(day + 1);
        Ok(day)
    }

    fn cached_start(&self, day: i32) -> Option<i64> {
        let index = day.checked_sub(self.first)?;
        self.starts.get(usize::try_from(index).ok()?).copied()
    }

    /// Adds the boundaries of a day that has none and of those around it, unless it is far away.
    fn cache_around(&mut self, day: i32) {
        let cached = i32::try_from(self.starts.len()).unwrap_or(i32::MAX);
        let mut past = self.first.saturating_add(cached);
        if day < self.first.saturating_sub(Self::FAR) || day > past.saturating_add(Self::FAR) || cached == 0 {
            self.far += 1;
            if cached > 0 && self.far < Self::MANY_FAR {
                return;
            }
            self.starts.clear();
            self.far = 0;
            (self.first, past) = (day, day);
        }
        let around = cached.clamp(Self::FEWEST_AROUND, Self::MOST_AROUND);
        let (from, to) = (MIN_DAY.max(day - around), (MAX_DAY + 1).min(day + around));
        let calendar = self.calendar;
        let start = |day| calendar.day_start_second(day);
        self.starts.extend((past..=to).map(start));
        if from < self.first {
            self.starts.splice(0..0, (from..self.first).map(start));
            self.first = from;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days() -> Days {
        Days::new(Calendar::new("Europe/Amsterdam").unwrap())
    }

    fn noon(day: i32) -> i64 {
        i64::from(day) * 86_400 + 43_200
    }

    #[test]
    fn days_that_follow_each_other_share_their_boundaries() {
        let mut days = days();
        for day in (0..3_000).chain((-3_000..0).rev()) {
            assert_eq!(days.find(noon(day)).unwrap(), day);
            assert!(days.start(day).unwrap() < days.start(day + 1).unwrap());
        }
        assert!(days.starts.len() < 7_000);
        assert!(days.starts.is_sorted());
    }

    #[test]
    fn a_broken_clock_does_not_fill_the_memory_and_does_not_spoil_what_follows() {
        let mut days = days();
        let broken = MIN_DAY + 1;
        assert_eq!(days.find(noon(broken)).unwrap(), broken);
        for day in 0..1_000 {
            assert_eq!(days.find(noon(day)).unwrap(), day);
            assert_eq!(days.find(noon(broken + day % 2)).unwrap(), broken + day % 2);
        }
        assert!(days.starts.len() < 2_000, "{}", days.starts.len());
    }

    #[test]
    fn the_first_and_the_last_day_are_found_and_what_lies_outside_is_an_error() {
        let mut days = days();
        let (first, past) = (days.start(MIN_DAY).unwrap(), days.start(MAX_DAY + 1).unwrap());
        assert_eq!(days.find(first).unwrap(), MIN_DAY);
        assert_eq!(days.find(past - 1).unwrap(), MAX_DAY);
        for outside in [first - 1, past, i64::MIN, i64::MAX] {
            assert!(days.find(outside).is_err(), "{outside}");
        }
        for outside in [MIN_DAY - 1, MAX_DAY + 2, i32::MIN, i32::MAX] {
            assert!(days.start(outside).is_err(), "{outside}");
        }
    }

    #[test]
    fn hours_count_from_the_start_of_the_day() {
        let mut days = Days::new(Calendar::new("Pacific/Kwajalein").unwrap());
        let day = -93;
        let start = days.start(day).unwrap();
        assert_eq!(days.start(day + 1).unwrap() - start, 47 * 3_600);
        assert_eq!(days.find_hour(start + 31 * 3_600).unwrap(), day * 32 + 31);
        assert_eq!(
            days.find_hour(start + 32 * 3_600).unwrap_err().to_string(),
            "hour 32 of 1969-09-30 can't be stored: an hour is 0 to 31, counted from the start of its local day"
        );
    }
}
