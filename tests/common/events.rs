//! Trackers over random events.

use serde::{Deserialize, Serialize};
use trackstats::{
    Domain, Metric, Period, Timestamp, Tracker,
    chrono::NaiveDate,
    kinds::{MergeError, Min, Value},
    model::Id,
};

pub(crate) const MODEL: Domain<'static> = Domain::new("model", "Model");

/// The metric that the trackers track.
pub(crate) fn tracked<V>() -> Metric<'static, V> {
    Metric::new(MODEL, "events", "Events")
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Event {
    pub(crate) date: NaiveDate,
    pub(crate) hour: u8,
    pub(crate) at: Timestamp,
    pub(crate) group: u64,
    pub(crate) value: i64,
}

/// A kind of value, and what it makes of two integers.
pub(crate) trait Kind: Value {
    fn new(value: i64) -> Self;
    fn number(&self) -> i64;
    fn merged(a: i64, b: i64) -> i64;
}

impl Kind for i64 {
    fn new(value: i64) -> Self {
        value
    }

    fn number(&self) -> i64 {
        *self
    }

    fn merged(a: i64, b: i64) -> i64 {
        a + b
    }
}

impl Kind for Min {
    fn new(value: i64) -> Self {
        Self(value)
    }

    fn number(&self) -> i64 {
        self.0
    }

    fn merged(a: i64, b: i64) -> i64 {
        a.min(b)
    }
}

/// A user's own type, one statistic a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Largest(pub(crate) u8);

impl Value for Largest {
    const KIND: &'static str = "largest";

    fn merge(&mut self, other: &Self) -> Result<(), MergeError> {
        self.0 = self.0.max(other.0);
        Ok(())
    }
}

impl Kind for Largest {
    fn new(value: i64) -> Self {
        Self(u8::try_from(value).unwrap())
    }

    fn number(&self) -> i64 {
        self.0.into()
    }

    fn merged(a: i64, b: i64) -> i64 {
        a.max(b)
    }
}

/// A tracker by no object, by one part, or by that and by two.
pub(crate) fn tracker<V: Kind>(
    groupings: u64,
    periods: &[Period],
    memory_bytes: usize,
) -> Tracker<'static, Event, V> {
    let mut tracker = Tracker::new(tracked(), |event: &Event| event.at, |event| Some(V::new(event.value)))
        .periods(periods.iter().copied())
        .memory_bytes(memory_bytes);
    if groupings > 0 {
        tracker = tracker.by("group", |event| Id::from(event.group)).unwrap();
    }
    if groupings > 1 {
        tracker = tracker
            .by_parts(["group", "odd"], |event, ids| {
                if !event.group.is_multiple_of(3) {
                    ids.push(event.group);
                    ids.push(event.value.unsigned_abs() % 2);
                }
            })
            .unwrap();
    }
    tracker
}
