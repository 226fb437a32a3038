//! `trackstats show`.

use crate::output::{
    kinds::{self, COMPARED, Kind, NUMBERS, Question, ValueColumns},
    series::{self, header, object_cells, value_cells},
};
use crate::{
    arguments::{DatesArgs, MetricName, ObjectArg, StoreArgs},
    output::{self, Format, TableOrCsv},
};
use anyhow::bail;
use clap::{Args, ValueEnum};
use trackstats::{
    Metric, Period, Result, Store,
    kinds::{AnyValue, Value},
    model::Statistic,
    query::{Fill, SeriesQuery},
    store::MetricInfo,
};

/// Show a metric's statistics for a period, as a time series, or a series that is worked out from them
///
/// Of several options --resample comes first, then --rolling, --cumulative, and what compares. Means, medians and
/// distinct counts are those of the records, never of other means.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The metric, DOMAIN/METRIC
    metric: MetricName,
    /// The period: hour, day, week, month, quarter, year, last-N-days, lifetime
    #[arg(long)]
    period: Period,
    #[command(flatten)]
    dates: DatesArgs,
    #[arg(long, value_name = "KIND=ID", help = crate::arguments::OBJECT_HELP)]
    object: Option<ObjectArg>,
    /// Every object of this kind; of several parts, `country,province`
    #[arg(long, value_name = "KIND", value_delimiter = ',', conflicts_with = "object")]
    by: Vec<String>,
    /// What stands for the dates that have no statistic [default: they are left out]
    #[arg(long, value_enum)]
    fill: Option<FillWith>,
    #[command(flatten)]
    derive: Derive,
    /// How the statistics are written
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FillWith {
    Zero,
    Missing,
    Previous,
}

/// What is worked out from the stored statistics.
#[derive(Debug, Args)]
struct Derive {
    /// Merged to calendar periods of this kind: day, week, month, quarter, year
    #[arg(long, value_name = "PERIOD")]
    resample: Option<Period>,
    /// Each date with the N-1 before it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    rolling: Option<u16>,
    /// Each date with all before it
    #[arg(long)]
    cumulative: bool,
    #[command(flatten)]
    last: ComparedWith,
    /// One value for the whole range, of each object
    #[arg(long, conflicts_with_all = ["resample", "rolling", "cumulative", "ComparedWith", "fill"])]
    over: bool,
}

/// What numbers are compared with.
#[derive(Debug, Args)]
#[group(multiple = false)]
struct ComparedWith {
    /// How much more it is than the period before
    #[arg(long)]
    difference: bool,
    /// How much more it is than the period before, in percent
    #[arg(long)]
    growth: bool,
    /// Beside the period before, or the same period of the last year
    #[arg(long, value_enum, value_name = "WITH")]
    compare: Option<CompareArg>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum CompareArg {
    Previous,
    LastYear,
}

impl Derive {
    fn is_any(&self) -> bool {
        self.resample.is_some()
            || self.rolling.is_some()
            || self.cumulative
            || self.over
            || self.last.is_any()
    }
}

impl ComparedWith {
    fn is_any(&self) -> bool {
        self.difference || self.growth || self.compare.is_some()
    }
}

impl ShowArgs {
    pub(crate) fn run(self, store: &StoreArgs) -> anyhow::Result<()> {
        let store = store.read()?;
        let info = self.metric.registered(&store)?;
        let Some(format) = self.format.rows() else {
            if self.derive.is_any() {
                bail!(
                    "only stored statistics are written as an export has them; use --format csv for others"
                );
            }
            series::tell(
                &self.metric,
                series::print_lines(store.calendar(), info.kind(), self.stored(&store, &info)?)?,
            );
            return Ok(());
        };
        kinds::ask(&info, Show { args: &self, store: &store, info: &info, format })
    }

