//! Which statistics of a store a series is made of.

use super::curve::merge_error;
use crate::{
    error::Error,
    format::key,
    kinds::MergeError,
    model::{Metric, Object, Period, Series},
    storage::Direction,
    store::Store,
};
use chrono::NaiveDate;
use std::sync::Arc;

/// Which stored statistics are read, and which dates are wanted of what is worked out from them.
#[derive(Debug, Clone)]
pub(super) struct Selection<'a> {
    pub(super) store: Store,
    /// Of whatever kind of value: whoever reads them knows it.
    pub(super) metrics: Vec<Metric<'a, ()>>,
    /// The stored period.
    pub(super) period: Period,
    pub(super) objects: ObjectFilter,
    /// The dates of the points of the last step.
    pub(super) from: Option<NaiveDate>,
    pub(super) to: Option<NaiveDate>,
    pub(super) direction: Direction,
}

/// Where a statistic stands that was read of a selection.
#[derive(Debug, Clone, Copy)]
pub(super) struct StatisticAt<'b> {
    /// The number of its metric in the selection.
    pub(super) metric: usize,
    pub(super) period: Period,
    /// The bytes of its object, none without one.
    pub(super) object: &'b [u8],
    pub(super) slot: i32,
}

impl Selection<'_> {
    /// The series of a metric, by its number, without object.
    pub(super) fn series(&self, metric: usize, period: Period) -> Series {
        #[expect(clippy::indexing_slicing, reason = "all numbers are of the selection's own metrics")]
        let metric = self.metrics[metric];
        let (domain, metric) = (metric.domain_ref().into(), metric.metric_ref().into());
        Series { domain, metric, period, object: None }
    }

    /// A statistic that couldn't be merged.
    pub(super) fn merge_error(&self, at: StatisticAt<'_>, error: &MergeError) -> Error {
        let series = self.series(at.metric, at.period);
        let series = Arc::new(Series { object: key::decode_object(at.object).ok(), ..series });
        merge_error(self.store.calendar(), &series, at.slot, error)
    }
}

/// The objects whose statistics are wanted.
#[derive(Debug, Clone)]
pub(super) enum ObjectFilter {
    /// Statistics without object.
    Without,
    /// These, in order.
    These(Vec<Object>),
    /// All whose parts are of these kinds, and all that begin with these parts.
    Like { part_kinds: Option<Vec<String>>, under: Option<Object> },
}

impl ObjectFilter {
    /// The objects that are asked for by name, also if they have no statistic; none of them is the one without object.
    pub(super) fn named(&self) -> Vec<Option<Object>> {
        match self {
            Self::Without => vec![None],
            Self::These(objects) => objects.iter().cloned().map(Some).collect(),
            Self::Like { .. } => Vec::new(),
        }
    }

    /// Whether objects are asked for by name.
    pub(super) fn names_them(&self) -> bool {
        !matches!(self, Self::Like { .. })
    }

    /// All whose parts are of these kinds, those under what was asked for before.
    pub(super) fn of_part_kinds(self, kinds: Vec<String>) -> Self {
        let under = if let Self::Like { under, .. } = self { under } else { None };
        Self::Like { part_kinds: Some(kinds), under }
    }

    /// All under these parts, those of the kinds that were asked for before.
    pub(super) fn under(self, parts: Object) -> Self {
        let part_kinds = if let Self::Like { part_kinds, .. } = self { part_kinds } else { None };
        Self::Like { part_kinds, under: Some(parts) }
    }

    /// The kinds that the parts of all objects have, none without object; nothing if they differ.
    pub(super) fn same_part_kinds(&self) -> Option<Vec<String>> {
        match self {
            Self::Without => Some(Vec::new()),
            Self::Like { part_kinds, .. } => part_kinds.clone(),
            Self::These(objects) => {
                let kinds: Vec<String> = objects.first()?.kinds().map(str::to_owned).collect();
                objects.iter().all(|object| object.has_part_kinds(&kinds)).then_some(kinds)
            }
        }
    }
}
