//! How the records of a run are treated by their dates.

use super::{How, Since, Tracker, plan::Plan};
use crate::{
    error::Result,
    format::key,
    kinds::Value,
    model::Period,
    storage::{Direction, Snapshot},
    store::{Selection, Slots, Statistics, Store, Wanted},
};
use chrono::NaiveDate;

/// How the records of a run are treated by their dates.
#[derive(Debug)]
pub(super) struct Dating {
    /// The day from which each grouping is recomputed; none for all days.
    pub(super) since: Vec<Option<i32>>,
    /// Records dated before this day come late.
    pub(super) late_before: Option<i32>,
    /// Records from this day on are left out.
    pub(super) left_out_from: Option<i32>,
}

impl Dating {
    pub(super) fn new<R, V: Value>(
        store: &Store,
        tracker: &Tracker<'_, R, V>,
        plan: &Plan,
        snapshot: Snapshot,
        how: How,
    ) -> Result<Self> {
        match how {
            How::Append => {
                let late_before = last_day(store, tracker, plan, snapshot, &[])?;
                Ok(Self { since: vec![None; plan.groupings.len()], late_before, left_out_from: None })
            }
            How::Recompute { since, current } => {
                let since = since_of_each(store, tracker, plan, &snapshot, since)?;
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
fn since_of_each<R, V: Value>(
    store: &Store,
    tracker: &Tracker<'_, R, V>,
    plan: &Plan,
    snapshot: &Snapshot,
    since: Since,
) -> Result<Vec<Option<i32>>> {
    let day = |date: NaiveDate| store.calendar().slot(Period::Day, date.into());
    let since = match since {
        Since::Beginning => None,
        Since::Date(date) => Some(day(date)?),
        Since::LastDays(days) => Some(plan.today.saturating_add(1).saturating_sub(days.into())),
        Since::LastStatistic => {
            let mut since = Vec::new();
            let last = last_day(store, tracker, plan, snapshot.clone(), &[])?;
            for (kinds, through) in plan.groupings.iter().zip(&plan.through) {
                // A grouping that the last runs left out was tracked up to an earlier day.
                let known = match through {
                    Some(through) => Some(*through),
                    None => last_day(store, tracker, plan, snapshot.clone(), kinds)?,
                };
                since.push(last.and_then(|last| Some(last.min(known?))));
            }
            return Ok(since);
        }
    };
    Ok(vec![since; plan.groupings.len()])
}

/// The last day up to today with a statistic about objects of these kinds.
fn last_day<R, V: Value>(
    store: &Store,
    tracker: &Tracker<'_, R, V>,
    plan: &Plan,
    snapshot: Snapshot,
    kinds: &[String],
) -> Result<Option<i32>> {
    let slots = Slots::new(*store.calendar(), Period::Day, plan.form);
    let wanted = kinds.first().map_or(Wanted::Plain, |kind| Wanted::Beginning(key::kind_bytes(kind)));
    let kinds = Some(kinds.to_vec());
    let from = slots.range(None, None)?.0;
    let selection = Selection { wanted, kinds, direction: Direction::Backwards, from, to: plan.today };
    let names = (tracker.metric.domain_ref(), tracker.metric.metric_ref(), Period::Day);
    let mut statistics = Statistics::<V>::new(store, snapshot, names, slots, selection);
    statistics.next().transpose()?.map(|statistic| slots.ordinal(statistic.date)).transpose()
}
