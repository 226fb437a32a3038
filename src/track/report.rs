//! What came of a run.

use crate::store::Parked;
use chrono::NaiveDate;

/// What came of a run: no record is left out without being counted here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The records that the source gave, all of those below included.
    pub read: u64,
    /// Those that could not be read, or not be dated, or that a clock guard doesn't believe the date of.
    pub skipped: u64,
    /// The first ten of them.
    pub skips: Vec<Skip>,
    /// Those without a value: they are read, but don't count.
    pub without_value: u64,
    /// Those dated before the date that is recomputed from: the stored statistics are taken to hold them.
    pub before_since: u64,
    /// Those of an append that are dated before the last date with a statistic: they were merged in, and every period
    /// that they belong to was repaired.
    pub late: u64,
    /// Those dated after today: their days and calendar periods are stored, and running periods have them when those
    /// dates come.
    pub future: u64,
    /// Those of the current day, left out on request.
    pub unfinished: u64,
    /// What the clock said, and what was taken for today instead, if the store's clock guard didn't believe it.
    pub parked: Option<Parked>,
    /// The statistics that were written.
    pub written: u64,
    /// The date that was recomputed from; none for an append, or for a recompute of everything.
    pub since: Option<NaiveDate>,
    /// The first and the last local day with a record that counted.
    pub dates: Option<(NaiveDate, NaiveDate)>,
}

/// A record that was skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skip {
    /// The record's number in the source, from 1.
    pub record: u64,
    /// Why it could not be read.
    pub reason: String,
}

impl Report {
    const SKIPS: usize = 10;

    pub(super) fn skip(&mut self, reason: String) {
        self.skipped += 1;
        if self.skips.len() < Self::SKIPS {
            self.skips.push(Skip { record: self.read, reason });
        }
    }
}
