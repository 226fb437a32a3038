//! Bytes to model and back: the only place that knows a byte layout. Every byte is drawn in
//! `src/docs/format.md`.

mod record;
#[cfg(test)]
mod golden;
pub(crate) mod key;
mod row;
mod stored;

pub(crate) use key::{KeyRange, RowKey, SeriesPrefix, Space};
pub(crate) use record::{
    CalendarRecord, ChangesRecord, DomainRecord, FORMAT, Form, MetricRecord, Record, SeenRecord, StoreRecord,
    TrackedRecord,
};
pub(crate) use row::{ROW_SLOTS, ReadRow, Row, present};
pub(crate) use stored::{Stored, store_value, value_after};

/// Bytes that are not what was written, and what is wrong with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) &'static str);
