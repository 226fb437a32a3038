//! Reading what was loaded.

use super::tasks;
use crate::{
    engine::{Commit, Engine, Read, Sum},
    engines::Name,
    figures::median,
    process::Found,
    shape::{Random, Shape},
};
use anyhow::{Result, ensure};
use std::{
    path::Path,
    time::{Duration, Instant},
};

/// Each kind of read is repeated this often, or for this long.
const REPEATS: usize = 500;
const ENOUGH: Duration = Duration::from_millis(300);
/// So many are added up first, untimed, to be compared with the other engines; it warms the caches, too.
const CHECKED: usize = 20;

pub const SERIES: &str = "series";
pub const OBJECT: &str = "object";
pub const DATE: &str = "date";
pub const LATEST: &str = "latest";
pub const SCAN: &str = "scan";

pub fn run(engine: Name, shape: Shape, folder: &Path) -> Result<Found> {
    let mut found = Found::default();
    let begun = Instant::now();
    let mut store = tasks::open_loaded(engine, shape, folder, Commit::Unsynced)?;
    if engine.is_kept() {
        found.figures.insert("open".to_owned(), begun.elapsed().as_secs_f64());
    }
    let Shape { metrics, objects, days } = shape;
    let mut repeat =
        |name, make: &mut dyn FnMut(&mut Random) -> Read| repeat(&mut *store, name, make, &mut found);
    repeat(SERIES, &mut |_| Read::Series { metric: shape.plain(), days })?;
    repeat(OBJECT, &mut |random| Read::Object {
        metric: metric(random, metrics),
        object: 1 + random.below(objects),
        days,
    })?;
    repeat(DATE, &mut |random| Read::Date { metric: metric(random, metrics), day: random.below(days) })?;
    repeat(LATEST, &mut |_| Read::Latest { metric: shape.plain() })?;
    repeat(SCAN, &mut |_| Read::Scan)?;
    if let Some(sum) = found.sums.get(SCAN) {
        ensure!(sum.count == shape.len(), "a scan found {} of {} statistics", sum.count, shape.len());
    }
    store.close()?;
    Ok(found)
}

fn metric(random: &mut Random, metrics: u8) -> u8 {
    u8::try_from(random.below(u32::from(metrics))).unwrap_or_default()
}

fn repeat(
    store: &mut dyn Engine,
    name: &str,
    make: &mut dyn FnMut(&mut Random) -> Read,
    found: &mut Found,
) -> Result<()> {
    let mut random = Random::new(1);
    if !store.can(make(&mut random)) {
        return Ok(());
    }
    let mut checked = Sum::default();
    for _ in 0..if name == SCAN { 1 } else { CHECKED } {
        store.read(make(&mut random), &mut checked)?;
    }
    found.sums.insert(name.to_owned(), checked);

    let (mut times, begun) = (Vec::new(), Instant::now());
    while times.len() < REPEATS && begun.elapsed() < ENOUGH || times.is_empty() {
        let (read, mut sum) = (make(&mut random), Sum::default());
        let begun = Instant::now();
        store.read(read, &mut sum)?;
        times.push(begun.elapsed().as_secs_f64());
        ensure!(sum.count > 0, "{name}: nothing was found");
    }
    found.figures.insert(name.to_owned(), median(&times));
    Ok(())
}
