//! Deleting metrics and domains.

use super::Store;
use crate::{
    calendar::day_of_number,
    encoding::{KeyRange, RowKey, Space},
    error::{Error, Result},
    model::{AnyValue, Date, Domain, Metric, Value},
    storage::Direction,
};

/// What may go when a metric or a domain is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
        self.delete_named(&[metric.domain_ref(), metric.metric_ref()], &metric.to_string(), deletion)
    }

    /// Deletes a domain with its metrics, and says whether it was registered.
    ///
    /// # Errors
    /// [`Error::NotEmpty`] when it has statistics that `deletion` doesn't let go.
    pub fn delete_domain(&self, domain: Domain<'_>, deletion: Deletion) -> Result<bool> {
        let reference = domain.reference().as_str();
        self.delete_named(&[reference], reference, deletion)
    }

    fn delete_named(&self, names: &[&str], what: &str, deletion: Deletion) -> Result<bool> {
        self.change(|change| {
            // Taken within the change, so that no other writer comes between.
            let snapshot = self.snapshot();
            if deletion == Deletion::OnlyEmpty {
                for space in [Space::Plain, Space::Object] {
                    let range = KeyRange::prefix(space.key(names));
                    if let Some(entry) = snapshot.first(&range, Direction::Forwards)? {
                        let first = self.describe_row(&entry.key)?;
                        return Err(Error::NotEmpty { what: what.to_owned(), first });
                    }
                }
            }
            let mut was_there = false;
            for space in [Space::Domain, Space::Metric, Space::Plain, Space::Object, Space::Tracked] {
                snapshot.for_each(KeyRange::prefix(space.key(names)), |entry| {
                    was_there = true;
                    change.remove_bytes(entry.key)
                })?;
            }
            match names {
                [domain, metric] => change.registry_mut().remove_metric(domain, metric),
                [domain] => change.registry_mut().remove_domain(domain),
                _ => {}
            }
            Ok(was_there)
        })
    }

    /// A row's first statistic, for people.
    fn describe_row(&self, key: &[u8]) -> Result<String> {
        let row = RowKey::decode(key).map_err(|malformed| self.corrupt(malformed, None))?;
        let domain = Domain::parse(&row.domain, "")?;
        let metric: Metric<'_, AnyValue> = Metric::parse(domain, &row.metric, "")?;
        let day = day_of_number(row.first_day)?;
        let key = metric.on(row.period, Date::from(day));
        Ok(row.object.map_or_else(|| key.to_string(), |object| key.clone().of(object).to_string()))
    }
}
