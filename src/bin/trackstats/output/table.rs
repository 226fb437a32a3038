//! Tables for people.

use super::cell::{Cell, RowWriter};
use comfy_table::{CellAlignment, Table as Comfy, presets};
use std::io::Write;
use trackstats::error::printable;

pub(super) struct TextTable<W> {
    table: Comfy,
    writer: W,
}

impl<W: Write> TextTable<W> {
    pub(super) fn new(header: &[&str], writer: W) -> Self {
        let mut table = Comfy::new();
        table.load_preset(presets::UTF8_FULL_CONDENSED);
        table.set_header(header.iter().map(|name| printable(name)));
        Self { table, writer }
    }
}

impl<W: Write> RowWriter for TextTable<W> {
    fn row(&mut self, cells: Vec<Cell>) -> anyhow::Result<()> {
        self.table.add_row(cells.iter().map(|cell| match cell {
            Cell::Text(_) => comfy_table::Cell::new(cell),
            Cell::Number(_) | Cell::Decimal(_) | Cell::Missing => {
                comfy_table::Cell::new(cell).set_alignment(CellAlignment::Right)
            }
        }));
        Ok(())
    }

    fn end(mut self: Box<Self>) -> anyhow::Result<()> {
        if self.table.row_count() > 0 {
            writeln!(self.writer, "{}", self.table.trim_fmt())?;
        }
        Ok(self.writer.flush()?)
    }
}
