//! Statistics of a metric for a period, as `show` and `latest` print them.

use crate::output::{self, Cell, Format, TableOrCsv};
use base64::{Engine, prelude::BASE64_STANDARD};
use std::io::Write;
use trackstats::{AnyValue, Period, Result, Statistic, Store, statistic_line};

/// Prints statistics with a column for each of `kinds`, and says whether there were any.
pub(super) fn print(
    store: &Store,
    format: Format,
    period: Period,
    kinds: &[&str],
    statistics: impl Iterator<Item = Result<Statistic<AnyValue>>>,
) -> anyhow::Result<bool> {
    let calendar = store.calendar();
    let mut any = false;
    let format = match format {
        Format::Table => TableOrCsv::Table,
        Format::Csv => TableOrCsv::Csv,
        Format::Jsonl => {
            let mut stdout = output::stdout();
            for statistic in statistics {
                writeln!(stdout, "{}", statistic_line(calendar, &statistic?)?)?;
                any = true;
            }
            stdout.flush()?;
            return Ok(any);
        }
    };
    let header: Vec<&str> = ["date"].into_iter().chain(kinds.iter().copied()).chain(["value"]).collect();
    let mut rows = output::rows(format, &header, output::stdout())?;
    for statistic in statistics {
        let statistic = statistic?;
        let mut cells = vec![Cell::Text(calendar.date_text(period, statistic.date)?)];
        if let Some(object) = statistic.object().filter(|_| !kinds.is_empty()) {
            cells.extend(object.parts().iter().map(|part| Cell::Text(part.id().to_string())));
        }
        cells.push(value_cell(statistic.value.as_ref()));
        rows.row(cells)?;
        any = true;
    }
    rows.end()?;
    Ok(any)
}

pub(super) fn value_cell(value: Option<&AnyValue>) -> Cell {
    match value {
        Some(AnyValue::Integer(number)) => Cell::Number(number.to_string()),
        Some(AnyValue::Encoded(bytes)) => Cell::Text(BASE64_STANDARD.encode(bytes)),
        None => Cell::Missing,
    }
}
