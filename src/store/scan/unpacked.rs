//! The statistics in rows, one after the other.

use crate::{
    encoding::Row,
    error::Result,
    model::{Date, Series, Statistic, Value},
    storage::Direction,
    store::Slots,
};
use std::sync::Arc;

/// The statistics in the rows of a span: by date and then by object, or both backwards.
#[derive(Debug)]
pub(super) struct Unpacked<V> {
    direction: Direction,
    first_ordinal: i32,
    /// In the order of their objects.
    series: Vec<(Arc<Series>, Row<V>)>,
    /// The slots that are left, as bits.
    left: u32,
    /// The slot that the statistics are of now, its date, and how many of the series have been looked at.
    current: Option<(u32, Date, usize)>,
}

impl<V: Value> Unpacked<V> {
    pub(super) fn nothing() -> Self {
        let direction = Direction::Forwards;
        Self { direction, first_ordinal: 0, series: Vec::new(), left: 0, current: None }
    }

    /// Of these slots' statistics, those that are in the rows.
    pub(super) fn new(
        direction: Direction,
        first_ordinal: i32,
        slots: u32,
        series: Vec<(Arc<Series>, Row<V>)>,
    ) -> Self {
        let present = series.iter().fold(0, |all, (_, row)| all | row.present());
        Self { direction, first_ordinal, series, left: slots & present, current: None }
    }

    pub(super) fn next(&mut self, slots: &Slots) -> Result<Option<Statistic<V>>> {
        loop {
            if let Some((slot, date, seen)) = &mut self.current {
                while *seen < self.series.len() {
                    let at = match self.direction {
                        Direction::Forwards => *seen,
                        Direction::Backwards => self.series.len() - 1 - *seen,
                    };
                    *seen += 1;
                    if let Some((series, row)) = self.series.get(at)
                        && let Some(value) = row.get(*slot)
                    {
                        let value = value.cloned();
                        return Ok(Some(Statistic { series: Arc::clone(series), date: *date, value }));
                    }
                }
            }
            let next = match self.direction {
                Direction::Forwards => self.left.trailing_zeros(),
                Direction::Backwards => self.left.checked_ilog2().unwrap_or(u32::BITS),
            };
            let Some(bit) = 1_u32.checked_shl(next) else { return Ok(None) };
            self.left &= !bit;
            let date = slots.date(self.first_ordinal.saturating_add(next.cast_signed()))?;
            self.current = Some((next, date, 0));
        }
    }
}
