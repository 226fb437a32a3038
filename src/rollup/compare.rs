//! Comparing the calendar periods that are kept with the days that they come from.

use super::{
    Grouping,
    fill::{Filled, PASS_BYTES, PeriodFill},
};
use crate::{
    blocks::{Group, Memtable, Objects, RowCursor, Table},
    error::Result,
    format::PartKindBytes,
    kinds::Value,
    model::{Period, Point},
    storage::{Direction, Reads},
};
use std::{cmp::Ordering, collections::VecDeque, vec};

/// A slot whose statistic isn't what its days make it.
#[derive(Debug)]
pub(crate) struct Mismatch<V> {
    pub(crate) slot: i32,
    pub(crate) stored: Point<V>,
    pub(crate) expected: Point<V>,
}

/// A series that differs from its days.
#[derive(Debug)]
pub(crate) struct Differing<V> {
    pub(crate) table: Table,
    /// The bytes of the object, none without one.
    pub(crate) object: Vec<u8>,
    /// In the order of the slots; at least one.
    pub(crate) mismatches: Vec<Mismatch<V>>,
}

/// Compares all calendar periods that trackers keep of a metric with their days.
///
/// Hours are no less a source than days, so they aren't compared; nor are periods that no tracker keeps. Running
/// periods are worked out when they are read.
#[derive(Debug)]
pub(crate) struct Comparison<R, V> {
    reads: R,
    /// The tables that are left, with what works them out from their days.
    left: vec::IntoIter<(Table, PartKindBytes, PeriodFill)>,
    current: Option<(Table, PartKindBytes, PeriodFill)>,
    ready: VecDeque<Differing<V>>,
}

impl<R: Reads, V: Value> Comparison<R, V> {
    /// Compares these tables with the days of theirs.
    pub(crate) fn new(reads: R, tables: Vec<(Table, Grouping)>) -> Self {
        let with_fill = |(table, grouping): (Table, Grouping)| {
            let kinds = grouping.part_kind_bytes();
            let days = table.of_period(Period::Day);
            let fill = PeriodFill::new(days, kinds.clone(), (i32::MIN, i32::MAX), grouping.tracked.left_out);
            (table, kinds, fill)
        };
        let left: Vec<_> = tables.into_iter().map(with_fill).collect();
        Self { reads, left: left.into_iter(), current: None, ready: VecDeque::new() }
    }

    pub(crate) fn next_differing(&mut self) -> Result<Option<Differing<V>>> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Ok(Some(ready));
            }
            let Some((table, kinds, mut fill)) = self.current.take().or_else(|| self.left.next()) else {
                return Ok(None);
            };
            // After an error, it goes on with the next table.
            if let Some(mut filled) = fill.next_pass(&self.reads, &table)? {
                let stored = self.stored(&table, &kinds, &mut filled)?;
                fill.go_on_behind(&filled.objects);
                self.compare(&table, stored, filled.memtable);
                self.current = Some((table, kinds, fill));
            }
        }
    }

    /// The statistics that are stored of the objects of a pass, which is cut short where they are many.
    fn stored(&self, table: &Table, kinds: &PartKindBytes, filled: &mut Filled<V>) -> Result<Memtable<V>> {
        let slots = table.calendar().slots(table.period());
        let mut stored = Memtable::new(table.clone());
        let under = Objects::Under(kinds.beginning());
        let slots = (*slots.start(), *slots.end());
        let cursor = RowCursor::new(&self.reads, table.clone(), under, Direction::Forwards, slots);
        let mut bytes = 0;
        cursor.for_each(|object, row| {
            if !filled.objects.has(object) || !kinds.are_of(object) {
                return Ok(());
            }
            let (group, grown) = stored.group(object);
            bytes += grown;
            row.for_each(&self.reads, |slot, value| bytes += stored.set(group, slot, value))?;
            if bytes > PASS_BYTES && stored.len() > 1 {
                filled.end_before(stored.keep_lower_half());
                bytes /= 2;
            }
            Ok(())
        })?;
        Ok(stored)
    }

    /// Compares what days make of some objects with what is stored of them.
    fn compare(&mut self, table: &Table, mut stored: Memtable<V>, mut expected: Memtable<V>) {
        for (object, stored, expected) in joined(stored.take(), expected.take()) {
            let statistics = |group: Option<Group<V>>| {
                let mut statistics = Vec::new();
                if let Some(group) = group {
                    group.for_each(table, |slot, value| statistics.push((slot, value.cloned())));
                }
                statistics
            };
            let mismatches = mismatches(statistics(stored), statistics(expected));
            if !mismatches.is_empty() {
                self.ready.push_back(Differing { table: table.clone(), object, mismatches });
            }
        }
    }
}

/// An object, and the group that each of two lists has of it.
type Joined<V> = (Vec<u8>, Option<Group<V>>, Option<Group<V>>);

/// The objects of two lists, each in order, with the group that each list has of it.
fn joined<V>(a: Vec<Group<V>>, b: Vec<Group<V>>) -> Vec<Joined<V>> {
    let (mut a, mut b) = (a.into_iter().peekable(), b.into_iter().peekable());
    let mut joined = Vec::new();
    while let Some(object) = [a.peek(), b.peek()].into_iter().flatten().map(Group::object).min() {
        let object = object.to_vec();
        let is = |group: &Group<V>| group.object() == object;
        let (of_a, of_b) = (a.next_if(is), b.next_if(is));
        joined.push((object, of_a, of_b));
    }
    joined
}

/// Where two lists of statistics, each in the order of its slots, differ.
fn mismatches<V: Value>(stored: Vec<(i32, Option<V>)>, expected: Vec<(i32, Option<V>)>) -> Vec<Mismatch<V>> {
    let mut mismatches = Vec::new();
    let (mut stored, mut expected) = (stored.into_iter().peekable(), expected.into_iter().peekable());
    loop {
        let order = match (stored.peek(), expected.peek()) {
            (Some((a, _)), Some((b, _))) => a.cmp(b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return mismatches,
        };
        let is = if order.is_le() { stored.next() } else { None };
        let should_be = if order.is_ge() { expected.next() } else { None };
        let Some(slot) = is.as_ref().or(should_be.as_ref()).map(|(slot, _)| *slot) else {
            return mismatches;
        };
        let point =
            |statistic: Option<(i32, Option<V>)>| Point::from_listed(statistic.map(|(_, value)| value));
        let (stored, expected) = (point(is), point(should_be));
        if stored != expected {
            mismatches.push(Mismatch { slot, stored, expected });
        }
    }
}
