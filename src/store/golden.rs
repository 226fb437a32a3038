//! Whole stores, frozen: the entries that `src/docs/format.md` draws are the ones that are written.

use super::{Store, store_record};
use crate::{
    calendar::Calendar,
    error::Error,
    format::{FORMAT, KeyRange, Record, StoreRecord, key},
    kinds::{MergeError, Value},
    model::{Date, Domain, Metric, Object, Period},
    storage::{Engine, MemoryEngine, Reads, Write as Put},
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::{fmt::Write, sync::Arc};

const TILL: Domain<'static> = Domain::new("till", "The till");
const SALES: Metric<'static> = Metric::new(TILL, "sales", "Sales");
const TAKINGS: Metric<'static, Takings> = Metric::new(TILL, "takings", "Takings").describe("In cents.");

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Takings {
    cash: u64,
    card: u64,
}

impl Value for Takings {
    const KIND: &'static str = "takings";

    fn merge(&mut self, _: &Self) -> Result<(), MergeError> {
        Ok(())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// What stands in the document's tables of entries, without the white space that is for the eye.
fn drawn() -> Vec<(String, String)> {
    let document = include_str!("../docs/format.md");
    let (_, example) = document.split_once("## An example").unwrap();
    let (_, lines) = example.split_once("```text\n").unwrap();
    let (lines, _) = lines.split_once("```").unwrap();
    let hex = |text: &str| text.split('#').next().unwrap().split_whitespace().collect::<String>();
    let entries = lines.lines().filter_map(|line| line.split_once("->"));
    entries.map(|(key, value)| (hex(key), hex(value))).collect()
}

#[test]
fn the_entries_of_the_example_are_as_drawn() {
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    let store = Store::in_memory().unwrap();
    store
        .change(|change| {
            change.record(SALES.on(Period::Day, day("2013-01-01")), 155)?;
            change.record(SALES.on(Period::Day, day("2013-01-02")), 160)?;
            change.record_missing(SALES.on(Period::Day, day("2013-01-03")))?;
            change.record(SALES.on(Period::Day, day("1969-12-31")), -1)?;
            change.record(SALES.on(Period::Hour, Date::with_hour(day("2013-01-01"), 5)), 12)?;
            change.record(SALES.on(Period::Month, day("2013-01-01")), 4_816)?;
            change.record(SALES.on(Period::LastDays(7), day("2013-01-01")), 1_000)?;
            for (user, sold) in [(7, 2), (8, 3)] {
                let object = Object::new("user", user)?.and("shop", "nl")?;
                change.record(SALES.on(Period::Day, day("2013-01-01")).of(object), sold)?;
            }
            change.record(TAKINGS.on(Period::Day, day("2013-01-01")), Takings { cash: 300, card: 1 })?;
            change.set_cursor("log", b"42".to_vec())
        })
        .unwrap();
    let mut entries = Vec::new();
    store
        .snapshot()
        .for_each(KeyRange { start: vec![0x01], end: None }, |entry| {
            entries.push((hex(&entry.key), hex(&entry.value)));
            Ok(())
        })
        .unwrap();
    assert_eq!(entries, drawn());
}

#[test]
fn a_record_of_a_newer_format_is_refused_with_both_formats() {
    let record = StoreRecord { format: FORMAT + 1, ..store_record(&Calendar::default()) };
    let engine = MemoryEngine::default();
    engine.apply(vec![Put { key: key::store(), value: Some(record.encode()) }], None).unwrap();
    let refused = Store::options().open_engine(Arc::new(engine)).unwrap_err();
    assert!(
        matches!(refused, Error::Format { found, known: FORMAT, .. } if found == FORMAT + 1),
        "{refused}"
    );
}
