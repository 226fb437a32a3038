//! `DOMAIN[/METRIC[/PERIOD[/DATE]]]`.

use crate::nearest::nearest_first;
use anyhow::bail;
use trackstats::{
    Store,
    error::shown,
    store::{DomainInfo, Prefix},
};

/// The prefix that a text stands for, if the store has its domain and metric: a slip of the pen should not look like
/// an empty store.
pub(crate) fn checked_prefix(store: &Store, text: Option<&str>) -> anyhow::Result<Prefix> {
    let Some(text) = text else { return Ok(Prefix::everything()) };
    let prefix = text.parse()?;
    let mut names = text.split('/').filter(|name| !name.is_empty());
    if let Some(domain) = names.next() {
        let domains = store.domains();
        if !domains.iter().any(|known| known.reference() == domain) {
            let known = nearest_first(domain, domains.iter().map(DomainInfo::reference));
            let known = if known.is_empty() {
                "it has none".to_owned()
            } else {
                format!("it has {}", known.join(", "))
            };
            bail!("the store at {} has no domain {domain:?}; {known}", shown(store.path()));
        }
        if let Some(metric) = names.next() {
            store.metric(domain, metric)?;
        }
    }
    Ok(prefix)
}
