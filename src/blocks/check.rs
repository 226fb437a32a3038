//! Checking a block by itself.

use super::Table;
use crate::{
    format::{BlockReader, Malformed, Row, key},
    kinds::Value,
};

/// What is wrong with a block, as the rest of a sentence that begins with which block it is.
pub(crate) type BlockProblem = String;

impl Table {
    /// Checks a block, whose key has this slot and this first object. Says how many statistics it has, and the key that a
    /// block of its last object would have: the next block's key comes after it.
    pub(crate) fn check_block<V: Value>(
        &self,
        slot: i32,
        first_object: &[u8],
        bytes: &[u8],
    ) -> Result<(u64, Vec<u8>), BlockProblem> {
        if !self.is_first_slot(slot) {
            return Err("isn't dated by the first date of a span".to_owned());
        }
        let slots = self.calendar().slots(self.period());
        let room = self.offsets(self.span_of(slot), (i32::MIN, i32::MAX));
        let has = |Malformed(problem)| format!("has {problem}");
        let mut reader = BlockReader::new(self.form(), first_object, bytes).map_err(has)?;
        let mut statistics = 0;
        let mut before: Option<Vec<u8>> = None;
        while let Some(bytes) = reader.next_bytes().map_err(has)? {
            let object = reader.object();
            if before.is_some_and(|before| object <= before.as_slice()) {
                return Err("has objects that aren't in order".to_owned());
            }
            if self.has_objects() {
                key::decode_object(object).map_err(has)?;
            } else if !object.is_empty() {
                return Err("has an object where there is none".to_owned());
            }
            let row = Row::<V>::decode(self.form(), bytes).map_err(has)?;
            if row.present() & !room != 0 {
                return Err("has more statistics than a row has room for".to_owned());
            }
            for (offset, _) in row.iter() {
                if !slots.contains(&slot.saturating_add(offset.cast_signed())) {
                    return Err("has statistics outside the years 1 to 9999".to_owned());
                }
            }
            statistics += u64::from(row.len());
            before = Some(object.to_vec());
        }
        Ok((statistics, self.key(self.span_of(slot), &before.unwrap_or_default())))
    }
}
