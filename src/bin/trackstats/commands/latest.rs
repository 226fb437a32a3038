//! `trackstats latest`.

use crate::output::{
    kinds::{self, Kind, Question},
    series,
};
use crate::{
    arguments::{MetricName, ObjectArg, StoreArgs},
    output::{Format, TableOrCsv},
};
use clap::Args;
use trackstats::{Metric, Period, Result, Store, kinds::Value, model::Statistic};

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
        let store = store.read()?;
        let info = self.metric.registered(&store)?;
        let Some(format) = self.format.rows() else {
            series::tell(
                &self.metric,
                series::print_lines(store.calendar(), info.kind(), self.latest(&store, info.metric()?)?)?,
            );
            return Ok(());
        };
        kinds::ask(&info, Latest { args: &self, store: &store, format })
    }

    fn latest<V: Value>(&self, store: &Store, metric: Metric<'_, V>) -> Result<Option<Result<Statistic<V>>>> {
        let mut query = store.series(metric, self.period);
        if let Some(ObjectArg(object)) = &self.object {
            query = query.object(object);
        }
        Ok(query.latest()?.map(Ok))
    }
}

struct Latest<'l> {
    args: &'l LatestArgs,
    store: &'l Store,
    format: TableOrCsv,
}

impl Question for Latest<'_> {
    fn ask<V: Value>(self, metric: Metric<'_, V>, kind: &Kind<V>) -> anyhow::Result<()> {
        let Self { args, store, format } = self;
        let latest = args.latest(store, metric)?;
        let any = series::print(store.calendar(), format, args.period, &[], kind.columns, latest)?;
        series::tell(&args.metric, any);
        Ok(())
    }
}
