//! Everything under a prefix, of whatever metrics, periods and objects.

use super::{Prefix, Registry, Store};
use crate::{
    blocks::{ByDate, Objects, RowCursor, RowView, Table},
    error::Result,
    format::{BlockKey, KeyRange, Space, key},
    kinds::{AnyValue, Value},
    model::{Date, Object, Series, Statistic},
    storage::{Direction, Reads, Snapshot},
};
use std::{fmt, sync::Arc};

impl Store {
    /// All statistics under a prefix, in the order of their keys: first those without object, then those with one;
    /// each by domain, metric, period, date and object.
    ///
    /// Running periods that a tracker keeps are worked out when a [series](Store::series) is read, and aren't among them.
    ///
    /// ```
    /// use trackstats::{Domain, Metric, Period, Store, kinds::AnyValue, store::Prefix};
    ///
    /// const TILL: Domain = Domain::new("till", "The till");
    /// const SALES: Metric = Metric::new(TILL, "sales", "Sales");
    ///
    /// let store = Store::in_memory()?;
    /// store.record(SALES.on(Period::Day, store.today()?), 12)?;
    /// let all = store.scan(&Prefix::everything()).collect::<Result<Vec<_>, _>>()?;
    /// assert_eq!(all[0].value, Some(AnyValue::Integer(12)));
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    pub fn scan(&self, prefix: &Prefix) -> Scan {
        let (snapshot, registry) = self.snapshot_with_registry();
        Scan {
            store: self.clone(),
            snapshot,
            registry,
            prefix: prefix.clone(),
            left: vec![prefix.range(Space::Object), prefix.range(Space::Plain)],
            current: None,
        }
    }

    /// Calls `visit` with all statistics under a prefix, much faster than [`scan`](Store::scan), since nothing is made for
    /// each of them: by metric and period, and of these stretch of dates by stretch; within one, those of an object follow
    /// each other by date, and the objects are in their order.
    ///
    /// ```
    /// use trackstats::{Domain, Metric, Period, Store, kinds::AnyValue, store::Prefix};
    ///
    /// const TILL: Domain = Domain::new("till", "The till");
    /// const SALES: Metric = Metric::new(TILL, "sales", "Sales");
    ///
    /// let store = Store::in_memory()?;
    /// store.record(SALES.on(Period::Day, store.today()?), 12)?;
    /// let mut total = 0;
    /// store.visit(&Prefix::everything(), |_series, _date, value| {
    ///     if let Some(AnyValue::Integer(value)) = value {
    ///         total += value;
    ///     }
    /// })?;
    /// assert_eq!(total, 12);
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    ///
    /// # Errors
    /// As the items of [`Store::scan`].
    pub fn visit(
        &self,
        prefix: &Prefix,
        mut visit: impl FnMut(&Series, Date, Option<AnyValue>),
    ) -> Result<()> {
        let mut scan = self.scan(prefix);
        while let Some((table, slots)) = scan.next_table()? {
            let mut visitor = Visitor::new(table.clone());
            let cursor = RowCursor::new(&scan.snapshot, table, Objects::All, Direction::Forwards, slots);
            cursor.for_each(|object, row| visitor.row(&scan.snapshot, object, row, &mut visit))?;
        }
        Ok(())
    }
}

/// Gives the statistics of rows to a visitor, with their series and dates.
#[derive(Debug)]
pub(crate) struct Visitor {
    table: Table,
    series: Series,
    /// The dates of a span's slots, from its first on: rows of one span have the same.
    first: i32,
    dates: Vec<Date>,
}

impl Visitor {
    pub(crate) fn new(table: Table) -> Self {
        let series = table.series(None);
        Self { table, series, first: 0, dates: Vec::new() }
    }

    pub(crate) fn row<V: Value, F: FnMut(&Series, Date, Option<V>) + ?Sized>(
        &mut self,
        reads: &impl Reads,
        object: &[u8],
        row: RowView<'_>,
        visit: &mut F,
    ) -> Result<()> {
        if self.table.has_objects() {
            key::decode_object_into(object, &mut self.series.object)
                .map_err(|malformed| reads.corrupt(malformed))?;
        }
        if let Some((first, _)) = row.ends() {
            self.know(first)?;
        }
        row.for_each(reads, |slot, value| {
            let offset = usize::try_from(slot.wrapping_sub(self.first)).unwrap_or(usize::MAX);
            if let Some(date) = self.dates.get(offset) {
                visit(&self.series, *date, value);
            }
        })
    }

