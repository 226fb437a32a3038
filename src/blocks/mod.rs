//! The one door to the layout: (series, object, slot) <-> entries. Nobody else sees a row, a span or a block.
//!
//! A [`Table`] is all statistics of a metric for a period, without object or with one. A [`RowCursor`] reads a table; a
//! [`Memtable`] holds what is about to be written to one. It may use `format` and `storage`, and is used by everything
//! below that reads or writes statistics.

mod by_date;
mod check;
mod cursor;
mod memtable;
mod pack;
mod point;
mod replay;
mod rewrite;
mod table;
#[cfg(test)]
mod tests;

pub(crate) use by_date::ByDate;
pub(crate) use cursor::{Objects, RowCursor, RowView};
pub(crate) use memtable::{Edit, Group, Memtable};
pub(crate) use replay::{ReplayedRows, replay};
pub(crate) use rewrite::{Cut, Written, write};
pub(crate) use table::Table;
