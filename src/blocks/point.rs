//! One statistic of a table.

use super::Table;
use crate::{
    error::Result,
    format::{PackedRow, same_bytes},
    kinds::Value,
    model::Point,
    storage::Reads,
};

impl Table {
    /// The statistic of an object and a slot.
    pub(crate) fn get<V: Value>(&self, reads: &impl Reads, object: &[u8], slot: i32) -> Result<Point<V>> {
        let corrupt = |malformed| reads.corrupt(malformed);
        let Some(block) = self.block_of(reads, self.span_of(slot), object)? else { return Ok(Point::Absent) };
        let mut reader = self.reader(&block.key, &block.value).map_err(corrupt)?;
        while let Some(bytes) = reader.next_bytes().map_err(corrupt)? {
            if same_bytes(reader.object(), object) {
                let row = PackedRow::read(self.form(), bytes).map_err(corrupt)?;
                return Ok(Point::from_listed(row.get(self.offset_of(slot)).map_err(corrupt)?));
            }
            if reader.object() > object {
                break;
            }
        }
        Ok(Point::Absent)
    }
}
