//! What days make of the calendar periods of some objects, in bounded memory.

use crate::{
    blocks::{Memtable, Objects, RowCursor, Table},
    error::Result,
    format::PartKindBytes,
    kinds::Value,
    storage::{Direction, Reads},
};

/// So many bytes of statistics are worked out in one pass over the days.
pub(super) const PASS_BYTES: usize = if cfg!(test) { 4 << 10 } else { 32 << 20 };

/// The calendar periods of a grouping, worked out from its days: some objects at a time, in their order.
#[derive(Debug)]
pub(crate) struct PeriodFill {
    days: Table,
    kinds: PartKindBytes,
    /// The first and the last slot of the period that are wanted.
    slots: (i32, i32),
    /// Periods that aren't over on this day are left out.
    unfinished_from: Option<i32>,
    /// The first object that isn't done; none when all are.
    next: Option<Vec<u8>>,
}

/// What a pass over the days has made, and which objects it was about.
#[derive(Debug)]
pub(crate) struct Filled<V> {
    pub(crate) memtable: Memtable<V>,
    pub(crate) objects: ObjectRange,
}

impl<V: Value> Filled<V> {
    /// Drops the objects from this one on, if there is one.
    pub(crate) fn end_before(&mut self, object: Option<Vec<u8>>) {
        if object.is_some() {
            self.objects.to = object;
            self.memtable.retain(|object| self.objects.has(object));
        }
    }
}

/// The objects from one, included, up to another, excluded; no end is the end of all.
#[derive(Debug, Clone)]
pub(crate) struct ObjectRange {
    from: Vec<u8>,
    to: Option<Vec<u8>>,
}

impl ObjectRange {
    pub(crate) fn has(&self, object: &[u8]) -> bool {
        object >= self.from.as_slice() && self.to.as_ref().is_none_or(|to| object < to.as_slice())
    }
}

impl PeriodFill {
    pub(crate) fn new(
        days: Table,
        kinds: PartKindBytes,
        slots: (i32, i32),
        unfinished_from: Option<i32>,
    ) -> Self {
        Self { days, kinds, slots, unfinished_from, next: Some(Vec::new()) }
    }

    /// Works out the next objects' statistics of a period; none when all are done.
    pub(crate) fn next_pass<V: Value>(
        &mut self,
        reads: &impl Reads,
        period: &Table,
    ) -> Result<Option<Filled<V>>> {
        let Some(from) = self.next.take() else { return Ok(None) };
        let mut filled =
            Filled { memtable: Memtable::new(period.clone()), objects: ObjectRange { from, to: None } };
        let calendar = *period.calendar();
        let period_of = |day| calendar.slot_of_day(period.period(), day);
        let first_day = calendar
            .first_day_number(period.period(), self.slots.0)
            .max(*calendar.slots(self.days.period()).start());
        let last_day = self.last_day(period);
        let objects = Objects::Under(self.kinds.beginning());
        let cursor =
            RowCursor::new(reads, self.days.clone(), objects, Direction::Forwards, (first_day, last_day));
        let mut bytes = 0;
        cursor.for_each(|object, row| {
            if !filled.objects.has(object) || !self.kinds.are_of(object) {
                return Ok(());
            }
            let (group, grown) = filled.memtable.group(object);
            bytes += grown;
            let mut failed = None;
            row.for_each::<V>(reads, |day, value| {
                let slot = period_of(day);
                match value {
                    Some(value) => match filled.memtable.merge(group, slot, &value) {
                        Ok(grown) => bytes += grown,
                        Err(error) => failed = failed.take().or(Some((slot, error))),
                    },
                    None => bytes += filled.memtable.touch(group, slot),
                }
            })?;
            if let Some((slot, error)) = failed {
                return Err(period.merge_error(slot, object, &error));
            }
            if bytes > PASS_BYTES && filled.memtable.len() > 1 {
                filled.objects.to = filled.memtable.keep_lower_half();
                bytes /= 2;
            }
            Ok(())
        })?;
        self.go_on_behind(&filled.objects);
        Ok(Some(filled))
    }

    /// Goes on with the first object behind a pass that was cut short.
    pub(crate) fn go_on_behind(&mut self, objects: &ObjectRange) {
        self.next.clone_from(&objects.to);
    }

    /// The last day whose periods are wanted.
    fn last_day(&self, period: &Table) -> i32 {
        let calendar = period.calendar();
        let before = |slot: i32| calendar.first_day_number(period.period(), slot).saturating_sub(1);
        let last = before(self.slots.1.saturating_add(1)).min(*calendar.slots(self.days.period()).end());
        match self.unfinished_from {
            // The first day of the first period that isn't over: one that ends after the day before.
            Some(day) => last.min(before(calendar.slot_of_day(period.period(), day))),
            None => last,
        }
    }
}
