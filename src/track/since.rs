//! From which date on statistics are recomputed.

use chrono::NaiveDate;

/// From which date on statistics are recomputed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Since {
    /// From the date of the last statistic, up to today, on, and it included: its day was perhaps not over when it
    /// was recorded. A grouping that has no statistics yet takes every record.
    LastStatistic,
    /// From this date on, and it included.
    Date(NaiveDate),
    /// This many days up to today, and it included.
    LastDays(u16),
    /// All of them.
    Beginning,
}
