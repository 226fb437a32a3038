//! The points of series by their slots, as steps work them out one from the other.

use super::axis::{Axis, SlotRange};
use crate::{
    calendar::Calendar,
    error::{Error, Result},
    kinds::MergeError,
    model::{Series, Statistic},
    rollup::SlotStatistic,
    storage::Direction,
};
use std::sync::Arc;

/// The points of one series, in the order of their slots.
#[derive(Debug)]
pub(super) struct Curve<T> {
    pub(super) series: Arc<Series>,
    pub(super) points: Vec<SlotStatistic<T>>,
}

/// The curves of one metric, in the order of their objects.
#[derive(Debug)]
pub(super) struct Curves<T>(pub(super) Vec<Curve<T>>);

impl<T> Curve<T> {
    pub(super) fn first(&self) -> Option<i32> {
        self.points.first().map(|(slot, _)| *slot)
    }

    pub(super) fn last(&self) -> Option<i32> {
        self.points.last().map(|(slot, _)| *slot)
    }

    /// Leaves the points that a range asks for.
    fn cut(&mut self, range: SlotRange) {
        let past =
            range.to.map_or(self.points.len(), |to| self.points.partition_point(|(slot, _)| *slot <= to));
        self.points.truncate(past);
        if let Some(from) = range.from {
            let before = self.points.partition_point(|(slot, _)| *slot < from);
            self.points.drain(..before.saturating_sub(range.level.into()));
        }
    }
}

impl<T> Curves<T> {
    /// The range with the first and the last slot of the curves where it has no end; none if they have no points either.
    pub(super) fn ends(&self, range: SlotRange) -> Option<(i32, i32)> {
        let from = range.from.or_else(|| self.0.iter().filter_map(Curve::first).min())?;
        let to = range.to.or_else(|| self.0.iter().filter_map(Curve::last).max())?;
        Some((from, to))
    }

    pub(super) fn cut(&mut self, range: SlotRange) {
        for curve in &mut self.0 {
            curve.cut(range);
        }
    }

    /// The statistic of the last slot that has one; of several objects, the last in their order.
    pub(super) fn latest(self, axis: &Axis) -> Result<Option<Statistic<T>>> {
        let ends = self.0.into_iter().filter_map(|mut curve| {
            let (slot, value) = curve.points.pop()?;
            Some((curve.series, slot, value))
        });
        let Some((series, slot, value)) = ends.max_by_key(|(_, slot, _)| *slot) else { return Ok(None) };
        Ok(Some(Statistic { series, date: axis.calendar.date(axis.period, slot)?, value }))
    }

    /// Calls `visit` with all points: by slot, and the objects of a slot in their order, or both backwards.
    pub(super) fn visit(
        self,
        direction: Direction,
        mut visit: impl FnMut(&Arc<Series>, i32, Option<T>) -> Result<()>,
    ) -> Result<()> {
        let mut points = Vec::with_capacity(self.0.iter().map(|curve| curve.points.len()).sum());
        let mut series = Vec::with_capacity(self.0.len());
        for (number, curve) in self.0.into_iter().enumerate() {
            series.push(curve.series);
            points.extend(curve.points.into_iter().map(|(slot, value)| (slot, number, value)));
        }
        // Of one object they are in order as they are, which costs the sort a look at each.
        points.sort_by_key(|(slot, number, _)| (*slot, *number));
        if direction == Direction::Backwards {
            points.reverse();
        }
        for (slot, number, value) in points {
            if let Some(series) = series.get(number) {
                visit(series, slot, value)?;
            }
        }
        Ok(())
    }
}

/// That the statistic of a series in a slot couldn't be merged.
pub(super) fn merge_error(calendar: &Calendar, series: &Arc<Series>, slot: i32, error: &MergeError) -> Error {
    match calendar.date(series.period, slot) {
        Ok(date) => Error::Merge {
            statistic: Statistic::<()> { series: Arc::clone(series), date, value: None }.to_string(),
            problem: error.to_string(),
        },
        Err(out_of_range) => out_of_range,
    }
}
