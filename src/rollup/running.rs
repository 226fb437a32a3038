//! Running periods, worked out from days as they are read: the last N days, and the lifetime.
//!
//! None of them is stored, so that a late record, an import or a day that is deleted can't leave them stale. A lifetime
//! that is stored all the same is an anchor: later dates go on from it. A stored window stands for itself.

use super::{
    RunningMerge, SlotStatistic,
    merge::{ends, pass},
};
use crate::{
    blocks::{Objects, RowCursor, Table},
    calendar::Days,
    error::Result,
    format::PartKindBytes,
    kinds::Value,
    model::{Period, Point},
    storage::{Direction, Reads},
};
use foldhash::fast::RandomState;
use std::collections::HashMap;

/// The running periods of some objects in a range of days.
#[derive(Debug)]
pub(crate) struct Running<V> {
    /// In their order.
    pub(crate) objects: Vec<RunningObject<V>>,
    table: Table,
    slots: (i32, i32),
}

/// The days of one object, and what is stored of its running period.
#[derive(Debug)]
pub(crate) struct RunningObject<V> {
    /// Its bytes, none without object.
    pub(crate) object: Vec<u8>,
    days: RunningMerge<V>,
    stored: Vec<SlotStatistic<V>>,
    /// How many of the stored statistics are before the next day.
    passed: usize,
    /// The last day that is worked out; nothing is if the object isn't tracked.
    last: Option<i32>,
}

/// Which objects of a table are tracked, and up to which day their running periods are worked out.
#[derive(Debug, Clone, Default)]
pub(crate) struct TrackedGroupings(pub(crate) Vec<(PartKindBytes, i32)>);

impl TrackedGroupings {
    pub(crate) fn are_none(&self) -> bool {
        self.0.is_empty()
    }

    fn last_day(&self, object: &[u8]) -> Option<i32> {
        self.0.iter().find(|(kinds, _)| kinds.are_of(object)).map(|(_, last)| *last)
    }
}

impl<V: Value> Running<V> {
    /// Reads what the running period of a table needs, for the slots from one to another, both included.
    pub(crate) fn read(
        reads: &impl Reads,
        table: &Table,
        objects: &Objects,
        tracked: &TrackedGroupings,
        slots: (i32, i32),
    ) -> Result<Self> {
        let (from, to) = slots;
        let all = table.calendar().slots(table.period());
        // A lifetime begins before the range, or goes on from an anchor there.
        let (first_day, first_stored) = match table.period() {
            Period::LastDays(days) => (from.saturating_sub(i32::from(days) - 1).max(*all.start()), from),
            _ => (*all.start(), *all.start()),
        };
        let mut running = Self { objects: Vec::new(), table: table.clone(), slots };
        let mut numbers: HashMap<Vec<u8>, usize, RandomState> = HashMap::default();
        let days = table.of_period(Period::Day);
        let days = RowCursor::new(reads, days, objects.clone(), Direction::Forwards, (first_day, to));
        days.for_each(|object, row| {
            if let Some(last) = tracked.last_day(object) {
                let number = running.number(&mut numbers, object, Some(last));
                if let Some(object) = running.objects.get_mut(number) {
                    row.for_each(reads, |slot, value| object.days.push(slot, value))?;
                }
            }
            Ok(())
        })?;
        let stored =
            RowCursor::new(reads, table.clone(), objects.clone(), Direction::Forwards, (first_stored, to));
        stored.for_each(|object, row| {
            let number = running.number(&mut numbers, object, tracked.last_day(object));
            if let Some(object) = running.objects.get_mut(number) {
                row.for_each(reads, |slot, value| object.stored.push((slot, value)))?;
            }
            Ok(())
        })?;
        running.objects.sort_by(|a, b| a.object.cmp(&b.object));
        Ok(running)
    }

    /// The same statistics as values of another type, such as one that goes by what is registered. All are worked out.
    pub(crate) fn into_values<W: Value>(mut self) -> Result<Running<W>> {
        let mut days = Days::new(*self.table.calendar());
        let mut objects = Vec::with_capacity(self.objects.len());
        for number in 0..self.objects.len() {
            let statistics = self.statistics(number, &mut days)?;
            let value = |value: V| match value.to_integer() {
                Some(integer) => W::from_integer(integer),
                None => value.to_stored().and_then(|bytes| W::from_stored(&bytes).ok()),
            };
            let mut object = RunningObject::new(
                &self.objects.get(number).map(|object| object.object.clone()).unwrap_or_default(),
                None,
            );
            object.stored =
                statistics.into_iter().map(|(slot, found)| (slot, found.and_then(value))).collect();
            objects.push(object);
        }
        Ok(Running { objects, table: self.table, slots: self.slots })
    }

