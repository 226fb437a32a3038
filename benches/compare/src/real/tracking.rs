//! What is measured of trackers over a program's records, into a store on disk.

use super::{
    authors::Authors,
    flights::{Flights, ROUTES},
    keeping::DAYS_A_FLUSH,
    program::{METRIC, Program, instant},
    users,
};
use crate::{
    figures::to_f64,
    process::{Found, cpu_seconds},
    shape::Random,
};
use anyhow::{Context, Result, ensure};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Instant,
};
use trackstats::{
    Period, Store, Timestamp, Tracker,
    store::{Clock, Flush},
};

const RECORDS: u32 = 1_000_000;
const OBJECTS: u32 = 230_000;
const DAYS: u32 = 365;

/// A record: an instant, and the object that it is about.
struct Record {
    at: i64,
    object: u32,
}

/// A clock that goes as the records do.
#[derive(Debug, Clone, Default)]
struct Now(Arc<AtomicI64>);

impl Now {
    fn set(&self, day: u32) {
        self.0.store(instant(day, 86_399), Ordering::Relaxed);
    }
}

impl Clock for Now {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_seconds(self.0.load(Ordering::Relaxed))
    }
}

fn open(folder: &Path) -> Result<(Store, Now)> {
    let now = Now::default();
    now.set(DAYS - 1);
    Ok((Store::options().flush(Flush::Explicit).clock(now.clone()).open(folder)?, now))
}

/// Counts records of many objects by day, in one run. They come in order of time.
pub fn objects(scale: u32, folder: &Path) -> Result<Found> {
    let (count, objects) = (RECORDS / scale, (OBJECTS / scale).max(1));
    let names: Vec<String> = (0..objects).map(users::name).collect();
    let mut random = Random::new(9);
    let mut records: Vec<Record> = (0..count)
        .map(|_| Record {
            at: instant(random.below(DAYS), random.below(86_400)),
            object: random.below(objects),
        })
        .collect();
    records.sort_unstable_by_key(|record| record.at);

    let (store, _) = open(folder)?;
    let tracker = Tracker::count(METRIC, |record: &Record| Timestamp::from_unix_seconds(record.at))
        .by_parts(["user"], |record, ids| ids.push(name(&names, record.object)))?;
    let mut found = Found::default();
    timed(&mut found, || {
        tracker.append().run(&store, records)?;
        Ok(store.flush()?)
    })?;
    check(&store, Period::Day, &["user"], u64::from(count))?;
    found.figure("records", f64::from(count));
    Ok(found)
}

/// Counts flights by hour and pair of airports, in one run.
pub fn pairs(scale: u32, folder: &Path) -> Result<Found> {
    let flights = Flights::new(scale);
    let pairs: Vec<Vec<String>> = (0..ROUTES).map(|route| flights.names(route)).collect();
    let records: Vec<Record> = (0..flights.days())
        .flat_map(|day| flights.flights(day))
        .map(|flight| Record { at: instant(flight.day, flight.second), object: flight.route })
        .collect();
    let count = records.len() as u64;

    let (store, _) = open(folder)?;
    let tracker = Tracker::count(METRIC, |record: &Record| Timestamp::from_unix_seconds(record.at))
        .by_parts(flights.kinds().iter().copied(), |record, ids| {
            for id in pairs.get(record.object as usize).into_iter().flatten() {
                ids.push(id);
            }
        })?
        .periods([Period::Hour]);
    let mut found = Found::default();
    timed(&mut found, || {
        tracker.append().run(&store, records)?;
        Ok(store.flush()?)
    })?;
    check(&store, Period::Hour, flights.kinds(), count)?;
    found.figure("records", to_f64(count));
    Ok(found)
}

/// Counts commits by day and author, and in all if asked for: ten days at a time, each on the disk before the next.
pub fn commits(lifetime: bool, scale: u32, folder: &Path) -> Result<Found> {
    let authors = Authors::new(scale);
    let names: Vec<String> = (0..authors.authors()).map(|author| authors.names(author).concat()).collect();
    let (store, now) = open(folder)?;
    let tracker = Tracker::count(METRIC, |record: &Record| Timestamp::from_unix_seconds(record.at))
        .by_parts(["author"], |record, ids| ids.push(name(&names, record.object)))?
        .periods(lifetime.then_some(Period::Lifetime));
    let mut found = Found::default();
    let mut count = 0;
    let days: Vec<u32> = (0..authors.days()).collect();
    timed(&mut found, || {
        for days in days.chunks(DAYS_A_FLUSH) {
            now.set(*days.last().context("a chunk has a day")?);
            let records: Vec<Record> = days.iter().flat_map(|day| commits_of(&authors, *day)).collect();
            count += records.len() as u64;
            tracker.append().run(&store, records)?;
            store.flush()?;
        }
        Ok(())
    })?;
    check(&store, Period::Day, &["author"], count)?;
    if lifetime {
        let begun = Instant::now();
        check(&store, Period::Lifetime, &["author"], count)?;
        found.figure("lifetimes", begun.elapsed().as_secs_f64());
    }
    found.figure("records", to_f64(count));
    Ok(found)
}

pub fn compact(folder: &Path) -> Result<Found> {
    let (store, _) = open(folder)?;
    store.compact()?;
    Ok(Found::default())
}

fn commits_of(authors: &Authors, day: u32) -> impl Iterator<Item = Record> {
    authors.commits(day).into_iter().map(move |object| Record { at: instant(day, 43_200), object })
}

fn name(names: &[String], number: u32) -> &str {
    names.get(number as usize).map(String::as_str).unwrap_or_default()
}

/// The time that the work takes, and what it takes of the processors.
fn timed(found: &mut Found, work: impl FnOnce() -> Result<()>) -> Result<()> {
    let (begun, cpu) = (Instant::now(), cpu_seconds()?);
    work()?;
    found.figure("time", begun.elapsed().as_secs_f64());
    found.figure("cpu", cpu_seconds()? - cpu);
    Ok(())
}

/// Fails unless all objects together have as many as there were records: on today's date, if it is that of lifetimes.
fn check(store: &Store, period: Period, kinds: &[&str], count: u64) -> Result<()> {
    let mut series = store.series(METRIC, period).by(kinds.iter().copied());
    if period == Period::Lifetime {
        let today = store.today()?;
        series = series.from(today).to(today);
    }
    let total = series.breakdown()?.total()?.value();
    ensure!(total == Some(i64::try_from(count)?), "{total:?} of {count} records were counted by {period}");
    Ok(())
}
