//! `trackstats latest`.

use super::series;
use crate::{
    arguments::{MetricName, ObjectArg, StoreArgs},
    output::{Format, note},
};
use clap::Args;
use trackstats::Period;

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
        let mut query = store.series(info.metric()?, self.period);
        if let Some(ObjectArg(object)) = self.object {
            query = query.object(object);
        }
        let latest = query.latest()?.into_iter().map(Ok);
        if !series::print(&store, self.format, self.period, &[], latest)? {
            note(&format!("{} has no such statistics; `trackstats list {0}` tells what it has", self.metric));
        }
        Ok(())
    }
}
