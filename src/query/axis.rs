//! The slots of a period as an axis: which there were, and which comes before which.

use crate::{
    calendar::{Calendar, Days, day_number, day_of_number},
    error::{Error, Result},
    format::{Form, ROW_SLOTS},
    model::{Date, Period},
    store::Slots,
};
use chrono::{Datelike, Months, NaiveDate};

/// With what each statistic of a series is compared.
///
/// | period | [`Previous`](Self::Previous) | [`LastYear`](Self::LastYear) |
/// | --- | --- | --- |
/// | hour | the hour before | the same hour, counted from the start of its day, of that date |
/// | day, lifetime | the day before | the same date of the year before; of 29 February, 28 February |
/// | last N days | the N days before those | the N days that end on that date |
/// | week | the week before | the week of the same number; of week 53, nothing if the year before had 52 |
/// | month, quarter, year | the one before | the same one of the year before |
///
/// Where the zone skipped the day before, it is the last one that was. Weeks are numbered as in ISO 8601, by the
/// calendar's first day of the week: a week belongs to the year that has its fourth day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    /// With the period right before, which it doesn't overlap.
    Previous,
    /// With the same period of the year before.
    LastYear,
}

/// The slots from one to another, both included; without them, from where the statistics begin and to where they end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    pub(super) from: Option<i32>,
    pub(super) to: Option<i32>,
}

impl Range {
    /// The range with this many slots more before it.
    pub(super) fn widened(self, slots: i32) -> Self {
        Self { from: self.from.map(|from| from.saturating_sub(slots)), ..self }
    }

    /// The range with all slots before it.
    pub(super) fn and_all_before(self) -> Self {
        Self { from: None, ..self }
    }

    pub(super) fn contains(self, slot: i32) -> bool {
        self.from.is_none_or(|from| from <= slot) && self.to.is_none_or(|to| slot <= to)
    }
}

/// The slots of a period in a calendar.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    pub(super) calendar: Calendar,
    pub(super) period: Period,
    slots: Slots,
}

impl Axis {
    pub(super) fn new(calendar: Calendar, period: Period) -> Self {
        // Which row a slot is in doesn't matter here.
        Self { calendar, period, slots: Slots::new(calendar, period, Form::Integers) }
    }

    pub(super) fn ordinal(&self, date: Date) -> Result<i32> {
        self.slots.ordinal(date)
    }

    pub(super) fn date(&self, slot: i32) -> Result<Date> {
        self.slots.date(slot)
    }

    /// The slots of the periods that contain these dates.
    pub(super) fn range(&self, from: Option<NaiveDate>, to: Option<NaiveDate>) -> Result<Range> {
        Ok(Range {
            from: from.map(|from| self.slots.ordinal(from.into())).transpose()?,
            to: to.map(|to| self.slots.last_ordinal(to)).transpose()?,
        })
    }

    /// The dates of a range, as far as the calendar goes; none if it has no slot there.
    pub(super) fn dates(&self, range: Range) -> Result<Option<(Option<NaiveDate>, Option<NaiveDate>)>> {
        let all = self.calendar.slots(self.period);
        let (from, to) =
            (range.from.map(|from| from.max(*all.start())), range.to.map(|to| to.min(*all.end())));
        if from.unwrap_or(*all.start()) > to.unwrap_or(*all.end()) {
            return Ok(None);
        }
        let day = |slot| self.date(slot).map(Date::day);
        Ok(Some((from.map(day).transpose()?, to.map(day).transpose()?)))
    }

    pub(super) fn in_calendar(&self, slot: i32) -> bool {
        self.calendar.slots(self.period).contains(&slot)
    }

    /// Whether a slot's date ever was.
    pub(super) fn exists(&self, days: &mut Days, slot: i32) -> Result<bool> {
        match self.period {
            Period::Hour => Ok(slot.rem_euclid(ROW_SLOTS) < hours(days, slot.div_euclid(ROW_SLOTS))?),
            Period::Day | Period::LastDays(_) | Period::Lifetime => days.was(slot),
            Period::Week | Period::Month | Period::Quarter | Period::Year => Ok(true),
        }
    }

    /// The slots from one to another, both included, whose dates were.
    pub(super) fn existing(&self, days: &mut Days, from: i32, to: i32) -> Result<Vec<i32>> {
        let mut slots = Vec::new();
        for slot in from..=to {
            if self.exists(days, slot)? {
                slots.push(slot);
            }
        }
        Ok(slots)
    }

    /// How a row of this axis's slots covers another's: the slots of `self` that lie in a range of a wider period.
    pub(super) fn within(&self, wider: &Self, range: Range) -> Range {
        let first_day = |slot| self.calendar.first_day_number(wider.period, slot);
        let hours = if self.period == Period::Hour { ROW_SLOTS - 1 } else { 0 };
        let slot_of = |day| self.calendar.slot_of_day(self.period, day);
        Range {
            from: range.from.map(|from| slot_of(first_day(from))),
            to: range
                .to
                .map(|to| slot_of(first_day(to.saturating_add(1)).saturating_sub(1)).saturating_add(hours)),
        }
    }

    /// The slot of a wider period that a slot lies in.
    pub(super) fn slot_in(&self, wider: &Self, slot: i32) -> i32 {
        wider.calendar.slot_of_day(wider.period, self.calendar.first_day_number(self.period, slot))
    }