    /// Works out the dates of the slots of this one's span.
    fn know(&mut self, slot: i32) -> Result<()> {
        let slots = self.table.slots_beside(slot);
        if *slots.start() != self.first || self.dates.is_empty() {
            self.first = *slots.start();
            self.dates = slots.map(|slot| self.table.date(slot)).collect::<Result<_>>()?;
        }
        Ok(())
    }
}

/// What makes the series of an object, or leaves it out.
type Label = Box<dyn FnMut(&[u8]) -> Result<Option<Arc<Series>>> + Send + Sync>;

/// The statistics of a table by date, each with its series.
pub(crate) type Statistics<V> = ByDate<Snapshot, Arc<Series>, Label, V>;

/// Reads the statistics of some objects of a table by date; the objects that aren't wanted are left out.
pub(crate) fn statistics<V: Value>(
    cursor: RowCursor<Snapshot>,
    wanted: impl Fn(&[u8]) -> bool + Send + Sync + 'static,
) -> Statistics<V> {
    let (table, reads) = (cursor.table().clone(), cursor.reads().clone());
    let mut last: Option<Object> = None;
    let label = move |object: &[u8]| {
        if !wanted(object) {
            return Ok(None);
        }
        if table.has_objects() {
            let decoded = key::decode_object_like(object, last.as_ref());
            last = Some(decoded.map_err(|malformed| reads.corrupt(malformed))?);
        }
        Ok(Some(Arc::new(table.series(last.clone()))))
    };
    ByDate::new(cursor, Box::new(label))
}

/// The statistics under a prefix, read as they are asked for. Made by [`Store::scan`]. It ends after an error.
///
/// All are as they were when the reading began. Writes go on beside it; what they replace is kept in memory meanwhile,
/// so it isn't meant to be held for long.
pub struct Scan {
    store: Store,
    snapshot: Snapshot,
    /// As it was when the snapshot was taken: a metric that is deleted meanwhile is still in it.
    registry: Arc<Registry>,
    prefix: Prefix,
    /// The ranges of keys that are left, the next one last.
    left: Vec<KeyRange>,
    current: Option<(Table, Statistics<AnyValue>)>,
}

impl Scan {
    /// The definitions that were there when the reading began.
    #[cfg(feature = "exchange")]
    pub(crate) fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.registry)
    }

    /// What was there when the reading began.
    #[cfg(feature = "exchange")]
    pub(crate) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    fn next_statistic(&mut self) -> Result<Option<Statistic<AnyValue>>> {
        loop {
            if let Some((table, statistics)) = &mut self.current
                && let Some((series, slot, value)) = statistics.next_statistic()?
            {
                return Ok(Some(Statistic { series: Arc::clone(series), date: table.date(slot)?, value }));
            }
            let Some((table, slots)) = self.next_table()? else { return Ok(None) };
            let snapshot = self.snapshot.clone();
            let cursor = RowCursor::new(snapshot, table.clone(), Objects::All, Direction::Forwards, slots);
            self.current = Some((table, statistics(cursor, |_| true)));
        }
    }

    /// The next table that has something under the prefix, and which of its slots are.
    fn next_table(&mut self) -> Result<Option<(Table, (i32, i32))>> {
        while let Some(range) = self.left.pop() {
            let Some(entry) = self.snapshot.first(&range, Direction::Forwards)? else { continue };
            let BlockKey { domain, metric, period, object, .. } =
                BlockKey::decode(&entry.key).map_err(|malformed| self.snapshot.corrupt(malformed))?;
            let info = self.registry.find(self.store.path(), &domain, &metric)?;
            let table = self.store.table((&domain, &metric), period, info.form(), object.is_some());
            if let Some(start) = table.keys().end {
                self.left.push(KeyRange { start, end: range.end });
            }
            if self.prefix.period.is_none_or(|wanted| wanted == period) {
                let date = self.prefix.date;
                return Ok(Some((table, self.store.calendar().slot_range(period, date, date)?)));
            }
        }
        Ok(None)
    }
}

impl Iterator for Scan {
    type Item = Result<Statistic<AnyValue>>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.next_statistic();
        if next.is_err() {
            self.left.clear();
            self.current = None;
        }
        next.transpose()
    }
}

impl fmt::Debug for Scan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scan").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
