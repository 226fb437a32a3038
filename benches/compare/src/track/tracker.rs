//! A tracker of trackstats, over a store in memory.

use super::{OBJECTS, Record, TODAY, ZONE};
use crate::engine::Sum;
use anyhow::{Context, Result};
use chrono::{Datelike, NaiveDate};
use std::path::Path;
use trackstats::{Calendar, Domain, Metric, Period, Store, Timestamp, Tracker, model::Id, store::FixedClock};

const WEB: Domain<'static> = Domain::new("web", "Web");
const VISITS: Metric<'static> = Metric::new(WEB, "visits", "Visits");
/// The metric as the program `trackstats` is told it.
pub const METRIC: &str = "web/visits";
const KIND: &str = "object";

/// A new store in memory, whose today is after all records.
pub fn store() -> Result<Store> {
    let calendar = Calendar::new(ZONE.name())?;
    let clock = FixedClock(calendar.parse_timestamp(TODAY)?);
    Ok(Store::options().calendar(calendar).clock(clock).in_memory()?)
}

pub fn by_date(store: &Store, instants: impl Iterator<Item = i64>) -> Result<()> {
    let tracker = Tracker::count(VISITS, |at: &i64| Timestamp::from_unix_seconds(*at));
    tracker.recompute().run(store, instants)?;
    Ok(())
}

pub fn by_date_and_object(store: &Store, records: &[Record]) -> Result<()> {
    let tracker = Tracker::count(VISITS, |record: &Record| Timestamp::from_unix_seconds(record.at))
        .by(KIND, |record| Id::from(u64::from(record.object)))?;
    tracker.recompute().run(store, records.iter().copied())?;
    Ok(())
}

/// What a store has by date.
pub fn sum(store: &Store) -> Result<Sum> {
    let mut sum = Sum::default();
    for (date, value) in store.series(VISITS, Period::Day).points()? {
        sum.add(date.day().num_days_from_ce().cast_unsigned(), value.context("a count is missing")?);
    }
    Ok(sum)
}

/// What a store in this folder has by date.
pub fn sum_in(folder: &Path) -> Result<Sum> {
    sum(&Store::open(folder)?)
}

pub fn sum_of_objects(store: &Store) -> Result<Sum> {
    let mut sum = Sum::default();
    for statistic in store.series(VISITS, Period::Day).by([KIND]).statistics()? {
        let statistic = statistic?;
        let part = statistic.object().and_then(|object| object.parts().first());
        let Some(Id::Number(object)) = part.map(|part| part.id()) else { continue };
        let place = place(statistic.date.day(), u32::try_from(object)?);
        sum.add(place, statistic.value.context("a count is missing")?);
    }
    Ok(sum)
}

/// A number for each date and object.
pub fn place(date: NaiveDate, object: u32) -> u32 {
    date.num_days_from_ce().cast_unsigned().wrapping_mul(OBJECTS).wrapping_add(object)
}
