//! Rows of cells on standard output, in the format that was asked for. One file a format.

mod csv;
pub(crate) mod kinds;
pub(crate) mod series;
mod table;

pub(crate) use table::printable;

use clap::ValueEnum;
use std::{
    fmt,
    io::{self, BufWriter, StdoutLock, Write},
};

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// Comma-separated values with a header
    Csv,
    /// JSON lines, as an export writes them
    Jsonl,
}

impl Format {
    /// The format of the rows, if it has columns.
    pub(crate) fn rows(self) -> Option<TableOrCsv> {
        match self {
            Self::Table => Some(TableOrCsv::Table),
            Self::Csv => Some(TableOrCsv::Csv),
            Self::Jsonl => None,
        }
    }
}

/// A cell of a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Text(String),
    Number(String),
    /// Written in full, but for people with six digits, or all of them that are whole.
    Decimal(f64),
    Missing,
}

/// As a table has it.
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(&printable(text)),
            Self::Number(text) => f.write_str(text),
            Self::Decimal(number) => {
                let scientific = format!("{number:e}");
                let exponent: i32 = scientific.rsplit('e').next().and_then(|e| e.parse().ok()).unwrap_or(0);
                let places = usize::try_from(5 - exponent).unwrap_or(0);
                let rounded = format!("{number:.places$}");
                f.write_str(if places > 0 {
                    rounded.trim_end_matches('0').trim_end_matches('.')
                } else {
                    &rounded
                })
            }
            Self::Missing => f.write_str("missing"),
        }
    }
}

/// Something that rows are written to.
pub(crate) trait Rows {
    fn row(&mut self, cells: Vec<Cell>) -> anyhow::Result<()>;
    fn end(self: Box<Self>) -> anyhow::Result<()>;
}

/// Writes a table or CSV to `writer`.
pub(crate) fn rows<'w>(
    format: TableOrCsv,
    header: &[&str],
    writer: impl Write + 'w,
) -> anyhow::Result<Box<dyn Rows + 'w>> {
    Ok(match format {
        TableOrCsv::Table => Box::new(table::Table::new(header, writer)),
        TableOrCsv::Csv => Box::new(csv::Csv::new(header, writer)?),
    })
}

/// The formats that have columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TableOrCsv {
    /// For people
    Table,
    /// Comma-separated values with a header
    Csv,
}

pub(crate) fn stdout() -> BufWriter<StdoutLock<'static>> {
    BufWriter::with_capacity(1 << 16, io::stdout().lock())
}

/// Says something to the person at the terminal. There is nowhere to say that stderr is closed.
pub(crate) fn note(sentence: &str) {
    let _ = writeln!(io::stderr(), "{sentence}");
}
