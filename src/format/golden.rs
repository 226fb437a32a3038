//! The bytes on disk, frozen. A test that fails here means that stores out there can no longer be read: raise the
//! format's version and go on reading the old one; see `src/docs/format.md`.

use super::{
    CalendarRecord, DomainRecord, FORMAT, Form, Malformed, MetricRecord, Record, Row, RowKey, SeenRecord,
    Space, StoreRecord, TrackedRecord, key,
};
use crate::kinds::{AnyValue, Distinct, Gauge, Max, MergeError, Meter, Quantiles, Sum, Summary, Value};
use crate::model::{Object, Period};
use serde::{Deserialize, Serialize};
use std::fmt::Write;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// Reads hex digits; white space is for the eye.
fn bytes(text: &str) -> Vec<u8> {
    let digits: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap()).collect()
}

// Keys

fn row_key(metric: &str, period: Period, first_day: i32, object: Option<Object>) -> RowKey {
    RowKey { domain: "d".to_owned(), metric: metric.to_owned(), period, first_day, object }
}

/// In the order in which they sort.
fn row_keys() -> Vec<(RowKey, &'static str)> {
    let plain = |period, day| row_key("m", period, day, None);
    let of = |object: Object| row_key("m", Period::Day, 15_706, Some(object));
    let kind = |id| Object::new("k", id).unwrap();
    let text = |id: &str| Object::new("k", id).unwrap();
    vec![
        (plain(Period::Hour, 15_706), "10 6400 6d00 10 80003d5a"),
        (plain(Period::Day, i32::MIN), "10 6400 6d00 20 00000000"),
        (plain(Period::Day, -719_162), "10 6400 6d00 20 7ff506c6"),
        (plain(Period::Day, -1), "10 6400 6d00 20 7fffffff"),
        (plain(Period::Day, 0), "10 6400 6d00 20 80000000"),
        (plain(Period::Day, 15_706), "10 6400 6d00 20 80003d5a"),
        (plain(Period::Day, i32::MAX), "10 6400 6d00 20 ffffffff"),
        (plain(Period::Week, 0), "10 6400 6d00 30 80000000"),
        (plain(Period::Month, 0), "10 6400 6d00 40 80000000"),
        (plain(Period::Quarter, 0), "10 6400 6d00 50 80000000"),
        (plain(Period::Year, 0), "10 6400 6d00 60 80000000"),
        (plain(Period::LastDays(1), 0), "10 6400 6d00 70 0001 80000000"),
        (plain(Period::LastDays(28), 0), "10 6400 6d00 70 001c 80000000"),
        (plain(Period::LastDays(u16::MAX), 0), "10 6400 6d00 70 ffff 80000000"),
        (plain(Period::Lifetime, 0), "10 6400 6d00 80 80000000"),
        (row_key("m ", Period::Day, 0, None), "10 6400 6d2000 20 80000000"),
        (row_key("\u{e9}", Period::Day, 0, None), "10 6400 c3a900 20 80000000"),
        (of(kind(0)), "11 6400 6d00 20 80003d5a 6b00 01 0000000000000000 00"),
        (
            of(kind(0).and("l", "x").unwrap()),
            "11 6400 6d00 20 80003d5a 6b00 01 0000000000000000 6c00 02 7800 00",
        ),
        (of(kind(258)), "11 6400 6d00 20 80003d5a 6b00 01 0000000000000102 00"),
        (of(kind(u64::MAX)), "11 6400 6d00 20 80003d5a 6b00 01 ffffffffffffffff 00"),
        (of(text("")), "11 6400 6d00 20 80003d5a 6b00 02 00 00"),
        (of(text("\0")), "11 6400 6d00 20 80003d5a 6b00 02 010000 00"),
        (of(text("\0a")), "11 6400 6d00 20 80003d5a 6b00 02 01006100 00"),
        (of(text("\u{1}")), "11 6400 6d00 20 80003d5a 6b00 02 010100 00"),
        (of(text("\u{2}")), "11 6400 6d00 20 80003d5a 6b00 02 0200 00"),
        (of(text("7")), "11 6400 6d00 20 80003d5a 6b00 02 3700 00"),
        (of(text("a/b")), "11 6400 6d00 20 80003d5a 6b00 02 612f6200 00"),
        (of(Object::new("k2", 0).unwrap()), "11 6400 6d00 20 80003d5a 6b3200 01 0000000000000000 00"),
    ]
}

#[test]
fn the_keys_of_rows_are_these_bytes_and_sort_like_this() {
    let keys = row_keys();
    for (key, expected) in &keys {
        assert_eq!(hex(&key.encode()), hex(&bytes(expected)), "{key:?}");
        assert_eq!(RowKey::decode(&bytes(expected)).as_ref(), Ok(key));
    }
    assert!(keys.is_sorted_by(|(_, a), (_, b)| bytes(a) < bytes(b)));
}

