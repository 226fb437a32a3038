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

/// The statistics of a metric for a period, by objects of some kinds; none of those that are worked out are counted.
#[derive(Debug, Clone)]
struct Tally {
    first: Date,
    last: Date,
    statistics: Option<u64>,
}

impl ListArgs {
    pub(crate) fn run(self, store: &StoreArgs) -> anyhow::Result<()> {
        let store = store.open()?;
        let tallies = self.tallies(&store)?;
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
            let found: Vec<_> = tallies
                .iter()
                .filter(|((domain, metric, _, _), _)| domain == info.domain() && metric == info.reference())
                .collect();
            for ((_, _, period, kinds), tally) in &found {
                let dates = [tally.first, tally.last].map(|date| store.calendar().date_text(*period, date));
                let [first, last] = dates;
                let rest = [period.to_string(), kinds.clone(), first?, last?].map(Cell::Text);
                let statistics =
                    tally.statistics.map_or(Cell::Missing, |count| Cell::Number(count.to_string()));
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
    fn tallies(&self, store: &Store) -> anyhow::Result<BTreeMap<ListedSeries, Tally>> {
        let prefix = checked_prefix(store, self.prefix.as_deref())?;
        let mut tallies = stored(store, &prefix)?;
        let mut names =
            self.prefix.iter().flat_map(|prefix| prefix.split('/')).filter(|name| !name.is_empty());
        let (domain, metric, period) = (names.next(), names.next(), names.next());
        if names.next().is_some() {
            return Ok(tallies);
        }
        // Running periods come from days, which may not be under the prefix.
        let days = match (domain, metric, period) {
            (Some(domain), Some(metric), Some(_)) => {
                stored(store, &Prefix::domain(domain)?.metric(metric)?.period(Period::Day))?
            }
            _ => tallies.clone(),
        };
        let period: Option<Period> = period.map(str::parse).transpose()?;
        let wanted = |running: &Period| period.is_none_or(|period| period == *running);
        add_running(store, &days, &mut tallies, wanted)?;
        Ok(tallies)
    }
}

/// What is stored under a prefix.
fn stored(store: &Store, prefix: &Prefix) -> anyhow::Result<BTreeMap<ListedSeries, Tally>> {
    let mut tallies: BTreeMap<ListedSeries, Tally> = BTreeMap::new();
    // Consecutive statistics are mostly of one metric, period and kinds.
    let mut last: Option<(ListedSeries, Tally)> = None;
    store.visit(prefix, |series, date, _| match &mut last {
        Some((place, tally)) if is_of(place, series) => tally.add(date),
        _ => {
            put(&mut tallies, last.take());
            let kinds = series.object().map(|object| object.kinds().collect::<Vec<_>>().join(","));
            let names = (series.domain().to_owned(), series.metric().to_owned());
            let place = (names.0, names.1, series.period(), kinds.unwrap_or_default());
            last = Some((place, Tally { first: date, last: date, statistics: Some(1) }));
        }
    })?;
    put(&mut tallies, last);
    Ok(tallies)
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

fn put(tallies: &mut BTreeMap<ListedSeries, Tally>, found: Option<(ListedSeries, Tally)>) {
    let Some((place, tally)) = found else { return };
    match tallies.get_mut(&place) {
        Some(known) => {
            known.first = known.first.min(tally.first);
            known.last = known.last.max(tally.last);
            known.statistics = known.statistics.zip(tally.statistics).map(|(a, b)| a + b);
        }
        None => {
            tallies.insert(place, tally);
        }
    }
}

/// Adds the running periods that trackers keep: they are worked out from the days that there are.
fn add_running(
    store: &Store,
    days: &BTreeMap<ListedSeries, Tally>,
    tallies: &mut BTreeMap<ListedSeries, Tally>,
    wanted: impl Fn(&Period) -> bool,
) -> anyhow::Result<()> {
    for tracked in store.tracked()? {
        let kinds = tracked.by.join(",");
        let place = (tracked.domain.clone(), tracked.metric.clone(), Period::Day, kinds.clone());
        let (Some(days), Some(today)) = (days.get(&place), tracked.last) else { continue };
        let (first, last) = (days.first, days.last.day());
        for period in tracked.periods.into_iter().filter(&wanted) {
            let last = match period {
                Period::LastDays(n) => (last + Days::new(u64::from(n) - 1)).min(today),
                Period::Lifetime => today,
                _ => continue,
            };
            let place = (tracked.domain.clone(), tracked.metric.clone(), period, kinds.clone());
            let known = tallies
                .get(&place)
                .map_or((first, last.into()), |known| (known.first.min(first), known.last.max(last.into())));
            if known.0 <= known.1 {
                tallies.insert(place, Tally { first: known.0, last: known.1, statistics: None });
            }
        }
    }
    Ok(())
}

impl Tally {
    fn add(&mut self, date: Date) {
        self.first = self.first.min(date);
        self.last = self.last.max(date);
        self.statistics = self.statistics.map(|count| count + 1);
    }
}
