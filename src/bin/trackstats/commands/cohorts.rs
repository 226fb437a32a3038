//! `trackstats cohorts`.

use crate::output::series;
use crate::{
    arguments::{DatesArgs, MetricName, ObjectArg, StoreArgs},
    output::{self, Cell, TableOrCsv},
};
use anyhow::bail;
use clap::{Args, ValueEnum};
use trackstats::{
    Calendar, Store,
    kinds::{Distinct, Value},
    query::Cohorts,
};

/// Show how many of those who came on a date came back later, in percent
///
/// Both metrics hold distinct counts (`track --distinct`); they may be the same. Where nothing is known of a date, as of
/// those in the future, there is no figure. Of some 384 things and more, the figures are estimates: see
/// `CohortsQuery` in the library's documentation.
#[derive(Debug, Args)]
pub(crate) struct CohortsArgs {
    /// The metric that counts who came, DOMAIN/METRIC
    cohorts: MetricName,
    /// The metric that counts who was there [default: the same]
    activity: Option<MetricName>,
    /// The length of a step
    #[arg(long, value_enum, default_value_t = CohortStep::Day)]
    period: CohortStep,
    /// How many steps after the first
    #[arg(long, value_name = "N", default_value_t = 7)]
    steps: u16,
    #[command(flatten)]
    dates: DatesArgs,
    #[arg(long, value_name = "KIND=ID", help = crate::arguments::OBJECT_HELP)]
    object: Option<ObjectArg>,
    /// How it is written
    #[arg(long, value_enum, default_value_t = TableOrCsv::Table)]
    format: TableOrCsv,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum CohortStep {
    Day,
    Week,
    Month,
}

impl CohortsArgs {
    pub(crate) fn run(self, store: &StoreArgs) -> anyhow::Result<()> {
        let store = store.read()?;
        let cohorts = self.cohorts(&store)?;
        series::tell(&self.cohorts, !cohorts.cohorts.is_empty());
        self.print(store.calendar(), &cohorts)
    }

    fn cohorts(&self, store: &Store) -> anyhow::Result<Cohorts> {
        let activity = self.activity.as_ref().unwrap_or(&self.cohorts);
        for metric in [&self.cohorts, activity] {
            let info = metric.registered(store)?;
            if info.kind() != <Distinct as Value>::KIND {
                bail!(
                    "{metric} holds values of the kind {:?}; cohorts needs distinct counts, as `trackstats track \
                     --distinct COLUMN` makes them",
                    info.kind()
                );
            }
        }
        let (cohorts, activity) = (self.cohorts.names(store), activity.names(store));
        let mut query = store.cohorts(cohorts.metric()?, activity.metric()?);
        if let Some(ObjectArg(object)) = &self.object {
            query = query.object(object);
        }
        if let Some(from) = self.dates.from {
            query = query.from(from);
        }
        if let Some(to) = self.dates.to {
            query = query.to(to);
        }
        Ok(match self.period {
            CohortStep::Day => query.days(self.steps)?,
            CohortStep::Week => query.weeks(self.steps)?,
            CohortStep::Month => query.months(self.steps)?,
        })
    }

    fn print(&self, calendar: &Calendar, cohorts: &Cohorts) -> anyhow::Result<()> {
        let steps: Vec<String> = (0..=self.steps).map(|step| step.to_string()).collect();
        let header: Vec<&str> =
            ["date", "size"].into_iter().chain(steps.iter().map(String::as_str)).collect();
        let mut rows = output::rows(self.format, &header, output::stdout())?;
        for cohort in &cohorts.cohorts {
            let date = calendar.date_text(cohorts.period, cohort.date)?;
            let rate = |rate: Option<f64>| {
                rate.map_or(Cell::Missing, |rate| Cell::Number(format!("{:.1}", rate * 100.0)))
            };
            let size = Cell::Number(format!("{:.0}", cohort.size));
            rows.row([Cell::Text(date), size].into_iter().chain(cohort.rates().map(rate)).collect())?;
        }
        rows.end()
    }
}
