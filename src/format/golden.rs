//! The bytes on disk, frozen. A test that fails here means that stores out there can no longer be read: raise the
//! format's version and go on reading the old one; see `src/docs/format.md`.

use super::{
    BlockBuilder, BlockKey, BlockReader, CalendarRecord, CheckpointRecord, DomainRecord, FORMAT, Form,
    Malformed, MetricRecord, PeriodRecord, Record, Row, SeenRecord, Space, StoreRecord, TrackedRecord,
    form_of, key,
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

fn block_key(metric: &str, period: Period, first_slot: i32, object: Option<Object>) -> BlockKey {
    BlockKey { domain: "d".to_owned(), metric: metric.to_owned(), period, first_slot, object }
}

/// In the order in which they sort.
fn block_keys() -> Vec<(BlockKey, &'static str)> {
    let plain = |period, slot| block_key("m", period, slot, None);
    let of = |object: Object| block_key("m", Period::Day, 15_680, Some(object));
    let kind = |id| Object::new("k", id).unwrap();
    let text = |id: &str| Object::new("k", id).unwrap();
    vec![
        (plain(Period::Hour, 32 * 15_706), "10 6400 6d00 10 8007ab40"),
        (plain(Period::Day, i32::MIN), "10 6400 6d00 20 00000000"),
        (plain(Period::Day, -719_168), "10 6400 6d00 20 7ff506c0"),
        (plain(Period::Day, -64), "10 6400 6d00 20 7fffffc0"),
        (plain(Period::Day, 0), "10 6400 6d00 20 80000000"),
        (plain(Period::Day, 15_680), "10 6400 6d00 20 80003d40"),
        (plain(Period::Day, i32::MAX), "10 6400 6d00 20 ffffffff"),
        (plain(Period::Week, 0), "10 6400 6d00 30 80000000"),
        (plain(Period::Month, 0), "10 6400 6d00 40 80000000"),
        (plain(Period::Quarter, 0), "10 6400 6d00 50 80000000"),
        (plain(Period::Year, 0), "10 6400 6d00 60 80000000"),
        (plain(Period::LastDays(1), 0), "10 6400 6d00 70 0001 80000000"),
        (plain(Period::LastDays(28), 0), "10 6400 6d00 70 001c 80000000"),
        (plain(Period::LastDays(u16::MAX), 0), "10 6400 6d00 70 ffff 80000000"),
        (plain(Period::Lifetime, 0), "10 6400 6d00 80 80000000"),
        (block_key("m ", Period::Day, 0, None), "10 6400 6d2000 20 80000000"),
        (block_key("\u{e9}", Period::Day, 0, None), "10 6400 c3a900 20 80000000"),
        (of(kind(0)), "11 6400 6d00 20 80003d40 6b00 01 0000000000000000 00"),
        (
            of(kind(0).and("l", "x").unwrap()),
            "11 6400 6d00 20 80003d40 6b00 01 0000000000000000 6c00 02 7800 00",
        ),
        (of(kind(258)), "11 6400 6d00 20 80003d40 6b00 01 0000000000000102 00"),
        (of(kind(u64::MAX)), "11 6400 6d00 20 80003d40 6b00 01 ffffffffffffffff 00"),
        (of(text("")), "11 6400 6d00 20 80003d40 6b00 02 00 00"),
        (of(text("\0")), "11 6400 6d00 20 80003d40 6b00 02 010000 00"),
        (of(text("\0a")), "11 6400 6d00 20 80003d40 6b00 02 01006100 00"),
        (of(text("\u{1}")), "11 6400 6d00 20 80003d40 6b00 02 010100 00"),
        (of(text("\u{2}")), "11 6400 6d00 20 80003d40 6b00 02 0200 00"),
        (of(text("7")), "11 6400 6d00 20 80003d40 6b00 02 3700 00"),
        (of(text("a/b")), "11 6400 6d00 20 80003d40 6b00 02 612f6200 00"),
        (of(Object::new("k2", 0).unwrap()), "11 6400 6d00 20 80003d40 6b3200 01 0000000000000000 00"),
    ]
}

#[test]
fn the_keys_of_blocks_are_these_bytes_and_sort_like_this() {
    let keys = block_keys();
    for (key, expected) in &keys {
        assert_eq!(hex(&key.encode()), hex(&bytes(expected)), "{key:?}");
        assert_eq!(BlockKey::decode(&bytes(expected)).as_ref(), Ok(key));
    }
    assert!(keys.is_sorted_by(|(_, a), (_, b)| bytes(a) < bytes(b)));
}

#[test]
fn the_other_keys_are_these_bytes() {
    let kinds = ["country".to_owned(), "province".to_owned()];
    for (key, expected) in [
        (key::store(), "00"),
        (key::checkpoint(), "00 00"),
        (key::seen(), "00 02"),
        (Space::Domain.key(&["d"]), "01 6400"),
        (Space::Metric.key(&["d", "m"]), "02 6400 6d00"),
        (Space::Cursor.key(&["a\0"]), "20 61010000"),
        (key::tracked("d", "m", &[]), "21 6400 6d00"),
        (key::tracked("d", "m", &kinds), "21 6400 6d00 636f756e74727900 70726f76696e636500"),
    ] {
        assert_eq!(hex(&key), hex(&bytes(expected)));
    }
    assert_eq!(Space::Cursor.names(&bytes("20 61010000")), Ok(vec!["a\0".to_owned()]));
}

#[test]
fn keys_of_blocks_that_can_not_be_are_refused() {
    let (end, object) = ("a key that ends too soon", "a key with an object of no parts");
    for (wrong, why) in [
        ("", end),
        ("12 6400 6d00 20 80003d40", "a key that is not a block's"),
        ("10 6400 6d00 20 80003d", end),
        ("10 6400 6d00 20 80003d40 00", "a key that goes on after its end"),
        ("10 6400 6d00 00 80003d40", "an unknown period"),
        ("10 6400 6d00 70 0000 80003d40", "a period that is a window of no days"),
        ("10 00 6d00 20 80003d40", "a key with an invalid ref"),
        ("10 6402 00", "a key with an invalid ref"),
        ("10 640102 6d00 20 80003d40", "a key with an unknown escape"),
        ("10 64ff00 6d00 20 80003d40", "a key whose text is not UTF-8"),
        ("11 6400 6d00 20 80003d40", end),
        ("11 6400 6d00 20 80003d40 00", object),
        ("11 6400 6d00 20 80003d40 6b00 02 7800", end),
        ("11 6400 6d00 20 80003d40 6b00 03 7800 00", "a key with an unknown kind of id"),
    ] {
        assert_eq!(BlockKey::decode(&bytes(wrong)), Err(Malformed(why)), "{wrong}");
    }
}

// Rows

fn row<V: Value>(slots: impl IntoIterator<Item = (u32, Option<V>)>) -> Row<V> {
    let mut row = Row::default();
    for (slot, value) in slots {
        row.set(slot, value);
    }
    row
}

fn encoded<V: Value>(row: &Row<V>, form: Form) -> Vec<u8> {
    let mut bytes = Vec::new();
    row.encode(form, &mut bytes).unwrap();
    bytes
}

#[test]
fn rows_of_integers_are_these_bytes_in_each_width() {
    let two = |a: i64, b: i64| row([(0, Some(a)), (63, Some(b))]);
    for (row, expected) in [
        // head, count, slots, lowest value, distances from it
        (two(0, 0), "10 02 00 3f 00"),
        (two(5, 5), "10 02 00 3f 0a"),
        (two(-1, 254), "11 02 00 3f 01 00 ff"),
        (two(-1, 255), "12 02 00 3f 01 0000 0001"),
        (two(63, 63 + 0xffff), "12 02 00 3f 7e 0000 ffff"),
        (two(64, 64 + 0x01_0000), "13 02 00 3f 8001 000000 000001"),
        (two(0, 0x0100_0000), "14 02 00 3f 00 00000000 00000001"),
        (two(0, 0x01_0000_0000), "15 02 00 3f 00 0000000000 0000000001"),
        (two(0, 0x0100_0000_0000), "16 02 00 3f 00 000000000000 000000000001"),
        (two(0, 0x01_0000_0000_0000), "17 02 00 3f 00 00000000000000 00000000000001"),
        (two(0, 0x0100_0000_0000_0000), "18 02 00 3f 00 0000000000000000 0000000000000001"),
        (two(-40_000, -39_999), "11 02 00 3f fff004 00 01"),
        (two(i64::MIN, i64::MAX), "18 02 00 3f ffffffffffffffffff01 0000000000000000 ffffffffffffffff"),
    ] {
        let row: Row<i64> = row;
        assert_eq!(hex(&encoded(&row, Form::Integers)), hex(&bytes(expected)));
        assert_eq!(Row::decode(Form::Integers, &bytes(expected)).as_ref(), Ok(&row));
    }
    let highest = row([(1, Some(Max(-3)))]);
    assert_eq!(hex(&encoded(&highest, Form::Integers)), hex(&bytes("00 01 05")));
}

#[test]
fn which_slots_a_row_has_is_these_bytes_in_each_way() {
    let sevens = |slots: &[u32]| row(slots.iter().map(|slot| (*slot, Some(-7))));
    let all: Vec<u32> = (0..64).collect();
    for (row, expected) in [
        // one: slot
        (sevens(&[0]), "00 00 0d"),
        (sevens(&[63]), "00 3f 0d"),
        // list: count, slots
        (sevens(&[0, 2]), "10 02 00 02 0d"),
        (sevens(&[0, 1, 3, 5, 62, 63]), "10 06 00 01 03 05 3e 3f 0d"),
        // run: first slot, count
        (sevens(&[0, 1]), "20 00 02 0d"),
        (sevens(&[60, 61, 62, 63]), "20 3c 04 0d"),
        (sevens(&all), "20 00 40 0d"),
        // bits
        (sevens(&[0, 2, 4, 6, 8, 10, 63]), "30 5505000000000080 0d"),
        (sevens(&all[..62].iter().copied().chain([63]).collect::<Vec<_>>()), "30 ffffffffffffffbf 0d"),
        // A missing statistic is present, is marked by its place among those that are, and has no value.
        (row([(3, None)]), "40 03 01"),
        (row([(0, None), (9, None)]), "50 02 00 09 03"),
        (row([(7, Some(1)), (8, None), (9, Some(3))]), "61 07 03 02 02 00 02"),
        (row((0..9).map(|slot| (slot, (slot < 8).then_some(1)))), "60 00 09 0001 02"),
        (row((0..7).map(|place| (9 * place, (place > 0).then_some(1)))), "70 0102040810204000 01 02"),
    ] {
        let row: Row<i64> = row;
        assert_eq!(hex(&encoded(&row, Form::Integers)), hex(&bytes(expected)));
        assert_eq!(Row::decode(Form::Integers, &bytes(expected)).as_ref(), Ok(&row));
    }
    let rising = row((0..64).map(|slot| (slot, Some(i64::from(slot)))));
    let expected: Vec<u8> = bytes("21 00 40 00").into_iter().chain(0..64).collect();
    assert_eq!(hex(&encoded(&rising, Form::Integers)), hex(&expected));
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct GoldenVisit {
    seconds: u64,
    delay: i32,
    place: String,
    rating: Option<f64>,
}

impl Value for GoldenVisit {
    const KIND: &'static str = "visit";

    fn merge(&mut self, _: &Self) -> Result<(), MergeError> {
        Ok(())
    }
}

#[test]
fn rows_of_the_users_own_values_are_these_bytes() {
    let visit = |seconds, rating| GoldenVisit { seconds, delay: -2, place: "Zo\u{eb}".to_owned(), rating };
    let long = GoldenVisit { place: "z".repeat(122), ..visit(0, None) };
    let z = "7a".repeat(122);
    for (row, expected) in [
        // head, slots; per value: length, bytes
        (row([(0, Some(visit(250, None)))]), "00 00 08 fa 03 045a6fc3ab 00"),
        (
            row([(0, Some(visit(251, Some(1.5)))), (2, Some(visit(1, None)))]),
            "10 02 00 02 12 fbfb00 03 045a6fc3ab 01000000000000f83f 08 01 03 045a6fc3ab 00",
        ),
        (row([(0, None), (4, Some(visit(70_000, None)))]), "50 02 00 04 01 0c fc70110100 03 045a6fc3ab 00"),
        (row([(15, None)]), "40 0f 01"),
        (
            row([(1, Some(GoldenVisit { place: "z".repeat(123), ..long.clone() }))]),
            &format!("00 01 7f 00 03 7b {z}7a 00"),
        ),
        (
            row([(1, Some(GoldenVisit { place: "z".repeat(124), ..long }))]),
            &format!("00 01 8001 00 03 7c {z}7a7a 00"),
        ),
    ] {
        assert_eq!(hex(&encoded(&row, Form::Encoded)), hex(&bytes(expected)));
        assert_eq!(Row::decode(Form::Encoded, &bytes(expected)).as_ref(), Ok(&row));
        let any = Row::<AnyValue>::decode(Form::Encoded, &bytes(expected)).unwrap();
        assert_eq!(hex(&encoded(&any, Form::Encoded)), hex(&bytes(expected)));
    }
}

/// One length stands before each value: the row's.
#[test]
fn rows_of_the_crate_s_own_values_are_these_bytes() {
    fn check<V: Value>(form: Form, value: V, expected: &str) {
        let row = row([(0, Some(value.clone())), (1, None), (2, Some(value))]);
        assert_eq!(Form::of::<V>(), Some(form));
        assert_eq!(hex(&encoded(&row, form)), hex(&bytes(expected)));
        assert_eq!(Row::decode(form, &bytes(expected)), Ok(row));
    }
    let head = "60 00 03 02";
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
    let (end, head) = ("bytes that end too soon", "a row whose head can't be");
    let (values, number) = ("a row whose values don't fit its head", "a number that has too many bytes");
    for (form, wrong, why) in [
        (Form::Integers, "", end),
        (Form::Integers, "00", end),
        (Form::Integers, "00 40 00", head), // a slot after the last
        (Form::Integers, "10 02 00", end),
        (Form::Integers, "10 00 00", head),          // no statistics
        (Form::Integers, "10 02 00 40 00", head),    // a slot after the last
        (Form::Integers, "11 02 05 05 00 00", head), // a slot twice
        (Form::Integers, "10 02 05 03 00", head),    // slots out of order
        (Form::Integers, "20 00", end),
        (Form::Integers, "20 00 00 00", head), // no statistics
        (Form::Integers, "20 00 01 00", head), // a run of one
        (Form::Integers, "20 3f 02 00", head), // a run beyond the last slot
        (Form::Integers, "20 00 41 00", head),
        (Form::Integers, "20 01 ff 00", head),
        (Form::Integers, "20 40 02 00", head),
        (Form::Integers, "30 00000000000000", end),
        (Form::Integers, "30 0000000000000000 00", head), // no statistics
        (Form::Integers, "00 00", end),                   // no lowest value
        (Form::Integers, "00 00 80", end),                // half a lowest value
        (Form::Integers, "00 00 8000", number),           // a lowest value with a byte too many
        (Form::Integers, "00 00 ffffffffffffffffff02", number),
        (Form::Integers, "00 00 ffffffffffffffffff8100", number),
        (Form::Integers, "01 00 00", values),    // no distance
        (Form::Integers, "00 00 00 00", values), // a distance too many
        (Form::Integers, "40 00", end),          // no mark
        (Form::Integers, "40 00 00 00", head),   // marked, but nothing is missing
        (Form::Integers, "40 00 03", head),      // more missing than present
        (Form::Integers, "60 00 09 0002 00", head),
        (Form::Integers, "60 00 09 01", end),    // half of the marks
        (Form::Integers, "40 00 01 00", values), // a lowest value of none
        (Form::Integers, "41 00 01", values),    // a width without values
        (Form::Integers, "80 00 00", head),      // an unknown bit
        (Form::Integers, "09 00 00 000000000000000000", values), // an unknown width
        (Form::Integers, "0f 00 00 000000000000000000000000000000", values),
        (Form::Encoded, "01 00 00", values), // a width where there is none
        (Form::Large, "01 00 00", values),
        (Form::Encoded, "00 00", end),             // no value
        (Form::Encoded, "00 00 02 07", end),       // a value that ends too soon
        (Form::Encoded, "00 00 01 07 00", values), // a byte too many
        (Form::Encoded, "40 00 01 00", values),    // a value of a missing statistic
        (Form::Encoded, "00 00 8100 07", number),  // a length with a byte too many
        (Form::Encoded, "00 00 ffffffffffffffffff01 07", end),
    ] {
        let row = Row::<AnyValue>::decode(form, &bytes(wrong));
        assert_eq!(row, Err(Malformed(why)), "{wrong}");
    }
    let own = "a row whose values are not of its metric's kind";
    assert_eq!(Row::<Sum>::decode(Form::Encoded, &bytes("00 00 01 07")), Err(Malformed(own)));
}

// Blocks

/// The bytes of an object, and those of its row.
type ObjectRow = (Vec<u8>, Vec<u8>);

/// The first object, and the bytes of the block.
fn block(form: Form, rows: &[ObjectRow]) -> (Vec<u8>, Vec<u8>) {
    let mut builder = BlockBuilder::new(form, 0);
    for (object, row) in rows {
        builder.push(object, row);
    }
    builder.take()
}

fn rows_of(form: Form, first_object: &[u8], block: &[u8]) -> Result<Vec<ObjectRow>, Malformed> {
    let mut reader = BlockReader::new(form, first_object, block)?;
    let mut rows = Vec::new();
    while let Some(row) = reader.next_bytes()? {
        rows.push((reader.object().to_vec(), row.to_vec()));
    }
    Ok(rows)
}

#[test]
fn blocks_are_these_bytes() {
    let of = |id: u64| Object::new("k", id).unwrap();
    let objects = [
        of(0),
        of(1),
        of(1).and("l", "x").unwrap(),
        of(1).and("l", "xy").unwrap(),
        of(256),
        Object::new("k", "").unwrap(),
        Object::new("l", "").unwrap(),
    ];
    let rows = ["00 05 0a", "00 05 0c", "00 3f 00", "40 00 01", "00 05 0a", "00 05 0a", "00 05 0a"];
    let with_objects = objects.iter().map(key::object_bytes).zip(rows.map(bytes)).collect();
    let long = format!("00 00 8001 {}", "07".repeat(128));
    let without = |row: &str| vec![(Vec::new(), bytes(row))];
    for (form, rows, expected) in [
        // form; one row: its length, its bytes
        (Form::Integers, without("00 05 0a"), "01  03 00050a".to_owned()),
        (Form::Encoded, without(&long), format!("02  8401 {long}")),
        (Form::Large, without("00 05 01 00"), "03  04 00050100".to_owned()),
        // Of each object but the first: what it shares with the one before, and what follows, without the byte 00 at
        // its end.
        (
            Form::Integers,
            with_objects,
            "01
                                     03 00050a
                0a 01 01             03 00050c
                0b 05 6c00 02 7800   03 003f00
                0f 02 7900           03 400001
                09 02 0100           03 00050a
                02 02 0200           03 00050a
                00 04 6c00 02 00     03 00050a"
                .to_owned(),
        ),
    ] {
        let (first_object, block) = block(form, &rows);
        assert_eq!((&first_object, hex(&block)), (&rows[0].0, hex(&bytes(&expected))));
        assert_eq!(rows_of(form, &first_object, &block), Ok(rows));
        assert_eq!(form_of(&bytes(&expected)), Some(form));
    }
}

#[test]
fn blocks_that_can_not_be_are_refused() {
    let form = "a block that isn't in the form that its metric is registered with";
    let (end, shared) = ("bytes that end too soon", "a block whose objects share more than they have");
    let (none, k) = ("", "6b00 02 00 00");
    for (first_object, wrong, why) in [
        (none, "", end),
        (none, "00", form),
        (none, "02 03 00050a", form),
        (none, "04 03 00050a", form),
        (none, "01", "a block without rows"),
        (none, "01 03 0005", end),                       // half a row
        (k, "01 03 00050a 00", end),                     // no object
        (k, "01 03 00050a 00 04 6b00", end),             // half an object
        (k, "01 03 00050a 00 04 6c000200", end),         // no row
        (k, "01 03 00050a 00 04 6c000200 03 0005", end), // half a row
        (none, "01 8300 00050a", "a number that has too many bytes"),
        (none, "01 ffffffffffffffffff01 00050a", end),
        (none, "01 03 00050a 01 01 07 03 00050a", shared), // shared with none
        (k, "01 03 00050a 05 01 07 03 00050a", shared),
        (k, "01 03 00050a 04 01 07 03 00050a 06 01 07 03 00050a", shared),
    ] {
        let found = rows_of(Form::Integers, &bytes(first_object), &bytes(wrong));
        assert_eq!(found, Err(Malformed(why)), "{first_object}: {wrong}");
    }
    for unknown in ["", "00", "04", "ff"] {
        assert_eq!(form_of(&bytes(unknown)), None);
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
        StoreRecord { format: 2, calendar, tz_version: text("2025b"), crate_version: text("0.1.0") },
        "01 02 03555443 fb9f05 06 1c 053230323562 05302e312e30",
    );
    check(SeenRecord { day: 15_706 }, "01 fbb47a");
    check(CheckpointRecord { store_id: 251, number: 7 }, "01 fbfb00 07");
    check(DomainRecord { name: text("The till") }, "01 08 5468652074696c6c");
    let metric = |form| MetricRecord { name: text("N"), description: text(""), kind: text("visit"), form };
    check(metric(Form::Integers), "01 014e 00 057669736974 00");
    check(metric(Form::Encoded), "01 014e 00 057669736974 01");
    check(metric(Form::Large), "01 014e 00 057669736974 02");
    check(TrackedRecord::default(), "01 00 00 00 00");
    let periods = |periods: &[Period]| periods.iter().copied().map(PeriodRecord::from).collect();
    check(
        TrackedRecord {
            through: Some(-2),
            left_out: Some(-1),
            periods: periods(&[
                Period::Hour,
                Period::Day,
                Period::Week,
                Period::Month,
                Period::Quarter,
                Period::Year,
                Period::LastDays(1),
                Period::LastDays(u16::MAX),
                Period::Lifetime,
            ]),
            in_step: periods(&[Period::Week]),
        },
        "01 0103 0101 09 1000 2000 3000 4000 5000 6000 7001 70fbffff 8000 01 3000",
    );
}

#[test]
fn periods_that_can_not_be_are_refused() {
    for (wrong, why) in [
        ("01 00 00 01 0000 00", "an unknown period"),
        ("01 00 00 01 9000 00", "an unknown period"),
        ("01 00 00 01 7000 00", "a period that is a window of no days"),
    ] {
        let record = TrackedRecord::decode(&bytes(wrong)).unwrap();
        assert_eq!(record.periods[0].period(), Err(Malformed(why)), "{wrong}");
    }
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
    // A tracked record had a second version before the first release.
    let wrong = bytes("02 00 00 00 00");
    assert_eq!(TrackedRecord::decode(&wrong), Err(Malformed("a record of an unknown version")));
}

#[test]
fn the_format_is_the_first_that_was_released() {
    assert_eq!(FORMAT, 2, "describe the new version in src/docs/format.md, and keep what reads the old one");
}
