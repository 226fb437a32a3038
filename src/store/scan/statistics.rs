//! The statistics of a metric and period, by date and then by object.

use super::{
    rows::{Group, RowScan, Wanted},
    unpacked::{Unpacked, UnpackedRow},
};
use crate::{
    error::{Error, Result},
    format::{ReadRow, key},
    kinds::Value,
    model::{Object, Period, Series, Statistic},
    storage::{Direction, Entry, Snapshot},
    store::{Slots, Store, prefix},
};
use std::{fmt, mem, sync::Arc};

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

    /// Calls `visit` with the series, slot and value of each of the statistics, which takes less time than the same
    /// one by one.
    pub(crate) fn visit(
        mut self,
        mut visit: impl FnMut(&Arc<Series>, i32, Option<V>) -> Result<()>,
    ) -> Result<()> {
        while let Some(group) = self.scan.next_group()? {
            self.unpack(group)?;
            self.unpacked.visit(&mut visit)?;
        }
        Ok(())
    }

    fn next_statistic(&mut self) -> Result<Option<Statistic<V>>> {
        loop {
            if let Some(statistic) = self.unpacked.next(&self.slots)? {
                return Ok(Some(statistic));
            }
            let Some(group) = self.scan.next_group()? else { return Ok(None) };
            self.unpack(group)?;
        }
    }

    fn unpack(&mut self, group: Group) -> Result<()> {
        // Mostly rows of the same objects follow each other, in the same order.
        let mut known =
            mem::replace(&mut self.unpacked, Unpacked::nothing()).into_rows().into_iter().peekable();
        let mut rows: Vec<UnpackedRow<V>> = Vec::with_capacity(group.rows.len());
        for Entry { key: mut object, value } in group.rows {
            let before = object.len() - self.scan.object_of(&object)?.len();
            object.drain(..before);
            while known.next_if(|known| known.object < object).is_some() {}
            let series = match known.next_if(|known| known.object == object) {
                Some(known) => Some(known.series),
                None => self.series(&object, rows.last().and_then(|row| row.series.object()))?,
            };
            let Some(series) = series else { continue };
            let row = ReadRow::new(value)
                .map_err(|malformed| self.scan.store().corrupt(malformed, series.object()))?;
            rows.push(UnpackedRow { object, series, row });
        }
        let first = (group.first_ordinal, self.slots.date(group.first_ordinal)?);
        self.unpacked = Unpacked::new(self.selection.direction, first, group.slots, rows);
        Ok(())
    }

    /// The series of the object that these bytes stand for, if it is of the kinds that are wanted.
    fn series(&self, object: &[u8], like: Option<&Object>) -> Result<Option<Arc<Series>>> {
        let object = (!object.is_empty())
            .then(|| key::decode_object_like(object, like))
            .transpose()
            .map_err(|malformed| self.scan.store().corrupt(malformed, None))?;
        let (domain, metric) = (Arc::clone(&self.domain), Arc::clone(&self.metric));
        Ok(self
            .of_kinds(object.as_ref())
            .then(|| Arc::new(Series { domain, metric, period: self.period, object })))
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
