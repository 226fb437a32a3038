//! What holds for any input, for the targets in `fuzz/`; not a part of the interface.

use crate::{
    calendar::{Calendar, Timestamp},
    format::{
        BlockBuilder, BlockKey, BlockReader, CheckpointRecord, DomainRecord, Form, Malformed, MetricRecord,
        PackedRow, Record, Row, SeenRecord, SlotBits, Space, StoreRecord, TrackedRecord, form_of, key,
    },
    kinds::{AnyValue, EachKind, Figures, MergeError, Value, each_kind},
    model::{Id, Object, Part, Period, Ref},
};
use chrono::{DateTime, Datelike};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt::Debug};

/// What a block's key is made of: domain, metric, which period, days of a window, the first slot of its span, and the
/// parts of an object.
pub type KeyFields = (String, String, u8, u16, i32, Vec<(String, Result<u64, String>)>);

/// Keys sort as what they are made of, none begins with another, and each decodes to what it was made of.
///
/// `shared` is how many of `b`'s fields are those of `a`.
///
/// # Panics
/// When that isn't so.
pub fn key_order(a: &KeyFields, b: &KeyFields, shared: u8) {
    let (a, mut b) = (block_key(a), block_key(b));
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
        b.first_slot = a.first_slot;
    }
    let (a_bytes, b_bytes) = (a.encode(), b.encode());
    assert_eq!(BlockKey::decode(&a_bytes).as_ref(), Ok(&a));
    assert_eq!(BlockKey::decode(&b_bytes).as_ref(), Ok(&b));
    assert_eq!(a_bytes.cmp(&b_bytes), in_order(&a).cmp(&in_order(&b)));
    assert!(a == b || !a_bytes.starts_with(&b_bytes));
    assert!(a == b || !b_bytes.starts_with(&a_bytes));
}

fn in_order(key: &BlockKey) -> impl Ord + '_ {
    (key.object.is_some(), &key.domain, &key.metric, key.period, key.first_slot, key.object.as_ref())
}

fn block_key((domain, metric, period, days, first_slot, parts): &KeyFields) -> BlockKey {
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
    BlockKey { domain: reference(domain), metric: reference(metric), period, first_slot: *first_slot, object }
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

/// Any bytes are a block, a row, a key, a value or a record, or are refused; and what they are is written and read as
/// the same.
///
/// Of blocks, and of rows behind it, the first byte is the form. A block is read as one without object, and as one whose
/// first object is `k=0`.
///
/// # Panics
/// When that isn't so.
pub fn row_decoding(bytes: &[u8]) {
    if let Some(form) = form_of(bytes) {
        for first_object in [None, Object::new("k", 0).ok()] {
            block(form, &first_object.as_ref().map(key::object_bytes).unwrap_or_default(), bytes);
        }
        rows(form, bytes.get(1..).unwrap_or_default());
    }
    each_kind(&mut ValueBytes(bytes));
    if let Ok(key) = BlockKey::decode(bytes) {
        assert_eq!(key.encode(), bytes);
    }
    for space in [Space::Domain, Space::Metric, Space::Cursor, Space::Tracked] {
        if let Ok(names) = space.names(bytes) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            assert_eq!(space.key(&names), bytes);
        }
    }
    record::<StoreRecord>(bytes);
    record::<SeenRecord>(bytes);
    record::<CheckpointRecord>(bytes);
    record::<DomainRecord>(bytes);
    record::<MetricRecord>(bytes);
    record::<TrackedRecord>(bytes);
}

/// The objects of a block, and the bytes of the row of each.
type BlockRows<'b> = Vec<(Vec<u8>, &'b [u8])>;

fn read_block<'b>(form: Form, first_object: &[u8], bytes: &'b [u8]) -> Result<BlockRows<'b>, Malformed> {
    let mut reader = BlockReader::new(form, first_object, bytes)?;
    let mut rows = Vec::new();
    while let Some(row) = reader.next_bytes()? {
        rows.push((reader.object().to_vec(), row));
    }
    Ok(rows)
}

fn block(form: Form, first_object: &[u8], bytes: &[u8]) {
    let Ok(found) = read_block(form, first_object, bytes) else { return };
    // A block is written in one way only: rows that share more have fewer bytes.
    let mut builder = BlockBuilder::new(form, 0);
    let mut last = None;
    for (object, row) in &found {
        rows(form, row);
        if !object.is_empty() {
            let decoded = key::decode_object(object);
            assert_eq!(key::decode_object_into(object, &mut last), decoded.clone().map(|_| ()));
            // Only those who look at an object refuse it.
            let Ok(decoded) = decoded else { return };
            assert_eq!(&key::object_bytes(&decoded), object);
            assert_eq!(last.as_ref(), Some(&decoded));
        }
        builder.push(object, row);
    }
    let (first, again) = builder.take();
    assert_eq!(first, first_object);
    assert!(again.len() <= bytes.len());
    assert_eq!(read_block(form, &first, &again), Ok(found));
}

/// Bytes that are read as a row of values of each kind.
struct RowBytes<'b>(Form, &'b [u8]);

impl EachKind for RowBytes<'_> {
    fn kind<V: Figures>(&mut self) {
        if Form::of::<V>() == Some(self.0) {
            row::<V>(self.0, self.1);
        }
    }
}

fn rows(form: Form, bytes: &[u8]) {
    row::<AnyValue>(form, bytes);
    row::<Anything>(form, bytes);
    each_kind(&mut RowBytes(form, bytes));
}

/// A row is encoded to what is decoded to the same, and says the same where it is read without being unpacked.
fn row<V: Value>(form: Form, bytes: &[u8]) {
    let Ok(row) = Row::<V>::decode(form, bytes) else { return };
    let mut again = Vec::new();
    assert_eq!(row.encode(form, &mut again), Ok(()), "{row:?}");
    assert_eq!(Row::decode(form, &again).as_ref(), Ok(&row));
    let packed = PackedRow::read(form, bytes);
    assert_eq!(packed.map(|packed| packed.present()), Ok(row.present()));
    let Ok(packed) = packed else { return };
    for slot in 0..u64::BITS {
        assert_eq!(packed.get::<V>(slot), Ok(row.get(slot).map(V::clone).into_listed()), "slot {slot}");
    }
    for wanted in [SlotBits::MAX, 0xffff_0000, 0x5555_5555_5555_5555] {
        let mut visited = Row::default();
        assert_eq!(packed.for_each(wanted, |slot, value: Option<V>| visited.set(slot, value)), Ok(()));
        let mut expected = row.clone();
        expected.remove_all(!wanted);
        assert_eq!(visited, expected, "slots {wanted:x}");
    }
}

/// Bytes that are read as a value of each kind.
struct ValueBytes<'b>(&'b [u8]);

impl EachKind for ValueBytes<'_> {
    fn kind<V: Figures>(&mut self) {
        value::<V>(self.0);
    }
}

/// What is read is written as bytes that are read as the same, says its figures, and merges with itself.
fn value<V: Figures>(bytes: &[u8]) {
    let Ok(value) = V::from_stored(bytes) else { return };
    let again = |value: &V| V::from_stored(&value.to_stored().unwrap_or_default()).ok();
    assert_eq!(again(&value).as_ref(), Some(&value), "{value:?}");
    assert_eq!(value.figures().len(), V::NAMES.len());
    let mut twice = value.clone();
    if twice.merge(&value).is_ok() {
        assert_eq!(again(&twice), Some(twice));
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
