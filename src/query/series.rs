//! The series of a metric.

use super::fill::{Fill, filled};
use crate::{
    error::Result,
    format::{Form, key},
    kinds::Value,
    model::{Date, Metric, Object, Period, Series, Statistic},
    storage::{Direction, Snapshot},
    store::{Registry, Selection, Slots, Statistics, Store, Wanted},
};
use chrono::NaiveDate;
use std::sync::Arc;

/// Statistics, read as they are asked for.
pub(super) type Read<V> = Box<dyn Iterator<Item = Result<Statistic<V>>> + Send>;

impl Store {
    /// The statistics of a metric for a period, as a time series.
    ///
    /// Without more, that is the statistics without object, of all dates, oldest first.
    ///
    /// ```
    /// use trackstats::{Domain, Fill, Metric, Period, Store, chrono::NaiveDate};
    ///
    /// const TILL: Domain = Domain::new("till", "The till");
    /// const SALES: Metric = Metric::new(TILL, "sales", "Sales");
    ///
    /// let may = |day| NaiveDate::from_ymd_opt(2024, 5, day).unwrap();
    /// let store = Store::in_memory()?;
    /// store.record(SALES.on(Period::Day, may(1)), 10)?;
    /// store.record(SALES.on(Period::Day, may(3)), 12)?;
    ///
    /// let week = store.series(SALES, Period::Day).from(may(1)).to(may(4)).fill(Fill::Zero);
    /// assert_eq!(week.values()?, [Some(10), Some(0), Some(12), Some(0)]);
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    pub fn series<'a, V: Value>(&self, metric: Metric<'a, V>, period: Period) -> SeriesQuery<'a, V> {
        SeriesQuery {
            store: self.clone(),
            metrics: vec![metric],
            period,
            objects: Objects::None,
            from: None,
            to: None,
            direction: Direction::Forwards,
            fill: Fill::Absent,
        }
    }
}

/// Which statistics of a metric are read, and how. Made by [`Store::series`].
#[derive(Debug, Clone)]
#[must_use]
pub struct SeriesQuery<'a, V = i64> {
    pub(super) store: Store,
    pub(super) metrics: Vec<Metric<'a, V>>,
    pub(super) period: Period,
    pub(super) objects: Objects,
    pub(super) from: Option<NaiveDate>,
    pub(super) to: Option<NaiveDate>,
    pub(super) direction: Direction,
    pub(super) fill: Fill,
}

#[derive(Debug, Clone)]
pub(super) enum Objects {
    None,
    These(Vec<Object>),
    Like { kinds: Option<Vec<String>>, under: Option<Object> },
}

impl<'a, V: Value> SeriesQuery<'a, V> {
    /// The statistics of this metric as well, after those of the one before. Default: one metric.
    pub fn and(mut self, metric: Metric<'a, V>) -> Self {
        self.metrics.push(metric);
        self
    }

    /// The statistics about this object. Default: those without object.
    pub fn object(self, object: impl Into<Object>) -> Self {
        self.objects([object.into()])
    }

    /// The statistics about these objects. Default: those without object.
    pub fn objects(self, objects: impl IntoIterator<Item = Object>) -> Self {
        let mut objects: Vec<Object> = objects.into_iter().collect();
        objects.sort_unstable();
        objects.dedup();
        Self { objects: Objects::These(objects), ..self }
    }

    /// The statistics about objects of exactly these kinds: `["country"]` for countries, `["country", "province"]`
    /// for their provinces. Default: those without object.
    pub fn by<K: Into<String>>(self, kinds: impl IntoIterator<Item = K>) -> Self {
        let under = match self.objects {
            Objects::Like { under, .. } => under,
            Objects::None | Objects::These(_) => None,
        };
        let kinds = Some(kinds.into_iter().map(Into::into).collect());
        Self { objects: Objects::Like { kinds, under }, ..self }
    }

    /// The statistics about objects whose first parts are these, whatever parts follow, if any. Together with
    /// [`by`](Self::by): of those, the ones of its kinds. Default: those without object.
    pub fn under(self, parts: impl Into<Object>) -> Self {
        let kinds = match self.objects {
            Objects::Like { kinds, .. } => kinds,
            Objects::None | Objects::These(_) => None,
        };
        Self { objects: Objects::Like { kinds, under: Some(parts.into()) }, ..self }
    }

