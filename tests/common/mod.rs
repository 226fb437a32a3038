//! What several test files share.

#![allow(dead_code, clippy::unwrap_used, reason = "no test file uses all of it; a test that fails may panic")]

pub(crate) mod flights;
#[cfg(feature = "cli")]
pub(crate) mod program;

use tempfile::TempDir;
use trackstats::{Domain, Metric, Object, Options, Period, Store, chrono::NaiveDate};

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

pub(crate) fn user(id: u64) -> Object {
    Object::new("user", id).unwrap()
}

/// The values of a metric's plain days, by date.
pub(crate) fn days(store: &Store, metric: Metric<'_>) -> Vec<(String, Option<i64>)> {
    let points = store.series(metric, Period::Day).points().unwrap();
    points.into_iter().map(|(date, value)| (date.to_string(), value)).collect()
}
