//! Comma-separated values.

use super::cell::{Cell, RowWriter};
use std::io::{self, Write};

pub(super) struct Csv<W: Write> {
    writer: csv::Writer<W>,
}

impl<W: Write> Csv<W> {
    pub(super) fn new(header: &[&str], writer: W) -> anyhow::Result<Self> {
        let mut writer = csv::Writer::from_writer(writer);
        writer.write_record(header).map_err(io_error)?;
        Ok(Self { writer })
    }
}

impl<W: Write> RowWriter for Csv<W> {
    fn row(&mut self, cells: Vec<Cell>) -> anyhow::Result<()> {
        let texts = cells.into_iter().map(|cell| match cell {
            Cell::Text(text) | Cell::Number(text) => text,
            Cell::Decimal(number) => number.to_string(),
            Cell::Missing => String::new(),
        });
        Ok(self.writer.write_record(texts).map_err(io_error)?)
    }

    fn end(mut self: Box<Self>) -> anyhow::Result<()> {
        Ok(self.writer.flush()?)
    }
}

/// What the operating system said, which the error of csv doesn't name as its source.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}