    /// From the period that contains this date on, and it included. Default: from the first.
    pub fn from(self, date: NaiveDate) -> Self {
        Self { from: Some(date), ..self }
    }

    /// Up to the period that contains this date, and it included. Default: up to the last.
    pub fn to(self, date: NaiveDate) -> Self {
        Self { to: Some(date), ..self }
    }

    /// Newest first. Default: oldest first.
    pub fn newest_first(self) -> Self {
        Self { direction: Direction::Backwards, ..self }
    }

    /// What stands for the dates that have no statistic. Default: nothing, they are left out.
    pub fn fill(self, fill: Fill) -> Self {
        Self { fill, ..self }
    }

    /// The statistics, read as they are asked for, unless they are filled.
    ///
    /// They come by date, and the objects of a date in their order; several metrics one after the other. A metric
    /// that nothing was written to has none.
    ///
    /// # Errors
    /// [`Error::WrongKind`](crate::Error::WrongKind), [`Error::DateOutOfRange`](crate::Error::DateOutOfRange),
    /// [`Error::UnknownPeriod`](crate::Error::UnknownPeriod), and for an item
    /// [`Error::Corrupt`](crate::Error::Corrupt) or [`Error::Io`](crate::Error::Io).
    pub fn statistics(&self) -> Result<Box<dyn Iterator<Item = Result<Statistic<V>>> + Send>> {
        let mut parts = self.by_metric()?;
        Ok(match parts.pop() {
            Some(only) if parts.is_empty() => only,
            last => Box::new(parts.into_iter().chain(last).flatten()),
        })
    }

    /// The statistics of each metric, all of one moment.
    pub(super) fn by_metric(&self) -> Result<Vec<Read<V>>> {
        let (snapshot, registry) = self.store.snapshot_with_registry();
        let mut parts = Vec::with_capacity(self.metrics.len());
        for metric in &self.metrics {
            let slots = self.slots(metric, &registry)?;
            let part: Read<V> = match self.fill {
                Fill::Absent => Box::new(self.stored(
                    metric,
                    &snapshot,
                    &self.objects,
                    self.direction,
                    (slots, slots.range(self.from, self.to)?),
                )),
                fill => Box::new(self.filled(metric, &snapshot, slots, fill)?.into_iter().map(Ok)),
            };
            parts.push(part);
        }
        Ok(parts)
    }

    /// All statistics, in the order of [`statistics`](Self::statistics).
    ///
    /// # Errors
    /// As [`statistics`](Self::statistics) and its items.
    pub fn all(&self) -> Result<Vec<Statistic<V>>> {
        let mut all = Vec::new();
        self.visit(|series, date, value| all.push(Statistic { series: Arc::clone(series), date, value }))?;
        Ok(all)
    }

    /// All dates and values, in the order of [`statistics`](Self::statistics): what a chart needs.
    ///
    /// # Errors
    /// As [`statistics`](Self::statistics) and its items.
    pub fn points(&self) -> Result<Vec<(Date, Option<V>)>> {
        let mut points = Vec::new();
        self.visit(|_, date, value| points.push((date, value)))?;
        Ok(points)
    }

    /// All values, in the order of [`statistics`](Self::statistics).
    ///
    /// # Errors
    /// As [`statistics`](Self::statistics) and its items.
    pub fn values(&self) -> Result<Vec<Option<V>>> {
        let mut values = Vec::new();
        self.visit(|_, _, value| values.push(value))?;
        Ok(values)
    }

    /// The statistic of the latest date that has one; of several objects, the last in their order. Nothing is
    /// filled.
    ///
    /// # Errors
    /// As [`statistics`](Self::statistics) and its items.
    pub fn latest(&self) -> Result<Option<Statistic<V>>> {
        let mut latest: Option<Statistic<V>> = None;
        let (snapshot, registry) = self.store.snapshot_with_registry();
        for metric in &self.metrics {
            let slots = self.slots(metric, &registry)?;
            let range = slots.range(self.from, self.to)?;
            let mut statistics =
                self.stored(metric, &snapshot, &self.objects, Direction::Backwards, (slots, range));
            let found = statistics.next().transpose()?;
            if found.as_ref().map(|found| found.date) > latest.as_ref().map(|latest| latest.date) {
                latest = found;
            }
        }
        Ok(latest)
    }

