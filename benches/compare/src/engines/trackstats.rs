//! trackstats, with its default options but for when it flushes.

use crate::{
    engine::{Commit, Engine, Read, Sum},
    shape::{Point, Shape},
};
use anyhow::{Context, Result, bail};
use chrono::NaiveDate;
use std::path::Path;
use trackstats::{
    Domain, Metric, Object, Period, Store,
    kinds::AnyValue,
    model::{Date, Id, Series, StatisticKey},
    store::{Flush, Prefix},
};

const SHOP: Domain<'static> = Domain::new("shop", "Shop");
const METRICS: [Metric<'static>; Shape::MOST_METRICS as usize + 1] = [
    Metric::new(SHOP, "metric0", "Metric 0"),
    Metric::new(SHOP, "metric1", "Metric 1"),
    Metric::new(SHOP, "metric2", "Metric 2"),
    Metric::new(SHOP, "metric3", "Metric 3"),
    Metric::new(SHOP, "metric4", "Metric 4"),
    Metric::new(SHOP, "metric5", "Metric 5"),
];
const KIND: &str = "customer";
/// The day before 2000-01-01, counted from the first day of our era.
const BEFORE: i32 = 730_119;

pub struct Trackstats {
    store: Store,
    objects: Vec<Object>,
}

impl Trackstats {
    pub fn open(folder: &Path, commit: Commit) -> Result<Self> {
        let flush = match commit {
            Commit::Synced => Flush::Always,
            Commit::Unsynced => Flush::Explicit,
        };
        Ok(Self { store: Store::options().flush(flush).open(folder)?, objects: Vec::new() })
    }

    /// The key of a statistic. A program that records an object often keeps the object: it is cheap to clone.
    fn key(&mut self, point: Point) -> Result<StatisticKey<'static>> {
        let key = metric(point.metric)?.on(Period::Day, date(point.day)?);
        let Some(place) = point.object.checked_sub(1) else { return Ok(key) };
        while self.objects.len() <= place as usize {
            self.objects.push(Object::new(KIND, 1 + self.objects.len() as u64)?);
        }
        Ok(match self.objects.get(place as usize) {
            Some(object) => key.of(object),
            None => key,
        })
    }

    fn record_all(&mut self, points: impl Iterator<Item = Point>) -> Result<()> {
        let store = self.store.clone();
        record_all(&store, points.map(|point| Ok((self.key(point)?, point.value))))
    }
}

impl Engine for Trackstats {
    fn load(&mut self, shape: Shape) -> Result<()> {
        // One change a metric: a change of everything would be put aside as a whole first.
        for metric in 0..=shape.metrics {
            self.record_all((0..shape.days).flat_map(|day| shape.points_of(metric, day)))?;
        }
        Ok(self.store.flush()?)
    }

    fn write(&mut self, points: &[Point]) -> Result<()> {
        if let [point] = points {
            let key = self.key(*point)?;
            return Ok(self.store.record(key, point.value)?);
        }
        self.record_all(points.iter().copied())
    }

    fn read(&mut self, read: Read, sum: &mut Sum) -> Result<()> {
        let mut add = |(date, value): (Date, Option<i64>)| {
            value.map(|value| sum.add(number(date), value)).context("a value is missing")
        };
        match read {
            Read::Series { metric: number, days } => {
                let series = self.store.series(metric(number)?, Period::Day).from(date(0)?).to(date(days)?);
                series.points()?.into_iter().try_for_each(add)
            }
            Read::Object { metric: number, object, days } => {
                let series = self.store.series(metric(number)?, Period::Day).from(date(0)?).to(date(days)?);
                series.object(Object::new(KIND, u64::from(object))?).points()?.into_iter().try_for_each(add)
            }
            Read::Date { metric: number, day } => {
                let day = date(day)?;
                let objects = self.store.series(metric(number)?, Period::Day).by([KIND]).from(day).to(day);
                let mut failed = false;
                objects.for_each(|series, _, value| {
                    let part = series.object().and_then(|object| object.parts().first());
                    match (part.map(|part| part.id()), value) {
                        (Some(Id::Number(object)), Some(value)) => {
                            sum.add(u32::try_from(object).unwrap_or(u32::MAX), value);
                        }
                        _ => failed = true,
                    }
                })?;
                if failed { bail!("a value is missing") } else { Ok(()) }
            }
            Read::Latest { metric: number } => {
                let latest = self.store.series(metric(number)?, Period::Day).latest()?;
                latest.map_or(Ok(()), |latest| add((latest.date, latest.value)))
            }
            Read::Scan => visit_all(&self.store, |_, date, value| add((date, Some(value)))),
        }
    }

    fn close(self: Box<Self>) -> Result<()> {
        Ok(self.store.flush()?)
    }

    fn compact(&mut self) -> Result<bool> {
        self.store.compact()?;
        Ok(true)
    }
}

fn metric(number: u8) -> Result<Metric<'static>> {
    METRICS.get(usize::from(number)).copied().context("no such metric")
}

fn date(day: u32) -> Result<NaiveDate> {
    let number = BEFORE + 1 + i32::try_from(day)?;
    NaiveDate::from_num_days_from_ce_opt(number).context("no such day")
}

fn number(date: Date) -> u32 {
    use chrono::Datelike;
    (date.day().num_days_from_ce() - BEFORE - 1).cast_unsigned()
}

/// Writes statistics as one change. What goes wrong with one of them is returned, once what came before it is written.
pub fn record_all<'k>(
    store: &Store,
    statistics: impl Iterator<Item = Result<(StatisticKey<'k>, i64)>>,
) -> Result<()> {
    let mut failed = None;
    store.change(|change| {
        change.record_all(statistics.map_while(|statistic| match statistic {
            Ok((key, value)) => Some((key, Some(value))),
            Err(error) => {
                failed = Some(error);
                None
            }
        }))
    })?;
    failed.map_or(Ok(()), Err)
}

/// Visits every value that a store holds: the one place where all scans of trackstats are.
pub fn visit_all(store: &Store, mut visit: impl FnMut(&Series, Date, i64) -> Result<()>) -> Result<()> {
    let mut result = Ok(());
    store.visit(&Prefix::everything(), |series, date, value| {
        if let Some(AnyValue::Integer(value)) = value
            && result.is_ok()
        {
            result = visit(series, date, value);
        }
    })?;
    result
}
