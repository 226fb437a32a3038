//! Stored statistics: the only file of queries that knows how a store is read.

use super::{
    axis::{Axis, SlotRange},
    by_object::ByObject,
    curve::{Curve, Curves},
    selection::{ObjectFilter, Selection},
};
use crate::{
    error::Result,
    format::{Form, Record, TrackedRecord, key},
    kinds::Value,
    model::{Metric, Period, Series, Statistic},
    storage::{Direction, Snapshot},
    store::{self, Registry, Slots, Statistics, Wanted},
};
use std::sync::Arc;

/// Takes the number of a metric, and the series, slot and value of a statistic of it.
pub(super) type Visit<'v, T> = dyn FnMut(usize, &Arc<Series>, i32, Option<T>) -> Result<()> + 'v;

/// Statistics, read as they are asked for.
pub(super) type Reading<T> = Box<dyn Iterator<Item = Result<Statistic<T>>> + Send>;

/// Statistics of each metric, read as they are asked for.
pub(super) type ReadEach<T> = fn(&Selection<'_>, SlotRange, Direction) -> Result<Vec<Reading<T>>>;

/// How stored statistics are read.
///
/// Any series can be asked for its points, also one of numbers, which has no kind to be read by; so the functions of
/// the kind are put here where it is known.
pub(super) struct Stored<T> {
    /// All that is selected, by metric, then by date and then by object.
    pub(super) visit: fn(&Selection<'_>, SlotRange, Direction, &mut Visit<'_, T>) -> Result<()>,
    /// The same as it is asked for, of each metric.
    pub(super) statistics: ReadEach<T>,
    /// The same by object: also of objects that are named and have no statistic.
    pub(super) curves: fn(&Selection<'_>, SlotRange) -> Result<Vec<Curves<T>>>,
}

impl<V: Value> Stored<V> {
    pub(super) fn of_kind() -> Self {
        Self { visit: visit::<V>, statistics: statistics::<V>, curves: curves::<V> }
    }
}

impl<T> Clone for Stored<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Stored<T> {}

/// A store as it was when a reading began: all metrics of a selection are of one moment.
pub(super) struct Moment<'s, 'a> {
    selection: &'s Selection<'a>,
    snapshot: Snapshot,
    registry: Arc<Registry>,
}

impl<'s, 'a> Moment<'s, 'a> {
    pub(super) fn new(selection: &'s Selection<'a>) -> Self {
        let (snapshot, registry) = selection.store.snapshot_with_registry();
        Self { selection, snapshot, registry }
    }

    /// Calls `visit` with the series, slots and values of a metric in a range of a period.
    pub(super) fn visit<V: Value>(
        &self,
        metric: Metric<'_, ()>,
        period: Period,
        range: SlotRange,
        direction: Direction,
        visit: impl FnMut(&Arc<Series>, i32, Option<V>) -> Result<()>,
    ) -> Result<()> {
        self.read(metric, period, &self.selection.objects, range, direction)?.visit(visit)
    }

    /// What trackers have left of a metric by these kinds, if that can be told.
    pub(super) fn tracked(&self, metric: Metric<'_, ()>, kinds: &[String]) -> Result<Option<TrackedRecord>> {
        let key = key::tracked(metric.domain_ref(), metric.metric_ref(), kinds);
        // Days are there, whatever the record says.
        Ok(self.snapshot.get(&key)?.and_then(|bytes| TrackedRecord::decode(&bytes).ok()))
    }

    fn read<V: Value>(
        &self,
        metric: Metric<'_, ()>,
        period: Period,
        objects: &ObjectFilter,
        range: SlotRange,
        direction: Direction,
    ) -> Result<Statistics<V>> {
        let form = self.registry.form(&metric.with_kind::<V>())?;
        // A metric that isn't registered has nothing to be read.
        let form = form.or_else(Form::of::<V>).unwrap_or(Form::Integers);
        let store = &self.selection.store;
        let calendar = *store.calendar();
        let period = period.checked()?;
        let (from, to) = Axis { calendar, period }.ends(range);
        let selection = store::Selection {
            wanted: wanted(objects),
            kinds: if let ObjectFilter::Like { kinds, .. } = objects { kinds.clone() } else { None },
            direction,
            from,
            to,
        };
        let names = (metric.domain_ref(), metric.metric_ref(), period);
        let slots = Slots::new(calendar, period, form);
        Ok(Statistics::new(store, self.snapshot.clone(), names, slots, selection))
    }
}

fn visit<V: Value>(
    selection: &Selection<'_>,
    range: SlotRange,
    direction: Direction,
    visit: &mut Visit<'_, V>,
) -> Result<()> {
    let moment = Moment::new(selection);
    for (number, metric) in selection.metrics.iter().enumerate() {
        moment.visit(*metric, selection.period, range, direction, |series, slot, value| {
            visit(number, series, slot, value)
        })?;
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
        Ok(Box::new(moment.read(*metric, selection.period, &selection.objects, range, direction)?))
    };
    selection.metrics.iter().map(read).collect()
}

fn curves<V: Value>(selection: &Selection<'_>, range: SlotRange) -> Result<Vec<Curves<V>>> {
    let moment = Moment::new(selection);
    let mut metrics = Vec::with_capacity(selection.metrics.len());
    for metric in &selection.metrics {
        let mut by_object = ByObject::new();
        for object in selection.objects.named() {
            let (domain, metric) = (metric.domain_ref().into(), metric.metric_ref().into());
            let series = Series { domain, metric, period: selection.period, object };
            by_object.of(&Arc::new(series), Vec::new);
        }
        moment.visit(*metric, selection.period, range, Direction::Forwards, |series, slot, value| {
            by_object.of(series, Vec::new).push((slot, value));
            Ok(())
        })?;
        let mut curves: Vec<Curve<V>> =
            by_object.sorted().into_iter().map(|(series, points)| Curve { series, points }).collect();
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
    let period = moment.selection.period;
    let mut backwards = moment.read::<V>(metric, period, &objects, earlier, Direction::Backwards)?;
    if let Some(level) = backwards.next().transpose()? {
        let slot = moment.selection.store.calendar().slot(period, level.date)?;
        curve.points.insert(0, (slot, level.value));
    }
    Ok(())
}

fn wanted(objects: &ObjectFilter) -> Wanted {
    match objects {
        ObjectFilter::Without => Wanted::Plain,
        ObjectFilter::These(objects) => Wanted::Exactly(objects.iter().map(key::object_bytes).collect()),
        ObjectFilter::Like { under: Some(parts), .. } => {
            let mut beginning = key::object_bytes(parts);
            beginning.pop();
            Wanted::Beginning(beginning)
        }
        ObjectFilter::Like { under: None, kinds } => {
            let first = kinds.as_ref().and_then(|kinds| kinds.first());
            Wanted::Beginning(first.map(|kind| key::kind_bytes(kind)).unwrap_or_default())
        }
    }
}
