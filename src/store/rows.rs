//! Statistics as they lie in rows.

use super::{Change, Slots, Store};
use crate::{
    encoding::{Form, Row, SeriesPrefix, Space, key},
    error::Result,
    model::{Object, Period, Series, Statistic, StatisticKey, Value},
};
use std::{collections::HashMap, sync::Arc};

/// The prefix of the rows of a metric and period, without object or with one.
pub(crate) fn prefix(domain: &str, metric: &str, period: Period, with_object: bool) -> SeriesPrefix {
    let space = if with_object { Space::Object } else { Space::Plain };
    SeriesPrefix::new(space, domain, metric, period)
}

pub(crate) fn object_bytes(object: Option<&Object>) -> Vec<u8> {
    object.map(key::object_bytes).unwrap_or_default()
}

/// Where a statistic is: the key of its row, the slot in it, and the ordinal of that slot.
pub(super) struct Located {
    pub(super) row_key: Vec<u8>,
    pub(super) slot: u32,
    ordinal: i32,
    slots: Slots,
}

pub(super) fn locate<V>(store: &Store, form: Form, key: &StatisticKey<'_, V>) -> Result<Located> {
    let period = key.period.checked()?;
    let slots = Slots::new(*store.calendar(), period, form);
    let ordinal = slots.ordinal(key.date)?;
    let prefix = prefix(key.metric.domain_ref(), key.metric.metric_ref(), period, key.object.is_some());
    let row_key = prefix.row(slots.day_of(slots.row_of(ordinal)), &object_bytes(key.object.as_ref()));
    Ok(Located { row_key, slot: slots.slot_of(ordinal), ordinal, slots })
}

/// The statistic of a key, with its row read by `get`.
pub(super) fn statistic<V: Value>(
    store: &Store,
    form: Form,
    key: &StatisticKey<'_, V>,
    get: impl FnOnce(&[u8]) -> Result<Option<Vec<u8>>>,
) -> Result<Option<Statistic<V>>> {
    let at = locate(store, form, key)?;
    let Some(bytes) = get(&at.row_key)? else { return Ok(None) };
    let row: Row<V> =
        Row::decode(&bytes).map_err(|malformed| store.corrupt(malformed, key.object.as_ref()))?;
    let Some(value) = row.get(at.slot) else { return Ok(None) };
    let series = Series {
        domain: key.metric.domain_ref().into(),
        metric: key.metric.metric_ref().into(),
        period: key.period,
        object: key.object.clone(),
    };
    let date = at.slots.date(at.ordinal)?;
    Ok(Some(Statistic { series: Arc::new(series), date, value: value.cloned() }))
}

/// Rows that are being written to, so that a row isn't packed anew for each of its statistics.
#[derive(Debug)]
pub(crate) struct RowBuffer<V> {
    rows: HashMap<Vec<u8>, (Form, Row<V>)>,
}

impl<V: Value> RowBuffer<V> {
    /// Beyond this many rows, all are written.
    const ROWS: usize = 16_384;

    pub(crate) fn new() -> Self {
        Self { rows: HashMap::new() }
    }

    /// Records a statistic, missing if there is no value.
    pub(crate) fn record(
        &mut self,
        change: &mut Change<'_>,
        key: &StatisticKey<'_, V>,
        value: Option<V>,
    ) -> Result<()> {
        let form = change.register(key.metric)?;
        change.check_form(form, key, value.as_ref())?;
        let Located { row_key, slot, .. } = locate(change.store(), form, key)?;
        if let Some((_, row)) = self.rows.get_mut(&row_key) {
            row.set(slot, value);
            return Ok(());
        }
        if self.rows.len() >= Self::ROWS {
            self.write(change)?;
        }
        let mut row = change.row(&row_key)?;
        row.set(slot, value);
        change.by_hand(key)?;
        self.rows.insert(row_key, (form, row));
        Ok(())
    }

    /// Writes what is buffered, in the order of the keys.
    pub(crate) fn write(&mut self, change: &mut Change<'_>) -> Result<()> {
        let mut rows: Vec<_> = self.rows.drain().collect();
        rows.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        rows.into_iter().try_for_each(|(row_key, (form, row))| change.put_row(row_key, &row, form))
    }
}