    fn stored<'s>(
        &self,
        store: &'s Store,
        info: &'s MetricInfo,
    ) -> Result<Box<dyn Iterator<Item = Result<Statistic<AnyValue>>> + 's>> {
        if info.kind() != i64::KIND {
            return Ok(self.query(store, info.metric()?).statistics()?);
        }
        // Of values whose kind isn't known, zero isn't known either.
        let any = |found: Statistic| Statistic {
            series: found.series,
            date: found.date,
            value: found.value.map(AnyValue::Integer),
        };
        let statistics = self.query(store, kinds::metric(info)?).statistics()?;
        Ok(Box::new(statistics.map(move |found| found.map(any))))
    }

    fn query<'m, V: Value>(&self, store: &Store, metric: Metric<'m, V>) -> SeriesQuery<'m, V> {
        let mut query = store.series(metric, self.period);
        if let Some(ObjectArg(object)) = &self.object {
            query = query.object(object);
        } else if !self.by.is_empty() {
            query = query.by(self.by.iter().map(String::as_str));
        }
        self.dates.of(query).fill(match self.fill {
            None => Fill::Absent,
            Some(FillWith::Zero) => Fill::Zero,
            Some(FillWith::Missing) => Fill::Missing,
            Some(FillWith::Previous) => Fill::Previous,
        })
    }
}

/// The answer in columns.
struct Show<'s> {
    args: &'s ShowArgs,
    store: &'s Store,
    info: &'s MetricInfo,
    format: TableOrCsv,
}

impl Question for Show<'_> {
    fn ask<V: Value>(self, metric: Metric<'_, V>, kind: &Kind<V>) -> anyhow::Result<()> {
        let query = self.args.query(self.store, metric);
        let derive = &self.args.derive;
        if derive.over {
            return self.over(&query, kind.columns);
        }
        if !derive.is_any() {
            return self.print(self.args.period, kind.columns, query.statistics()?);
        }
        let mut derived = query;
        if let Some(period) = derive.resample {
            derived = derived.resample(period);
        }
        if let Some(count) = derive.rolling {
            derived = derived.rolling(count);
        }
        if derive.cumulative {
            derived = derived.cumulative();
        }
        if !derive.last.is_any() {
            return self.derived(&derived, kind.columns);
        }
        let number = kind.number(self.info)?;
        let numbers = derived.filter_map(move |value| number(&value));
        match derive.last {
            ComparedWith { compare: Some(CompareArg::Previous), .. } => {
                self.derived(&numbers.compare(trackstats::query::Compare::Previous), COMPARED)
            }
            ComparedWith { compare: Some(CompareArg::LastYear), .. } => {
                self.derived(&numbers.compare(trackstats::query::Compare::LastYear), COMPARED)
            }
            ComparedWith { growth: true, .. } => self.derived(&numbers.growth(), NUMBERS),
            _ => self.derived(&numbers.difference(), NUMBERS),
        }
    }
}

impl Show<'_> {
    fn kinds(&self) -> Vec<&str> {
        self.args.by.iter().map(String::as_str).collect()
    }

    fn derived<T: Clone>(
        &self,
        derived: &SeriesQuery<'_, T>,
        columns: ValueColumns<T>,
    ) -> anyhow::Result<()> {
        self.print(derived.period(), columns, derived.all()?.into_iter().map(Ok))
    }

    fn print<T>(
        &self,
        period: Period,
        columns: ValueColumns<T>,
        statistics: impl Iterator<Item = Result<Statistic<T>>>,
    ) -> anyhow::Result<()> {
        let kinds = self.kinds();
        let any = series::print(self.store.calendar(), self.format, period, &kinds, columns, statistics)?;
        series::tell(&self.args.metric, any);
        Ok(())
    }

    fn over<V: Value>(&self, query: &SeriesQuery<'_, V>, columns: ValueColumns<V>) -> anyhow::Result<()> {
        let kinds = self.kinds();
        let totals = query.over_each()?;
        let mut rows = output::rows(self.format, &header(&[], &kinds, columns), output::stdout())?;
        for total in &totals {
            let mut cells = object_cells(total.object(), &kinds);
            cells.extend(value_cells(columns, total.value.as_ref()));
            rows.row(cells)?;
        }
        rows.end()?;
        series::tell(&self.args.metric, !totals.is_empty());
        Ok(())
    }
}