    /// Whether periods of this kind are made up of whole ones of another.
    pub(super) fn is_made_of(&self, narrower: Period) -> bool {
        use Period::{Day, Hour, Month, Quarter, Week, Year};
        let made_of: &[Period] = match self.period {
            Day => &[Hour],
            Week | Month => &[Hour, Day],
            Quarter => &[Hour, Day, Month],
            Year => &[Hour, Day, Month, Quarter],
            Hour | Period::LastDays(_) | Period::Lifetime => &[],
        };
        made_of.contains(&narrower)
    }

    /// Refuses to merge periods that overlap, which would count their days more than once.
    pub(super) fn disjoint(&self, what: &str) -> Result<()> {
        match self.period {
            Period::LastDays(_) | Period::Lifetime => Err(self.underivable(
                what,
                "its statistics overlap, and would count days more than once; ask for it of the days",
            )),
            _ => Ok(()),
        }
    }

    /// Refuses hours, which don't follow each other without a gap.
    pub(super) fn without_gaps(&self, what: &str) -> Result<()> {
        match self.period {
            Period::Hour => {
                Err(self.underivable(what, "a day has 23 to 25 hours; resample them to days first"))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn underivable(&self, what: &str, problem: &'static str) -> Error {
        Error::Underivable { what: format!("{what} of a series of the period {}", self.period), problem }
    }

    /// The slot that a slot is compared with, if there is one.
    pub(super) fn before(&self, days: &mut Days, slot: i32, compare: Compare) -> Result<Option<i32>> {
        match compare {
            Compare::Previous => self.previous(days, slot).map(Some),
            Compare::LastYear => self.last_year(slot),
        }
    }

    /// No slot is compared with one so many slots before it, or more.
    pub(super) fn reach(&self, compare: Compare) -> i32 {
        // No zone skipped more than one day at a time.
        const SKIPPED: i32 = 7;
        const DAYS_A_YEAR: i32 = 366 + 1;
        match (compare, self.period) {
            (Compare::Previous, Period::Hour) => (1 + SKIPPED) * ROW_SLOTS,
            (Compare::Previous, Period::Day | Period::Lifetime) => 1 + SKIPPED,
            (Compare::Previous, Period::LastDays(days)) => i32::from(days) + SKIPPED,
            (Compare::Previous, _) | (Compare::LastYear, Period::Year) => 1,
            (Compare::LastYear, Period::Hour) => DAYS_A_YEAR * ROW_SLOTS,
            (Compare::LastYear, Period::Day | Period::LastDays(_) | Period::Lifetime) => DAYS_A_YEAR,
            (Compare::LastYear, Period::Week) => 54,
            (Compare::LastYear, Period::Month) => 12,
            (Compare::LastYear, Period::Quarter) => 4,
        }
    }

    fn previous(&self, days: &mut Days, slot: i32) -> Result<i32> {
        match self.period {
            Period::Hour if slot.rem_euclid(ROW_SLOTS) == 0 => {
                let day = days.last_that_was(slot.div_euclid(ROW_SLOTS) - 1)?;
                Ok(day * ROW_SLOTS + hours(days, day)? - 1)
            }
            Period::Day | Period::Lifetime => days.last_that_was(slot - 1),
            Period::LastDays(n) => days.last_that_was(slot.saturating_sub(n.into())),
            Period::Hour | Period::Week | Period::Month | Period::Quarter | Period::Year => Ok(slot - 1),
        }
    }

    fn last_year(&self, slot: i32) -> Result<Option<i32>> {
        match self.period {
            Period::Hour => {
                let day = day_last_year(slot.div_euclid(ROW_SLOTS))?;
                Ok(day.map(|day| day * ROW_SLOTS + slot.rem_euclid(ROW_SLOTS)))
            }
            Period::Day | Period::LastDays(_) | Period::Lifetime => day_last_year(slot),
            Period::Week => self.week_last_year(slot),
            Period::Month => Ok(Some(slot - 12)),
            Period::Quarter => Ok(Some(slot - 4)),
            Period::Year => Ok(Some(slot - 1)),
        }
    }

    fn week_last_year(&self, slot: i32) -> Result<Option<i32>> {
        let fourth_day =
            |slot| day_of_number(self.calendar.first_day_number(Period::Week, slot).saturating_add(3));
        let this = fourth_day(slot)?;
        // The first week of a year is the one with 4 January, whatever day weeks begin on.
        let Some(in_first) = NaiveDate::from_ymd_opt(this.year() - 1, 1, 4) else { return Ok(None) };
        let first = self.calendar.slot_of_day(Period::Week, day_number(in_first));
        let found = first.saturating_add((this.ordinal0() / 7).cast_signed());
        Ok((fourth_day(found)?.year() == this.year() - 1).then_some(found))
    }
}

/// The same date of the year before; of 29 February, 28 February.
fn day_last_year(day: i32) -> Result<Option<i32>> {
    Ok(day_of_number(day)?.checked_sub_months(Months::new(12)).map(day_number))
}

/// How many hours a day has, the last perhaps cut short.
fn hours(days: &mut Days, day: i32) -> Result<i32> {
    let seconds = days.start(day.saturating_add(1))? - days.start(day)?;
    let hours = seconds.div_euclid(3_600) + i64::from(seconds.rem_euclid(3_600) > 0);
    Ok(i32::try_from(hours).unwrap_or(ROW_SLOTS).min(ROW_SLOTS))
}
