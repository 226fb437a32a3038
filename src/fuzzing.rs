//! What holds for any input, for the targets in `fuzz/`; not a part of the interface.

use crate::{
    calendar::{Calendar, Timestamp},
    format::{DomainRecord, Form, MetricRecord, Record, Row, RowKey, Space, StoreRecord, TrackedRecord},
    kinds::{AnyValue, EachKind, Figures, MergeError, Value, each_kind},
    model::{Id, Object, Part, Period, Ref},
};
use chrono::{DateTime, Datelike};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt::Debug};

/// What a key is made of: domain, metric, which period, days of a window, day, and the parts of an object.
pub type Fields = (String, String, u8, u16, i32, Vec<(String, Result<u64, String>)>);

/// Keys sort as what they are made of, none begins with another, and each decodes to what it was made of.
///
/// `shared` is how many of `b`'s fields are those of `a`.
///
/// # Panics
/// When that isn't so.
pub fn key_order(a: &Fields, b: &Fields, shared: u8) {
    let (a, mut b) = (row_key(a), row_key(b));
    if shared > 0 {
        b.domain.clone_from(&a.domain);
    }
    if shared > 1 {
        b.metric.clone_from(&a.metric);
    }
    if shared > 2 {
        b.period = a.period;
    }
    if shared > 3 {
        b.first_day = a.first_day;
    }
    let (a_bytes, b_bytes) = (a.encode(), b.encode());
    assert_eq!(RowKey::decode(&a_bytes).as_ref(), Ok(&a));
    assert_eq!(RowKey::decode(&b_bytes).as_ref(), Ok(&b));
    assert_eq!(a_bytes.cmp(&b_bytes), in_order(&a).cmp(&in_order(&b)));
    assert!(a == b || !a_bytes.starts_with(&b_bytes));
    assert!(a == b || !b_bytes.starts_with(&a_bytes));
}

fn in_order(key: &RowKey) -> impl Ord + '_ {
    (key.object.is_some(), &key.domain, &key.metric, key.period, key.first_day, key.object.as_ref())
}

fn row_key((domain, metric, period, days, first_day, parts): &Fields) -> RowKey {
    let period = match period % 8 {
        0 => Period::Hour,
        1 => Period::Day,
        2 => Period::Week,
        3 => Period::Month,
        4 => Period::Quarter,
        5 => Period::Year,
        6 => Period::LastDays((*days).max(1)),
        _ => Period::Lifetime,
    };
    let parts: Vec<Part> = parts
        .iter()
        .take(Object::MAX_PARTS)
        .filter_map(|(kind, id)| {
            let id = id.as_ref().map_or_else(|text| Id::Text(text), |number| Id::Number(*number));
            Part::new(&reference(kind), id).ok()
        })
        .collect();
    let object = if parts.is_empty() { None } else { Object::from_parts(parts).ok() };
    RowKey { domain: reference(domain), metric: reference(metric), period, first_day: *first_day, object }
}

/// The text without what refs can't have.
fn reference(text: &str) -> String {
    let kept: String = text.chars().filter(|c| !c.is_control() && *c != '/').take(100).collect();
    if Ref::parse(&kept).is_ok() { kept } else { "x".to_owned() }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Anything {
    number: i64,
    wide: Option<u128>,
    text: String,
    list: Vec<(u16, char)>,
    map: BTreeMap<String, Vec<u8>>,
    choice: Result<bool, Box<Option<Self>>>,
}

impl Value for Anything {
    const KIND: &'static str = "anything";

    fn merge(&mut self, _: &Self) -> Result<(), MergeError> {
        Ok(())
    }
}

/// Any bytes are a row, a key or a record, or are refused; and what they are is written and read as the same.
///
/// # Panics
/// When that isn't so.
pub fn row_decoding(bytes: &[u8]) {
    let form = if bytes.first() == Some(&1) { Form::Integers } else { Form::Encoded };
    row::<Anything>(bytes, Form::Encoded);
    row::<AnyValue>(bytes, form);
    each_kind(&mut Decoding(bytes));
    if let Ok(key) = RowKey::decode(bytes) {
        assert_eq!(key.encode(), bytes);
    }
    for space in [Space::Domain, Space::Metric, Space::Cursor, Space::Tracked] {
        if let Ok(names) = space.names(bytes) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            assert_eq!(space.key(&names), bytes);
        }
    }
    record::<StoreRecord>(bytes);
    record::<DomainRecord>(bytes);
    record::<MetricRecord>(bytes);
    record::<TrackedRecord>(bytes);
}