#[test]
fn the_other_keys_are_these_bytes() {
    let kinds = ["country".to_owned(), "province".to_owned()];
    for (key, expected) in [
        (key::store(), "00"),
        (key::changes(), "00 01"),
        (key::seen(), "00 02"),
        (Space::Domain.key(&["d"]), "01 6400"),
        (Space::Metric.key(&["d", "m"]), "02 6400 6d00"),
        (Space::Cursor.key(&["a\0"]), "20 61010000"),
        (key::tracked("d", "m", &[]), "21 6400 6d00"),
        (key::tracked("d", "m", &kinds), "21 6400 6d00 636f756e74727900 70726f76696e636500"),
        (key::spill(258), "f1 0000000000000102"),
    ] {
        assert_eq!(hex(&key), hex(&bytes(expected)));
    }
    assert_eq!(Space::Cursor.names(&bytes("20 61010000")), Ok(vec!["a\0".to_owned()]));
}

// Rows

fn row<V: Value>(slots: impl IntoIterator<Item = (u32, Option<V>)>) -> Row<V> {
    let mut row = Row::default();
    for (slot, value) in slots {
        row.set(slot, value);
    }
    row
}

#[test]
fn rows_of_integers_are_these_bytes_in_each_width() {
    let two = |a: i64, b: i64| row([(0, Some(a)), (31, Some(b))]);
    for (row, expected) in [
        // tag, width and flag, presence, lowest value, distances from it
        (two(0, 0), "01 00 01000080 00"),
        (two(5, 5), "01 00 01000080 0a"),
        (two(-1, 254), "01 01 01000080 01 00 ff"),
        (two(-1, 255), "01 02 01000080 01 0000 0001"),
        (two(125, 125 + 0xffff), "01 02 01000080 fa 0000 ffff"),
        (two(126, 126 + 0x01_0000), "01 03 01000080 fbfc00 000000 000001"),
        (two(0, 0x0100_0000), "01 04 01000080 00 00000000 00000001"),
        (two(0, 0x01_0000_0000), "01 05 01000080 00 0000000000 0000000001"),
        (two(0, 0x0100_0000_0000), "01 06 01000080 00 000000000000 000000000001"),
        (two(0, 0x01_0000_0000_0000), "01 07 01000080 00 00000000000000 00000000000001"),
        (two(0, 0x0100_0000_0000_0000), "01 08 01000080 00 0000000000000000 0000000000000001"),
        (two(-40_000, -39_999), "01 01 01000080 fc7f380100 00 01"),
        (two(i64::MIN, i64::MAX), "01 08 01000080 fdffffffffffffffff 0000000000000000 ffffffffffffffff"),
        // A missing statistic is present, is marked, and has no value.
        (row([(3, None)]), "01 10 08000000 08000000"),
        (row([(0, Some(1)), (1, None), (2, Some(3))]), "01 11 07000000 02000000 02 00 02"),
    ] {
        let row: Row<i64> = row;
        assert_eq!(hex(&row.encode(Form::Integers).unwrap()), hex(&bytes(expected)));
        assert_eq!(Row::decode(&bytes(expected)).as_ref(), Ok(&row));
    }
    let all = row((0..32).map(|slot| (slot, Some(i64::from(slot)))));
    let expected: Vec<u8> = bytes("01 01 ffffffff 00").into_iter().chain(0..32).collect();
    assert_eq!(hex(&all.encode(Form::Integers).unwrap()), hex(&expected));
    let highest = row([(1, Some(Max(-3)))]);
    assert_eq!(hex(&highest.encode(Form::Integers).unwrap()), hex(&bytes("01 00 02000000 05")));
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Visit {
    seconds: u64,
    delay: i32,
    place: String,
    rating: Option<f64>,
}

impl Value for Visit {
    const KIND: &'static str = "visit";

    fn merge(&mut self, _: &Self) -> Result<(), MergeError> {
        Ok(())
    }
}

#[test]
fn rows_of_the_users_own_values_are_these_bytes() {
    let visit = |seconds, rating| Visit { seconds, delay: -2, place: "Zo\u{eb}".to_owned(), rating };
    for (row, expected) in [
        // tag, flag, presence; per value: length, bytes
        (row([(0, Some(visit(250, None)))]), "02 00 01000000 08 fa 03 045a6fc3ab 00"),
        (
            row([(0, Some(visit(251, Some(1.5)))), (2, Some(visit(1, None)))]),
            "02 00 05000000 12 fbfb00 03 045a6fc3ab 01000000000000f83f 08 01 03 045a6fc3ab 00",
        ),
        (
            row([(0, None), (4, Some(visit(70_000, None)))]),
            "02 10 11000000 01000000 0c fc70110100 03 045a6fc3ab 00",
        ),
        (row([(31, None)]), "02 10 00000080 00000080"),
    ] {
        assert_eq!(hex(&row.encode(Form::Encoded).unwrap()), hex(&bytes(expected)));
        assert_eq!(Row::decode(&bytes(expected)).as_ref(), Ok(&row));
        let any = Row::<AnyValue>::decode(&bytes(expected)).unwrap();
        assert_eq!(hex(&any.encode(Form::Encoded).unwrap()), hex(&bytes(expected)));
    }
}

/// One length stands before each value: the row's.
#[test]
fn rows_of_the_crate_s_own_values_are_these_bytes() {
    fn check<V: Value>(form: Form, value: V, expected: &str) {
        let row = row([(0, Some(value.clone())), (1, None), (2, Some(value))]);
        assert_eq!(Form::of::<V>(), Some(form));
        assert_eq!(hex(&row.encode(form).unwrap()), hex(&bytes(expected)));
        assert_eq!(Row::decode(&bytes(expected)), Ok(row));
    }
    let head = "02 10 07000000 02000000";
    check(Form::Encoded, Sum::new(12.5).unwrap(), &format!("{head} 03 010119 03 010119"));
    check(Form::Encoded, Summary::new(3.0).unwrap(), &format!("{head} 04 01000103 04 01000103"));
    check(Form::Encoded, Meter::at(-1, 7.0).unwrap(), &format!("{head} 04 0001010e 04 0001010e"));
    let gauge = "80c49fd50c00 01012b 01012b 01012b 0000 0000";
    check(Form::Encoded, Gauge::at(1_700_000_000, 21.5).unwrap(), &format!("{head} 13 {gauge} 13 {gauge}"));
    check(Form::Large, Quantiles::default(), &format!("{head} 01 00 01 00"));
    let ann = "0201070c03080108f8116004";
    check(Form::Large, Distinct::of("ann"), &format!("{head} 0c {ann} 0c {ann}"));
}

#[test]
fn rows_that_can_not_be_are_refused() {
    for wrong in [
        "",
        "01",
        "01 00 000000",
        "01 00 00000000",                       // no statistics
        "01 00 01000000",                       // no lowest value
        "01 01 01000000 00",                    // no distances
        "01 00 01000000 00 00",                 // a distance too many
        "01 10 01000000 00000000 00",           // marked, but nothing is missing
        "01 10 01000000 03000000",              // missing, but not present
        "01 20 01000000 00",                    // an unknown flag
        "01 09 01000000 00 000000000000000000", // an unknown width
        "01 01 01000000 01000000 00",           // a width without values
        "02 01 01000000 00",                    // a width where there is none
        "02 00 01000000 01",                    // a value that ends too soon
        "03 00 01000000 00",                    // an unknown layout
    ] {
        assert!(Row::<AnyValue>::decode(&bytes(wrong)).is_err(), "{wrong}");
    }
}

// Records

#[test]
fn records_are_these_bytes() {
    fn check<R: Record + PartialEq + std::fmt::Debug>(record: R, expected: &str) {
        assert_eq!(hex(&record.encode()), hex(&bytes(expected)), "{record:?}");
        assert_eq!(R::decode(&bytes(expected)), Ok(record));
    }
    let text = |text: &str| text.to_owned();
    let calendar = CalendarRecord { zone: text("UTC"), day_start: 1_439, week_start: 6, month_start_day: 28 };
    check(
        StoreRecord { format: 1, calendar, tz_version: text("2025b"), crate_version: text("0.1.0") },
        "01 01 03555443 fb9f05 06 1c 053230323562 05302e312e30",
    );
    check(SeenRecord { day: 15_706 }, "01 fbb47a");
    check(DomainRecord { name: text("The till") }, "01 08 5468652074696c6c");
    let metric = |form| MetricRecord { name: text("N"), description: text(""), kind: text("visit"), form };
    check(metric(Form::Integers), "01 014e 00 057669736974 00");
    check(metric(Form::Encoded), "01 014e 00 057669736974 01");
    check(metric(Form::Large), "01 014e 00 057669736974 02");
    check(
        TrackedRecord {
            through: -2,
            left_out: Some(-1),
            periods: vec![text("day"), text("week")],
            in_step: Vec::new(),
        },
        "01 03 0101 02 03646179 047765656b",
    );
    check(
        TrackedRecord {
            through: -2,
            left_out: None,
            periods: vec![text("week")],
            in_step: vec![text("week")],
        },
        "02 03 00 01 047765656b 01 047765656b",
    );
}

#[test]
fn records_of_other_versions_or_lengths_are_refused() {
    for (wrong, why) in [
        ("", "an empty record"),
        ("02 08 5468652074696c6c", "a record of an unknown version"),
        ("01 08 5468652074696c", "a record that can't be decoded"),
        ("01 08 5468652074696c6c 00", "a record that can't be decoded"),
        ("01 fdffffffffffffff7f 00", "a record that can't be decoded"),
    ] {
        assert_eq!(DomainRecord::decode(&bytes(wrong)), Err(Malformed(why)), "{wrong}");
    }
}

#[test]
fn the_format_is_the_first() {
    assert_eq!(FORMAT, 1, "describe the new version in src/docs/format.md, and keep what reads the old one");
}
