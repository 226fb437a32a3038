//! Days that change, and every calendar period that changes with them.

use super::{
    Grouping, Tracked,
    fill::{Filled, PASS_BYTES, PeriodFill},
};
use crate::{
    blocks::{Cut, Edit, Memtable, Objects, RowCursor, Table, Written, write},
    calendar::HOURS,
    error::Result,
    format::PartKindBytes,
    kinds::Value,
    model::Period,
    storage::{Direction, Transaction},
};
use std::mem;

/// What becomes of the statistics that are stored already.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Replaced {
    /// New values are merged with them.
    Merge,
    /// Those from this day on are replaced; all, if none.
    Replace(Option<i32>),
}

/// A calendar period that is kept.
#[derive(Debug)]
struct Kept {
    table: Table,
    /// From this slot on, all statistics are worked out anew.
    anew_from: Option<i32>,
    /// From this slot on, what days don't make is removed.
    cut_from: Option<i32>,
}

/// Applies changed days, or hours, to the tables of a grouping.
#[derive(Debug)]
pub(crate) struct Apply {
    days: Table,
    /// Hours are kept, and days are added up from them.
    hours: Option<Table>,
    kinds: PartKindBytes,
    /// The calendar periods that are kept.
    periods: Vec<Kept>,
    since: Replaced,
    /// Periods that aren't over on this day are left out.
    unfinished_from: Option<i32>,
    written: Written,
    is_cut: bool,
}

impl Apply {
    /// `before` is what was kept until now, if anything.
    pub(crate) fn new(
        days: Table,
        grouping: &Grouping,
        before: Option<&Tracked>,
        since: Replaced,
        unfinished_from: Option<i32>,
    ) -> Self {
        let calendar = *days.calendar();
        let left_out = before.and_then(|before| before.left_out);
        let kept = |period: Period| {
            let slot = |day| calendar.slot_of_day(period, day);
            let cut_from = match since {
                Replaced::Merge => None,
                Replaced::Replace(since) => Some(since.map_or(i32::MIN, slot)),
            };
            let is_new = before.is_none_or(|before| !before.periods.contains(&period));
            let anew_from =
                [is_new.then_some(i32::MIN), cut_from, left_out.map(slot)].into_iter().flatten().min();
            Kept { table: days.of_period(period), anew_from, cut_from }
        };
        let tracked = &grouping.tracked;
        let hours = tracked.periods.contains(&Period::Hour).then(|| days.of_period(Period::Hour));
        let periods = tracked.calendar_periods().map(kept).collect();
        let kinds = grouping.part_kind_bytes();
        Self {
            days,
            hours,
            kinds,
            periods,
            since,
            unfinished_from,
            written: Written::default(),
            is_cut: false,
        }
    }

    /// The table that new values are given in: hours where they are kept, else days.
    pub(crate) fn source(&self) -> &Table {
        self.hours.as_ref().unwrap_or(&self.days)
    }

    /// Applies new values of some objects, a memtable of [`source`](Self::source), which is emptied.
    pub(crate) fn values<V: Value>(
        &mut self,
        change: &mut Transaction<'_>,
        values: &mut Memtable<V>,
    ) -> Result<()> {
        let mut days = match &self.hours {
            Some(_) => Some(self.days_of(values)?),
            None => None,
        };
        let mut marks = self.marks(days.as_ref().unwrap_or(values));
        if days.is_some() {
            let cut = self.cut(HOURS);
            self.written += write_cut(change, values, self.edit(), cut, &self.kinds)?;
        }
        let cut = self.cut(1);
        self.written += write_cut(change, days.as_mut().unwrap_or(values), self.edit(), cut, &self.kinds)?;
        self.is_cut = true;
        // Some objects of a period at a time, if what is stored of all is too much to be held.
        while let Some(mut marked) = marks.pop() {
            self.written += self.period(change, &mut marked, &mut marks)?;
        }
        Ok(())
    }

    /// Works out what depends on more than the new values, once all are applied; says what was written.
    pub(crate) fn finish<V: Value>(mut self, change: &mut Transaction<'_>) -> Result<Written> {
        if !self.is_cut {
            // Nothing is new, and yet something may have to go.
            self.values(change, &mut Memtable::<V>::new(self.source().clone()))?;
        }
        for Kept { table, anew_from, cut_from } in mem::take(&mut self.periods) {
            if let Some(from) = anew_from {
                let fill = PeriodFill::new(
                    self.days.clone(),
                    self.kinds.clone(),
                    (from, i32::MAX),
                    self.unfinished_from,
                );
                self.written += anew::<V>(change, fill, &table, &self.kinds, cut_from)?;
            }
        }
        Ok(self.written)
    }

    fn edit(&self) -> Edit {
        match self.since {
            Replaced::Merge => Edit::Merge,
            // What was there has gone in the first pass; a later one has other objects.
            Replaced::Replace(_) => Edit::Set,
        }
    }

