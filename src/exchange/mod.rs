//! Statistics to and from other programs, a folder or file a format.
//!
//! It may use the store and what stands above it, and is used by the program alone.

#[cfg(test)]
mod costs;
mod jsonl;

pub use jsonl::{ImportReport, export, exported_calendar, import, statistic_line};
