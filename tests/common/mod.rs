//! What several test files share.

#![allow(dead_code, clippy::unwrap_used, reason = "no test file uses all of it; a test that fails may panic")]

pub(crate) mod events;
pub(crate) mod flights;
#[cfg(feature = "cli")]
pub(crate) mod program;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};
use tempfile::TempDir;
use trackstats::{
    Calendar, Domain, Metric, Object, Period, Store, Timestamp,
    chrono::{NaiveDate, TimeDelta},
    kinds::Value,
    model::{Statistic, StatisticKey},
    store::{Clock, Options},
};
#[cfg(feature = "exchange")]
use trackstats::{Result, exchange::export, store::Prefix};

pub(crate) const TILL: Domain<'static> = Domain::new("till", "The till");
pub(crate) const SALES: Metric<'static> = Metric::new(TILL, "sales", "Sales");
pub(crate) const CENTS: Metric<'static> = Metric::new(TILL, "cents", "Takings in cents");

/// A store somewhere: in a folder of its own, or in memory.
#[derive(Debug)]
pub(crate) struct Place {
    store: Option<Store>,
    options: fn() -> Options,
    folder: Option<TempDir>,
}

impl Place {
    pub(crate) fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }

    /// Closes the store and opens it again; in memory, where that would lose it, nothing.
    pub(crate) fn reopen(&mut self) {
        if let Some(folder) = &self.folder {
            drop(self.store.take());
            self.store = Some((self.options)().open(folder.path().join("store")).unwrap());
        }
    }
}

/// One new store on disk and one in memory.
pub(crate) fn places(options: fn() -> Options) -> [Place; 2] {
    let folder = tempfile::tempdir().unwrap();
    let on_disk = options().open(folder.path().join("store")).unwrap();
    let in_memory = options().in_memory().unwrap();
    [
        Place { store: Some(on_disk), options, folder: Some(folder) },
        Place { store: Some(in_memory), options, folder: None },
    ]
}

/// Runs a test on a new store on disk and on one in memory.
pub(crate) fn everywhere(test: impl Fn(&Store)) {
    for place in places(Store::options) {
        test(place.store());
    }
}

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// A clock that the test sets.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hand(Arc<AtomicI64>);

impl Hand {
    pub(crate) fn set(&self, at: Timestamp) {
        self.0.store(at.unix_seconds(), Ordering::SeqCst);
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_seconds(self.0.load(Ordering::SeqCst))
    }
}

/// Noon of a day, in UTC.
pub(crate) fn noon(date: &str) -> Timestamp {
    let start = Calendar::default().bucket_on(Period::Day, day(date)).unwrap().start;
    Timestamp::from_unix_seconds(start.timestamp() + 12 * 3_600)
}

pub(crate) fn user(id: u64) -> Object {
    Object::new("user", id).unwrap()
}

pub(crate) fn is_running(period: Period) -> bool {
    matches!(period, Period::LastDays(_) | Period::Lifetime)
}

/// The key of a statistic of a metric.
pub(crate) fn key_of<'a, V: Value>(metric: Metric<'a, V>, found: &Statistic<V>) -> StatisticKey<'a, V> {
    let key = metric.on(found.series.period(), found.date);
    match found.object() {
        Some(object) => key.of(object),
        None => key,
    }
}

/// The statistics of a metric's periods without object and by these kinds, as a store works them out or has them.
/// Forwards, backwards, latest and one by one it must say the same.
pub(crate) fn read_all<V: Value>(
    store: &Store,
    metric: Metric<'_, V>,
    periods: &[Period],
    groupings: &[&[&str]],
) -> Vec<Statistic<V>> {
    let mut read = Vec::new();
    for period in periods {
        for kinds in groupings {
            let query = store.series(metric, *period);
            let query = if kinds.is_empty() { query } else { query.by(kinds.iter().copied()) };
            let found = query.all().unwrap();
            let mut backwards = query.clone().newest_first().all().unwrap();
            backwards.reverse();
            assert_eq!(found, backwards);
            assert_eq!(query.latest().unwrap().as_ref(), found.last());
            for statistic in found.iter().step_by(71).chain(found.last()) {
                let key = key_of(metric, statistic);
                assert_eq!(store.get(&key).unwrap().as_ref(), Some(statistic));
            }
            for (beside, end) in [(found.first(), -1), (found.last(), 1)] {
                let Some(statistic) = beside.filter(|found| is_running(found.series.period())) else {
                    continue;
                };
                let date = statistic.date.day() + TimeDelta::days(end);
                let key = key_of(metric, &Statistic { date: date.into(), ..statistic.clone() });
                assert_eq!(store.get(&key).unwrap(), None);
            }
            read.extend(found);
        }
    }
    read
}

/// The values of a metric's plain days, by date.
pub(crate) fn days(store: &Store, metric: Metric<'_>) -> Vec<(String, Option<i64>)> {
    let points = store.series(metric, Period::Day).points().unwrap();
    points.into_iter().map(|(date, value)| (date.to_string(), value)).collect()
}

/// Everything that a store exports.
#[cfg(feature = "exchange")]
pub(crate) fn try_exported(store: &Store) -> Result<String> {
    let mut lines = Vec::new();
    export(store, &Prefix::everything(), &mut lines)?;
    Ok(String::from_utf8(lines).unwrap())
}

#[cfg(feature = "exchange")]
pub(crate) fn exported(store: &Store) -> String {
    try_exported(store).unwrap()
}

/// The files in a folder and in those within it, in order.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() { found.extend(files(&entry)) } else { found.push(entry) }
    }
    found.sort();
    found
}

/// Copies a folder with all that is in it.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// The same numbers for the same seed, any at all: a linear congruential generator.
#[derive(Debug, Clone)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    pub(crate) fn coin(&mut self) -> bool {
        self.below(2) == 0
    }

    /// One of these, any as likely as another.
    pub(crate) fn one_of<'t, T>(&mut self, these: &'t [T]) -> &'t T {
        these.get(usize::try_from(self.below(these.len() as u64)).unwrap()).unwrap()
    }
}
