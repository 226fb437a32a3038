//! What trackers have left of the wider periods of one series, by its days alone.

use super::grouping::Grouping;
use crate::{
    calendar::{Calendar, Days},
    error::Result,
    kinds::Value,
    model::{Period, Point},
    rollup::{Failed, SlotStatistic, SlotValues, Slotted},
};

/// The day statistics of one object, and the days that its running periods end on.
#[derive(Debug)]
pub(super) struct Source<V> {
    first: i32,
    last: i32,
    values: SlotValues<V>,
    ends: Vec<i32>,
}

impl<V: Value> Source<V> {
    /// Takes the statistics of days, in order; none if there are none.
    pub(super) fn new(
        days: &mut Days,
        grouping: &Grouping,
        statistics: Vec<SlotStatistic<V>>,
    ) -> Result<Option<Self>> {
        let (Some(first), Some(last)) =
            (statistics.first().map(|(day, _)| *day), statistics.last().map(|(day, _)| *day))
        else {
            return Ok(None);
        };
        let values = SlotValues::of(statistics);
        let ends = days.those_that_were(first, grouping.through)?;
        Ok(Some(Self { first, last, values, ends }))
    }

    /// The statistics of a derived period, by slot.
    pub(super) fn derived(
        &self,
        calendar: Calendar,
        grouping: &Grouping,
        period: Period,
    ) -> Result<Vec<SlotStatistic<V>>, Failed> {
        let ends = self.ends.iter().copied();
        let derived = match period {
            Period::LastDays(days) => {
                let last = self.last.saturating_add(i32::from(days) - 1);
                self.values.windows(days, ends.take_while(|end| *end <= last), self.first)?
            }
            Period::Lifetime => self.values.lifetimes(Point::Absent, ends, self.first)?,
            _ => self.calendar_periods(calendar, grouping, period)?,
        };
        Ok(derived
            .into_iter()
            .filter_map(|(slot, statistic)| Some((slot, statistic.into_listed()?)))
            .collect())
    }

    fn calendar_periods(
        &self,
        calendar: Calendar,
        grouping: &Grouping,
        period: Period,
    ) -> Result<Vec<Slotted<V>>, Failed> {
        let first_day = |slot| calendar.first_day_number(period, slot);
        let slots = calendar.slot_of_day(period, self.first)..=calendar.slot_of_day(period, self.last);
        slots
            .take_while(|slot| grouping.left_out.is_none_or(|left_out| first_day(slot + 1) <= left_out))
            .map(|slot| {
                let total = self.values.total(first_day(slot), first_day(slot + 1) - 1);
                total.map(|total| (slot, total)).map_err(|error| Failed { day: slot, error })
            })
            .collect()
    }
}