/// Bytes that are read as rows and values of each kind.
struct Decoding<'b>(&'b [u8]);

impl EachKind for Decoding<'_> {
    fn kind<V: Figures>(&mut self) {
        if let Some(form) = Form::of::<V>() {
            row::<V>(self.0, form);
        }
        value::<V>(self.0);
    }
}

/// What is read is written as bytes that are read as the same, says its figures, and merges with itself.
fn value<V: Figures>(bytes: &[u8]) {
    let Ok(value) = V::read_stored(bytes) else {
        assert_eq!(V::from_stored(bytes), None);
        return;
    };
    let again = |value: &V| V::from_stored(&value.to_stored().unwrap_or_default());
    assert_eq!(again(&value).as_ref(), Some(&value), "{value:?}");
    assert_eq!(value.figures().len(), V::NAMES.len());
    let mut twice = value.clone();
    if twice.merge(&value).is_ok() {
        assert_eq!(again(&twice), Some(twice));
    }
}

fn row<V: Value>(bytes: &[u8], form: Form) {
    if let Ok(row) = Row::<V>::decode(bytes) {
        let again = row.encode(form);
        assert_eq!(again.and_then(|bytes| Row::decode(&bytes)), Ok(row));
    }
}

fn record<R: Record + PartialEq + Debug>(bytes: &[u8]) {
    if let Ok(record) = R::decode(bytes) {
        assert_eq!(R::decode(&record.encode()), Ok(record));
    }
}

/// Any text is a timestamp or refused; an instant in RFC 3339 is read and printed as the same instant, and falls into
/// the buckets that it is in.
///
/// # Panics
/// When that isn't so.
pub fn timestamp_parsing(zone: u8, text: &str) {
    const ZONES: [&str; 8] = [
        "UTC",
        "America/New_York",
        "Pacific/Apia",
        "Asia/Kathmandu",
        "Africa/Monrovia",
        "Australia/Lord_Howe",
        "America/Sao_Paulo",
        "Pacific/Kwajalein",
    ];
    let zone = ZONES.get(usize::from(zone) % ZONES.len()).copied().unwrap_or("UTC");
    let calendar = Calendar::new(zone).unwrap_or_default();
    let parsed = calendar.parse_timestamp(text);
    if let Ok(at) = DateTime::parse_from_rfc3339(text.trim()) {
        assert_eq!(parsed.as_ref().ok(), Some(&Timestamp::from(at)));
    }
    let Ok(at) = parsed else { return };
    if at.to_utc().is_ok_and(|utc| (0..=9999).contains(&utc.year())) {
        assert_eq!(calendar.parse_timestamp(&at.to_string()).ok(), Some(at));
    }
    let periods = [
        Period::Hour,
        Period::Day,
        Period::Week,
        Period::Month,
        Period::Quarter,
        Period::Year,
        Period::LastDays(28),
        Period::Lifetime,
    ];
    for period in periods {
        if let Ok(bucket) = calendar.bucket(period, at) {
            let (start, end) = (Timestamp::from(bucket.start), Timestamp::from(bucket.end));
            assert!((start..end).contains(&at), "{at} is not in {bucket:?}");
            assert_eq!(calendar.bucket_on(period, bucket.date).ok(), Some(bucket));
        }
    }
}
