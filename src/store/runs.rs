//! Which metrics runs of trackers have written, so that two runs that overlap notice each other.

use super::{Registry, Store};
use crate::{model::Metric, storage::Snapshot};
use std::{
    collections::HashMap,
    sync::{Arc, MutexGuard, PoisonError},
};

/// The number of the last run that wrote a metric, or of its deletion, or that of its domain; by their names joined by
/// slashes. A run lives in the process that has the store open, so none of this needs to be on the disk.
#[derive(Debug, Default)]
pub(super) struct Runs {
    last: u64,
    by_name: HashMap<String, u64>,
}

/// Tells whether a run has written a metric meanwhile, or whether it was deleted: then it is another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    domain: Option<u64>,
    metric: Option<u64>,
}

/// What a run begins with, all of one moment.
#[derive(Debug)]
pub(crate) struct Beginning {
    pub(crate) snapshot: Snapshot,
    pub(crate) registry: Arc<Registry>,
    pub(crate) mark: Mark,
}

impl Runs {
    pub(super) fn mark<V>(&self, metric: &Metric<'_, V>) -> Mark {
        let number = |name: &str| self.by_name.get(name).copied();
        Mark { domain: number(metric.domain_ref()), metric: number(&metric.to_string()) }
    }

    pub(super) fn wrote(&mut self, name: String) {
        self.last += 1;
        self.by_name.insert(name, self.last);
    }
}

impl Store {
    pub(crate) fn begin_run<V>(&self, metric: &Metric<'_, V>) -> Beginning {
        // A change that a run makes holds this lock until all of it is there.
        let runs = self.runs();
        let (snapshot, registry) = self.snapshot_with_registry();
        Beginning { snapshot, registry, mark: runs.mark(metric) }
    }

    pub(super) fn runs(&self) -> MutexGuard<'_, Runs> {
        self.inner.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
