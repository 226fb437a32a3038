//! `DOMAIN/METRIC`.

use std::str::FromStr;
use trackstats::{Domain, Metric, Store, model::Ref, store::MetricInfo};

/// The name of a metric, `DOMAIN/METRIC`.
#[derive(Debug, Clone)]
pub(crate) struct MetricName {
    domain: String,
    metric: String,
}

impl FromStr for MetricName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (domain, metric) = text
            .split_once('/')
            .ok_or_else(|| "a metric is DOMAIN/METRIC, such as flights/departures".to_owned())?;
        for reference in [domain, metric] {
            Ref::parse(reference).map_err(|error| error.to_string())?;
        }
        Ok(Self { domain: domain.to_owned(), metric: metric.to_owned() })
    }
}

impl MetricName {
    /// The metric as it is registered.
    pub(crate) fn registered(&self, store: &Store) -> trackstats::Result<MetricInfo> {
        store.metric(&self.domain, &self.metric)
    }

    /// What a metric to write with is called: a registered one keeps its names, a new one is named by its refs.
    pub(crate) fn names(&self, store: &Store) -> Names<'_> {
        let info = store.metric(&self.domain, &self.metric).ok();
        let domains = store.domains();
        let domain = domains.iter().find(|domain| domain.reference() == self.domain);
        Names {
            metric: self,
            domain_name: domain.map_or(&*self.domain, |domain| domain.name()).to_owned(),
            name: info.as_ref().map_or(&*self.metric, MetricInfo::name).to_owned(),
            description: info.as_ref().map_or("", MetricInfo::description).to_owned(),
        }
    }
}

/// What a metric is called.
#[derive(Debug)]
pub(crate) struct Names<'n> {
    metric: &'n MetricName,
    domain_name: String,
    name: String,
    description: String,
}

impl Names<'_> {
    /// The metric, to write values of the type `V` with.
    pub(crate) fn metric<V>(&self) -> trackstats::Result<Metric<'_, V>> {
        let domain = Domain::parse(&self.metric.domain, &self.domain_name)?;
        Ok(Metric::parse(domain, &self.metric.metric, &self.name)?.describe(&self.description))
    }
}

/// `DOMAIN/METRIC`, as it was given.
impl std::fmt::Display for MetricName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.domain, self.metric)
    }
}
