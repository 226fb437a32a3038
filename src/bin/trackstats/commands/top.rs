//! `trackstats top`.

use crate::output::{
    kinds::{self, Kind, Question},
    series::{header, object_cells, value_cells},
};
use crate::{
    arguments::{DatesArgs, MetricName, StoreArgs},
    output::{self, Cell, TableOrCsv, note},
};
use clap::Args;
use trackstats::{Metric, Period, Store, kinds::Value, store::MetricInfo};

/// Show the objects with the highest values over a range, and all others as one
///
/// Of means it is the mean that ranks, of quantiles the median, of levels the last one.
#[derive(Debug, Args)]
pub(crate) struct TopArgs {
    /// The metric, DOMAIN/METRIC
    metric: MetricName,
    /// Objects of this kind; of several parts, `country,province`
    #[arg(long, value_name = "KIND", value_delimiter = ',', required = true)]
    by: Vec<String>,
    /// The stored period that is read
    #[arg(long, default_value = "day")]
    period: Period,
    #[command(flatten)]
    dates: DatesArgs,
    /// How many
    #[arg(long, value_name = "N", default_value_t = 10)]
    count: usize,
    /// The lowest instead
    #[arg(long)]
    bottom: bool,
    /// How they are written
    #[arg(long, value_enum, default_value_t = TableOrCsv::Table)]
    format: TableOrCsv,
}

impl TopArgs {
    pub(crate) fn run(self, store: &StoreArgs) -> anyhow::Result<()> {
        let store = store.read()?;
        let info = self.metric.registered(&store)?;
        kinds::ask(&info, Top { args: &self, store: &store, info: &info })
    }
}

struct Top<'t> {
    args: &'t TopArgs,
    store: &'t Store,
    info: &'t MetricInfo,
}

impl Question for Top<'_> {
    fn ask<V: Value>(self, metric: Metric<'_, V>, kind: &Kind<V>) -> anyhow::Result<()> {
        let Self { args, store, info } = self;
        let number = kind.number(info)?;
        let query = store.series(metric, args.period).by(args.by.iter().map(String::as_str));
        let breakdown = args.dates.of(query).breakdown()?;
        // Each is merged of at least one record, and so has a number.
        let number = |value: &V| number(value).unwrap_or_default();
        let ranking = if args.bottom {
            breakdown.bottom_by(args.count, number)?
        } else {
            breakdown.top_by(args.count, number)?
        };

        let kinds: Vec<&str> = args.by.iter().map(String::as_str).collect();
        let share = |share: Option<f64>| {
            let cell = share.map_or(Cell::Missing, |share| Cell::Number(format!("{share:.1}")));
            kind.adds_up.then_some(cell)
        };
        let mut columns = header(&[], &kinds, kind.columns);
        columns.extend(kind.adds_up.then_some("share_%"));
        let mut rows = output::rows(args.format, &columns, output::stdout())?;
        for ranked in &ranking.ranked {
            let mut cells = object_cells(Some(&ranked.object), &kinds);
            cells.extend(value_cells(kind.columns, Some(&ranked.value)));
            cells.extend(share(ranked.share));
            rows.row(cells)?;
        }
        rows.end()?;
        if let Some(others) = &ranking.others {
            let values: Vec<String> = columns
                .iter()
                .skip(kinds.len())
                .zip(value_cells(kind.columns, others.value.as_ref()).into_iter().chain(share(others.share)))
                .map(|(column, cell)| format!("{column} {cell}"))
                .collect();
            note(&format!("{} others: {}", others.objects, values.join(", ")));
        }
        if breakdown.is_empty() {
            note(&format!("{} has no such objects; `trackstats list {0}` tells what it has", args.metric));
        }
        Ok(())
    }
}
