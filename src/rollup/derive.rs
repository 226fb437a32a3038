//! Wider periods from days, by merging. What goes for days goes for the slots of any period that follow each other.

use super::{Join, Window};
use crate::{kinds::MergeError, model::Point};

/// The day statistics of one series in a range of days: absent, missing, or with a value.
#[derive(Debug)]
pub(crate) struct SlotValues<V> {
    pub(crate) first: i32,
    pub(crate) values: Vec<Point<V>>,
}

/// A merge that failed, in the statistic of this day.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) day: i32,
    pub(crate) error: MergeError,
}

/// What is known of a slot.
pub(crate) type Slotted<V> = (i32, Point<V>);

/// A statistic that is there, by its slot; `None` is a missing one.
pub(crate) type SlotStatistic<V> = (i32, Option<V>);

impl<V: Join> SlotValues<V> {
    /// Takes the statistics of days, in order.
    pub(crate) fn of(points: Vec<SlotStatistic<V>>) -> Self {
        let first = points.first().map_or(0, |(day, _)| *day);
        let mut values = Vec::with_capacity(points.len());
        for (day, value) in points {
            values.resize_with(usize::try_from(day - first).unwrap_or_default(), || Point::Absent);
            values.push(value.into());
        }
        Self { first, values }
    }

    /// The day's statistic, none if it is absent, as those outside the range are.
    fn on(&self, day: i32) -> Option<Option<&V>> {
        let index = usize::try_from(day.checked_sub(self.first)?).ok()?;
        self.values.get(index)?.as_ref().into_listed()
    }

    /// The merge of the days from `from` to `to`, both included: absent if all are, missing if none has a value.
    pub(crate) fn total(&self, from: i32, to: i32) -> Result<Point<V>, MergeError> {
        let mut total = Point::Absent;
        for day in from..=to {
            if let Some(value) = self.on(day) {
                merge(&mut total, value)?;
            }
        }
        Ok(total)
    }

    /// For each of these days the merge of the `days` days that end on it.
    pub(crate) fn windows(
        &self,
        days: u16,
        ends: impl IntoIterator<Item = i32>,
        from: i32,
    ) -> Result<Vec<Slotted<V>>, Failed> {
        let mut window = Window::new();
        let mut held = 0;
        let (mut next_in, mut next_out) =
            (from.saturating_sub(i32::from(days) - 1), from.saturating_sub(i32::from(days) - 1));
        let mut derived = Vec::new();
        for end in ends {
            let failed = |error| Failed { day: end, error };
            while next_in <= end {
                if let Some(value) = self.on(next_in) {
                    held += 1;
                    if let Some(value) = value {
                        window.push(value.clone()).map_err(failed)?;
                    }
                }
                next_in += 1;
            }
            while next_out <= end.saturating_sub(i32::from(days)) {
                if let Some(value) = self.on(next_out) {
                    held -= 1;
                    if value.is_some() {
                        window.pop().map_err(failed)?;
                    }
                }
                next_out += 1;
            }
            let merged = if held > 0 { Point::from(window.merged().map_err(failed)?) } else { Point::Absent };
            derived.push((end, merged));
        }
        Ok(derived)
    }

    /// For each of these days the merge of everything up to it, where `before` is that of the day before `from`.
    pub(crate) fn lifetimes(
        &self,
        before: Point<V>,
        ends: impl IntoIterator<Item = i32>,
        from: i32,
    ) -> Result<Vec<Slotted<V>>, Failed> {
        let mut lifetime = before;
        let mut next_in = from;
        let mut derived = Vec::new();
        for end in ends {
            while next_in <= end {
                if let Some(value) = self.on(next_in) {
                    merge(&mut lifetime, value).map_err(|error| Failed { day: end, error })?;
                }
                next_in += 1;
            }
            derived.push((end, lifetime.clone()));
        }
        Ok(derived)
    }
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
