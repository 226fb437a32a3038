//! What is done to a store. An operation is made of eight bytes, so that a test and a fuzzer can make any.

use super::expected::{Event, METRICS, RUNNING, first_event_day};
use trackstats::{
    Object, Period,
    chrono::{Days, NaiveDate},
    model::Date,
};

/// What is done to a store, and to the model of it.
#[derive(Debug, Clone)]
pub enum Operation {
    Write(Write),
    /// Several writes as one. If they are to fail, they do so after the last.
    Change {
        writes: Vec<Write>,
        fails: Option<Failure>,
    },
    /// Several records at once, all of one metric.
    RecordAll(usize, Vec<(Place, Option<u8>)>),
    /// A row for each of so many objects: more than fit into one batch.
    Large {
        place: Place,
        objects: u64,
        value: u8,
        fails: bool,
    },
    Register {
        metric: usize,
        name: usize,
    },
    DeleteMetric {
        metric: usize,
        with_statistics: bool,
    },
    DeleteDomain {
        domain: usize,
        with_statistics: bool,
    },
    /// `stale`: from where the cursor isn't.
    Append {
        events: Vec<Event>,
        stale: bool,
        memory_bytes: usize,
    },
    Recompute {
        events: Vec<Event>,
        memory_bytes: usize,
    },
    Flush,
    Reopen,
    Compact,
    /// Backs up, restores into another place, and goes on there.
    Restore,
    /// Exports, and imports into another store.
    Import,
    /// Begins to read everything, and goes on with it later.
    Hold,
    ReadHeld,
    Look(Look),
}

/// A write of one statistic.
#[derive(Debug, Clone)]
pub enum Write {
    Record(Place, u8),
    Missing(Place),
    Delete(Place),
}

/// Why a change fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The caller says so.
    Caller,
    /// An hour that no day has.
    Hour,
    /// A value of another kind than the metric's.
    Kind,
}

/// Where a statistic is.
#[derive(Debug, Clone)]
pub struct Place {
    pub metric: usize,
    pub period: Period,
    pub date: Date,
    pub object: Option<Object>,
}

/// What is read.
#[derive(Debug, Clone)]
pub struct Look {
    pub place: Place,
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
    /// What else is read with it, and how.
    pub choice: u8,
}

/// Operations out of bytes: any bytes will do.
pub fn operations(bytes: &[u8]) -> Vec<Operation> {
    let mut chunks = bytes.as_chunks::<8>().0.iter();
    let mut operations = Vec::new();
    while let Some(chunk) = chunks.next() {
        operations.push(operation(*chunk, &mut chunks));
    }
    operations
}

fn operation<'b>(chunk: [u8; 8], rest: &mut impl Iterator<Item = &'b [u8; 8]>) -> Operation {
    let [kind, a, b, c, d, e, f, g] = chunk;
    let place = || Place::new(a, b, [c, d], e, f);
    let memory_bytes = if a % 2 == 0 { 1 } else { 1 << 20 };
    let events = || [c, d, e, f, g].iter().take(usize::from(b % 6)).map(|byte| event(*byte)).collect();
    match kind % 32 {
        0..=9 => Operation::Write(write(chunk)),
        10..=12 => {
            let writes = rest.take(usize::from(a % 12)).map(|chunk| write(*chunk)).collect();
            let fails = [None, None, Some(Failure::Caller), Some(Failure::Hour), Some(Failure::Kind)];
            Operation::Change { writes, fails: fails[usize::from(b % 5)] }
        }
        13 | 14 => {
            let metric = 1 + usize::from(a) % (METRICS.len() - 1);
            let statistics = rest.take(usize::from(c % 40)).map(|[value, a, b, c, d, e, f, g]| {
                let place = Place::of_others(*a, *b, [*c, *d], *e, *f);
                (Place { metric, ..place }, (g % 8 != 0).then_some(*value))
            });
            Operation::RecordAll(metric, statistics.collect())
        }
        15 => Operation::Large {
            place: Place::of_others(a, b, [c, d], e, f),
            objects: 500 + u64::from(g) * 2,
            value: f,
            fails: e.is_multiple_of(3),
        },
        16 => Operation::Register { metric: usize::from(a) % METRICS.len(), name: usize::from(b % 3) },
        17 => Operation::DeleteMetric {
            metric: usize::from(a) % METRICS.len(),
            with_statistics: b.is_multiple_of(2),
        },
        18 if c.is_multiple_of(2) => {
            Operation::DeleteDomain { domain: usize::from(a % 2), with_statistics: b.is_multiple_of(2) }
        }
        19..=21 => Operation::Append { events: events(), stale: kind > 240, memory_bytes },
        22 => Operation::Recompute { events: events(), memory_bytes },
        23 => Operation::Flush,
        24 => Operation::Reopen,
        25 if a.is_multiple_of(2) => Operation::Compact,
        25 => Operation::Restore,
        26 => Operation::Import,
        27 => Operation::Hold,
        28 => Operation::ReadHeld,
        _ => {
            let day = |byte: u8| (byte < 240).then(|| date([byte, 0]));
            Operation::Look(Look { place: place(), from: day(c), to: day(d), choice: g })
        }
    }
}

