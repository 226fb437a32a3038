//! `trackstats show`.

use super::series;
use crate::{
    arguments::{MetricName, ObjectArg, StoreArgs},
    output::{Format, note},
};
use clap::{Args, ValueEnum};
use trackstats::{
    AnyValue, Domain, Metric, MetricInfo, Period, Result, SeriesQuery, Statistic, Store, Value,
    chrono::NaiveDate,
};

/// Show a metric's statistics for a period, as a time series
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The metric, DOMAIN/METRIC
    metric: MetricName,
    /// The period: hour, day, week, month, quarter, year, last-N-days, lifetime
    #[arg(long)]
    period: Period,
    /// From the period that contains this date on
    #[arg(long, value_name = "DATE")]
    from: Option<NaiveDate>,
    /// Up to the period that contains this date
    #[arg(long, value_name = "DATE")]
    to: Option<NaiveDate>,
    #[arg(long, value_name = "KIND=ID", help = crate::arguments::OBJECT_HELP)]
    object: Option<ObjectArg>,
    /// Every object of this kind; of several parts, `country,province`
    #[arg(long, value_name = "KIND", value_delimiter = ',', conflicts_with = "object")]
    by: Vec<String>,
    /// What stands for the dates that have no statistic [default: they are left out]
    #[arg(long, value_enum)]
    fill: Option<Fill>,
    /// How the statistics are written
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Fill {
    Zero,
    Missing,
    Previous,
}

impl ShowArgs {
    pub(crate) fn run(self, store: &StoreArgs) -> anyhow::Result<()> {
        let store = store.open()?;
        let info = self.metric.registered(&store)?;
        let statistics: Box<dyn Iterator<Item = Result<Statistic<AnyValue>>>> = if info.kind() == i64::KIND {
            // Of values whose kind isn't known, zero isn't known either.
            let any = |found: Statistic| Statistic {
                series: found.series,
                date: found.date,
                value: found.value.map(AnyValue::Integer),
            };
            Box::new(self.query(&store, integers(&info)?).statistics()?.map(move |found| found.map(any)))
        } else {
            self.query(&store, info.metric()?).statistics()?
        };
        let kinds: Vec<&str> = self.by.iter().map(String::as_str).collect();
        if !series::print(&store, self.format, self.period, &kinds, statistics)? {
            note(&format!("{} has no such statistics; `trackstats list {0}` tells what it has", self.metric));
        }
        Ok(())
    }

    fn query<'m, V: Value>(&self, store: &Store, metric: Metric<'m, V>) -> SeriesQuery<'m, V> {
        let mut query = store.series(metric, self.period);
        if let Some(ObjectArg(object)) = &self.object {
            query = query.object(object);
        } else if !self.by.is_empty() {
            query = query.by(self.by.iter().map(String::as_str));
        }
        if let Some(from) = self.from {
            query = query.from(from);
        }
        if let Some(to) = self.to {
            query = query.to(to);
        }
        query.fill(match self.fill {
            None => trackstats::Fill::Absent,
            Some(Fill::Zero) => trackstats::Fill::Zero,
            Some(Fill::Missing) => trackstats::Fill::Missing,
            Some(Fill::Previous) => trackstats::Fill::Previous,
        })
    }
}

fn integers(info: &MetricInfo) -> Result<Metric<'_>> {
    Metric::parse(Domain::parse(info.domain(), info.domain_name())?, info.reference(), info.name())
}
