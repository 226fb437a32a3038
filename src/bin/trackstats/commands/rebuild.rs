//! `trackstats rebuild`.

use crate::{
    arguments::{StoreArgs, checked_prefix, object_text},
    output::{self, Cell, RowWriter, TableOrCsv, kinds, note},
};
use anyhow::bail;
use clap::Args;
use trackstats::{
    Metric, Store,
    kinds::{Figures, KindVisitor, Value, visit_kind},
    maintenance::{Difference, RebuildReport},
    model::Point,
    store::MetricInfo,
};

/// Recompute weeks, months, quarters and years that trackers keep from their days
///
/// It mends what `verify` finds. Only days are known: where older days were deleted, months and years will no longer count
/// them; `--dry-run` shows it before.
#[derive(Debug, Args)]
pub(crate) struct RebuildArgs {
    /// The metric, DOMAIN/METRIC, or DOMAIN for each of its metrics; a metric is changed as a whole or not at all
    #[arg(value_name = "METRIC", value_parser = names)]
    names: String,
    /// Print what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// How a dry run is written [default: table]
    #[arg(long, value_enum, requires = "dry_run")]
    format: Option<TableOrCsv>,
}

fn names(text: &str) -> Result<String, String> {
    match text.trim_end_matches('/').split('/').count() {
        1 | 2 => Ok(text.to_owned()),
        _ => Err("give DOMAIN/METRIC or DOMAIN: all periods of a metric are rebuilt together".to_owned()),
    }
}

impl RebuildArgs {
    pub(crate) fn run(self, store: &StoreArgs) -> anyhow::Result<()> {
        let store = store.open()?;
        // For its errors, which name what there is.
        let _ = checked_prefix(&store, Some(&self.names))?;
        let mut names = self.names.split('/').filter(|name| !name.is_empty());
        let (domain, only) = (names.next(), names.next());
        let metrics = store.metrics();
        let wanted = metrics.iter().filter(|info| {
            domain == Some(info.domain()) && only.is_none_or(|metric| metric == info.reference())
        });
        if self.dry_run {
            let header = ["metric", "period", "date", "object", "stored", "expected"];
            let format = self.format.unwrap_or(TableOrCsv::Table);
            let mut dry_run = DryRun { rows: output::rows(format, &header, output::stdout())?, any: false };
            for info in wanted {
                each(&store, info, only.is_some(), &mut dry_run)?;
            }
            dry_run.rows.end()?;
            if !dry_run.any {
                note("nothing would change");
            }
            return Ok(());
        }
        let mut total = RebuildReport::default();
        for info in wanted {
            each(&store, info, only.is_some(), &mut total)?;
        }
        store.flush()?;
        note(&format!("{} statistics written, {} removed", total.written, total.removed));
        Ok(())
    }
}

/// What is done with a metric, of whatever kind.
trait Work {
    fn metric<V: Value>(&mut self, store: &Store, metric: Metric<'_, V>) -> anyhow::Result<()>;
}

/// Work with a metric of one of the crate's own kinds.
struct WorkWith<'w, W> {
    store: &'w Store,
    info: &'w MetricInfo,
    work: &'w mut W,
}

impl<W: Work> KindVisitor for WorkWith<'_, W> {
    type Output = anyhow::Result<()>;

    fn visit<V: Figures>(self) -> Self::Output {
        self.work.metric::<V>(self.store, kinds::metric(self.info)?)
    }
}

/// Does the work with a metric whose kind is known; of several, one whose kind isn't is passed over.
fn each(store: &Store, info: &MetricInfo, is_only: bool, work: &mut impl Work) -> anyhow::Result<()> {
    if let Some(done) = visit_kind(info.kind(), WorkWith { store, info, work }) {
        return done;
    }
    let sentence = format!(
        "{}/{} holds values of the kind {:?}, which only the program that they belong to can merge",
        info.domain(),
        info.reference(),
        info.kind()
    );
    if is_only {
        bail!("{sentence}; rebuild it there, with Store::rebuild");
    }
    note(&format!("{sentence}; it is left as it is"));
    Ok(())
}

impl Work for RebuildReport {
    fn metric<V: Value>(&mut self, store: &Store, metric: Metric<'_, V>) -> anyhow::Result<()> {
        let report = store.rebuild(metric).run()?;
        self.written += report.written;
        self.removed += report.removed;
        Ok(())
    }
}

struct DryRun<'w> {
    rows: Box<dyn RowWriter + 'w>,
    any: bool,
}

impl Work for DryRun<'_> {
    fn metric<V: Value>(&mut self, store: &Store, metric: Metric<'_, V>) -> anyhow::Result<()> {
        for difference in store.rebuild(metric).differences()? {
            let Difference { series, date, stored, expected, .. } = difference?;
            let date = store.calendar().date_text(series.period(), date)?;
            let object = series.object().map(object_text).unwrap_or_default();
            let texts = [metric.to_string(), series.period().to_string(), date, object].map(Cell::Text);
            self.rows.row(texts.into_iter().chain([cell(stored), cell(expected)]).collect())?;
            self.any = true;
        }
        Ok(())
    }
}

fn cell<V: Value>(statistic: Point<V>) -> Cell {
    match statistic {
        Point::Absent => Cell::Text("absent".to_owned()),
        Point::Missing => Cell::Missing,
        Point::Value(value) => match value.to_integer() {
            Some(integer) => Cell::Number(integer.to_string()),
            None => Cell::Text(format!("{value:?}")),
        },
    }
}
