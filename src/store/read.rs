//! One statistic, whether it is stored or worked out.

use super::Store;
use crate::{
    blocks::{Objects, Table},
    calendar::Days,
    error::Result,
    format::{Form, key},
    kinds::Value,
    model::{Period, Point, Statistic, StatisticKey},
    rollup::{Grouping, Running, TrackedKinds},
    storage::Reads,
};
use std::sync::Arc;

impl Store {
    /// The table of a metric's statistics for a period, without object or with one.
    pub(crate) fn table(&self, names: (&str, &str), period: Period, form: Form, has_objects: bool) -> Table {
        Table::new(*self.calendar(), names, period, form, has_objects)
    }

    /// The table that a statistic is in.
    pub(crate) fn table_of<V>(&self, key: &StatisticKey<'_, V>, form: Form) -> Result<Table> {
        let names = (key.metric.domain_ref(), key.metric.metric_ref());
        Ok(self.table(names, key.period.checked()?, form, key.object.is_some()))
    }

    /// The kinds of objects for which trackers keep a running period of a metric: none of another period.
    pub(crate) fn tracked_kinds(
        &self,
        reads: &impl Reads,
        (domain, metric): (&str, &str),
        period: Period,
    ) -> Result<TrackedKinds> {
        if !period.is_running() {
            return Ok(TrackedKinds::default());
        }
        let groupings = Grouping::all(reads, &[domain, metric])?;
        let kept = groupings.into_iter().filter(|grouping| grouping.tracked.periods.contains(&period));
        // A clock that isn't believed hides nothing that was tracked before.
        let today = self.today().and_then(|today| self.calendar().slot(Period::Day, today.into())).ok();
        Ok(TrackedKinds(
            kept.map(|grouping| (grouping.kind_bytes(), grouping.tracked.last_day(today))).collect(),
        ))
    }

    /// The statistic of a key, as `reads` has it.
    pub(super) fn statistic<V: Value>(
        &self,
        reads: &impl Reads,
        form: Form,
        key: &StatisticKey<'_, V>,
    ) -> Result<Option<Statistic<V>>> {
        let table = self.table_of(key, form)?;
        let slot = self.calendar().slot(key.period, key.date)?;
        let object = key.object.as_ref().map(key::object_bytes).unwrap_or_default();
        let tracked =
            self.tracked_kinds(reads, (key.metric.domain_ref(), key.metric.metric_ref()), key.period)?;
        let point = if tracked.are_none() {
            table.get(reads, &object, slot)?
        } else {
            let objects = Objects::These(vec![object.clone()]);
            let mut running = Running::read(reads, &table, &objects, &tracked, (slot, slot))?;
            running.statistic(0, slot, &mut Days::new(*self.calendar()))?
        };
        let value = match point {
            Point::Absent => return Ok(None),
            Point::Missing => None,
            Point::Value(value) => Some(value),
        };
        let series = Arc::new(table.series(key.object.clone()));
        Ok(Some(Statistic { series, date: table.date(slot)?, value }))
    }
}
