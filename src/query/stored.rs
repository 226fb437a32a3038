//! Statistics of a store, stored or worked out from days: the only file of queries that knows how a store is read.

use super::{
    axis::{Axis, SlotRange},
    by_object::ByObject,
    curve::{Curve, Curves},
    running::{RunningReader, SeriesStatistic},
    selection::{ObjectFilter, Selection, StatisticAt},
};
use crate::{
    blocks::{Objects, RowCursor, RowView, Table},
    error::Result,
    format::{Form, PartKindBytes, key},
    kinds::Value,
    model::{Date, Metric, Period, Series, Statistic},
    rollup::Tracked,
    storage::{Direction, Reads, Snapshot},
    store::{Registry, Statistics, Visitor, statistics as by_date},
};
use std::sync::Arc;

/// Takes the number of a metric, and the series, slot and value of a statistic of it.
pub(super) type VisitStatistics<'v, T> = dyn FnMut(usize, &Arc<Series>, i32, Option<T>) -> Result<()> + 'v;

/// Takes where a statistic stands, and its value.
pub(super) type VisitSeries<'v, T> = dyn FnMut(StatisticAt<'_>, Option<T>) -> Result<()> + 'v;

/// Takes the series, date and value of a statistic.
pub(super) type VisitDates<'v, T> = dyn FnMut(&Series, Date, Option<T>) + 'v;

/// Statistics, read as they are asked for.
pub(super) type Reading<T> = Box<dyn Iterator<Item = Result<Statistic<T>>> + Send>;

