//! Recording many statistics.

use super::{Change, Store};
use crate::{
    blocks::{Edit, Memtable, write},
    error::Result,
    format::{Form, key, same_bytes},
    kinds::Value,
    model::{Date, Metric, Object, Period, StatisticKey},
};

/// So many bytes of statistics wait in memory at most.
const WAITING: usize = 16 << 20;

/// Statistics that are recorded one after the other, and written together.
#[derive(Debug)]
pub(crate) struct Bulk<V> {
    /// Where the last statistic is: the next one's metric and period are the same, mostly.
    current: Option<Current<V>>,
}

/// The statistics of one table that wait.
#[derive(Debug)]
struct Current<V> {
    names: TableName,
    form: Form,
    memtable: Memtable<V>,
    bytes: usize,
    /// The objects of the memtable's groups, by their numbers; none where there is none.
    objects: Vec<Option<Object>>,
    /// The date of the last statistic, and its slot.
    date: Option<(Date, i32)>,
    /// The bytes of the last object that was looked up.
    object: Vec<u8>,
}

/// What tells one table from another, and whether a metric is registered as it is.
#[derive(Debug)]
struct TableName {
    domain: [String; 2],
    metric: [String; 3],
    period: Period,
    has_object: bool,
}

impl TableName {
    fn of<V>(key: &StatisticKey<'_, V>) -> Self {
        let (domain, metric) = texts(&key.metric);
        Self {
            domain: domain.map(str::to_owned),
            metric: metric.map(str::to_owned),
            period: key.period,
            has_object: key.object.is_some(),
        }
    }

    fn are_of<V>(&self, key: &StatisticKey<'_, V>) -> bool {
        let (domain, metric) = texts(&key.metric);
        let same = |(known, text): (&String, &str)| same_bytes(known.as_bytes(), text.as_bytes());
        (self.period, self.has_object) == (key.period, key.object.is_some())
            && self.metric.iter().zip(metric).all(same)
            && self.domain.iter().zip(domain).all(same)
    }
}

/// The texts of a metric's domain, and its own.
fn texts<'k, V>(metric: &Metric<'k, V>) -> ([&'k str; 2], [&'k str; 3]) {
    let domain = metric.domain();
    ([metric.domain_ref(), domain.name()], [metric.metric_ref(), metric.name(), metric.description()])
}

impl Change<'_> {
    /// Records many statistics, faster than one by one; `None` is a missing one.
    ///
    /// # Errors
    /// As [`Store::record`].
    pub fn record_all<'k, V: Value>(
        &mut self,
        statistics: impl IntoIterator<Item = (StatisticKey<'k, V>, Option<V>)>,
    ) -> Result<()> {
        let mut bulk = Bulk::new();
        for (key, value) in statistics {
            bulk.record(self, &key, value)?;
        }
        bulk.write(self)
    }
}

impl<V: Value> Bulk<V> {
    pub(crate) fn new() -> Self {
        Self { current: None }
    }

    /// Records a statistic, missing if there is no value.
    pub(crate) fn record(
        &mut self,
        change: &mut Change<'_>,
        key: &StatisticKey<'_, V>,
        value: Option<V>,
    ) -> Result<()> {
        if self.current.as_ref().is_none_or(|current| !current.names.are_of(key)) {
            self.write(change)?;
            self.current = Some(Current::new(change, key)?);
        }
        let Some(current) = &mut self.current else { return Ok(()) };
        change.check_form(current.form, key, value.as_ref())?;
        let slot = current.slot(change.store(), key.date)?;
        let group = current.group(change, key)?;
        current.bytes += current.memtable.set(group, slot, value);
        if current.bytes > WAITING { self.write(change) } else { Ok(()) }
    }

    /// Writes what waits.
    pub(crate) fn write(&mut self, change: &mut Change<'_>) -> Result<()> {
        let Some(current) = &mut self.current else { return Ok(()) };
        current.objects.clear();
        current.bytes = 0;
        write(change.writes(), &mut current.memtable, Edit::Set, None).map(drop)
    }
}

impl<V: Value> Current<V> {
    fn new(change: &mut Change<'_>, key: &StatisticKey<'_, V>) -> Result<Self> {
        let form = change.register(key.metric)?;
        let table = change.store().table_of(key, form)?;
        Ok(Self {
            names: TableName::of(key),
            form,
            memtable: Memtable::new(table),
            bytes: 0,
            objects: Vec::new(),
            date: None,
            object: Vec::new(),
        })
    }

    fn slot(&mut self, store: &Store, date: Date) -> Result<i32> {
        if let Some((_, slot)) = self.date.filter(|(known, _)| *known == date) {
            return Ok(slot);
        }
        let slot = store.calendar().slot(self.names.period, date)?;
        self.date = Some((date, slot));
        Ok(slot)
    }

    /// The number of the group that a statistic's object has in the memtable.
    fn group(&mut self, change: &mut Change<'_>, key: &StatisticKey<'_, V>) -> Result<usize> {
        // An object that is guessed need not be encoded.
        let guessed = self.memtable.guess(|group, _| match (self.objects.get(group), &key.object) {
            (Some(Some(known)), Some(object)) => known.is(object),
            (Some(None), None) => true,
            _ => false,
        });
        if let Some(group) = guessed {
            return Ok(group);
        }
        self.object.clear();
        if let Some(object) = &key.object {
            key::push_object(&mut self.object, object);
        }
        let (group, grown) = self.memtable.group(&self.object);
        self.bytes += grown;
        if group == self.objects.len() {
            let before = self.objects.last().map(Option::as_ref);
            if before.is_none_or(|before| !same_part_kinds(before, key.object.as_ref())) {
                change.note_by_hand(key)?;
            }
            self.objects.push(key.object.clone());
        }
        Ok(group)
    }
}

fn same_part_kinds(a: Option<&Object>, b: Option<&Object>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.kinds().eq(b.kinds()),
        (None, None) => true,
        _ => false,
    }
}
