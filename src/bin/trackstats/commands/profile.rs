//! `trackstats profile`.

use crate::output::{
    kinds::{self, Kind, Question, ValueColumns},
    series::{header, value_cells},
};
use crate::{
    arguments::{DatesArgs, MetricName, ObjectArg, StoreArgs},
    output::{self, Cell, TableOrCsv},
};
use clap::{Args, ValueEnum};
use trackstats::{Metric, Period, Store, kinds::Value, model::Point, query::ProfilePart};

/// Show what a metric is like on each day of the week, or in each hour of the day
///
/// Made of the stored days, or hours. `values` is how many had a statistic, `dates` how many there were in the range.
#[derive(Debug, Args)]
pub(crate) struct ProfileArgs {
    /// The metric, DOMAIN/METRIC
    metric: MetricName,
    /// By what
    #[arg(long, value_enum, default_value_t = ProfileOf::Weekday)]
    by: ProfileOf,
    #[command(flatten)]
    dates: DatesArgs,
    #[arg(long, value_name = "KIND=ID", help = crate::arguments::OBJECT_HELP)]
    object: Option<ObjectArg>,
    /// How it is written
    #[arg(long, value_enum, default_value_t = TableOrCsv::Table)]
    format: TableOrCsv,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ProfileOf {
    Weekday,
    Hour,
}

impl ProfileArgs {
    pub(crate) fn run(self, store: &StoreArgs) -> anyhow::Result<()> {
        let store = store.read()?;
        let info = self.metric.registered(&store)?;
        kinds::ask(&info, Profile { args: &self, store: &store })
    }

    fn print<K: ToString, V>(
        &self,
        name: &str,
        columns: ValueColumns<V>,
        parts: &[ProfilePart<K, V>],
    ) -> anyhow::Result<()> {
        let mut names = header(&[name], &[], columns);
        names.extend(["values", "dates"]);
        let mut rows = output::rows(self.format, &names, output::stdout())?;
        for part in parts {
            let mut cells = vec![Cell::Text(part.of.to_string())];
            match &part.value {
                Point::Value(value) => cells.extend(value_cells(columns, Some(value))),
                Point::Missing => cells.extend(value_cells(columns, None)),
                Point::Absent => cells.extend(columns.names.iter().map(|_| Cell::Text(String::new()))),
            }
            cells.extend([part.values, part.dates].map(|number| Cell::Number(number.to_string())));
            rows.row(cells)?;
        }
        rows.end()
    }
}

struct Profile<'p> {
    args: &'p ProfileArgs,
    store: &'p Store,
}

impl Question for Profile<'_> {
    fn ask<V: Value>(self, metric: Metric<'_, V>, kind: &Kind<V>) -> anyhow::Result<()> {
        let Self { args, store } = self;
        let period = match args.by {
            ProfileOf::Weekday => Period::Day,
            ProfileOf::Hour => Period::Hour,
        };
        let mut query = store.series(metric, period);
        if let Some(ObjectArg(object)) = &args.object {
            query = query.object(object);
        }
        let query = args.dates.of(query);
        match args.by {
            ProfileOf::Weekday => args.print("weekday", kind.columns, &query.by_weekday()?),
            ProfileOf::Hour => args.print("hour", kind.columns, &query.by_hour()?),
        }
    }
}
