//! Comparing derived statistics with the days that they come from, series by series.

use super::{
    expected::Source,
    grouping::Grouping,
    objects::{ObjectRows, Objects},
};
use crate::{
    calendar::Days,
    error::{Error, Result},
    format::{Form, Row, key},
    kinds::Value,
    model::{Metric, Period, Point},
    rollup::{Failed, SlotStatistic},
    storage::Snapshot,
    store::Store,
    track::{Target, merge_error},
};
use std::{cmp::Ordering, collections::VecDeque, vec};

/// A slot whose statistic isn't what its days make it.
#[derive(Debug)]
pub(super) struct Mismatch<V> {
    pub(super) slot: i32,
    pub(super) stored: Point<V>,
    pub(super) expected: Point<V>,
}

/// A derived series that differs from its days.
#[derive(Debug)]
pub(super) struct Differing<V> {
    pub(super) period: Period,
    /// The bytes of the object, none without one.
    pub(super) object: Vec<u8>,
    /// In the order of the slots; at least one.
    pub(super) mismatches: Vec<Mismatch<V>>,
}

/// Compares all derived series of a metric with their days.
///
/// Hours are no less a source than days, so they aren't compared; nor are periods that no tracker has derived.
#[derive(Debug)]
pub(super) struct Comparison<'a, V> {
    store: Store,
    snapshot: Snapshot,
    metric: Metric<'a, V>,
    form: Form,
    days: Days,
    left: vec::IntoIter<Grouping>,
    current: Option<(Grouping, Objects)>,
    ready: VecDeque<Result<Differing<V>>>,
}

impl<'a, V: Value> Comparison<'a, V> {
    pub(super) fn new(
        store: &Store,
        snapshot: Snapshot,
        metric: Metric<'a, V>,
        form: Form,
        groupings: Vec<Grouping>,
    ) -> Self {
        Self {
            store: store.clone(),
            snapshot,
            metric,
            form,
            days: Days::new(*store.calendar()),
            left: groupings.into_iter(),
            current: None,
            ready: VecDeque::new(),
        }
    }

    /// The groupings that are left to be compared.
    pub(super) fn groupings(&self) -> &[Grouping] {
        self.left.as_slice()
    }

    pub(super) fn target(&self, period: Period, with_object: bool) -> Target {
        Target::new(*self.store.calendar(), &self.metric, period, self.form, with_object)
    }

    /// Begins the next grouping, or compares its next object; false when there are none.
    fn step(&mut self) -> Result<bool> {
        let Some((grouping, objects)) = &mut self.current else {
            let Some(grouping) = self.left.next() else { return Ok(false) };
            let periods = [Period::Day].into_iter().chain(grouping.derived.iter().copied());
            let targets = periods.map(|period| self.target(period, !grouping.kinds.is_empty())).collect();
            let snapshot = self.snapshot.clone();
            let objects = Objects::new(snapshot, targets, grouping.kinds.clone());
            self.current = Some((grouping, objects));
            return Ok(true);
        };
        let Some(object) = objects.next_object()? else {
            self.current = None;
            return Ok(true);
        };
        let mut statistics = of_object(&self.store, objects.targets(), &object)?.into_iter();
        let source = Source::new(&mut self.days, grouping, statistics.next().unwrap_or_default())?;
        for (target, stored) in objects.targets().iter().skip(1).zip(statistics) {
            let derived = source.as_ref().map_or(Ok(Vec::new()), |source| {
                source.derived(*self.store.calendar(), grouping, target.period)
            });
            let compared = derived.map(|expected| mismatches(stored, expected)).map_err(
                |Failed { day: slot, error }| match target.slots.date(slot) {
                    Ok(date) => merge_error(self.metric.on(target.period, date), &object.object, &error),
                    Err(out_of_range) => out_of_range,
                },
            );
            match compared {
                Ok(mismatches) if mismatches.is_empty() => {}
                Ok(mismatches) => {
                    let object = object.object.clone();
                    self.ready.push_back(Ok(Differing { period: target.period, object, mismatches }));
                }
                Err(error) => self.ready.push_back(Err(error)),
            }
        }
        Ok(true)
    }
}

impl<V: Value> Iterator for Comparison<'_, V> {
    type Item = Result<Differing<V>, Error>;

    /// The next series that differs. After an error, which is about one series or a few objects, it goes on with the
    /// next ones.
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Some(ready);
            }
            match self.step() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// The statistics of an object by target, each in the order of the slots.
fn of_object<V: Value>(
    store: &Store,
    targets: &[Target],
    object: &ObjectRows,
) -> Result<Vec<Vec<SlotStatistic<V>>>> {
    let mut statistics: Vec<Vec<SlotStatistic<V>>> = Vec::new();
    statistics.resize_with(targets.len(), Vec::new);
    for (index, day, bytes) in &object.rows {
        let (Some(target), Some(statistics)) = (targets.get(*index), statistics.get_mut(*index)) else {
            continue;
        };
        let row: Row<V> = Row::decode(bytes).map_err(|malformed| {
            store.corrupt(malformed, key::decode_object(&object.object).ok().as_ref())
        })?;
        let first = target.slots.first_ordinal(*day);
        let (from, to) = target.slots.range(None, None)?;
        for (slot, value) in row.iter().take_while(|(slot, _)| *slot < target.slots.span()) {
            let slot = first.saturating_add(slot.cast_signed());
            if (from..=to).contains(&slot) {
                statistics.push((slot, value.cloned()));
            }
        }
    }
    Ok(statistics)
}

/// Where two lists of statistics, each in the order of its slots, differ.
fn mismatches<V: Value>(stored: Vec<SlotStatistic<V>>, expected: Vec<SlotStatistic<V>>) -> Vec<Mismatch<V>> {
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
        let point = |listed: Option<SlotStatistic<V>>| Point::from_listed(listed.map(|(_, value)| value));
        let (stored, expected) = (point(is), point(should_be));
        if stored != expected {
            mismatches.push(Mismatch { slot, stored, expected });
        }
    }
}
