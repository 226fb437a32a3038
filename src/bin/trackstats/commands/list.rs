//! `trackstats list`.

use crate::{
    arguments::{StoreArgs, checked_prefix},
    output::{self, Cell, TableOrCsv, note},
};
use clap::Args;
use std::collections::BTreeMap;
use trackstats::{
    Period, Store,
    chrono::Days,
    model::{Date, Series},
    store::Prefix,
};

/// List the metrics, and the periods and objects that they have statistics for
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only what is under DOMAIN[/METRIC[/PERIOD[/DATE]]]
    prefix: Option<String>,
    /// How the list is written
    #[arg(long, value_enum, default_value_t = TableOrCsv::Table)]
    format: TableOrCsv,
}

/// From when to when a listed series has statistics, and how many: not counted for running periods, which are worked
/// out when they are read.
#[derive(Debug, Clone)]
struct Extent {
    first: Date,
    last: Date,
    statistics: Option<u64>,
}

impl ListArgs {
    pub(crate) fn run(self, store: &StoreArgs) -> anyhow::Result<()> {
        let store = store.read()?;
        let extents = self.extents(&store)?;
        let header = ["metric", "name", "values", "period", "by", "first", "last", "statistics"];
        let mut rows = output::rows(self.format, &header, output::stdout())?;
        let mut names =
            self.prefix.iter().flat_map(|prefix| prefix.split('/')).filter(|name| !name.is_empty());
        let (domain, metric, narrow) = (names.next(), names.next(), names.next().is_some());
        let mut any = false;
        for info in store.metrics() {
            let wanted = domain.is_none_or(|domain| domain == info.domain())
                && metric.is_none_or(|metric| metric == info.reference());
            let name = format!("{}/{}", info.domain(), info.reference());
            let beginning =
                || [name.as_str(), info.name(), info.kind()].map(|text| Cell::Text(text.to_owned()));
            let found: Vec<_> = extents
                .iter()
                .filter(|((domain, metric, _, _), _)| domain == info.domain() && metric == info.reference())
                .collect();
            for ((_, _, period, kinds), extent) in &found {
                let dates = [extent.first, extent.last].map(|date| store.calendar().date_text(*period, date));
                let [first, last] = dates;
                let rest = [period.to_string(), kinds.clone(), first?, last?].map(Cell::Text);
                let statistics =
                    extent.statistics.map_or(Cell::Missing, |count| Cell::Number(count.to_string()));
                rows.row(beginning().into_iter().chain(rest).chain([statistics]).collect())?;
                any = true;
            }
            if found.is_empty() && wanted && !narrow {
                let rest = [const { String::new() }; 4].map(Cell::Text);
                let none = Cell::Number(0.to_string());
                rows.row(beginning().into_iter().chain(rest).chain([none]).collect())?;
                any = true;
            }
        }
        rows.end()?;
        if !any {
            note("there are no statistics; `trackstats track` and `trackstats record` make some");
        }
        Ok(())
    }

    /// What there is, by domain, metric, period and the kinds of the objects.
    fn extents(&self, store: &Store) -> anyhow::Result<BTreeMap<ListedSeries, Extent>> {
        let prefix = checked_prefix(store, self.prefix.as_deref())?;
        let mut extents = stored(store, &prefix)?;
        let mut names =
            self.prefix.iter().flat_map(|prefix| prefix.split('/')).filter(|name| !name.is_empty());
        let (domain, metric, period) = (names.next(), names.next(), names.next());
        if names.next().is_some() {
            return Ok(extents);
        }
        // Running periods come from days, which may not be under the prefix.
        let days = match (domain, metric, period) {
            (Some(domain), Some(metric), Some(_)) => {
                stored(store, &Prefix::domain(domain)?.metric(metric)?.period(Period::Day))?
            }
            _ => extents.clone(),
        };
        let period: Option<Period> = period.map(str::parse).transpose()?;
        let wanted = |running: &Period| period.is_none_or(|period| period == *running);
        add_running(store, &days, &mut extents, wanted)?;
        Ok(extents)
    }
}

/// What is stored under a prefix.
fn stored(store: &Store, prefix: &Prefix) -> anyhow::Result<BTreeMap<ListedSeries, Extent>> {
    let mut extents: BTreeMap<ListedSeries, Extent> = BTreeMap::new();
    // Consecutive statistics are mostly of one metric, period and kinds.
    let mut last: Option<(ListedSeries, Extent)> = None;
    store.visit(prefix, |series, date, _| match &mut last {
        Some((listed, extent)) if is_of(listed, series) => extent.add(date),
        _ => {
            put(&mut extents, last.take());
            let kinds = series.object().map(|object| object.kinds().collect::<Vec<_>>().join(","));
            let names = (series.domain().to_owned(), series.metric().to_owned());
            let listed = (names.0, names.1, series.period(), kinds.unwrap_or_default());
            last = Some((listed, Extent { first: date, last: date, statistics: Some(1) }));
        }
    })?;
    put(&mut extents, last);
    Ok(extents)
}

/// A domain, a metric, a period, and the kinds of objects joined by commas.
type ListedSeries = (String, String, Period, String);

fn is_of((domain, metric, period, kinds): &ListedSeries, series: &Series) -> bool {
    let mut rest = kinds.split(',').filter(|kind| !kind.is_empty());
    series.period() == *period
        && series.metric() == metric
        && series.domain() == domain
        && series.object().map_or(kinds.is_empty(), |object| object.kinds().eq(&mut rest))
}

fn put(extents: &mut BTreeMap<ListedSeries, Extent>, found: Option<(ListedSeries, Extent)>) {
    let Some((listed, extent)) = found else { return };
    match extents.get_mut(&listed) {
        Some(known) => {
            known.first = known.first.min(extent.first);
            known.last = known.last.max(extent.last);
            known.statistics = known.statistics.zip(extent.statistics).map(|(a, b)| a + b);
        }
        None => {
            extents.insert(listed, extent);
        }
    }
}

/// Adds the running periods that trackers keep: they are worked out from the days that there are.
fn add_running(
    store: &Store,
    days: &BTreeMap<ListedSeries, Extent>,
    extents: &mut BTreeMap<ListedSeries, Extent>,
    wanted: impl Fn(&Period) -> bool,
) -> anyhow::Result<()> {
    for tracked in store.tracked()? {
        let kinds = tracked.by.join(",");
        let listed = (tracked.domain.clone(), tracked.metric.clone(), Period::Day, kinds.clone());
        let (Some(days), Some(today)) = (days.get(&listed), tracked.last) else { continue };
        let (first, last) = (days.first, days.last.day());
        for period in tracked.periods.into_iter().filter(&wanted) {
            let last = match period {
                Period::LastDays(n) => (last + Days::new(u64::from(n) - 1)).min(today),
                Period::Lifetime => today,
                _ => continue,
            };
            let listed = (tracked.domain.clone(), tracked.metric.clone(), period, kinds.clone());
            let known = extents
                .get(&listed)
                .map_or((first, last.into()), |known| (known.first.min(first), known.last.max(last.into())));
            if known.0 <= known.1 {
                extents.insert(listed, Extent { first: known.0, last: known.1, statistics: None });
            }
        }
    }
    Ok(())
}

impl Extent {
    fn add(&mut self, date: Date) {
        self.first = self.first.min(date);
        self.last = self.last.max(date);
        self.statistics = self.statistics.map(|count| count + 1);
    }
}
