//! Calendar periods in step with days that came from elsewhere.

use super::{Comparison, Grouping, PeriodFill, Tracked, anew};
use crate::{blocks::Table, error::Result, kinds::Value, model::Period, storage::Transaction};
use std::collections::BTreeSet;

/// What came from elsewhere for the objects of a grouping.
#[derive(Debug)]
pub(crate) struct Imported {
    /// What was tracked of them until then, if anything.
    before: Option<Tracked>,
    periods: BTreeSet<Period>,
    days: BTreeSet<i32>,
}

impl Imported {
    pub(crate) fn new(before: Option<Tracked>) -> Self {
        Self { before, periods: BTreeSet::new(), days: BTreeSet::new() }
    }

    /// Notes that a statistic came.
    pub(crate) fn note(&mut self, period: Period, slot: i32) {
        self.periods.insert(period);
        if period == Period::Day {
            self.days.insert(slot);
        }
    }

    /// The ranges of a period's slots that are to be worked out, both ends included: all if it wasn't kept until then,
    /// else those of days that came.
    fn slots(&self, table: &Table) -> Vec<(i32, i32)> {
        let period = table.period();
        if self.before.as_ref().is_none_or(|before| !before.periods.contains(&period)) {
            return vec![(i32::MIN, i32::MAX)];
        }
        let mut ranges: Vec<(i32, i32)> = Vec::new();
        for day in &self.days {
            let slot = table.calendar().slot_of_day(period, *day);
            match ranges.last_mut() {
                Some((_, last)) if slot <= *last + 1 => *last = slot,
                _ => ranges.push((slot, slot)),
            }
        }
        ranges
    }
}

impl Grouping {
    /// Recomputes each calendar period that is kept, where days were imported. A period that was itself imported, or that
    /// wasn't kept until then, is compared with its days; notes which are what their days make them.
    pub(crate) fn bring_into_step<V: Value>(
        &mut self,
        change: &mut Transaction<'_>,
        days: &Table,
        imported: &Imported,
    ) -> Result<()> {
        let mut in_step = Vec::new();
        for (table, grouping) in self.kept_tables(days) {
            let period = table.period();
            if !imported.periods.contains(&period) {
                let kinds = grouping.part_kind_bytes();
                for slots in imported.slots(&table) {
                    let fill = PeriodFill::new(days.clone(), kinds.clone(), slots, self.tracked.left_out);
                    anew::<V>(change, fill, &table, &kinds, None)?;
                }
            }
            let is_in_step = match &imported.before {
                Some(before) if before.periods.contains(&period) && !imported.periods.contains(&period) => {
                    before.in_step.contains(&period)
                }
                // What was stored before may have no days.
                _ => Comparison::<_, V>::new(&*change, vec![(table, grouping)]).next_differing()?.is_none(),
            };
            if is_in_step {
                in_step.push(period);
            }
        }
        self.tracked.in_step = in_step;
        Ok(())
    }
}
