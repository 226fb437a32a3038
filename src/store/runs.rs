//! Which metrics runs of trackers have written, so that two runs that overlap notice each other.

use crate::model::Metric;
use std::collections::HashMap;

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
    tracked: Option<u64>,
}

/// Stands for what is tracked of all metrics; no metric and no domain has this name.
pub(super) const TRACKED: &str = "/tracked";

impl Mark {
    /// Whether no run has written the metric between this and another, whatever else has changed what is tracked.
    pub(crate) fn has_same_runs(&self, other: &Self) -> bool {
        (self.domain, self.metric) == (other.domain, other.metric)
    }
}

impl Runs {
    pub(super) fn mark<V>(&self, metric: &Metric<'_, V>) -> Mark {
        let number = |name: &str| self.by_name.get(name).copied();
        Mark {
            domain: number(metric.domain_ref()),
            metric: number(&metric.to_string()),
            tracked: number(TRACKED),
        }
    }

    pub(super) fn wrote(&mut self, name: String) {
        self.last += 1;
        self.by_name.insert(name, self.last);
    }
}
