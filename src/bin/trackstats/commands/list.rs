//! `trackstats list`.

use crate::{
    arguments::{StoreArgs, checked_prefix},
    output::{self, Cell, TableOrCsv, note},
};
use clap::Args;
use std::{collections::BTreeMap, sync::Arc};
use trackstats::{Date, Period, Series, Store};

/// List the metrics, and the periods and objects that they have statistics for
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only what is under DOMAIN[/METRIC[/PERIOD[/DATE]]]
    prefix: Option<String>,
    /// How the list is written
    #[arg(long, value_enum, default_value_t = TableOrCsv::Table)]
    format: TableOrCsv,
}

/// The statistics of a metric for a period, by objects of some kinds.
struct Tally {
    first: Date,
    last: Date,
    statistics: u64,
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
                let statistics = Cell::Number(tally.statistics.to_string());
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
    fn tallies(&self, store: &Store) -> anyhow::Result<BTreeMap<(String, String, Period, String), Tally>> {
        let mut tallies: BTreeMap<(String, String, Period, String), Tally> = BTreeMap::new();
        // Consecutive statistics are mostly of a series that was met before.
        let mut last: Option<(Arc<Series>, Tally)> = None;
        for statistic in store.scan(&checked_prefix(store, self.prefix.as_deref())?) {
            let statistic = statistic?;
            match &mut last {
                Some((series, tally)) if Arc::ptr_eq(series, &statistic.series) => tally.add(statistic.date),
                _ => {
                    if let Some((series, tally)) = last.take() {
                        put(&mut tallies, &series, tally);
                    }
                    let tally = Tally { first: statistic.date, last: statistic.date, statistics: 1 };
                    last = Some((statistic.series, tally));
                }
            }
        }
        if let Some((series, tally)) = last {
            put(&mut tallies, &series, tally);
        }
        Ok(tallies)
    }
}

fn put(tallies: &mut BTreeMap<(String, String, Period, String), Tally>, series: &Series, tally: Tally) {
    let kinds =
        series.object().map(|object| object.kinds().collect::<Vec<_>>().join(",")).unwrap_or_default();
    let key = (series.domain().to_owned(), series.metric().to_owned(), series.period(), kinds);
    match tallies.get_mut(&key) {
        Some(known) => {
            known.first = known.first.min(tally.first);
            known.last = known.last.max(tally.last);
            known.statistics += tally.statistics;
        }
        None => {
            tallies.insert(key, tally);
        }
    }
}

impl Tally {
    fn add(&mut self, date: Date) {
        self.first = self.first.min(date);
        self.last = self.last.max(date);
        self.statistics += 1;
    }
}
