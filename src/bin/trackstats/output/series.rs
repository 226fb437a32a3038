//! Statistics of a metric for a period, as `show` and `latest` print them.

use super::kinds::ValueColumns;
use crate::{
    arguments::MetricName,
    output::{self, Cell, TableOrCsv},
};
use std::io::Write;
use trackstats::{
    Calendar, Object, Period, Result, exchange::statistic_line, kinds::AnyValue, model::Statistic,
};

/// Prints statistics of a kind of value as an export has them, and says whether there were any.
pub(crate) fn print_lines(
    calendar: &Calendar,
    kind: &str,
    statistics: impl IntoIterator<Item = Result<Statistic<AnyValue>>>,
) -> anyhow::Result<bool> {
    let mut stdout = output::stdout();
    let mut any = false;
    for statistic in statistics {
        writeln!(stdout, "{}", statistic_line(calendar, kind, &statistic?)?)?;
        any = true;
    }
    stdout.flush()?;
    Ok(any)
}

/// Prints statistics with a column for each of `kinds` and for what their values consist of, and says whether there
/// were any.
pub(crate) fn print<T>(
    calendar: &Calendar,
    format: TableOrCsv,
    period: Period,
    kinds: &[&str],
    columns: ValueColumns<T>,
    statistics: impl IntoIterator<Item = Result<Statistic<T>>>,
) -> anyhow::Result<bool> {
    let mut any = false;
    let mut rows = output::rows(format, &header(&["date"], kinds, columns), output::stdout())?;
    for statistic in statistics {
        let statistic = statistic?;
        let mut cells = vec![Cell::Text(calendar.date_text(period, statistic.date)?)];
        cells.extend(object_cells(statistic.object(), kinds));
        cells.extend(value_cells(columns, statistic.value.as_ref()));
        rows.row(cells)?;
        any = true;
    }
    rows.end()?;
    Ok(any)
}

/// Says that a metric has no statistics of those that were asked for, if so.
pub(crate) fn tell(metric: &MetricName, any: bool) {
    if !any {
        output::note(&format!(
            "{metric} has no such statistics; `trackstats list {metric}` tells what it has"
        ));
    }
}

/// The names of the columns of what is shown.
pub(crate) fn header<'h, T>(first: &[&'h str], kinds: &[&'h str], columns: ValueColumns<T>) -> Vec<&'h str> {
    [first, kinds, columns.names].concat()
}

/// A cell for each part of an object, if there are columns for them.
pub(crate) fn object_cells(object: Option<&Object>, kinds: &[&str]) -> Vec<Cell> {
    let object = object.filter(|_| !kinds.is_empty());
    object.into_iter().flat_map(Object::parts).map(|part| Cell::Text(part.id().to_string())).collect()
}

/// The cells of a value, or of one that is missing.
pub(crate) fn value_cells<T>(columns: ValueColumns<T>, value: Option<&T>) -> Vec<Cell> {
    value.map_or_else(|| vec![Cell::Missing; columns.names.len()], columns.cells)
}
