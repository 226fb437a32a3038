//! What a run of a tracker begins with.

use super::{Mark, Registry, Store};
use crate::{model::Metric, storage::Snapshot};
use std::sync::Arc;

/// What a run begins with, all of one moment.
#[derive(Debug)]
pub(crate) struct Beginning {
    pub(crate) snapshot: Snapshot,
    pub(crate) registry: Arc<Registry>,
    pub(crate) mark: Mark,
}

impl Store {
    pub(crate) fn begin_run<V>(&self, metric: &Metric<'_, V>) -> Beginning {
        // A change that a run makes holds this lock until all of it is there.
        let runs = self.runs();
        let (snapshot, registry) = self.snapshot_with_registry();
        Beginning { snapshot, registry, mark: runs.mark(metric) }
    }
}
