//! The statistics in rows, one after the other.

use crate::{
    error::Result,
    format::ReadRow,
    kinds::Value,
    model::{Date, Series, Statistic},
    storage::Direction,
    store::Slots,
};
use std::sync::Arc;

/// The statistics in the rows of a span: by date and then by object, or both backwards.
#[derive(Debug)]
pub(super) struct Unpacked<V> {
    direction: Direction,
    /// The ordinal and the date of the rows' first slot.
    first: Option<(i32, Date)>,
    /// In this direction.
    rows: Vec<UnpackedRow<V>>,
    /// The slots that are left, as bits.
    left: u32,
    /// The slot that the statistics are of now, its date, and how many of the rows have been looked at.
    current: Option<(u32, Date, usize)>,
}

/// A row, and what it is a row of.
#[derive(Debug)]
pub(super) struct UnpackedRow<V> {
    /// The object as it is in the row's key.
    pub(super) object: Vec<u8>,
    pub(super) series: Arc<Series>,
    pub(super) row: ReadRow<V>,
}

impl<V: Value> Unpacked<V> {
    pub(super) fn nothing() -> Self {
        let direction = Direction::Forwards;
        Self { direction, first: None, rows: Vec::new(), left: 0, current: None }
    }

    /// Of these slots' statistics, those that are in the rows, which are in the order of their objects.
    pub(super) fn new(
        direction: Direction,
        first: (i32, Date),
        slots: u32,
        mut rows: Vec<UnpackedRow<V>>,
    ) -> Self {
        let present = rows.iter().fold(0, |all, UnpackedRow { row, .. }| all | row.present());
        if direction == Direction::Backwards {
            rows.reverse();
        }
        Self { direction, first: Some(first), rows, left: slots & present, current: None }
    }

    /// The rows, in the order of their objects.
    pub(super) fn into_rows(mut self) -> Vec<UnpackedRow<V>> {
        if self.direction == Direction::Backwards {
            self.rows.reverse();
        }
        self.rows
    }

    pub(super) fn next(&mut self, slots: &Slots) -> Result<Option<Statistic<V>>> {
        loop {
            if let Some((slot, date, seen)) = &mut self.current {
                for UnpackedRow { series, row, .. } in self.rows.get(*seen..).unwrap_or_default() {
                    *seen += 1;
                    if let Some(value) = row.get(*slot) {
                        return Ok(Some(Statistic { series: Arc::clone(series), date: *date, value }));
                    }
                }
            }
            let Some((slot, first)) = self.next_slot() else { return Ok(None) };
            self.current = Some((slot, slots.date_in_row(first, slot)?, 0));
        }
    }

    /// Calls `visit` with the series, slots and values of all slots that are left.
    pub(super) fn visit(
        &mut self,
        visit: &mut impl FnMut(&Arc<Series>, i32, Option<V>) -> Result<()>,
    ) -> Result<()> {
        while let Some((slot, (first, _))) = self.next_slot() {
            let ordinal = first.saturating_add(slot.cast_signed());
            for UnpackedRow { series, row, .. } in &self.rows {
                if let Some(value) = row.get(slot) {
                    visit(series, ordinal, value)?;
                }
            }
        }
        Ok(())
    }

    /// The next of the slots that are left, and the ordinal and the date of the first one.
    fn next_slot(&mut self) -> Option<(u32, (i32, Date))> {
        let next = match self.direction {
            Direction::Forwards => self.left.trailing_zeros(),
            Direction::Backwards => self.left.checked_ilog2()?,
        };
        let (bit, first) = (1_u32.checked_shl(next)?, self.first?);
        self.left &= !bit;
        Some((next, first))
    }
}