    pub(crate) fn table(&self) -> &Table {
        &self.table
    }

    /// Makes it possible to ask for earlier slots again.
    pub(crate) fn begin_again(&mut self) {
        for object in &mut self.objects {
            object.days.begin_again();
            object.passed = 0;
        }
    }

    fn number(
        &mut self,
        numbers: &mut HashMap<Vec<u8>, usize, RandomState>,
        object: &[u8],
        last: Option<i32>,
    ) -> usize {
        if let Some(number) = numbers.get(object) {
            return *number;
        }
        let number = self.objects.len();
        numbers.insert(object.to_vec(), number);
        self.objects.push(RunningObject::new(object, last));
        number
    }

    /// The slots with a statistic may lie from one to another, both included; none if there are none.
    pub(crate) fn ends(&self) -> Option<(i32, i32)> {
        let ends = self.objects.iter().filter_map(|object| object.ends(self.table.period(), self.slots));
        ends.reduce(|(from, to), (first, last)| (from.min(first), to.max(last)))
    }

    /// The slots of an object that have a statistic, in order, with their values, none for a missing one. Days that
    /// never were have none.
    pub(crate) fn statistics(&mut self, number: usize, days: &mut Days) -> Result<Vec<SlotStatistic<V>>> {
        let Self { table, slots, .. } = &*self;
        let (table, slots) = (table.clone(), *slots);
        let Some(object) = self.objects.get_mut(number) else { return Ok(Vec::new()) };
        let mut statistics = Vec::new();
        let Some((from, to)) = object.ends(table.period(), slots) else { return Ok(statistics) };
        for slot in from..=to {
            if let Some(value) = object.statistic(&table, slot, days)?.into_listed() {
                statistics.push((slot, value));
            }
        }
        Ok(statistics)
    }

    /// The statistic of an object in a slot; slots must be asked for in order.
    pub(crate) fn statistic(&mut self, number: usize, slot: i32, days: &mut Days) -> Result<Point<V>> {
        let Self { objects, table, .. } = self;
        objects.get_mut(number).map_or(Ok(Point::Absent), |object| object.statistic(table, slot, days))
    }
}

impl<V: Value> RunningObject<V> {
    fn new(object: &[u8], last: Option<i32>) -> Self {
        Self {
            object: object.to_vec(),
            days: RunningMerge::new(Vec::new()),
            stored: Vec::new(),
            passed: 0,
            last,
        }
    }

    /// The slots of a range that statistics may lie in.
    fn ends(&self, period: Period, (from, to): (i32, i32)) -> Option<(i32, i32)> {
        let (days, stored) = (self.days.ends(), ends(&self.stored));
        let begin = [days, stored].into_iter().flatten().map(|(first, _)| first).min()?;
        let worked_out = match period {
            Period::LastDays(length) => days.map(|(_, last)| last.saturating_add(i32::from(length) - 1)),
            _ => Some(i32::MAX),
        };
        let worked_out = worked_out.and_then(|last| Some(last.min(self.last?)));
        let end = [worked_out, stored.map(|(_, last)| last)].into_iter().flatten().max()?;
        let (from, to) = (from.max(begin), to.min(end));
        (from <= to).then_some((from, to))
    }

    fn statistic(&mut self, table: &Table, slot: i32, days: &mut Days) -> Result<Point<V>> {
        let stored = self.enter_stored(table.period(), slot);
        let worked_out = match table.period() {
            Period::LastDays(length) => self.days.window(slot, length),
            _ => self.days.lifetime(slot),
        };
        let worked_out = worked_out.map_err(|error| table.merge_error(slot, &self.object, &error))?;
        if !stored.is_absent() {
            return Ok(stored);
        }
        let is_worked_out = self.last.is_some_and(|last| slot <= last);
        if is_worked_out && days.was(slot)? { Ok(worked_out) } else { Ok(Point::Absent) }
    }

    /// What is stored of the slot itself. A lifetime goes on from what is stored.
    fn enter_stored(&mut self, period: Period, slot: i32) -> Point<V> {
        let Some((at, value)) = pass(&self.stored, &mut self.passed, slot).last() else {
            return Point::Absent;
        };
        if period == Period::Lifetime {
            self.days.anchor(*at, value.clone());
        }
        if *at == slot { value.clone().into() } else { Point::Absent }
    }
}
