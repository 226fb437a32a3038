//! Statistics to and from other programs, as JSON lines.
//!
//! A format is a folder or a file. It may use the store and what stands above it, and is used by the program alone.

#[cfg(test)]
mod costs;
mod jsonl;

pub use jsonl::{ImportReport, export, exported_calendar, import, statistic_line};
