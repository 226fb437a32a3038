//! Where the points of a series come from: stored statistics, or a step that works them out from other points.

use super::{axis::SlotRange, curve::Curves, selection::Selection, stored::StoredSeries};
use crate::error::Result;
use std::sync::Arc;

/// Works out the curves of each metric in a range of slots.
type StepFn<'a, T> = dyn Fn(&Selection<'_>, SlotRange) -> Result<Vec<Curves<T>>> + Send + Sync + 'a;

/// Where the points of a series come from.
pub(super) enum Origin<'a, T> {
    Stored(StoredSeries<T>),
    /// It knows the origin that it works them out from. What is selected it doesn't: it is told when it is read, so that
    /// dates and objects may be named after a step as well as before.
    Step(Arc<StepFn<'a, T>>),
}

impl<T> Clone for Origin<'_, T> {
    fn clone(&self) -> Self {
        match self {
            Self::Stored(stored) => Self::Stored(*stored),
            Self::Step(step) => Self::Step(Arc::clone(step)),
        }
    }
}

impl<T> Origin<'_, T> {
    /// The curves of each metric in a range of slots, and no points outside of it.
    pub(super) fn curves(&self, selection: &Selection<'_>, range: SlotRange) -> Result<Vec<Curves<T>>> {
        let mut metrics = match self {
            Self::Stored(stored) => return (stored.curves)(selection, range),
            Self::Step(step) => step(selection, range)?,
        };
        for curves in &mut metrics {
            curves.cut(range);
        }
        Ok(metrics)
    }
}
