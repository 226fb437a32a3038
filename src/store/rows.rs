//! Statistics as they lie in rows.

use super::{Change, Slots, Store};
use crate::{
    error::Result,
    format::{Form, Row, SeriesPrefix, Space, key},
    kinds::Value,
    model::{Object, Period, Series, Statistic, StatisticKey},
};
use std::{collections::HashMap, sync::Arc};

/// The prefix of the rows of a metric and period, without object or with one.
pub(crate) fn prefix(domain: &str, metric: &str, period: Period, with_object: bool) -> SeriesPrefix {
    let space = if with_object { Space::Object } else { Space::Plain };
    SeriesPrefix::new(space, domain, metric, period)
}

/// Where a statistic is: the key of its row, the slot in it, and the ordinal of that slot.
pub(super) struct Located {
    pub(super) row_key: Vec<u8>,
    pub(super) slot: u32,
    ordinal: i32,
    slots: Slots,
}

pub(super) fn locate<V>(store: &Store, form: Form, key: &StatisticKey<'_, V>) -> Result<Located> {
    let lane = Lane::new(store, form, key)?;
    let mut row_key = Vec::with_capacity(64);
    let ordinal = lane.locate(key, &mut row_key)?;
    Ok(Located { row_key, slot: lane.slots.slot_of(ordinal), ordinal, slots: lane.slots })
}

/// The rows of a metric and period, without object or with one.
#[derive(Debug)]
struct Lane {
    form: Form,
    slots: Slots,
    prefix: SeriesPrefix,
}

impl Lane {
    fn new<V>(store: &Store, form: Form, key: &StatisticKey<'_, V>) -> Result<Self> {
        let period = key.period.checked()?;
        let (domain, metric) = (key.metric.domain_ref(), key.metric.metric_ref());
        let prefix = prefix(domain, metric, period, key.object.is_some());
        Ok(Self { form, slots: Slots::new(*store.calendar(), period, form), prefix })
    }

    /// The ordinal of a statistic's slot; `row_key` becomes the key of its row.
    fn locate<V>(&self, key: &StatisticKey<'_, V>, row_key: &mut Vec<u8>) -> Result<i32> {
        let ordinal = self.slots.ordinal(key.date)?;
        row_key.clear();
        self.prefix.push_row(row_key, self.slots.day_of(self.slots.row_of(ordinal)));
        if let Some(object) = &key.object {
            key::push_object(row_key, object);
        }
        Ok(ordinal)
    }
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
    /// Where the last statistic is: the next one's metric and period are the same, mostly.
    last: Option<(Names, Lane)>,
    /// The kinds of that one's object, of whose statistics it is noted that they are written by hand.
    noted: Option<Vec<String>>,
    row_key: Vec<u8>,
}

/// What tells one lane from another, and whether a metric is registered as it is.
#[derive(Debug, PartialEq, Eq)]
struct Names {
    domain: [String; 2],
    metric: [String; 3],
    period: Period,
    with_object: bool,
}

impl Names {
    fn of<V>(key: &StatisticKey<'_, V>) -> Self {
        let StatisticKey { metric, period, object, .. } = key;
        let domain = metric.domain();
        Self {
            domain: [domain.reference().as_str(), domain.name()].map(str::to_owned),
            metric: [metric.metric_ref(), metric.name(), metric.description()].map(str::to_owned),
            period: *period,
            with_object: object.is_some(),
        }
    }

    fn are_of<V>(&self, key: &StatisticKey<'_, V>) -> bool {
        let StatisticKey { metric, period, object, .. } = key;
        let domain = metric.domain();
        self.metric == [metric.metric_ref(), metric.name(), metric.description()]
            && self.domain == [domain.reference().as_str(), domain.name()]
            && (self.period, self.with_object) == (*period, object.is_some())
    }
}

impl<V: Value> RowBuffer<V> {
    /// Beyond this many rows, all are written.
    const ROWS: usize = 16_384;

    pub(crate) fn new() -> Self {
        Self { rows: HashMap::new(), last: None, noted: None, row_key: Vec::new() }
    }

    /// Records a statistic, missing if there is no value.
    pub(crate) fn record(
        &mut self,
        change: &mut Change<'_>,
        key: &StatisticKey<'_, V>,
        value: Option<V>,
    ) -> Result<()> {
        if self.last.as_ref().is_none_or(|(names, _)| !names.are_of(key)) {
            let form = change.register(key.metric)?;
            self.last = Some((Names::of(key), Lane::new(change.store(), form, key)?));
            self.noted = None;
        }
        let Some((_, lane)) = &self.last else { return Ok(()) };
        let form = lane.form;
        change.check_form(form, key, value.as_ref())?;
        let slot = lane.slots.slot_of(lane.locate(key, &mut self.row_key)?);
        if let Some((_, row)) = self.rows.get_mut(&self.row_key) {
            row.set(slot, value);
            return Ok(());
        }
        if self.rows.len() >= Self::ROWS {
            self.write(change)?;
        }
        let mut row = change.row(&self.row_key)?;
        row.set(slot, value);
        let kinds = || key.object.iter().flat_map(Object::kinds);
        if self.noted.as_ref().is_none_or(|noted| !kinds().eq(noted)) {
            change.by_hand(key)?;
            self.noted = Some(kinds().map(str::to_owned).collect());
        }
        self.rows.insert(self.row_key.clone(), (form, row));
        Ok(())
    }

    /// Writes what is buffered, in the order of the keys.
    pub(crate) fn write(&mut self, change: &mut Change<'_>) -> Result<()> {
        let mut rows: Vec<_> = self.rows.drain().collect();
        rows.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        rows.into_iter().try_for_each(|(row_key, (form, row))| change.put_row(row_key, &row, form))
    }
}
