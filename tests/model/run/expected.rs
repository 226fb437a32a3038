//! What a store should hold: a map, kept as simply as can be.

use super::operation::{Look, Place, Write};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use trackstats::{
    Domain, Metric, Object, Period, Timestamp,
    chrono::{Datelike, Days, NaiveDate},
    kinds::{AnyValue, Max, MergeError, Min, Value},
    model::Date,
    query::Fill,
};

/// The domains.
pub(crate) const DOMAINS: [&str; 2] = ["a", "a b"];

/// The metrics, in the order of their keys: domain, ref, kind. Some begin with another.
pub(crate) const METRICS: [(&str, &str, &str); 7] = [
    ("a", "events", i64::KIND),
    ("a", "least", Min::KIND),
    ("a", "most", Max::KIND),
    ("a", "notes", Note::KIND),
    ("a", "sum", i64::KIND),
    ("a", "sum of all", i64::KIND),
    ("a b", "sum", i64::KIND),
];

/// What domains and metrics are called in turn.
pub(crate) const NAMES: [&str; 3] = ["A name", "Another name", ""];

pub(crate) fn metric<V: Value>(metric: usize, name: usize) -> Metric<'static, V> {
    let (domain, reference, _) = METRICS[metric];
    Metric::new(Domain::new(domain, NAMES[name]), reference, NAMES[name]).describe(NAMES[2 - name])
}

/// Values that the model has as [`AnyValue`].
pub(crate) trait Kind: Value {
    fn new(byte: u8) -> Self;
    fn any(&self) -> AnyValue;
}

fn integer(byte: u8) -> i64 {
    match byte {
        255 => i64::MAX,
        254 => i64::MIN,
        128..254 => -(i64::from(byte) << (byte % 48)),
        64..128 => i64::from(byte) << (byte % 48),
        small => small.into(),
    }
}

impl Kind for i64 {
    fn new(byte: u8) -> Self {
        integer(byte)
    }
    fn any(&self) -> AnyValue {
        AnyValue::Integer(*self)
    }
}

impl Kind for Min {
    fn new(byte: u8) -> Self {
        Self(integer(byte))
    }
    fn any(&self) -> AnyValue {
        AnyValue::Integer(self.0)
    }
}

impl Kind for Max {
    fn new(byte: u8) -> Self {
        Self(integer(byte))
    }
    fn any(&self) -> AnyValue {
        AnyValue::Integer(self.0)
    }
}

/// A user's own type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Note(String);

impl Value for Note {
    const KIND: &'static str = "note";

    fn merge(&mut self, other: &Self) -> Result<(), MergeError> {
        self.0.push_str(&other.0);
        Ok(())
    }
}

impl Kind for Note {
    fn new(byte: u8) -> Self {
        Self("x".repeat(byte.into()))
    }
    fn any(&self) -> AnyValue {
        // As bincode writes a text: its length, and what is in it.
        let length = u8::try_from(self.0.len()).unwrap();
        let length = if length > 250 { vec![251, length, 0] } else { vec![length] };
        AnyValue::Encoded([&length, self.0.as_bytes()].concat())
    }
}

/// Calls a function with the type of a metric's values.
macro_rules! by_kind {
    ($metric:expr, $function:ident ($($argument:expr),* $(,)?)) => {
        match super::expected::METRICS[$metric].2 {
            "minimum" => $function::<trackstats::kinds::Min>($($argument),*),
            "maximum" => $function::<trackstats::kinds::Max>($($argument),*),
            "note" => $function::<super::expected::Note>($($argument),*),
            _ => $function::<i64>($($argument),*),
        }
    };
}
pub(crate) use by_kind;

fn any<V: Kind>(byte: u8) -> AnyValue {
    V::new(byte).any()
}

/// What a tracker counts.
#[derive(Debug, Clone, Copy)]
pub struct Event {
    pub(crate) day: NaiveDate,
    pub(crate) hour: u8,
    pub(crate) group: u64,
}

impl Event {
    pub(crate) fn at(&self) -> Timestamp {
        let midnight = self.day.and_hms_opt(self.hour.into(), 59, 59).unwrap();
        midnight.and_utc().into()
    }
}

/// Events are dated from this day on.
pub(crate) fn first_event_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, 1, 1).unwrap()
}

