//! What came of reading a whole store.

use std::fmt;

/// What came of reading a whole store, or all of a metric.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verification {
    /// The entries that were read: registrations, blocks, cursors and what trackers keep.
    pub entries: u64,
    /// Those of them that are blocks of statistics.
    pub blocks: u64,
    /// The statistics in them.
    pub statistics: u64,
    /// The metrics that are registered.
    pub metrics: u64,
    /// How many problems there are.
    pub found: u64,
    /// How many of them are statistics of calendar periods that aren't what their days make them:
    /// [`Store::rebuild`](crate::Store::rebuild) mends those.
    pub differences: u64,
    /// The first hundred problems.
    pub problems: Vec<Problem>,
    /// The metrics, as `domain/metric`, whose calendar periods weren't compared with their days: their values are of a
    /// kind of a program's own, which only that program can merge, with
    /// [`Store::verify_metric`](crate::Store::verify_metric).
    pub not_compared: Vec<String>,
}

/// Something in a store that isn't as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// Where it is: mostly a statistic, as `domain/metric period date object`.
    pub place: String,
    /// What is wrong there, as the rest of a sentence that begins with the place.
    pub problem: String,
}

impl Verification {
    const PROBLEMS: usize = 100;

    /// Whether there is no problem.
    pub fn is_sound(&self) -> bool {
        self.found == 0
    }

    pub(super) fn add(&mut self, place: impl FnOnce() -> String, problem: impl Into<String>) {
        self.found += 1;
        if self.problems.len() < Self::PROBLEMS {
            self.problems.push(Problem { place: place(), problem: problem.into() });
        }
    }
}

/// The place, and what is wrong there.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.place, self.problem)
    }
}
