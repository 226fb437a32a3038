//! `trackstats latest`.

use super::{
    kinds::{self, Kind, Question},
    series,
};
use crate::{
    arguments::{MetricName, ObjectArg, StoreArgs},
    output::{Format, TableOrCsv, note},
};
use clap::Args;
use trackstats::{Metric, Period, Result, Statistic, Store, Value};

/// Show the latest statistic of a metric for a period
#[derive(Debug, Args)]
pub(crate) struct LatestArgs {
    /// The metric, DOMAIN/METRIC
    metric: MetricName,
    /// The period: hour, day, week, month, quarter, year, last-N-days, lifetime
    #[arg(long)]
    period: Period,
    #[arg(long, value_name = "KIND=ID", help = crate::arguments::OBJECT_HELP)]
    object: Option<ObjectArg>,
    /// How the statistics are written
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

impl LatestArgs {
    pub(crate) fn run(self, store: &StoreArgs) -> anyhow::Result<()> {
        let store = store.open()?;
        let info = self.metric.registered(&store)?;
        let Some(format) = self.format.rows() else {
            self.tell(series::print_lines(store.calendar(), self.latest(&store, info.metric()?)?)?);
            return Ok(());
        };
        kinds::ask(&info, Latest { args: &self, store: &store, format })
    }

    fn latest<V: Value>(&self, store: &Store, metric: Metric<'_, V>) -> Result<Option<Result<Statistic<V>>>> {
        let query = store.series(metric, self.period);
        let object = self.object.as_ref();
        let query = object.map_or(query.clone(), |ObjectArg(object)| query.object(object));
        Ok(query.latest()?.map(Ok))
    }

    fn tell(&self, any: bool) {
        if !any {
            note(&format!("{} has no such statistics; `trackstats list {0}` tells what it has", self.metric));
        }
    }
}

struct Latest<'l> {
    args: &'l LatestArgs,
    store: &'l Store,
    format: TableOrCsv,
}

impl Question for Latest<'_> {
    fn ask<V: Kind>(self, metric: Metric<'_, V>) -> anyhow::Result<()> {
        let Self { args, store, format } = self;
        let latest = args.latest(store, metric)?;
        args.tell(series::print(store.calendar(), format, args.period, &[], latest)?);
        Ok(())
    }
}
