//! One statistic, whether it is stored or worked out.

use super::{DomainInfo, MetricInfo, Store};
use crate::{
    blocks::{Objects, Table},
    calendar::Days,
    error::Result,
    format::{Form, Space, key},
    kinds::{Figures, KindVisitor, Value, is_any, visit_kind},
    model::{Period, Point, Statistic, StatisticKey},
    rollup::{Grouping, Running, TrackedGroupings},
    storage::Reads,
};
use std::{marker::PhantomData, sync::Arc};

impl Store {
    /// The domains, ordered by ref.
    pub fn domains(&self) -> Vec<DomainInfo> {
        self.registry().domains()
    }

    /// The metrics, ordered by domain and ref.
    pub fn metrics(&self) -> Vec<MetricInfo> {
        self.registry().metrics()
    }

    /// The metric of these refs.
    ///
    /// # Errors
    /// [`Error::UnknownMetric`](crate::Error::UnknownMetric) with the nearest names.
    pub fn metric(&self, domain: &str, metric: &str) -> Result<MetricInfo> {
        self.registry().find(self.path(), domain, metric)
    }

    /// The statistic of a key, `None` if it is absent.
    ///
    /// # Errors
    /// As [`Store::record`], and [`Error::Corrupt`](crate::Error::Corrupt).
    pub fn get<V: Value>(&self, key: &StatisticKey<'_, V>) -> Result<Option<Statistic<V>>> {
        let (snapshot, registry) = self.snapshot_with_registry();
        let Some(form) = registry.form(&key.metric)? else { return Ok(None) };
        let kind = registry.kind(key.metric.domain_ref(), key.metric.metric_ref());
        self.statistic(&snapshot, (form, kind), key)
    }

    /// Where the cursor of this name stands: what the last append stored with it, byte for byte.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io).
    pub fn cursor(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.snapshot().get(&Space::Cursor.key(&[name]))
    }
}

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

    /// The groupings for which trackers keep a running period of a metric: none of another period.
    pub(crate) fn tracked_groupings(
        &self,
        reads: &impl Reads,
        (domain, metric): (&str, &str),
        period: Period,
    ) -> Result<TrackedGroupings> {
        if !period.is_running() {
            return Ok(TrackedGroupings::default());
        }
        let groupings = Grouping::all(reads, &[domain, metric])?;
        let kept = groupings.into_iter().filter(|grouping| grouping.tracked.periods.contains(&period));
        let today = self.today_number();
        Ok(TrackedGroupings(
            kept.map(|grouping| (grouping.part_kind_bytes(), grouping.tracked.last_day(today))).collect(),
        ))
    }

    /// Today's day number; none by a clock that isn't believed, which hides nothing that was tracked before.
    pub(super) fn today_number(&self) -> Option<i32> {
        self.today().and_then(|today| self.calendar().slot(Period::Day, today.into())).ok()
    }

    /// What the running period of a table needs to be worked out, if a tracker keeps it for some objects. `kind` is that of
    /// the metric's values.
    pub(crate) fn running<V: Value>(
        &self,
        reads: &impl Reads,
        kind: Option<&str>,
        table: &Table,
        objects: &Objects,
        slots: (i32, i32),
    ) -> Result<Option<Running<V>>> {
        let tracked = self.tracked_groupings(reads, table.names(), table.period())?;
        if tracked.are_none() {
            return Ok(None);
        }
        // Values that go by what is registered can't be merged: those of the kind can.
        if is_any::<V>()
            && let Some(kind) = kind
        {
            let of_kind = OfKind { reads, table, objects, tracked: &tracked, slots, values: PhantomData };
            if let Some(running) = visit_kind(kind, of_kind) {
                return running.map(Some);
            }
        }
        Running::read(reads, table, objects, &tracked, slots).map(Some)
    }

    /// The statistic of a key, as `reads` has it.
    pub(super) fn statistic<V: Value>(
        &self,
        reads: &impl Reads,
        (form, kind): (Form, Option<&str>),
        key: &StatisticKey<'_, V>,
    ) -> Result<Option<Statistic<V>>> {
        let table = self.table_of(key, form)?;
        let slot = self.calendar().slot(key.period, key.date)?;
        let object = key.object.as_ref().map(key::object_bytes).unwrap_or_default();
        let objects = Objects::These(vec![object.clone()]);
        let point = match self.running(reads, kind, &table, &objects, (slot, slot))? {
            None => table.get(reads, &object, slot)?,
            Some(mut running) => running.statistic(0, slot, &mut Days::new(*self.calendar()))?,
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

/// The reading of a running period with values of one of the crate's own kinds, as values of another type.
struct OfKind<'r, R, W> {
    reads: &'r R,
    table: &'r Table,
    objects: &'r Objects,
    tracked: &'r TrackedGroupings,
    slots: (i32, i32),
    values: PhantomData<fn() -> W>,
}

impl<R: Reads, W: Value> KindVisitor for OfKind<'_, R, W> {
    type Output = Result<Running<W>>;

    fn visit<V: Figures>(self) -> Result<Running<W>> {
        Running::<V>::read(self.reads, self.table, self.objects, self.tracked, self.slots)?.into_values()
    }
}
