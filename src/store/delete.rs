//! Deleting metrics and domains.

use super::{Prefix, Store};
use crate::{
    error::{Error, Result},
    format::{KeyRange, Space},
    kinds::Value,
    model::{Domain, Metric},
};

/// What may go when a metric or a domain is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Deletion {
    /// Only the registration: while there are statistics, nothing is deleted, and it is an error.
    OnlyEmpty,
    /// The registration and every statistic.
    WithStatistics,
}

impl Store {
    /// Deletes a metric, whatever its kind, and says whether it was registered.
    ///
    /// # Errors
    /// [`Error::NotEmpty`] when it has statistics that `deletion` doesn't let go.
    pub fn delete_metric<V: Value>(&self, metric: Metric<'_, V>, deletion: Deletion) -> Result<bool> {
        let statistics = Prefix::domain(metric.domain_ref())?.metric(metric.metric_ref())?;
        let names = [metric.domain_ref(), metric.metric_ref()];
        self.delete_named(&names, &statistics, &metric.to_string(), deletion)
    }

    /// Deletes a domain with its metrics, and says whether it was registered.
    ///
    /// # Errors
    /// [`Error::NotEmpty`] when it has statistics that `deletion` doesn't let go.
    pub fn delete_domain(&self, domain: Domain<'_>, deletion: Deletion) -> Result<bool> {
        let reference = domain.reference().as_str();
        self.delete_named(&[reference], &Prefix::domain(reference)?, reference, deletion)
    }

    fn delete_named(
        &self,
        names: &[&str],
        statistics: &Prefix,
        what: &str,
        deletion: Deletion,
    ) -> Result<bool> {
        self.change(|change| {
            // Read within the change, so that no other writer comes between.
            if deletion == Deletion::OnlyEmpty
                && let Some(first) = self.scan(statistics).next()
            {
                return Err(Error::NotEmpty { what: what.to_owned(), first: first?.to_string() });
            }
            let mut was_there = false;
            for space in [Space::Domain, Space::Metric, Space::Plain, Space::Object, Space::Tracked] {
                was_there |= change.writes().clear(&KeyRange::prefix(space.key(names)))?;
            }
            match names {
                [domain, metric] => change.registry_mut().remove_metric(domain, metric),
                [domain] => change.registry_mut().remove_domain(domain),
                _ => {}
            }
            if was_there {
                change.note_run(names.join("/"));
            }
            Ok(was_there)
        })
    }
}