/// Statistics of each metric, read as they are asked for.
pub(super) type ReadEach<T> = fn(&Selection<'_>, SlotRange, Direction) -> Result<Vec<Reading<T>>>;

/// How the statistics of a store are read.
///
/// Any series can be asked for its points, also one of numbers, which has no kind to be read by; so the functions of
/// the kind are put here where it is known.
pub(super) struct StoredSeries<T> {
    /// All that is selected, by metric, then by date and then by object.
    pub(super) visit: fn(&Selection<'_>, SlotRange, Direction, &mut VisitStatistics<'_, T>) -> Result<()>,
    /// All that is selected, by metric, and those of a series by date.
    pub(super) visit_series: fn(&Selection<'_>, SlotRange, &mut VisitSeries<'_, T>) -> Result<()>,
    /// The same with series and dates, of which none is made for each statistic.
    pub(super) visit_rows: fn(&Selection<'_>, SlotRange, &mut VisitDates<'_, T>) -> Result<()>,
    /// By metric, date and object, as it is asked for.
    pub(super) statistics: ReadEach<T>,
    /// By metric, object and date: also of objects that are named and have no statistic.
    pub(super) curves: fn(&Selection<'_>, SlotRange) -> Result<Vec<Curves<T>>>,
}

impl<V: Value> StoredSeries<V> {
    pub(super) fn of_kind() -> Self {
        Self {
            visit: visit::<V>,
            visit_series: visit_series::<V>,
            visit_rows: visit_rows::<V>,
            statistics: statistics::<V>,
            curves: curves::<V>,
        }
    }
}

impl<T> Clone for StoredSeries<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for StoredSeries<T> {}

/// A store as it was when a reading began: all metrics of a selection are of one moment.
pub(super) struct Moment<'s, 'a> {
    selection: &'s Selection<'a>,
    snapshot: Snapshot,
    registry: Arc<Registry>,
}

/// What is read of a metric's statistics of a period: where they are, and which of them are wanted.
struct SeriesScan {
    table: Table,
    objects: Objects,
    /// The kinds that the parts of objects must have, if that is asked for.
    part_kinds: Option<PartKindBytes>,
    slots: (i32, i32),
}

impl SeriesScan {
    fn wants(&self, object: &[u8]) -> bool {
        self.part_kinds.as_ref().is_none_or(|kinds| kinds.are_of(object))
    }

    /// Whether all of its statistics are of one series.
    fn is_single(&self) -> bool {
        !self.table.has_objects() || matches!(&self.objects, Objects::These(these) if these.len() == 1)
    }
}

/// Statistics by date and then by object, or both backwards.
enum SeriesReader<V> {
    Stored(Table, Box<Statistics<V>>),
    Running(RunningReader<V>),
}

impl<V: Value> SeriesReader<V> {
    fn next(&mut self) -> Result<Option<SeriesStatistic<'_, V>>> {
        match self {
            Self::Stored(_, statistics) => statistics.next_statistic(),
            Self::Running(running) => running.next_statistic(),
        }
    }

    fn table(&self) -> &Table {
        match self {
            Self::Stored(table, _) => table,
            Self::Running(running) => running.table(),
        }
    }
}

impl<V: Value> Iterator for SeriesReader<V> {
    type Item = Result<Statistic<V>>;

    fn next(&mut self) -> Option<Self::Item> {
        let table = self.table().clone();
        let found = self.next().transpose()?;
        Some(found.and_then(|(series, slot, value)| {
            Ok(Statistic { series: Arc::clone(series), date: table.date(slot)?, value })
        }))
    }
}

impl<'s, 'a> Moment<'s, 'a> {
    pub(super) fn new(selection: &'s Selection<'a>) -> Self {
        let (snapshot, registry) = selection.store.snapshot_with_registry();
        Self { selection, snapshot, registry }
    }

    /// Calls `visit` with the statistics of a metric, by its number, in a range of a period, those of a series in the
    /// order of their slots.
    pub(super) fn visit<V: Value>(
        &self,
        number: usize,
        metric: Metric<'_, ()>,
        period: Period,
        range: SlotRange,
        mut visit: impl FnMut(StatisticAt<'_>, Option<V>) -> Result<()>,
    ) -> Result<()> {
        let scan = self.scan::<V>(metric, period, &self.selection.objects, range)?;
        self.visit_scan(&scan, |object, slot, value| {
            visit(StatisticAt { metric: number, period, object, slot }, value)
        })
    }

    /// Calls `visit` with the object's bytes, the slot and the value of each statistic.
    fn visit_scan<V: Value>(
        &self,
        scan: &SeriesScan,
        mut visit: impl FnMut(&[u8], i32, Option<V>) -> Result<()>,
    ) -> Result<()> {
        if let Some(running) = self.running(scan)? {
            return running.for_each_object(visit);
        }
        self.for_each(scan, |object, row| {
            let mut result = Ok(());
            row.for_each(&self.snapshot, |slot, value| {
                if result.is_ok() {
                    result = visit(object, slot, value);
                }
            })?;
            result
        })
    }

    /// What trackers keep of a metric for the grouping by these part kinds, if that can be told.
    pub(super) fn tracked(&self, metric: Metric<'_, ()>, kinds: &[String]) -> Option<Tracked> {
        // Days are there, whatever the record says.
        Tracked::read(&self.snapshot, metric.domain_ref(), metric.metric_ref(), kinds).ok().flatten()
    }

    fn scan<V: Value>(
        &self,
        metric: Metric<'_, ()>,
        period: Period,
        objects: &ObjectFilter,
        range: SlotRange,
    ) -> Result<SeriesScan> {
        let form = self.registry.form(&metric.with_kind::<V>())?;
        // A metric that isn't registered has nothing to be read.
        let form = form.or_else(Form::of::<V>).unwrap_or(Form::Integers);
        let store = &self.selection.store;
        let period = period.checked()?;
        let has_objects = !matches!(objects, ObjectFilter::Without);
        Ok(SeriesScan {
            table: store.table((metric.domain_ref(), metric.metric_ref()), period, form, has_objects),
            objects: wanted(objects),
            part_kinds: match objects {
                ObjectFilter::Like { part_kinds: Some(kinds), .. } => Some(PartKindBytes::new(kinds)),
                _ => None,
            },
            slots: Axis { calendar: *store.calendar(), period }.ends(range),
        })
    }

    /// Reads the running periods of a scan, if a tracker keeps them for some of its objects.
    fn running<V: Value>(&self, scan: &SeriesScan) -> Result<Option<RunningReader<V>>> {
        let SeriesScan { table, objects, slots, .. } = scan;
        let (domain, metric) = table.names();
        let kind = self.registry.kind(domain, metric);
        let running = self.selection.store.running(&self.snapshot, kind, table, objects, *slots)?;
        let reader =
            |running| RunningReader::new(&self.snapshot, running, table, |object| scan.wants(object));
        running.map(reader).transpose()
    }

    /// Calls `visit` with the rows of the objects that are wanted.
    fn for_each(
        &self,
        scan: &SeriesScan,
        mut visit: impl FnMut(&[u8], RowView<'_>) -> Result<()>,
    ) -> Result<()> {
        let (table, objects) = (scan.table.clone(), scan.objects.clone());
        let cursor = RowCursor::new(&self.snapshot, table, objects, Direction::Forwards, scan.slots);
        cursor.for_each(|object, row| if scan.wants(object) { visit(object, row) } else { Ok(()) })
    }

    /// Reads the statistics of a metric by date.
    fn read<V: Value>(
        &self,
        metric: Metric<'_, ()>,
        objects: &ObjectFilter,
        range: SlotRange,
        direction: Direction,
    ) -> Result<SeriesReader<V>> {
        let scan = self.scan::<V>(metric, self.selection.period, objects, range)?;
        if let Some(running) = self.running(&scan)? {
            return Ok(SeriesReader::Running(running.in_direction(direction)));
        }
        let table = scan.table.clone();
        let (objects, slots) = (scan.objects.clone(), scan.slots);
        let cursor = RowCursor::new(self.snapshot.clone(), table.clone(), objects, direction, slots);
        Ok(SeriesReader::Stored(table, Box::new(by_date(cursor, move |object| scan.wants(object)))))
    }
}

fn visit<V: Value>(
    selection: &Selection<'_>,
    range: SlotRange,
    direction: Direction,
    visit: &mut VisitStatistics<'_, V>,
) -> Result<()> {
    let moment = Moment::new(selection);
    for (number, metric) in selection.metrics.iter().enumerate() {
        let scan = moment.scan::<V>(*metric, selection.period, &selection.objects, range)?;
        // The rows of one series follow each other by date, and need no merge.
        if direction == Direction::Forwards && scan.is_single() {
            let object = selection.objects.named().pop().flatten();
            let series = Arc::new(scan.table.series(object));
            moment.visit_scan(&scan, |_, slot, value| visit(number, &series, slot, value))?;
            continue;
        }
        let mut reader = moment.read(*metric, &selection.objects, range, direction)?;
        while let Some((series, slot, value)) = reader.next()? {
            visit(number, series, slot, value)?;
        }
    }
    Ok(())
}

fn visit_series<V: Value>(
    selection: &Selection<'_>,
    range: SlotRange,
    visit: &mut VisitSeries<'_, V>,
) -> Result<()> {
    let moment = Moment::new(selection);
    for (number, metric) in selection.metrics.iter().enumerate() {
        moment.visit(number, *metric, selection.period, range, &mut *visit)?;
    }
    Ok(())
}

fn visit_rows<V: Value>(
    selection: &Selection<'_>,
    range: SlotRange,
    visit: &mut VisitDates<'_, V>,
) -> Result<()> {
    let moment = Moment::new(selection);
    for metric in &selection.metrics {
        let scan = moment.scan::<V>(*metric, selection.period, &selection.objects, range)?;
        if let Some(running) = moment.running(&scan)? {
            let mut series = scan.table.series(None);
            running.for_each_object(|object, slot, value| {
                if scan.table.has_objects() {
                    key::decode_object_into(object, &mut series.object)
                        .map_err(|malformed| moment.snapshot.corrupt(malformed))?;
                }
                visit(&series, scan.table.date(slot)?, value);
                Ok(())
            })?;
            continue;
        }
        let mut visitor = Visitor::new(scan.table.clone());
        moment.for_each(&scan, |object, row| visitor.row(&moment.snapshot, object, row, visit))?;
    }
    Ok(())
}

fn statistics<V: Value>(
    selection: &Selection<'_>,
    range: SlotRange,
    direction: Direction,
) -> Result<Vec<Reading<V>>> {
    let moment = Moment::new(selection);
    let read = |metric: &Metric<'_, ()>| -> Result<Reading<V>> {
        Ok(Box::new(moment.read(*metric, &selection.objects, range, direction)?))
    };
    selection.metrics.iter().map(read).collect()
}

fn curves<V: Value>(selection: &Selection<'_>, range: SlotRange) -> Result<Vec<Curves<V>>> {
    let moment = Moment::new(selection);
    let mut metrics = Vec::with_capacity(selection.metrics.len());
    for (number, metric) in selection.metrics.iter().enumerate() {
        let mut by_object = ByObject::<Vec<_>>::new();
        for object in selection.objects.named() {
            by_object.of(&object.as_ref().map(key::object_bytes).unwrap_or_default());
        }
        moment.visit(number, *metric, selection.period, range, |at, value| {
            by_object.of(at.object).push((at.slot, value));
            Ok(())
        })?;
        let series = selection.series(number, selection.period);
        let curve = |(object, points)| {
            let series = Arc::new(Series { object, ..series.clone() });
            Curve { series, points }
        };
        let mut curves: Vec<Curve<V>> = by_object.sorted(&selection.store)?.into_iter().map(curve).collect();
        if range.level {
            for curve in &mut curves {
                begin_with_level(&moment, *metric, curve, range)?;
            }
        }
        metrics.push(Curves(curves));
    }
    Ok(metrics)
}

/// Puts the last statistic before the range at the beginning of a curve that has none on its first slot.
fn begin_with_level<V: Value>(
    moment: &Moment<'_, '_>,
    metric: Metric<'_, ()>,
    curve: &mut Curve<V>,
    range: SlotRange,
) -> Result<()> {
    let Some(from) = range.from.filter(|from| curve.first() != Some(*from)) else { return Ok(()) };
    let earlier = SlotRange { from: None, to: Some(from.saturating_sub(1)), level: false };
    let objects = match curve.series.object() {
        Some(object) => ObjectFilter::These(vec![object.clone()]),
        None => ObjectFilter::Without,
    };
    let mut backwards = moment.read::<V>(metric, &objects, earlier, Direction::Backwards)?;
    if let Some((_, slot, value)) = backwards.next()? {
        curve.points.insert(0, (slot, value));
    }
    Ok(())
}

fn wanted(objects: &ObjectFilter) -> Objects {
    match objects {
        ObjectFilter::Without | ObjectFilter::Like { under: None, part_kinds: None } => Objects::All,
        ObjectFilter::These(objects) => Objects::These(objects.iter().map(key::object_bytes).collect()),
        ObjectFilter::Like { under: Some(parts), .. } => {
            let mut beginning = key::object_bytes(parts);
            beginning.pop();
            Objects::Under(beginning)
        }
        ObjectFilter::Like { under: None, part_kinds: Some(kinds) } => {
            Objects::Under(PartKindBytes::new(kinds).beginning())
        }
    }
}