    /// Calls `visit` with the series, date and value of each statistic, in the order of
    /// [`statistics`](Self::statistics).
    fn visit(&self, mut visit: impl FnMut(&Arc<Series>, Date, Option<V>)) -> Result<()> {
        let (snapshot, registry) = self.store.snapshot_with_registry();
        for metric in &self.metrics {
            let slots = self.slots(metric, &registry)?;
            if self.fill == Fill::Absent {
                let at = (slots, slots.range(self.from, self.to)?);
                self.stored(metric, &snapshot, &self.objects, self.direction, at).visit(&mut visit)?;
            } else {
                for Statistic { series, date, value } in self.filled(metric, &snapshot, slots, self.fill)? {
                    visit(&series, date, value);
                }
            }
        }
        Ok(())
    }

    /// How the slots of a metric's statistics lie; of one that isn't registered, as its kind would have them.
    pub(super) fn slots(&self, metric: &Metric<'a, V>, registry: &Registry) -> Result<Slots> {
        let form = registry.form(metric)?.or_else(Form::of::<V>).unwrap_or(Form::Integers);
        Ok(Slots::new(*self.store.calendar(), self.period.checked()?, form))
    }

    /// The stored statistics of a metric in a range of slots.
    pub(super) fn stored(
        &self,
        metric: &Metric<'a, V>,
        snapshot: &Snapshot,
        objects: &Objects,
        direction: Direction,
        (slots, (from, to)): (Slots, (i32, i32)),
    ) -> Statistics<V> {
        let kinds = objects.kinds().map(<[String]>::to_vec);
        let selection = Selection { wanted: objects.wanted(), kinds, direction, from, to };
        let names = (metric.domain_ref(), metric.metric_ref(), self.period);
        Statistics::new(&self.store, snapshot.clone(), names, slots, selection)
    }

    fn filled(
        &self,
        metric: &Metric<'a, V>,
        snapshot: &Snapshot,
        slots: Slots,
        fill: Fill,
    ) -> Result<Vec<Statistic<V>>> {
        let (from, to) = slots.range(self.from, self.to)?;
        let stored: Vec<Statistic<V>> = self
            .stored(metric, snapshot, &self.objects, Direction::Forwards, (slots, (from, to)))
            .collect::<Result<_>>()?;
        let objects = self.objects.named(&stored);
        let mut before = Vec::new();
        if fill == Fill::Previous && self.from.is_some() {
            // Where a level stood before the range began is what it begins with.
            let earlier = (slots.range(None, None)?.0, from - 1);
            for object in &objects {
                let object =
                    object.as_ref().map_or(Objects::None, |object| Objects::These(vec![object.clone()]));
                let mut found =
                    self.stored(metric, snapshot, &object, Direction::Backwards, (slots, earlier));
                before.extend(found.next().transpose()?);
            }
        }
        let names = (metric.domain_ref(), metric.metric_ref(), self.period);
        let mut statistics = filled(slots, names, objects, (self.from, self.to), stored, &before, fill)?;
        if self.direction == Direction::Backwards {
            statistics.reverse();
        }
        Ok(statistics)
    }
}

impl Objects {
    fn wanted(&self) -> Wanted {
        match self {
            Self::None => Wanted::Plain,
            Self::These(objects) => Wanted::Exactly(objects.iter().map(key::object_bytes).collect()),
            Self::Like { under: Some(parts), .. } => {
                let mut beginning = key::object_bytes(parts);
                beginning.pop();
                Wanted::Beginning(beginning)
            }
            Self::Like { under: None, kinds } => {
                let first = kinds.as_ref().and_then(|kinds| kinds.first());
                Wanted::Beginning(first.map(|kind| key::kind_bytes(kind)).unwrap_or_default())
            }
        }
    }

    fn kinds(&self) -> Option<&[String]> {
        match self {
            Self::Like { kinds, .. } => kinds.as_deref(),
            Self::None | Self::These(_) => None,
        }
    }

    /// The objects that are filled: those asked for by name, or else those that have a statistic.
    fn named<V>(&self, stored: &[Statistic<V>]) -> Vec<Option<Object>> {
        match self {
            Self::None => vec![None],
            Self::These(objects) => objects.iter().cloned().map(Some).collect(),
            Self::Like { .. } => {
                let mut objects: Vec<_> =
                    stored.iter().map(|statistic| statistic.object().cloned()).collect();
                objects.sort_unstable();
                objects.dedup();
                objects
            }
        }
    }
}
