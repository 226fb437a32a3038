//! The stored rows of one period and object.

use super::pass::merge_error;
use crate::{
    calendar::Calendar,
    error::Result,
    format::{Form, Row, SeriesPrefix},
    kinds::Value,
    model::{Metric, Period, Point},
    rollup::SlotValues,
    store::{Change, Slots, prefix},
};

/// Where the statistics of a period are.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) period: Period,
    pub(crate) slots: Slots,
    pub(crate) prefix: SeriesPrefix,
    /// No row from this number on is stored: they have been removed.
    pub(super) removed_from: Option<i32>,
}

impl Target {
    pub(crate) fn new<V>(
        calendar: Calendar,
        metric: &Metric<'_, V>,
        period: Period,
        form: Form,
        with_object: bool,
    ) -> Self {
        Self {
            period,
            slots: Slots::new(calendar, period, form),
            prefix: prefix(metric.domain_ref(), metric.metric_ref(), period, with_object),
            removed_from: None,
        }
    }
}

impl Target {
    /// Whether there is no row of this number, before the change writes it.
    pub(super) fn is_removed(&self, row: i32) -> bool {
        self.removed_from.is_some_and(|from| row >= from)
    }
}

/// What to do with a slot.
#[derive(Debug)]
pub(crate) enum Update<V> {
    Merge(V),
    /// Make it this.
    Set(Point<V>),
}

/// The rows of one period and object, to be read and written in a change.
#[derive(Debug)]
pub(crate) struct StoredRows<'x, 's, 'a, V> {
    pub(crate) change: &'x mut Change<'s>,
    pub(crate) target: &'x Target,
    pub(crate) object: &'x [u8],
    pub(crate) metric: Metric<'a, V>,
    pub(crate) form: Form,
}

impl<V: Value> StoredRows<'_, '_, '_, V> {
    pub(super) fn key(&self, row: i32) -> Vec<u8> {
        self.target.prefix.row(self.target.slots.day_of(row), self.object)
    }

    /// Updates slots, given in order by their ordinals; says how many statistics were written.
    pub(crate) fn update(&mut self, updates: impl IntoIterator<Item = (i32, Update<V>)>) -> Result<u64> {
        let mut written = 0;
        let mut open: Option<(i32, Row<V>, bool)> = None;
        for (ordinal, update) in updates {
            let number = self.target.slots.row_of(ordinal);
            let slot = self.target.slots.slot_of(ordinal);
            if open.as_ref().is_none_or(|(current, ..)| *current != number) {
                self.close(open.take())?;
                let new = self.target.is_removed(number);
                let row = if new { Row::default() } else { self.change.row(&self.key(number))? };
                open = Some((number, row, false));
            }
            let Some((_, row, changed)) = &mut open else { continue };
            match update {
                Update::Merge(value) => {
                    row.merge(slot, &value).map_err(|error| self.merge_error(ordinal, &error))?;
                    written += 1;
                    *changed = true;
                }
                Update::Set(point) => match point.into_listed() {
                    None => *changed |= row.remove(slot),
                    Some(value) if row.get(slot) != Some(value.as_ref()) => {
                        row.set(slot, value);
                        written += 1;
                        *changed = true;
                    }
                    Some(_) => {}
                },
            }
        }
        self.close(open)?;
        Ok(written)
    }

    fn close(&mut self, open: Option<(i32, Row<V>, bool)>) -> Result<()> {
        match open {
            Some((number, row, true)) => self.change.put_row(self.key(number), &row, self.form),
            _ => Ok(()),
        }
    }

    /// The statistics from one ordinal to another, both included.
    pub(crate) fn read(&self, from: i32, to: i32) -> Result<SlotValues<V>> {
        let mut values = Vec::new();
        for number in self.target.slots.row_of(from)..=self.target.slots.row_of(to) {
            let row: Row<V> = self.change.row(&self.key(number))?;
            let first = self.target.slots.first_of(number);
            let last = self.target.slots.first_of(number + 1) - 1;
            for ordinal in from.max(first)..=to.min(last) {
                values.push(cloned(row.get(self.target.slots.slot_of(ordinal))));
            }
        }
        Ok(SlotValues { first: from, values })
    }

    /// The statistic of one slot.
    pub(crate) fn get(&self, ordinal: i32) -> Result<Point<V>> {
        let row: Row<V> = self.change.row(&self.key(self.target.slots.row_of(ordinal)))?;
        Ok(cloned(row.get(self.target.slots.slot_of(ordinal))))
    }

    pub(crate) fn merge_error(&self, ordinal: i32, error: &crate::kinds::MergeError) -> crate::error::Error {
        match self.target.slots.date(ordinal) {
            Ok(date) => merge_error(self.metric.on(self.target.period, date), self.object, error),
            Err(out_of_range) => out_of_range,
        }
    }
}

/// What a row has for a slot.
fn cloned<V: Clone>(found: Option<Option<&V>>) -> Point<V> {
    Point::from_listed(found).map(V::clone)
}
