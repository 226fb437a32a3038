//! The statistics of a metric and period, by date and then by object.

use super::{
    rows::{Group, RowScan, Wanted},
    unpacked::Unpacked,
};
use crate::{
    encoding::{Row, key},
    error::{Error, Result},
    model::{Object, Period, Series, Statistic, Value},
    storage::{Direction, Snapshot},
    store::{Slots, Store, prefix},
};
use std::{fmt, sync::Arc};

/// What is to be read of one metric and period.
#[derive(Debug, Clone)]
pub(crate) struct Selection {
    pub(crate) wanted: Wanted,
    /// Only objects of exactly these kinds, if any are named.
    pub(crate) kinds: Option<Vec<String>>,
    pub(crate) direction: Direction,
    /// The slots that are wanted, by ordinal, both included.
    pub(crate) from: i32,
    pub(crate) to: i32,
}

/// Statistics as they are read, a few rows at a time: by date, and the objects of a date in their order, or both
/// backwards. All as they were when the reading began.
///
/// Writes go on beside it. What they replace is kept in memory meanwhile, so it isn't meant to be held for long.
pub struct Statistics<V> {
    scan: RowScan,
    slots: Slots,
    selection: Selection,
    domain: Arc<str>,
    metric: Arc<str>,
    period: Period,
    /// The current group.
    unpacked: Unpacked<V>,
}

impl<V: Value> Statistics<V> {
    pub(crate) fn new(
        store: &Store,
        snapshot: Snapshot,
        (domain, metric, period): (&str, &str, Period),
        slots: Slots,
        selection: Selection,
    ) -> Self {
        let prefix = prefix(domain, metric, period, !matches!(selection.wanted, Wanted::Plain));
        let range = (selection.from, selection.to);
        let wanted = selection.wanted.clone();
        let scan = RowScan::new(store, snapshot, prefix, slots, wanted, selection.direction, range);
        Self {
            scan,
            slots,
            selection,
            domain: domain.into(),
            metric: metric.into(),
            period,
            unpacked: Unpacked::nothing(),
        }
    }

    fn next_statistic(&mut self) -> Result<Option<Statistic<V>>> {
        loop {
            if let Some(statistic) = self.unpacked.next(&self.slots)? {
                return Ok(Some(statistic));
            }
            let Some(group) = self.scan.next_group()? else { return Ok(None) };
            self.unpacked = self.unpack(&group)?;
        }
    }

    fn unpack(&self, group: &Group) -> Result<Unpacked<V>> {
        let mut series = Vec::with_capacity(group.rows.len());
        for entry in &group.rows {
            let object = self.object(self.scan.object_of(entry)?)?;
            if !self.of_kinds(object.as_ref()) {
                continue;
            }
            let row: Row<V> = Row::decode(&entry.value)
                .map_err(|malformed| self.scan.store().corrupt(malformed, object.as_ref()))?;
            let (domain, metric) = (Arc::clone(&self.domain), Arc::clone(&self.metric));
            series.push((Arc::new(Series { domain, metric, period: self.period, object }), row));
        }
        Ok(Unpacked::new(self.selection.direction, group.first_ordinal, group.slots, series))
    }

    fn object(&self, bytes: &[u8]) -> Result<Option<Object>> {
        if bytes.is_empty() {
            return Ok(None);
        }
        let object =
            key::decode_object(bytes).map_err(|malformed| self.scan.store().corrupt(malformed, None))?;
        Ok(Some(object))
    }

    fn of_kinds(&self, object: Option<&Object>) -> bool {
        match (&self.selection.kinds, object) {
            (Some(kinds), Some(object)) => object.is_of_kinds(kinds),
            _ => true,
        }
    }
}

impl<V: Value> Iterator for Statistics<V> {
    type Item = Result<Statistic<V>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_statistic().transpose()
    }
}

impl<V> fmt::Debug for Statistics<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Statistics")
            .field("domain", &self.domain)
            .field("metric", &self.metric)
            .field("period", &self.period)
            .finish_non_exhaustive()
    }
}
