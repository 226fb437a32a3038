//! Which row of a series a statistic is in, and where in it.

use crate::{
    calendar::Calendar,
    error::Result,
    format::{Form, ROW_SLOTS},
    model::{Date, Period},
};
use chrono::{Days, NaiveDate};

/// How the slots of a period are spread over rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slots {
    calendar: Calendar,
    period: Period,
    /// How many slots a row spans.
    span: i32,
}

impl Slots {
    pub(crate) fn new(calendar: Calendar, period: Period, form: Form) -> Self {
        let span = match (form, period) {
            // An hour's row is dated by its day, so it has to hold all of the day.
            (Form::Integers, _) | (Form::Serde, Period::Hour) => ROW_SLOTS,
            (Form::Serde, _) => 1,
        };
        Self { calendar, period, span }
    }

    /// The ordinal of the slot that a date is in.
    pub(crate) fn ordinal(&self, date: Date) -> Result<i32> {
        self.calendar.slot(self.period, date)
    }

    /// The date that a slot's statistic has.
    pub(crate) fn date(&self, ordinal: i32) -> Result<Date> {
        self.calendar.date(self.period, ordinal)
    }

    /// The date of a slot of a row, whose first slot has this ordinal and date: mostly an addition of days.
    pub(crate) fn date_in_row(&self, (ordinal, date): (i32, Date), slot: u32) -> Result<Date> {
        let days = match self.period {
            Period::Day | Period::LastDays(_) | Period::Lifetime => Some(slot),
            Period::Week => Some(7 * slot),
            Period::Hour | Period::Month | Period::Quarter | Period::Year => None,
        };
        match days.and_then(|days| date.day().checked_add_days(Days::new(days.into()))) {
            Some(day) => Ok(day.into()),
            None => self.date(ordinal.saturating_add(slot.cast_signed())),
        }
    }

    /// The ordinals of the slots from the one that contains `from` to the last of `to`, both included; without
    /// them, of all slots of the calendar.
    pub(crate) fn range(&self, from: Option<NaiveDate>, to: Option<NaiveDate>) -> Result<(i32, i32)> {
        let all = self.calendar.slots(self.period);
        let from = from.map_or(Ok(*all.start()), |from| self.ordinal(from.into()))?;
        let to = to.map_or(Ok(*all.end()), |to| self.last_ordinal(to))?;
        Ok((from, to))
    }

    /// The ordinal of the last slot that a day is in: of hours, the last there may be.
    pub(crate) fn last_ordinal(&self, day: NaiveDate) -> Result<i32> {
        let ordinal = self.ordinal(day.into())?;
        Ok(if self.period == Period::Hour { ordinal + ROW_SLOTS - 1 } else { ordinal })
    }

    /// The number of the row that holds a slot. Rows that follow each other have numbers that do.
    pub(crate) fn row_of(&self, ordinal: i32) -> i32 {
        ordinal.div_euclid(self.span)
    }

    /// A slot's place in its row.
    pub(crate) fn slot_of(&self, ordinal: i32) -> u32 {
        ordinal.rem_euclid(self.span).cast_unsigned()
    }

    /// The ordinal of a row's first slot.
    pub(crate) fn first_of(&self, row: i32) -> i32 {
        row.saturating_mul(self.span)
    }

    /// The day that a row's key is dated by: the first date that it may hold, as a day number.
    pub(crate) fn day_of(&self, row: i32) -> i32 {
        self.calendar.first_day_number(self.period, self.first_of(row))
    }

    /// Whether a row's key is dated by this day: whether it is the first date that a row may hold.
    pub(crate) fn is_first_day(&self, day: i32) -> bool {
        self.day_of(self.row_of(self.first_ordinal(day))) == day
    }

    /// How many slots a row spans.
    pub(crate) fn span(&self) -> u32 {
        self.span.cast_unsigned()
    }

    /// The ordinal of the first slot of the row that is dated by this day.
    pub(crate) fn first_ordinal(&self, day: i32) -> i32 {
        self.calendar.slot_of_day(self.period, day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_in_a_row_is_its_slots_date() {
        let calendar = Calendar::default().months_from(28).unwrap();
        let periods = [
            Period::Hour,
            Period::Day,
            Period::Week,
            Period::Month,
            Period::Quarter,
            Period::Year,
            Period::LastDays(7),
            Period::Lifetime,
        ];
        for period in periods {
            let slots = Slots::new(calendar, period, Form::Integers);
            for row in -40..40 {
                let ordinal = slots.first_of(row);
                let first = (ordinal, slots.date(ordinal).unwrap());
                for slot in 0..slots.span() {
                    let date = slots.date(ordinal + slot.cast_signed()).unwrap();
                    assert_eq!(slots.date_in_row(first, slot).unwrap(), date, "{period}");
                }
            }
        }
    }
}
