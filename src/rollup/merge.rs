//! Merging the statistics of one series slot by slot. What goes for days goes for the slots of any period that follow
//! each other.

use super::{Join, Window};
use crate::{kinds::MergeError, model::Point};

/// A statistic that is there, by its slot; `None` is a missing one.
pub(crate) type SlotStatistic<V> = (i32, Option<V>);

/// The statistics of one series, and their merge up to a slot: of the last few slots, or of all. One of the two is
/// asked for, and slots in order.
#[derive(Debug)]
pub(crate) struct RunningMerge<V> {
    /// By slot, in order.
    statistics: Vec<SlotStatistic<V>>,
    /// How many of the statistics have come in, and how many have gone from the window again.
    entered: usize,
    left: usize,
    window: Window<V>,
    total: Point<V>,
}

impl<V: Join> RunningMerge<V> {
    pub(crate) fn new(statistics: Vec<SlotStatistic<V>>) -> Self {
        Self { statistics, entered: 0, left: 0, window: Window::new(), total: Point::Absent }
    }

    /// Adds a statistic, whose slot comes after all others.
    pub(super) fn push(&mut self, slot: i32, value: Option<V>) {
        self.statistics.push((slot, value));
    }

    /// The first and the last slot that has a statistic.
    pub(crate) fn ends(&self) -> Option<(i32, i32)> {
        ends(&self.statistics)
    }

    /// Makes it possible to ask for earlier slots again.
    pub(super) fn begin_again(&mut self) {
        (self.entered, self.left) = (0, 0);
        (self.window, self.total) = (Window::new(), Point::Absent);
    }

    /// The merge of so many slots that end with this one: absent if all are, missing if none has a value.
    pub(crate) fn window(&mut self, slot: i32, length: u16) -> Result<Point<V>, MergeError> {
        for (_, value) in pass(&self.statistics, &mut self.entered, slot) {
            if let Some(value) = value {
                self.window.push(value.clone())?;
            }
        }
        for (_, value) in pass(&self.statistics, &mut self.left, slot.saturating_sub(length.into())) {
            if value.is_some() {
                self.window.pop()?;
            }
        }
        if self.entered > self.left { Ok(self.window.merged()?.into()) } else { Ok(Point::Absent) }
    }

    /// The merge of everything up to a slot.
    pub(crate) fn lifetime(&mut self, slot: i32) -> Result<Point<V>, MergeError> {
        for (_, value) in pass(&self.statistics, &mut self.entered, slot) {
            merge(&mut self.total, value.as_ref())?;
        }
        Ok(self.total.clone())
    }

    /// Makes this the merge of everything up to a slot, that slot's own statistic included.
    pub(super) fn anchor(&mut self, slot: i32, value: Option<V>) {
        pass(&self.statistics, &mut self.entered, slot);
        self.total = value.into();
    }
}

/// Passes the statistics up to a slot, and gives those that weren't passed before.
pub(super) fn pass<'s, V>(
    statistics: &'s [SlotStatistic<V>],
    passed: &mut usize,
    slot: i32,
) -> &'s [SlotStatistic<V>] {
    let left = statistics.get(*passed..).unwrap_or_default();
    let now = left.iter().take_while(|(at, _)| *at <= slot).count();
    *passed += now;
    left.get(..now).unwrap_or_default()
}

/// The slots of the first and the last statistic.
pub(super) fn ends<V>(statistics: &[SlotStatistic<V>]) -> Option<(i32, i32)> {
    Some((statistics.first()?.0, statistics.last()?.0))
}

/// Merges a statistic that is there, perhaps missing, into what is known so far.
pub(crate) fn merge<V: Join>(total: &mut Point<V>, value: Option<&V>) -> Result<(), MergeError> {
    match (&mut *total, value) {
        (Point::Value(total), Some(value)) => total.join(value)?,
        (_, Some(value)) => *total = Point::Value(value.clone()),
        (Point::Absent, None) => *total = Point::Missing,
        (Point::Missing | Point::Value(_), None) => {}
    }
    Ok(())
}