    /// The slots of a table that are replaced, in the first pass.
    fn cut(&self, slots_a_day: i32) -> Option<(i32, i32)> {
        match self.since {
            Replaced::Replace(since) if !self.is_cut => {
                Some((since.map_or(i32::MIN, |since| since.saturating_mul(slots_a_day)), i32::MAX))
            }
            _ => None,
        }
    }

    /// The days that hours make.
    fn days_of<V: Value>(&self, hours: &Memtable<V>) -> Result<Memtable<V>> {
        let mut days = Memtable::new(self.days.clone());
        let mut failed = None;
        hours.for_each(|object, slot, value| {
            let (group, _) = days.group(object);
            let day = slot.div_euclid(HOURS);
            if let Some(value) = value
                && let Err(error) = days.merge(group, day, value)
            {
                failed = failed.take().or_else(|| Some(self.days.merge_error(day, object, &error)));
            }
        });
        failed.map_or(Ok(days), Err)
    }

    /// For each period the slots that change with these days: in a memtable each, as absent.
    fn marks<V: Value>(&self, days: &Memtable<V>) -> Vec<Memtable<V>> {
        let tables = self.periods.iter();
        tables
            .map(|Kept { table, anew_from, .. }| {
                let mut marks = Memtable::new(table.clone());
                days.for_each(|object, day, _| {
                    let slot = table.calendar().slot_of_day(table.period(), day);
                    // From there on all are worked out anew in the end.
                    if anew_from.is_none_or(|from| slot < from) {
                        let (group, _) = marks.group(object);
                        marks.remove(group, slot);
                    }
                });
                marks
            })
            .collect()
    }

    /// Works out the marked slots of a period, and writes them; what is too much to be held is `left`.
    fn period<V: Value>(
        &self,
        change: &mut Transaction<'_>,
        marks: &mut Memtable<V>,
        left: &mut Vec<Memtable<V>>,
    ) -> Result<Written> {
        let Some((first, last)) = marks.ends() else { return Ok(Written::default()) };
        let table = marks.table().clone();
        let (calendar, period) = (*table.calendar(), table.period());
        let days =
            (calendar.first_day_number(period, first), calendar.first_day_number(period, last + 1) - 1);
        let objects = marks.objects();
        let objects = if objects.len() > MOST_NAMED {
            Objects::Under(self.kinds.beginning())
        } else {
            Objects::These(objects)
        };
        let cursor = RowCursor::new(&*change, self.days.clone(), objects, Direction::Forwards, days);
        let mut bytes = 0;
        cursor.for_each(|object, row| {
            let Some(group) = marks.find(object) else { return Ok(()) };
            let mut failed = None;
            row.for_each::<V>(&*change, |day, value| {
                let slot = calendar.slot_of_day(period, day);
                if !marks.has(group, slot) {
                    return;
                }
                match value {
                    Some(value) => match marks.merge(group, slot, &value) {
                        Ok(grown) => bytes += grown,
                        Err(error) => failed = failed.take().or(Some((slot, error))),
                    },
                    None => bytes += marks.touch(group, slot),
                }
            })?;
            if let Some((slot, error)) = failed {
                return Err(table.merge_error(slot, object, &error));
            }
            if bytes > PASS_BYTES
                && let Some(mut upper) = marks.split_off_upper_half()
            {
                upper.remove_all();
                left.push(upper);
                bytes /= 2;
            }
            Ok(())
        })?;
        write(change, marks, Edit::Set, None)
    }
}

/// More objects than this are not looked for one by one.
const MOST_NAMED: usize = 256;

fn write_cut<V: Value>(
    change: &mut Transaction<'_>,
    values: &mut Memtable<V>,
    edit: Edit,
    cut: Option<(i32, i32)>,
    kinds: &PartKindBytes,
) -> Result<Written> {
    let objects = |object: &[u8]| kinds.are_of(object);
    write(change, values, edit, cut.map(|slots| Cut { slots, objects: &objects }))
}

/// Works statistics of a period out anew, and writes them; from `cut_from` on, what days don't make is removed.
pub(crate) fn anew<V: Value>(
    change: &mut Transaction<'_>,
    mut fill: PeriodFill,
    table: &Table,
    kinds: &PartKindBytes,
    cut_from: Option<i32>,
) -> Result<Written> {
    let mut total = Written::default();
    while let Some(Filled { mut memtable, objects }) = fill.next_pass::<V>(&*change, table)? {
        let wanted = |object: &[u8]| objects.has(object) && kinds.are_of(object);
        let cut = cut_from.map(|from| Cut { slots: (from, i32::MAX), objects: &wanted });
        total += write(change, &mut memtable, Edit::Set, cut)?;
    }
    Ok(total)
}
