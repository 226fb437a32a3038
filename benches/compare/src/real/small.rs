//! A desktop program: three metrics without object, recorded day by day for a year, each day on the disk.

use super::{
    engine::Engine,
    program::{FIRST_DAY, date},
};
use crate::{
    disk,
    engine::{Commit, Sum},
    engines::sqlite::{checkpoint, connect},
    process::Found,
    shape::Random,
};
use anyhow::{Result, bail};
use std::{
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};
use trackstats::{Domain, Metric, Period, store::Flush};

const DAYS: u32 = 365;
/// How long the watcher sleeps between two looks at the folder; the writer looks after each day as well.
const PAUSE: Duration = Duration::from_millis(1);

const APP: Domain<'static> = Domain::new("app", "App");
const METRICS: [Metric<'static>; 3] = [
    Metric::new(APP, "launches", "Launches"),
    Metric::new(APP, "documents", "Documents saved"),
    Metric::new(APP, "seconds", "Seconds in use"),
];

/// Records the year while another thread watches how large the folder is.
pub fn run(engine: Engine, folder: &Path) -> Result<Found> {
    std::fs::create_dir_all(folder)?;
    let done = AtomicBool::new(false);
    let (largest, sum) = thread::scope(|scope| {
        let watcher = scope.spawn(|| watch(folder, &done));
        let written = match engine {
            Engine::Trackstats => trackstats(folder),
            // There are no objects to order by.
            Engine::Sqlite | Engine::SqliteByObject => sqlite(folder),
        };
        done.store(true, Ordering::Relaxed);
        let seen = watcher.join().unwrap_or_else(|_| bail!("the watcher panicked"));
        let (after_a_day, sum) = written?;
        anyhow::Ok((seen?.max(after_a_day), sum))
    })?;
    let mut found = Found::default();
    found.figure("largest", largest);
    found.figure("end", disk::bytes(folder)?);
    found.sums.insert("small".to_owned(), sum);
    Ok(found)
}

fn watch(folder: &Path, done: &AtomicBool) -> Result<f64> {
    let mut largest = 0.0_f64;
    while !done.load(Ordering::Relaxed) {
        largest = largest.max(disk::bytes(folder)?);
        thread::sleep(PAUSE);
    }
    Ok(largest)
}

/// A day's numbers: some launches, documents and seconds.
fn values(day: u32) -> [i64; 3] {
    let mut random = Random::new(u64::from(day) << 32 | 8);
    [1 + random.below(9), random.below(60), random.below(30_000)].map(i64::from)
}

/// What is largest after a day, and the sum of all that was stored.
fn trackstats(folder: &Path) -> Result<(f64, Sum)> {
    let store = trackstats::Store::options().flush(Flush::Explicit).open(folder)?;
    let mut largest = 0.0_f64;
    for day in 0..DAYS {
        let date = date(day)?;
        store.change(|change| {
            METRICS
                .iter()
                .zip(values(day))
                .try_for_each(|(metric, value)| change.record(metric.on(Period::Day, date), value))
        })?;
        store.flush()?;
        largest = largest.max(disk::bytes(folder)?);
    }
    let mut sum = Sum::default();
    for (number, metric) in (0..).zip(METRICS) {
        for value in store.series(metric, Period::Day).values()?.into_iter().flatten() {
            sum.add(number, value);
        }
    }
    Ok((largest, sum))
}

fn sqlite(folder: &Path) -> Result<(f64, Sum)> {
    let mut connection = connect(folder, Commit::Synced)?;
    connection.execute_batch(
        "CREATE TABLE metric (id INTEGER PRIMARY KEY, ref TEXT NOT NULL UNIQUE);
        INSERT INTO metric VALUES (0, 'app/launches'), (1, 'app/documents'), (2, 'app/seconds');
        CREATE TABLE statistic (metric INTEGER NOT NULL, period INTEGER NOT NULL, date INTEGER NOT NULL, value INTEGER,
            PRIMARY KEY (metric, period, date)) WITHOUT ROWID",
    )?;
    let mut largest = 0.0_f64;
    for day in 0..DAYS {
        let transaction = connection.transaction()?;
        let mut insert = transaction.prepare_cached("INSERT INTO statistic VALUES (?1, 1, ?2, ?3)")?;
        for (number, value) in (0..).zip(values(day)) {
            let number: u32 = number;
            insert.execute((number, FIRST_DAY + day, value))?;
        }
        drop(insert);
        transaction.commit()?;
        largest = largest.max(disk::bytes(folder)?);
    }
    let mut sum = Sum::default();
    let mut statement = connection.prepare("SELECT metric, value FROM statistic")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        sum.add(row.get(0)?, row.get(1)?);
    }
    drop(rows);
    drop(statement);
    checkpoint(&connection)?;
    Ok((largest, sum))
}
