//! What is measured of a program's statistics: writing, reading and compacting them.

use super::{
    case::Case,
    engine::Engine,
    program::Point,
    sqlite::{Order, Sqlite},
    store::Store,
    trackstats::Trackstats,
};
use crate::{
    engine::Sum,
    figures::to_f64,
    process::{Found, peak_memory},
};
use anyhow::Result;
use std::{path::Path, time::Instant};

/// What is on the disk before more is written.
pub const DAYS_A_FLUSH: usize = 10;

/// Opens the engine's store in this folder, or makes it.
fn open(engine: Engine, folder: &Path) -> Result<Box<dyn Store>> {
    Ok(match engine {
        Engine::Trackstats => Box::new(Trackstats::open(folder)?),
        Engine::Sqlite => Box::new(Sqlite::open(folder, Order::DateObject)?),
        Engine::SqliteByObject => Box::new(Sqlite::open(folder, Order::ObjectDate)?),
    })
}

/// Writes everything in order of time, ten days a change, and notes the time that the engine takes.
pub fn write(engine: Engine, case: Case, scale: u32, folder: &Path) -> Result<Found> {
    let mut found = Found::default();
    let program = case.program(scale);
    let mut store = open(engine, folder)?;
    let (mut count, mut time) = (0, 0.0);
    let mut points: Vec<Point> = Vec::new();
    let days: Vec<u32> = (0..program.days()).collect();
    for days in days.chunks(DAYS_A_FLUSH) {
        points.clear();
        points.extend(days.iter().flat_map(|day| program.day(*day)));
        count += points.len() as u64;
        let begun = Instant::now();
        store.write(&*program, &points)?;
        time += begun.elapsed().as_secs_f64();
    }
    let begun = Instant::now();
    store.close()?;
    found.figure("time", time + begun.elapsed().as_secs_f64());
    found.figure("statistics", to_f64(count));
    Ok(found)
}

/// Opens the store, reads everything, and makes a top list.
pub fn read(engine: Engine, case: Case, scale: u32, folder: &Path) -> Result<Found> {
    let mut found = Found::default();
    let program = case.program(scale);
    let begun = Instant::now();
    let store = open(engine, folder)?;
    found.figure("open", begun.elapsed().as_secs_f64());
    time(&mut found, "list", |sum| store.list(sum))?;
    time(&mut found, "top", |sum| store.top(&*program, sum))?;
    found.figure("peak memory", peak_memory()?);
    store.close()?;
    Ok(found)
}

pub fn compact(engine: Engine, case: Case, scale: u32, folder: &Path) -> Result<Found> {
    let mut found = Found::default();
    let mut store = open(engine, folder)?;
    let begun = Instant::now();
    store.compact()?;
    found.figure("time", begun.elapsed().as_secs_f64());
    found.figure("peak memory", peak_memory()?);
    store.close()?;
    let after = read(engine, case, scale, folder)?;
    found.sums = after.sums;
    Ok(found)
}

/// Reads once to warm the caches and to compare what was found, and once more for the time.
fn time(found: &mut Found, name: &str, read: impl Fn(&mut Sum) -> Result<()>) -> Result<()> {
    let mut sum = Sum::default();
    read(&mut sum)?;
    found.sums.insert(name.to_owned(), sum);
    let (begun, mut again) = (Instant::now(), Sum::default());
    read(&mut again)?;
    found.figure(name, begun.elapsed().as_secs_f64());
    Ok(())
}
