//! Rows of cells on standard output, in the format that was asked for. One file a format.

mod cell;
mod csv;
pub(crate) mod kinds;
pub(crate) mod series;
mod table;

pub(crate) use cell::{Cell, RowWriter};

use clap::ValueEnum;
use std::io::{self, BufWriter, StdoutLock, Write};
use trackstats::error::printable;

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

/// Writes a table or CSV to `writer`.
pub(crate) fn rows<'w>(
    format: TableOrCsv,
    header: &[&str],
    writer: impl Write + 'w,
) -> anyhow::Result<Box<dyn RowWriter + 'w>> {
    Ok(match format {
        TableOrCsv::Table => Box::new(table::TextTable::new(header, writer)),
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
    let _ = writeln!(io::stderr(), "{}", printable(sentence));
}