/// Today, and the last day that events are dated: running periods go no further.
pub(crate) fn today() -> NaiveDate {
    first_event_day() + Days::new(90)
}

/// The periods that events are tracked for, beside days.
pub(crate) const TRACKED: [Period; 4] = [Period::Hour, Period::Week, Period::LastDays(7), Period::Lifetime];

/// Those of them that are worked out from days, as they are read.
pub(crate) const RUNNING: [Period; 2] = [Period::LastDays(7), Period::Lifetime];

/// A statistic's key: whether it has an object, the metric, and so on, so that keys are in the order of a scan.
pub(crate) type Key = (bool, usize, Period, Date, Option<Object>);

pub(crate) type Statistics = BTreeMap<Key, Option<AnyValue>>;

/// What a store should hold, and say.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    /// By ref, which of the names.
    pub(crate) domains: BTreeMap<&'static str, usize>,
    pub(crate) metrics: BTreeMap<usize, usize>,
    /// What is stored.
    pub(crate) statistics: Statistics,
    /// Whether a tracker keeps the periods of the first metric.
    pub(crate) is_tracked: bool,
    /// The events that the tracked statistics count.
    pub(crate) events: Vec<Event>,
    pub(crate) cursor: Option<Vec<u8>>,
}

impl State {
    pub(crate) fn register(&mut self, metric: usize, name: usize) {
        self.domains.insert(METRICS[metric].0, name);
        self.metrics.insert(metric, name);
    }

    pub(crate) fn set(&mut self, place: &Place, value: Option<u8>) {
        self.register(place.metric, 0);
        let value = value.map(|byte| by_kind!(place.metric, any(byte)));
        self.statistics.insert(key(place), value);
    }

    pub(crate) fn write(&mut self, write: &Write) {
        match write {
            Write::Record(place, value) => self.set(place, Some(*value)),
            Write::Missing(place) => self.set(place, None),
            Write::Delete(place) => drop(self.statistics.remove(&key(place))),
        }
    }

    pub(crate) fn has_statistics(&self, metric: usize) -> bool {
        self.statistics.keys().any(|key| key.1 == metric)
    }

    /// Whether the metric was there.
    pub(crate) fn delete(&mut self, metric: usize) -> bool {
        self.statistics.retain(|key, _| key.1 != metric);
        if metric == 0 {
            self.is_tracked = false;
            self.events.clear();
        }
        self.metrics.remove(&metric).is_some()
    }

    /// Counts the events anew.
    pub(crate) fn track(&mut self) {
        self.register(0, 0);
        self.is_tracked = true;
        // Running periods were recorded by hand.
        self.statistics.retain(|key, _| key.1 != 0 || RUNNING.contains(&key.2));
        let mut counts: BTreeMap<Key, i64> = BTreeMap::new();
        for Event { day, hour, group } in &self.events {
            for (period, date) in [
                (Period::Hour, Date::with_hour(*day, *hour)),
                (Period::Day, (*day).into()),
                (Period::Week, first_of(Period::Week, *day).into()),
            ] {
                let group = Object::new("group", *group).unwrap();
                for object in [None, Some(group)] {
                    *counts.entry((object.is_some(), 0, period, date, object)).or_default() += 1;
                }
            }
        }
        let counts = counts.into_iter().map(|(key, count)| (key, Some(AnyValue::Integer(count))));
        self.statistics.extend(counts);
    }

    /// What a store says of a key.
    pub(crate) fn says(&self, key: &Key) -> Option<Option<AnyValue>> {
        let is_worked_out = key.1 == 0 && RUNNING.contains(&key.2);
        if is_worked_out { self.running().get(key).cloned() } else { self.statistics.get(key).cloned() }
    }

