//! The cells of a row, and what takes rows of them.

use std::fmt;
use trackstats::error::printable;

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
pub(crate) trait RowWriter {
    fn row(&mut self, cells: Vec<Cell>) -> anyhow::Result<()>;
    fn end(self: Box<Self>) -> anyhow::Result<()>;
}
