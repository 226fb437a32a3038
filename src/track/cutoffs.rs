//! Which records of a run are recomputed, late, or left out, by their dates.

use super::{How, Since, plan::Plan};
use crate::{
    blocks::{Objects, RowCursor},
    error::Result,
    format::PartKindBytes,
    model::Period,
    storage::{Direction, Snapshot},
    store::Store,
};
use chrono::NaiveDate;

/// How the records of a run are treated by their dates.
#[derive(Debug)]
pub(super) struct Cutoffs {
    /// The day from which each grouping is recomputed; none for all days.
    pub(super) since: Vec<Option<i32>>,
    /// Records dated before this day come late.
    pub(super) late_before: Option<i32>,
    /// Records from this day on are left out.
    pub(super) left_out_from: Option<i32>,
}

impl Cutoffs {
    pub(super) fn new(store: &Store, plan: &Plan, snapshot: &Snapshot, how: How) -> Result<Self> {
        match how {
            How::Append => {
                let late_before = last_day(store, plan, snapshot, &[])?;
                Ok(Self { since: vec![None; plan.groupings.len()], late_before, left_out_from: None })
            }
            How::Recompute { since, current } => {
                let since = since_of_each(store, plan, snapshot, since)?;
                Ok(Self { since, late_before: None, left_out_from: (!current).then_some(plan.today) })
            }
        }
    }

    /// The earliest of the days that is recomputed from; none for everything, as soon as one grouping wants it.
    pub(super) fn earliest(&self) -> Option<i32> {
        self.since.iter().copied().min().flatten()
    }
}

/// The day from which each grouping is recomputed, none for everything.
fn since_of_each(store: &Store, plan: &Plan, snapshot: &Snapshot, since: Since) -> Result<Vec<Option<i32>>> {
    let day = |date: NaiveDate| store.calendar().slot(Period::Day, date.into());
    let since = match since {
        Since::Beginning => None,
        Since::Date(date) => Some(day(date)?),
        Since::LastDays(days) => Some(plan.today.saturating_add(1).saturating_sub(days.into())),
        Since::LastStatistic => {
            let mut since = Vec::new();
            let last = last_day(store, plan, snapshot, &[])?;
            for (kinds, before) in plan.groupings.iter().zip(&plan.before) {
                // A grouping that the last runs left out was tracked up to an earlier day.
                let known = match before.as_ref().and_then(|before| before.through) {
                    Some(through) => Some(through),
                    None => last_day(store, plan, snapshot, kinds)?,
                };
                since.push(last.and_then(|last| Some(last.min(known?))));
            }
            return Ok(since);
        }
    };
    Ok(vec![since; plan.groupings.len()])
}

/// The last day up to today with a statistic about objects of these kinds.
fn last_day(store: &Store, plan: &Plan, snapshot: &Snapshot, kinds: &[String]) -> Result<Option<i32>> {
    let kinds = PartKindBytes::new(kinds);
    let table = plan.days(store, !kinds.beginning().is_empty());
    let (first, _) = store.calendar().slot_range(Period::Day, None, None)?;
    let objects = Objects::Under(kinds.beginning());
    let cursor = RowCursor::new(snapshot, table, objects, Direction::Backwards, (first, plan.today));
    cursor.last_slot(|object| kinds.are_of(object))
}