    /// The running periods of the first metric. What was recorded by hand stands for itself, and a lifetime goes on from
    /// it; otherwise all days of a date's window are added up anew.
    pub(crate) fn running(&self) -> Statistics {
        let number = |value: &Option<AnyValue>| match value {
            Some(AnyValue::Integer(number)) => Some(*number),
            _ => None,
        };
        let mut running = Statistics::new();
        let tracked: Vec<(&Key, &Option<AnyValue>)> =
            self.statistics.iter().filter(|(key, _)| key.1 == 0).collect();
        let mut objects: Vec<&Option<Object>> = tracked.iter().map(|(key, _)| &key.4).collect();
        objects.sort();
        objects.dedup();
        for (object, period) in objects.into_iter().flat_map(|object| RUNNING.map(|period| (object, period)))
        {
            let of = |period| -> BTreeMap<NaiveDate, &Option<AnyValue>> {
                let of = tracked.iter().filter(|(key, _)| key.4 == *object && key.2 == period);
                of.map(|(key, value)| (key.3.day(), *value)).collect()
            };
            let (by_hand, days) = (of(period), of(Period::Day));
            let key = |date: NaiveDate| (object.is_some(), 0, period, date.into(), object.clone());
            for date in first_event_day().iter_days().take_while(|date| self.is_tracked && *date <= today()) {
                let window = date - Days::new(6);
                let anchor = by_hand.range(..=date).next_back().filter(|_| period == Period::Lifetime);
                let days = days.range(..=date).filter(|(day, _)| match anchor {
                    Some((anchor, _)) => day > &anchor,
                    None => period == Period::Lifetime || **day >= window,
                });
                let values = anchor.map(|(_, value)| *value).into_iter().chain(days.map(|(_, value)| *value));
                let values: Vec<Option<i64>> = values.map(number).collect();
                if !values.is_empty() {
                    let sum = values.into_iter().flatten().reduce(|a, b| a + b);
                    running.insert(key(date), sum.map(AnyValue::Integer));
                }
            }
            running.extend(by_hand.iter().map(|(date, value)| (key(*date), (*value).clone())));
        }
        running
    }

    /// The statistics of a place's metric and period that a look is for, about objects that `wanted` says.
    pub(crate) fn series(&self, look: &Look, wanted: impl Fn(Option<&Object>) -> bool) -> Statistics {
        let Place { metric, period, .. } = look.place;
        let from = look.from.map(|from| first_of(period, from));
        let to = look.to.map(|to| first_of(period, to));
        let is_wanted = |key: &Key| {
            let day = key.3.day();
            (key.1, key.2) == (metric, period)
                && from.is_none_or(|from| from <= day)
                && to.is_none_or(|to| day <= to)
                && wanted(key.4.as_ref())
        };
        let mut said = self.statistics.clone();
        if metric == 0 && RUNNING.contains(&period) {
            said.extend(self.running());
        }
        let found = said.iter().filter(|(key, _)| is_wanted(key));
        found.map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// The days from one to another, with what fills the gaps.
    pub(crate) fn filled(&self, look: &Look, days: (NaiveDate, NaiveDate), fill: Fill) -> Statistics {
        let Place { metric, ref object, .. } = look.place;
        let key = |day: NaiveDate| (object.is_some(), metric, Period::Day, day.into(), object.clone());
        let zero = (METRICS[metric].2 == i64::KIND).then_some(AnyValue::Integer(0));
        let before = self.statistics.range(key(NaiveDate::MIN)..key(days.0));
        let mut previous =
            before.rev().find(|(key, _)| key.4 == *object).and_then(|(_, value)| value.clone());
        let mut filled = Statistics::new();
        for day in days.0.iter_days().take_while(|day| *day <= days.1) {
            let value = self.statistics.get(&key(day)).cloned().unwrap_or_else(|| match fill {
                Fill::Zero => zero.clone(),
                Fill::Previous => previous.clone(),
                _ => None,
            });
            previous.clone_from(&value);
            filled.insert(key(day), value);
        }
        filled
    }
}

pub(crate) fn key(place: &Place) -> Key {
    let Place { metric, period, date, object } = place;
    let date = if *period == Period::Hour { *date } else { first_of(*period, date.day()).into() };
    (object.is_some(), *metric, *period, date, object.clone())
}

/// The date of the period that a day lies in.
pub(crate) fn first_of(period: Period, day: NaiveDate) -> NaiveDate {
    let month = |month| NaiveDate::from_ymd_opt(day.year(), month, 1).unwrap();
    match period {
        Period::Week => day - Days::new(day.weekday().num_days_from_monday().into()),
        Period::Month => month(day.month()),
        Period::Quarter => month(day.month0() / 3 * 3 + 1),
        Period::Year => month(1),
        _ => day,
    }
}
