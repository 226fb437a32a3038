//! The domains and metrics that are registered.

use crate::{
    error::{Error, Result, nearest},
    format::{DomainRecord, Form, KeyRange, Malformed, MetricRecord, Record, Space},
    kinds::{AnyValue, Value},
    model::{Domain, Metric},
    storage::{Reads, Storage},
};
use std::{collections::BTreeMap, path::Path};

/// A metric as it is registered in a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricInfo {
    pub(crate) domain: String,
    pub(crate) domain_name: String,
    pub(crate) reference: String,
    pub(crate) record: MetricRecord,
}

impl MetricInfo {
    /// The ref of the domain.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The name of the domain, for people.
    pub fn domain_name(&self) -> &str {
        &self.domain_name
    }

    /// The ref of the metric.
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// The name of the metric, for people.
    pub fn name(&self) -> &str {
        &self.record.name
    }

    /// The description, empty if there is none.
    pub fn description(&self) -> &str {
        &self.record.description
    }

    /// The kind of the metric's values: [`Value::KIND`].
    pub fn kind(&self) -> &str {
        &self.record.kind
    }

    pub(crate) fn form(&self) -> Form {
        self.record.form
    }

    /// A descriptor to read and write the metric with, whatever its kind.
    ///
    /// # Errors
    /// [`Error::InvalidRef`], which a registered metric doesn't have.
    pub fn metric(&self) -> Result<Metric<'_, AnyValue>> {
        let domain = Domain::parse(&self.domain, &self.domain_name)?;
        Ok(Metric::parse(domain, &self.reference, &self.record.name)?.describe(&self.record.description))
    }
}

/// A domain as it is registered in a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainInfo {
    pub(crate) reference: String,
    pub(crate) name: String,
}

impl DomainInfo {
    /// The ref of the domain.
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// The name of the domain, for people.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// All registrations, held in memory beside those in the storage.
#[derive(Debug, Clone, Default)]
pub(crate) struct Registry {
    domains: BTreeMap<String, RegisteredDomain>,
}

#[derive(Debug, Clone)]
struct RegisteredDomain {
    record: DomainRecord,
    metrics: BTreeMap<String, MetricRecord>,
}

impl Registry {
    pub(super) fn read(storage: &Storage) -> Result<Self> {
        let corrupt = |malformed: Malformed| Error::Corrupt {
            path: storage.path().to_owned(),
            problem: malformed.0.to_owned(),
        };
        let mut registry = Self::default();
        for (names, value) in records(storage, Space::Domain)? {
            if let [domain] = names.as_slice() {
                registry.set_domain(domain, DomainRecord::decode(&value).map_err(corrupt)?);
            }
        }
        for (names, value) in records(storage, Space::Metric)? {
            if let [domain, metric] = names.as_slice() {
                registry.set_metric(domain, metric, MetricRecord::decode(&value).map_err(corrupt)?);
            }
        }
        Ok(registry)
    }

    pub(super) fn domain(&self, domain: &str) -> Option<&DomainRecord> {
        self.domains.get(domain).map(|registered| &registered.record)
    }

    pub(super) fn metric(&self, domain: &str, metric: &str) -> Option<&MetricRecord> {
        self.domains.get(domain)?.metrics.get(metric)
    }

    pub(super) fn set_domain(&mut self, domain: &str, record: DomainRecord) {
        self.domains
            .entry(domain.to_owned())
            .and_modify(|registered| registered.record = record.clone())
            .or_insert(RegisteredDomain { record, metrics: BTreeMap::new() });
    }

    pub(super) fn set_metric(&mut self, domain: &str, metric: &str, record: MetricRecord) {
        let unnamed = || RegisteredDomain {
            record: DomainRecord { name: domain.to_owned() },
            metrics: BTreeMap::new(),
        };
        let registered = self.domains.entry(domain.to_owned()).or_insert_with(unnamed);
        registered.metrics.insert(metric.to_owned(), record);
    }

    pub(super) fn remove_metric(&mut self, domain: &str, metric: &str) {
        if let Some(registered) = self.domains.get_mut(domain) {
            registered.metrics.remove(metric);
        }
    }

    pub(super) fn remove_domain(&mut self, domain: &str) {
        self.domains.remove(domain);
    }

    pub(crate) fn domains(&self) -> Vec<DomainInfo> {
        self.domains
            .iter()
            .map(|(reference, registered)| DomainInfo {
                reference: reference.clone(),
                name: registered.record.name.clone(),
            })
            .collect()
    }

    pub(crate) fn metrics(&self) -> Vec<MetricInfo> {
        self.domains
            .iter()
            .flat_map(|(domain, registered)| {
                registered.metrics.iter().map(|(reference, record)| MetricInfo {
                    domain: domain.clone(),
                    domain_name: registered.record.name.clone(),
                    reference: reference.clone(),
                    record: record.clone(),
                })
            })
            .collect()
    }

    /// The metric of these refs; the nearest names if there is none.
    pub(crate) fn find(&self, path: &Path, domain: &str, metric: &str) -> Result<MetricInfo> {
        if let Some(registered) = self.domains.get(domain)
            && let Some(record) = registered.metrics.get(metric)
        {
            return Ok(MetricInfo {
                domain: domain.to_owned(),
                domain_name: registered.record.name.clone(),
                reference: metric.to_owned(),
                record: record.clone(),
            });
        }
        let names: Vec<String> =
            self.metrics().iter().map(|info| format!("{}/{}", info.domain, info.reference)).collect();
        let wanted = format!("{domain}/{metric}");
        let nearest = nearest(&wanted, names.iter().map(String::as_str));
        Err(Error::UnknownMetric { path: path.to_owned(), metric: wanted, nearest })
    }

    /// The kind of a metric's values, none if it isn't registered.
    pub(crate) fn kind(&self, domain: &str, metric: &str) -> Option<&str> {
        Some(&self.metric(domain, metric)?.kind)
    }

    /// The form of a metric's rows, none if it isn't registered.
    pub(crate) fn form<V: Value>(&self, metric: &Metric<'_, V>) -> Result<Option<Form>> {
        let Some(record) = self.metric(metric.domain_ref(), metric.metric_ref()) else {
            return Ok(None);
        };
        if record.kind != V::KIND && Form::of::<V>().is_some() {
            return Err(Error::WrongKind {
                metric: metric.to_string(),
                stored: record.kind.clone(),
                given: V::KIND.to_owned(),
            });
        }
        Ok(Some(record.form))
    }
}

/// All records of a space, with the names in their keys.
fn records(storage: &Storage, space: Space) -> Result<Vec<(Vec<String>, Vec<u8>)>> {
    let mut found = Vec::new();
    storage.snapshot().for_each(KeyRange::space(space), |entry| {
        let names = space.names(&entry.key).map_err(|malformed| Error::Corrupt {
            path: storage.path().to_owned(),
            problem: malformed.0.to_owned(),
        })?;
        found.push((names, entry.value));
        Ok(())
    })?;
    Ok(found)
}
