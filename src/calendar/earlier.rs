//! Which slots there were, and which of them is a period or a year before another.

use super::{
    Calendar, Days,
    day_number::{day_number, day_of_number},
    slot::HOURS,
};
use crate::{error::Result, model::Period};
use chrono::{Datelike, Months, NaiveDate};

/// No zone skipped more than one day at a time.
const SKIPPED: i32 = 7;
const DAYS_A_YEAR: i32 = 366 + 1;

impl Days {
    /// Whether a slot's date ever was: some days were skipped by their zone, and most have 24 hours only.
    pub(crate) fn has(&mut self, period: Period, slot: i32) -> Result<bool> {
        match period {
            Period::Hour => Ok(slot.rem_euclid(HOURS) < self.hours(slot.div_euclid(HOURS))?),
            Period::Day | Period::LastDays(_) | Period::Lifetime => self.was(slot),
            Period::Week | Period::Month | Period::Quarter | Period::Year => Ok(true),
        }
    }

    /// The slots from one to another, both included, whose dates were.
    pub(crate) fn existing(&mut self, period: Period, from: i32, to: i32) -> Result<Vec<i32>> {
        let mut slots = Vec::new();
        for slot in from..=to {
            if self.has(period, slot)? {
                slots.push(slot);
            }
        }
        Ok(slots)
    }

    /// The slot right before another, of windows the last one that shares no day with it.
    pub(crate) fn previous(&mut self, period: Period, slot: i32) -> Result<i32> {
        match period {
            Period::Hour if slot.rem_euclid(HOURS) == 0 => {
                let day = self.last_that_was(slot.div_euclid(HOURS) - 1)?;
                Ok(day * HOURS + self.hours(day)? - 1)
            }
            Period::Day | Period::Lifetime => self.last_that_was(slot - 1),
            Period::LastDays(days) => self.last_that_was(slot.saturating_sub(days.into())),
            Period::Hour | Period::Week | Period::Month | Period::Quarter | Period::Year => Ok(slot - 1),
        }
    }

    /// How many hours a day has, the last perhaps cut short.
    fn hours(&mut self, day: i32) -> Result<i32> {
        let seconds = self.start(day.saturating_add(1))? - self.start(day)?;
        let hours = seconds.div_euclid(3_600) + i64::from(seconds.rem_euclid(3_600) > 0);
        Ok(i32::try_from(hours).unwrap_or(HOURS).min(HOURS))
    }
}

impl Calendar {
    /// No [previous slot](Days::previous) is more slots away than this.
    pub(crate) fn previous_reach(period: Period) -> i32 {
        match period {
            Period::Hour => (1 + SKIPPED) * HOURS,
            Period::Day | Period::Lifetime => 1 + SKIPPED,
            Period::LastDays(days) => i32::from(days) + SKIPPED,
            Period::Week | Period::Month | Period::Quarter | Period::Year => 1,
        }
    }

    /// The slot of the year before, if that year has it: of 29 February, 28 February; of week 53, none if there were 52.
    pub(crate) fn last_year(&self, period: Period, slot: i32) -> Result<Option<i32>> {
        match period {
            Period::Hour => {
                let day = day_last_year(slot.div_euclid(HOURS))?;
                Ok(day.map(|day| day * HOURS + slot.rem_euclid(HOURS)))
            }
            Period::Day | Period::LastDays(_) | Period::Lifetime => day_last_year(slot),
            Period::Week => self.week_last_year(slot),
            Period::Month => Ok(Some(slot - 12)),
            Period::Quarter => Ok(Some(slot - 4)),
            Period::Year => Ok(Some(slot - 1)),
        }
    }

    /// No [slot of the year before](Self::last_year) is more slots away than this.
    pub(crate) fn last_year_reach(period: Period) -> i32 {
        match period {
            Period::Hour => DAYS_A_YEAR * HOURS,
            Period::Day | Period::LastDays(_) | Period::Lifetime => DAYS_A_YEAR,
            Period::Week => 54,
            Period::Month => 12,
            Period::Quarter => 4,
            Period::Year => 1,
        }
    }

    fn week_last_year(&self, slot: i32) -> Result<Option<i32>> {
        let fourth_day = |slot| day_of_number(self.first_day_number(Period::Week, slot).saturating_add(3));
        let this = fourth_day(slot)?;
        // The first week of a year is the one with 4 January, whatever day weeks begin on.
        let Some(in_first) = NaiveDate::from_ymd_opt(this.year() - 1, 1, 4) else { return Ok(None) };
        let first = self.slot_of_day(Period::Week, day_number(in_first));
        let found = first.saturating_add((this.ordinal0() / 7).cast_signed());
        Ok((fourth_day(found)?.year() == this.year() - 1).then_some(found))
    }
}

fn day_last_year(day: i32) -> Result<Option<i32>> {
    Ok(day_of_number(day)?.checked_sub_months(Months::new(12)).map(day_number))
}
