//! The rows of a metric and period, one span of slots after the other.

use super::passes::{Passes, Span};
use crate::{
    error::Result,
    format::{KeyRange, ROW_SLOTS, SeriesPrefix, key},
    storage::{Direction, Entry, Snapshot},
    store::{Slots, Store},
};
use std::collections::VecDeque;

/// The objects whose rows are wanted, as the bytes that follow the date in their keys.
#[derive(Debug, Clone)]
pub(crate) enum Wanted {
    /// The rows without object.
    Plain,
    /// These objects, in order.
    Exactly(Vec<Vec<u8>>),
    /// Every object that begins with these bytes.
    Beginning(Vec<u8>),
}

/// The rows of one metric and period, a group at a time.
#[derive(Debug)]
pub(super) struct RowScan {
    store: Store,
    snapshot: Snapshot,
    prefix: SeriesPrefix,
    slots: Slots,
    wanted: Wanted,
    direction: Direction,
    /// The slots that are wanted, by ordinal, both included.
    from: i32,
    to: i32,
    /// The numbers of the rows that are left, both included; none when `first` is after `last`.
    first: i32,
    last: i32,
    /// Rows without object that are read already, and the range of those that are not.
    ahead: VecDeque<Group>,
    unread: Option<KeyRange>,
    /// How many of them are read next.
    page: usize,
    /// The last group held what was wanted: the next one probably does, and needs no search.
    dense: bool,
    /// The number of a row that too many objects have, and what is left of it.
    passes: Option<(i32, Passes)>,
}

/// Rows of one span, in the order of their objects.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) first_ordinal: i32,
    /// The slots that are wanted of them, as bits.
    pub(super) slots: u32,
    pub(super) rows: Vec<Entry>,
}

/// How many rows are read at once, at most.
const PAGE: usize = 256;

/// The first page backwards has one row, since often the latest statistic is all that is wanted; each page after it so
/// many times more.
const GROWTH: usize = 8;

impl RowScan {
    /// The rows that hold the slots from `from` to `to`, both included.
    pub(super) fn new(
        store: &Store,
        snapshot: Snapshot,
        prefix: SeriesPrefix,
        slots: Slots,
        wanted: Wanted,
        direction: Direction,
        (from, to): (i32, i32),
    ) -> Self {
        let mut scan = Self {
            store: store.clone(),
            snapshot,
            prefix,
            slots,
            wanted,
            direction,
            from,
            to,
            first: slots.row_of(from),
            last: slots.row_of(to),
            ahead: VecDeque::new(),
            unread: None,
            page: if direction == Direction::Backwards { 1 } else { PAGE },
            dense: false,
            passes: None,
        };
        scan.unread = (scan.first <= scan.last).then(|| scan.range());
        scan
    }

    /// The next group in this direction: the wanted rows of a span, or some of those of one date if there are too many.
    pub(super) fn next_group(&mut self) -> Result<Option<Group>> {
        if matches!(self.wanted, Wanted::Plain) {
            return self.next_plain();
        }
        loop {
            if let Some((row, passes)) = &mut self.passes {
                if let Some((slot, rows)) = passes.next(&self.snapshot)? {
                    let first_ordinal = self.slots.first_of(*row);
                    return Ok(Some(Group { first_ordinal, slots: slot, rows }));
                }
                self.passes = None;
            }
            if self.first > self.last {
                return Ok(None);
            }
            let guess = match self.direction {
                Direction::Forwards => self.first,
                Direction::Backwards => self.last,
            };
            let (row, span) = match self.dense.then(|| self.span_of(guess)).transpose()? {
                Some(Span::Held(rows)) if !rows.is_empty() => (guess, Span::Held(rows)),
                _ => {
                    let Some(entry) = self.snapshot.first(&self.range(), self.direction)? else {
                        return Ok(None);
                    };
                    let row = self.row_of(&entry)?;
                    (row, self.span_of(row)?)
                }
            };
            self.leave(row);
            match span {
                Span::Held(rows) => {
                    // A search a row would be twice the work where rows follow each other.
                    self.dense = matches!(self.wanted, Wanted::Exactly(_)) && !rows.is_empty();
                    if !rows.is_empty() {
                        return Ok(Some(self.group(row, rows)));
                    }
                }
                Span::Passes(passes) => self.passes = Some((row, passes)),
            }
        }
    }

    fn next_plain(&mut self) -> Result<Option<Group>> {
        while self.ahead.is_empty()
            && let Some(range) = self.unread.take()
        {
            let page = self.snapshot.page(&range, self.direction, self.page)?;
            self.page = PAGE.min(self.page * GROWTH);
            self.unread = page.rest;
            for entry in page.entries {
                let row = self.row_of(&entry)?;
                self.ahead.push_back(self.group(row, vec![entry]));
            }
        }
        Ok(self.ahead.pop_front())
    }

    /// Goes on after this row.
    fn leave(&mut self, row: i32) {
        match self.direction {
            Direction::Forwards => self.first = row.saturating_add(1),
            Direction::Backwards => self.last = row.saturating_sub(1),
        }
    }

    fn group(&self, row: i32, rows: Vec<Entry>) -> Group {
        Group { first_ordinal: self.slots.first_of(row), slots: self.wanted_slots(row), rows }
    }

    /// The slots of a row that are wanted, as bits.
    fn wanted_slots(&self, row: i32) -> u32 {
        let first = self.slots.first_of(row);
        let before = |ordinal: i32| {
            let slots = ordinal.saturating_sub(first).clamp(0, ROW_SLOTS);
            u32::MAX.checked_shr((ROW_SLOTS - slots).cast_unsigned()).unwrap_or(0)
        };
        before(self.to.saturating_add(1)) & !before(self.from)
    }

    /// All that is left, of any object.
    fn range(&self) -> KeyRange {
        let start = self.prefix.row(self.slots.day_of(self.first), &[]);
        KeyRange { start, end: key::after(&self.prefix.row(self.slots.day_of(self.last), &[])) }
    }

    fn row_of(&self, entry: &Entry) -> Result<i32> {
        let (day, _) = self.split(&entry.key)?;
        Ok(self.slots.row_of(self.slots.first_ordinal(day)))
    }

    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// The bytes of the object in a row's key, none if it has none.
    pub(super) fn object_of<'k>(&self, key: &'k [u8]) -> Result<&'k [u8]> {
        self.split(key).map(|(_, object)| object)
    }

    fn split<'k>(&self, key: &'k [u8]) -> Result<(i32, &'k [u8])> {
        self.prefix.split(key).map_err(|malformed| self.store.corrupt(malformed, None))
    }

    /// The wanted rows of one span, in the order of their objects.
    fn span_of(&self, row: i32) -> Result<Span> {
        let day = self.slots.day_of(row);
        let mut rows = Vec::new();
        match &self.wanted {
            Wanted::Plain => {}
            Wanted::Exactly(objects) => {
                for object in objects {
                    let key = self.prefix.row(day, object);
                    if let Some(value) = self.snapshot.get(&key)? {
                        rows.push(Entry { key, value });
                    }
                }
            }
            Wanted::Beginning(beginning) => {
                let range = KeyRange::prefix(self.prefix.row(day, beginning));
                return Span::read(&self.snapshot, &range, self.direction, self.wanted_slots(row));
            }
        }
        Ok(Span::Held(rows))
    }
}
