//! Spans with more rows than are held in memory at once.

use crate::{
    error::Result,
    format::{KeyRange, present},
    storage::{Direction, Entry, Snapshot},
};

/// The rows of a span are held while there are up to so many. A statistic comes before all of later dates, and its row
/// may have one of each date: beyond this, the span is gone over once for each date instead.
const HELD_ROWS: usize = 32_768;

/// The same for their bytes.
const HELD_BYTES: usize = 16 << 20;

/// How many rows are read at once.
const PAGE: usize = 512;

/// The rows of a span.
#[derive(Debug)]
pub(super) enum Span {
    /// All of them, in the order of their keys.
    Held(Vec<Entry>),
    /// Too many to be held.
    Passes(Passes),
}

/// A span that is gone over once for each of its dates, a page of rows at a time.
#[derive(Debug)]
pub(super) struct Passes {
    range: KeyRange,
    direction: Direction,
    /// The slots that are left to be gone over, as bits.
    slots: u32,
    /// The slot of the pass that is under way, as a bit, and what is left of it.
    current: Option<(u32, KeyRange)>,
}

impl Span {
    /// Reads the rows in a range of keys, of which these slots are wanted.
    pub(super) fn read(
        snapshot: &Snapshot,
        range: &KeyRange,
        direction: Direction,
        slots: u32,
    ) -> Result<Self> {
        let (mut rows, mut bytes, mut found) = (Vec::new(), 0, 0);
        let mut too_many = false;
        let mut rest = Some(range.clone());
        // Of too many rows, only which slots have a statistic is wanted still.
        while let Some(unread) = rest.take().filter(|_| !too_many || found & slots != slots) {
            let page = snapshot.page(&unread, Direction::Forwards, PAGE)?;
            rest = page.rest;
            for row in page.entries {
                found |= present_in(&row);
                bytes += row.key.len() + row.value.len();
                rows.push(row);
            }
            too_many |= rows.len() > HELD_ROWS || bytes > HELD_BYTES && rest.is_some();
            if too_many {
                rows = Vec::new();
            }
        }
        Ok(if too_many {
            Self::Passes(Passes { range: range.clone(), direction, slots: slots & found, current: None })
        } else {
            Self::Held(rows)
        })
    }
}

impl Passes {
    /// The next rows in the direction, themselves in the order of their keys, and the slot that is wanted of them, as a
    /// bit.
    pub(super) fn next(&mut self, snapshot: &Snapshot) -> Result<Option<(u32, Vec<Entry>)>> {
        while let Some((slot, unread)) = self.current.take().or_else(|| self.next_pass()) {
            let page = snapshot.page(&unread, self.direction, PAGE)?;
            self.current = page.rest.map(|rest| (slot, rest));
            let mut rows = page.entries;
            rows.retain(|row| present_in(row) & slot != 0);
            if self.direction == Direction::Backwards {
                rows.reverse();
            }
            if !rows.is_empty() {
                return Ok(Some((slot, rows)));
            }
        }
        Ok(None)
    }

    fn next_pass(&mut self) -> Option<(u32, KeyRange)> {
        let slot = match self.direction {
            Direction::Forwards => self.slots.trailing_zeros(),
            Direction::Backwards => self.slots.checked_ilog2()?,
        };
        let slot = 1_u32.checked_shl(slot)?;
        self.slots &= !slot;
        Some((slot, self.range.clone()))
    }
}

/// The slots that a row has a statistic of; all, if it is malformed, so that whoever decodes it says so.
fn present_in(row: &Entry) -> u32 {
    present(&row.value).unwrap_or(u32::MAX)
}
