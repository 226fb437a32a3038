//! The slots of a period in a calendar, and ranges of them.

use crate::{
    calendar::Calendar,
    error::{Error, Result},
    model::Period,
};
use chrono::NaiveDate;

/// The slots from one to another, both included; without them, from where the points begin and to where they end.
#[derive(Debug, Clone, Copy)]
pub(super) struct SlotRange {
    pub(super) from: Option<i32>,
    pub(super) to: Option<i32>,
    /// The last point before `from` is wanted, too: the level that a series begins with.
    pub(super) level: bool,
}

impl SlotRange {
    /// The range with this many slots more before it.
    pub(super) fn widened(self, slots: i32) -> Self {
        Self { from: self.from.map(|from| from.saturating_sub(slots)), ..self }
    }

    /// The range with all slots before it.
    pub(super) fn and_all_before(self) -> Self {
        Self { from: None, level: false, ..self }
    }

    pub(super) fn with_level(self) -> Self {
        Self { level: true, ..self }
    }

    /// For points that are worked out from several: where the last one before the range is wanted, it may be anywhere.
    pub(super) fn without_level(self) -> Self {
        if self.level { self.and_all_before() } else { self }
    }

    /// Whether it is one slot at most.
    pub(super) fn is_single(self) -> bool {
        self.from.is_some() && self.from == self.to
    }
}

/// The slots of a period in a calendar.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    pub(super) calendar: Calendar,
    pub(super) period: Period,
}

impl Axis {
    /// The slots of the periods that contain these dates.
    pub(super) fn range(&self, from: Option<NaiveDate>, to: Option<NaiveDate>) -> Result<SlotRange> {
        Ok(SlotRange {
            from: from.map(|from| self.calendar.slot(self.period, from.into())).transpose()?,
            to: to.map(|to| self.calendar.last_slot(self.period, to)).transpose()?,
            level: false,
        })
    }

    /// The first and the last slot of a range, as far as the calendar goes.
    pub(super) fn ends(&self, range: SlotRange) -> (i32, i32) {
        let all = self.calendar.slots(self.period);
        (
            range.from.map_or(*all.start(), |from| from.max(*all.start())),
            range.to.map_or(*all.end(), |to| to.min(*all.end())),
        )
    }

    /// The slots that lie in a range of a wider period.
    pub(super) fn within(&self, wider: &Self, range: SlotRange) -> SlotRange {
        let first_in =
            |slot| self.calendar.slot_of_day(self.period, self.calendar.first_day_number(wider.period, slot));
        SlotRange {
            from: range.from.map(first_in),
            to: range.to.map(|to| first_in(to.saturating_add(1)).saturating_sub(1)),
            level: false,
        }
    }

    /// The slot of a wider period that a slot lies in.
    pub(super) fn slot_in(&self, wider: &Self, slot: i32) -> i32 {
        self.calendar.slot_of_day(wider.period, self.calendar.first_day_number(self.period, slot))
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
}
