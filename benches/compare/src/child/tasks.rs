//! What the tasks do.

use super::{Kind, reads};
use crate::{
    engine::{Commit, Engine, Read, Sum},
    engines::Name,
    process::{Found, peak_memory},
    shape::{Point, Random, Shape},
};
use anyhow::Result;
use std::{path::Path, time::Instant};

/// Single statistics that are recorded, without and with a flush each.
const RECORDS: u32 = 20_000;
const SYNCED_RECORDS: u32 = 300;

pub fn run(kind: Kind, engine: Name, shape: Shape, folder: &Path) -> Result<Found> {
    match kind {
        Kind::Load => load(engine, shape, folder),
        Kind::Online => online(engine, shape, folder),
        Kind::Read => reads::run(engine, shape, folder),
        Kind::Record => record(engine, shape, folder, Commit::Unsynced, RECORDS),
        Kind::RecordSynced => record(engine, shape, folder, Commit::Synced, SYNCED_RECORDS),
        Kind::Compact => compact(engine, folder),
    }
}

/// Opens what was loaded; an engine that keeps nothing is loaded again.
pub fn open_loaded(engine: Name, shape: Shape, folder: &Path, commit: Commit) -> Result<Box<dyn Engine>> {
    let mut store = engine.open(folder, commit)?;
    if !engine.is_kept() {
        store.load(shape)?;
    }
    Ok(store)
}

fn load(engine: Name, shape: Shape, folder: &Path) -> Result<Found> {
    let mut found = Found::default();
    let mut store = engine.open(folder, Commit::Unsynced)?;
    let begun = Instant::now();
    store.load(shape)?;
    store.close()?;
    found.figures.insert("time".to_owned(), begun.elapsed().as_secs_f64());
    Ok(found)
}

fn online(engine: Name, shape: Shape, folder: &Path) -> Result<Found> {
    let mut found = Found::default();
    let mut store = engine.open(folder, Commit::Synced)?;
    let mut points = Vec::new();
    let begun = Instant::now();
    for day in 0..shape.days {
        points.clear();
        points.extend(shape.points_of(0, day));
        store.write(&points)?;
    }
    found.figures.insert("time".to_owned(), begun.elapsed().as_secs_f64());
    finish(engine, store, folder, "online", &mut found)?;
    Ok(found)
}

fn record(engine: Name, shape: Shape, folder: &Path, commit: Commit, count: u32) -> Result<Found> {
    let mut found = Found::default();
    let mut store = open_loaded(engine, shape, folder, commit)?;
    let mut random = Random::new(7);
    let points: Vec<Point> = (0..count)
        .map(|number| Point {
            metric: 0,
            day: random.below(shape.days),
            object: 1 + random.below(shape.objects),
            value: i64::from(number),
        })
        .collect();
    let begun = Instant::now();
    for point in &points {
        store.write(std::slice::from_ref(point))?;
    }
    found.figures.insert("time".to_owned(), begun.elapsed().as_secs_f64() / f64::from(count));
    finish(engine, store, folder, "record", &mut found)?;
    Ok(found)
}

fn compact(engine: Name, folder: &Path) -> Result<Found> {
    let mut found = Found::default();
    let mut store = engine.open(folder, Commit::Unsynced)?;
    let begun = Instant::now();
    if store.compact()? {
        found.figures.insert("time".to_owned(), begun.elapsed().as_secs_f64());
    }
    store.close()?;
    Ok(found)
}

/// Closes the store, and reads it again to see that everything is there.
fn finish(
    engine: Name,
    mut store: Box<dyn Engine>,
    folder: &Path,
    name: &str,
    found: &mut Found,
) -> Result<()> {
    if engine.is_kept() {
        store.close()?;
        found.figures.insert("peak memory".to_owned(), peak_memory()?);
        store = engine.open(folder, Commit::Unsynced)?;
    }
    if store.can(Read::Scan) {
        let mut sum = Sum::default();
        store.read(Read::Scan, &mut sum)?;
        found.sums.insert(name.to_owned(), sum);
    }
    store.close()
}