fn write([_, a, b, c, d, e, f, g]: [u8; 8]) -> Write {
    let place = Place::new(a, b, [c, d], e, f);
    match g % 8 {
        0 => Write::Delete(place),
        1 => Write::Missing(place),
        // Lifetimes go on from these.
        _ if place.metric == 0 => Write::Record(place, f % 64),
        _ => Write::Record(place, f ^ g),
    }
}

fn event(byte: u8) -> Event {
    let day = first_event_day() + Days::new(u64::from(byte % 91));
    Event { day, hour: byte % 24, group: u64::from(byte % 3) }
}

impl Place {
    /// Of any metric; of the tracker's, running periods only, which go with any days that it stores.
    fn new(metric: u8, period: u8, [low, high]: [u8; 2], hour: u8, object_: u8) -> Self {
        if metric < 208 {
            return Self::of_others(metric, period, [low, high], hour, object_);
        }
        let group = |id: u8| Object::new("group", u64::from(id)).unwrap();
        Self {
            metric: 0,
            period: RUNNING[usize::from(period % 2)],
            date: date([low, 0]).into(),
            object: (!object_.is_multiple_of(5)).then(|| group(object_ % 5 - 1)),
        }
    }

    /// The first metric is the tracker's.
    fn of_others(metric: u8, period: u8, day: [u8; 2], hour: u8, object_: u8) -> Self {
        let metric = 1 + usize::from(metric) % (METRICS.len() - 1);
        let period = match period % 16 {
            0 | 1 => Period::Hour,
            2 => Period::Week,
            3 => Period::Month,
            4 => Period::Quarter,
            5 => Period::Year,
            6 => Period::LastDays(7),
            7 => Period::LastDays(256),
            8 => Period::Lifetime,
            _ => Period::Day,
        };
        Self { metric, period, date: Date::with_hour(date(day), hour % 32), object: object(object_) }
    }
}

/// Mostly in the first half of 2024; now and then at the ends of the calendar and around day 0.
fn date([low, high]: [u8; 2]) -> NaiveDate {
    let ymd = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap();
    match high {
        255 => ymd(1, 1, 1) + Days::new(low.into()),
        254 => ymd(9999, 12, 31) - Days::new(low.into()),
        253 => ymd(1969, 10, 1) + Days::new(low.into()),
        _ => ymd(2024, 1, 1) + Days::new(u64::from(low) / 2),
    }
}

/// An object, or none; some begin with others, some look alike.
fn object(byte: u8) -> Option<Object> {
    let user = |id| Object::new("user", id).unwrap();
    let shop = |id: &str| Object::new("shop", id).unwrap();
    Some(match byte % 16 {
        0 => user(7_u64),
        1 => user(u64::MAX),
        2 => Object::new("user", "7").unwrap(),
        3 => Object::new("user", "").unwrap(),
        4 => Object::new("user", "\0\u{1}é").unwrap(),
        5 => Object::new("user x", 7).unwrap(),
        6 => shop("nl"),
        7 => shop("nl").and("user", 7).unwrap(),
        8 => shop("nl").and("user", "7").unwrap().and("shop", "nl").unwrap(),
        _ => return None,
    })
}
