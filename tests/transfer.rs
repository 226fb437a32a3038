//! Export and import: what comes back is what was there, and what can't be read is said.
#![cfg(feature = "exchange")]
#![expect(clippy::unwrap_used, reason = "what a test needs and doesn't get fails it")]

mod common;

use chrono::{Days, Months, NaiveDate, NaiveTime, Weekday};
use common::read_all;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use trackstats::{
    Calendar, Domain, Error, Metric, Object, Period, Store, Timestamp, Tracker, chrono,
    exchange::{export, exported_calendar, import},
    kinds::{
        AnyValue, Distinct, Figure, Figures, Gauge, Max, MergeError, Meter, Min, Quantiles, Sum, Summary,
        Value,
    },
    model::{Date, Id, Point, Statistic},
    store::{FixedClock, Prefix},
};

const TILL: Domain<'_> = Domain::new("till", "The till");
const SALES: Metric<'_> = Metric::new(TILL, "sales", "Sales").describe("How many.");

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Takings(u64, String);

impl Value for Takings {
    const KIND: &'static str = "takings";

    fn merge(&mut self, other: &Self) -> Result<(), MergeError> {
        self.0 += other.0;
        Ok(())
    }
}

const TAKINGS: Metric<'_, Takings> = Metric::new(TILL, "takings", "Takings");

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn store() -> Store {
    Store::in_memory().unwrap()
}

fn exported(store: &Store) -> String {
    let mut lines = Vec::new();
    export(store, &Prefix::everything(), &mut lines).unwrap();
    String::from_utf8(lines).unwrap()
}

fn store_like(store: &Store) -> Store {
    Store::options().calendar(*store.calendar()).in_memory().unwrap()
}

/// Exports, imports into an empty store, exports again: the same bytes.
fn assert_comes_back(store: &Store) -> Store {
    let lines = exported(store);
    assert_eq!(exported_calendar(lines.as_bytes()).unwrap(), Some(*store.calendar()));
    let copy = store_like(store);
    import(&copy, lines.as_bytes()).unwrap();
    assert_eq!(exported(&copy), lines);
    copy
}

fn problem(store: &Store, lines: &[u8]) -> (u64, String) {
    let before = exported(store);
    let found = import(store, lines).unwrap_err();
    assert_eq!(exported(store), before, "a failed import changed something");
    assert!(found.to_string().ends_with("; nothing was imported"), "{found}");
    match found {
        Error::Import { line, problem } => (line, problem),
        other => panic!("another error: {other}"),
    }
}

#[test]
fn an_export_reads_as_the_contract_says() {
    let calendar = Calendar::new("America/New_York")
        .unwrap()
        .weeks_from(Weekday::Sun)
        .days_from(NaiveTime::from_hms_opt(2, 0, 0).unwrap())
        .unwrap()
        .months_from(15)
        .unwrap();
    let store = Store::options().calendar(calendar).in_memory().unwrap();
    store.record(SALES.on(Period::Day, day("2013-01-01")), 14).unwrap();
    store.record_missing(SALES.on(Period::Hour, Date::with_hour(day("2013-01-01"), 5))).unwrap();
    let object = Object::new("shop", 42).unwrap().and("till", "42").unwrap();
    store.record(SALES.on(Period::LastDays(7), day("2013-01-01")).of(object), -3).unwrap();
    store.record(TAKINGS.on(Period::Month, day("2013-01-20")), Takings(1, "é".into())).unwrap();
    assert_eq!(
        exported(&store),
        concat!(
            r#"{"define":"calendar","zone":"America/New_York","week_start":"sunday","day_start":"02:00","month_start_day":15}"#,
            "\n",
            r#"{"define":"domain","ref":"till","name":"The till"}"#,
            "\n",
            r#"{"define":"metric","domain":"till","ref":"sales","name":"Sales","description":"How many.","value":"integer"}"#,
            "\n",
            r#"{"define":"metric","domain":"till","ref":"takings","name":"Takings","description":"","value":"takings","encoded":true}"#,
            "\n",
            r#"{"domain":"till","metric":"sales","period":"hour","date":"2013-01-01T07:00:00-05:00","object":null,"value":null}"#,
            "\n",
            r#"{"domain":"till","metric":"sales","period":"day","date":"2013-01-01","object":null,"value":14}"#,
            "\n",
            r#"{"domain":"till","metric":"takings","period":"month","date":"2013-01-15","object":null,"value":{"base64":"AQLDqQ=="}}"#,
            "\n",
            r#"{"domain":"till","metric":"sales","period":"last-7-days","date":"2013-01-01","object":{"shop":42,"till":"42"},"value":-3}"#,
            "\n",
        )
    );
    let copy = assert_comes_back(&store);
    let takings = copy.get(&TAKINGS.on(Period::Month, day("2013-01-15"))).unwrap().unwrap();
    assert_eq!(takings.value, Some(Takings(1, "é".into())));
}

const TRACKED: [Period; 4] = [Period::Week, Period::Month, Period::LastDays(7), Period::Lifetime];

/// A store on 18 May 2024.
fn in_may() -> Store {
    Store::options().clock(FixedClock(Timestamp::from_unix_seconds(1_716_033_600))).in_memory().unwrap()
}

/// A store that tracks sales by till, from records of days before and after today.
fn tracked_store() -> Store {
    let store = in_may();
    let records =
        (0..70_i64).filter(|day| day % 5 < 3).map(|day| (1_716_033_600 + (day - 60) * 86_400, day % 4));
    Tracker::count(SALES, |record: &(i64, i64)| Timestamp::from_unix_seconds(record.0))
        .by("till", |record| record.1.unsigned_abs().into())
        .unwrap()
        .periods(TRACKED)
        .append()
        .run(&store, records)
        .unwrap();
    store
}

fn read(store: &Store) -> Vec<Statistic> {
    read_all(store, SALES, &TRACKED, &[&[], &["till"]])
}

#[test]
fn what_is_tracked_is_exported_and_running_periods_are_worked_out_where_it_is_imported() {
    let store = tracked_store();
    let lines = exported(&store);
    assert!(!lines.contains(r#""period":"l"#));
    for by in ["", r#""till""#] {
        let tracked = format!(
            r#"{{"define":"tracked","domain":"till","metric":"sales","by":[{by}],"periods":["day","week","month","last-7-days","lifetime"]}}"#
        );
        assert_eq!(lines.lines().filter(|line| *line == tracked).count(), 1, "{lines}");
    }
    let is_tracked = |line: &&str| line.contains(r#""tracked""#);
    assert_eq!(lines.lines().skip_while(|line| !is_tracked(line)).take_while(is_tracked).count(), 2);
    // Days alone are enough: weeks and months are brought into step with them.
    let days: String = lines
        .lines()
        .filter(|line| !line.contains(r#""period":"week""#) && !line.contains(r#""period":"month""#))
        .flat_map(|line| [line, "\n"])
        .collect();
    assert!(days.len() < lines.len());
    let found = read(&store);
    assert!(found.len() > 300);
    for imported in [&lines, &days] {
        let copy = in_may();
        import(&copy, imported.as_bytes()).unwrap();
        assert_eq!(read(&copy), found);
        assert_eq!(exported(&copy), lines);
        assert!(copy.verify().unwrap().is_sound());
        let all = |store: &Store| store.series(SALES, Period::Day).by(["till"]).over().unwrap();
        assert_eq!(all(&copy), all(&store));
    }
}

#[test]
fn days_that_are_imported_are_in_all_that_is_tracked_of_a_metric() {
    let store = tracked_store();
    let (before, day) = (read(&store), day("2024-04-10"));
    // Of a store that tracks nothing.
    let other = in_may();
    other.record(SALES.on(Period::Day, day), 1_000).unwrap();
    other.record(SALES.on(Period::Day, day).of(Object::new("till", 9).unwrap()), 1_000).unwrap();
    import(&store, exported(&other).as_bytes()).unwrap();
    assert!(store.verify().unwrap().is_sound());

    let plain = |read: &[Statistic]| -> Vec<(Period, Date, i64)> {
        let plain = read.iter().filter(|found| found.object().is_none());
        plain.map(|found| (found.series.period(), found.date, found.value.unwrap())).collect()
    };
    let was = tracked_store().get(&SALES.on(Period::Day, day)).unwrap().unwrap().value.unwrap();
    let mut expected = plain(&before);
    for (period, date, value) in &mut expected {
        let holds = match period {
            Period::Week => date.day() <= day && day < date.day() + Days::new(7),
            Period::Month => date.day() <= day && day < date.day() + Months::new(1),
            Period::LastDays(_) => day <= date.day() && date.day() < day + Days::new(7),
            _ => day <= date.day(),
        };
        *value += if holds { 1_000 - was } else { 0 };
    }
    let after = read(&store);
    assert_eq!(plain(&after), expected);
    let nine = Object::new("till", 9).unwrap();
    let of_nine: Vec<&Statistic> = after.iter().filter(|found| found.object() == Some(&nine)).collect();
    // A week, a month, seven windows, and each day up to today.
    assert_eq!(of_nine.len(), 1 + 1 + 7 + 39);
    assert!(of_nine.iter().all(|found| found.value == Some(1_000)));
}

#[test]
fn an_import_leaves_the_weeks_and_months_that_hold_no_imported_day() {
    let store = tracked_store();
    let till = |id: u64| Object::new("till", id).unwrap();
    // Recorded by hand: no days make them.
    store.record(SALES.on(Period::Month, day("2023-01-01")), 77).unwrap();
    store.record(SALES.on(Period::Month, day("2023-01-01")).of(till(1)), 7).unwrap();
    // The days of March are gone, mostly.
    for date in day("2024-03-20").iter_days().take(10) {
        store.delete(&SALES.on(Period::Day, date).of(till(1))).unwrap();
    }
    let march = SALES.on(Period::Month, day("2024-03-01")).of(till(1));
    let in_march = store.get(&march).unwrap();

    let other = in_may();
    other.record(SALES.on(Period::Day, day("2024-04-10")), 1_000).unwrap();
    // Months without object say nothing of those by till, which are worked out.
    other.record(SALES.on(Period::Day, day("2024-05-02")).of(till(1)), 500).unwrap();
    other.record(SALES.on(Period::Month, day("2024-05-01")), 3).unwrap();
    let may = SALES.on(Period::Month, day("2024-05-01"));
    let of_till = store.get(&may.clone().of(till(1))).unwrap().unwrap().value.unwrap();
    let old = store.get(&SALES.on(Period::Day, day("2024-05-02")).of(till(1))).unwrap();
    import(&store, exported(&other).as_bytes()).unwrap();

    let value = |key| store.get(&key).unwrap().unwrap().value;
    assert_eq!(value(SALES.on(Period::Month, day("2023-01-01"))), Some(77));
    assert_eq!(value(SALES.on(Period::Month, day("2023-01-01")).of(till(1))), Some(7));
    assert_eq!(store.get(&march).unwrap(), in_march);
    assert_eq!(value(may.clone()), Some(3));
    let old = old.and_then(|old| old.value).unwrap_or_default();
    assert_eq!(value(may.of(till(1))), Some(of_till - old + 500));
}

#[test]
fn a_month_without_days_is_not_taken_for_what_its_days_make() {
    let (store, january) = (in_may(), day("2023-01-01"));
    store.record(SALES.on(Period::Month, january), 77).unwrap();
    // Defines that months are tracked, of days of another year.
    let days: String = exported(&tracked_store())
        .lines()
        .filter(|line| !line.contains(r#""period":"week""#) && !line.contains(r#""period":"month""#))
        .flat_map(|line| [line, "\n"])
        .collect();
    import(&store, days.as_bytes()).unwrap();
    let of_2023 = store.series(SALES, Period::Day).from(january).to(day("2023-12-31"));
    assert_eq!(of_2023.over().unwrap(), Point::Absent);
    let of_2024 = store.series(SALES, Period::Day).from(day("2024-01-01"));
    assert_eq!(of_2024.over().unwrap(), Point::Value(42));
    assert_eq!(store.get(&SALES.on(Period::Month, january)).unwrap().unwrap().value, Some(77));
}

fn merged<V: Value>(values: impl IntoIterator<Item = V>) -> V {
    let mut values = values.into_iter();
    let mut merged = values.next().unwrap();
    values.for_each(|value| merged.merge(&value).unwrap());
    merged
}

/// A store with a statistic of a kind, and the JSON of its value.
fn store_of<V: Value>(value: Option<V>) -> (Store, String) {
    let store = store();
    let key = Metric::<V>::new(TILL, "kind", "Kind").on(Period::Day, day("2024-05-01"));
    match value {
        Some(value) => store.record(key, value).unwrap(),
        None => store.record_missing(key).unwrap(),
    }
    let lines = exported(&store);
    let (_, value) = lines.lines().last().unwrap().split_once("\"value\":").unwrap();
    let value = value.strip_suffix('}').unwrap().to_owned();
    (store, value)
}

/// Its export reads so, and comes back.
fn assert_reads<V: Value>(value: V, text: &str) {
    let (store, json) = store_of(Some(value.clone()));
    assert_eq!(json, text);
    let copy = assert_comes_back(&store);
    let metric = Metric::<V>::new(TILL, "kind", "Kind");
    let read = copy.get(&metric.on(Period::Day, day("2024-05-01"))).unwrap().unwrap();
    assert_eq!(read.value, Some(value));
    assert_comes_back(&store_of::<V>(None).0);
}

#[test]
fn values_that_are_bytes_have_what_they_say_beside_them() {
    let numbers = [1.0, 0.1, 0.2];
    assert_reads(
        merged(numbers.map(|number| Sum::new(number).unwrap())),
        r#"{"sum":1.3,"base64":"bQhnZmZmZmamAA=="}"#,
    );
    assert_reads(
        merged(numbers.map(|number| Summary::new(number).unwrap())),
        r#"{"count":3,"sum":1.3,"mean":0.43333333333333335,"min":0.1,"max":1.0,"std_dev":0.40276819911981904,"base64":"A20HzczMzMzMDAABAW0IZ2ZmZmZmpgDbAQ7NzMzMzMxMMzMzMzMzQw=="}"#,
    );
    assert_reads(
        merged(["ann", "bob", "ann"].map(Distinct::of)),
        r#"{"distinct":2,"base64":"AgEHDAMIAgj4EWAEvyBkHA=="}"#,
    );
    assert_reads(
        merged(numbers.map(|number| Quantiles::new(number).unwrap())),
        r#"{"count":3,"min":0.1,"p25":0.1,"median":0.19921875,"p75":1.0,"p95":1.0,"p99":1.0,"max":1.0,"base64":"A5qZmZmZmbk/AAAAAAAA8D+Y9w8BfwGzAgE="}"#,
    );
    assert_reads(
        merged([(5, 20.5), (9, 19.0)].map(|(at, level)| Gauge::at(at, level).unwrap())),
        r#"{"last":19.0,"min":19.0,"max":20.5,"base64":"EgAAARMAARMBASkAAAAA"}"#,
    );
    assert_reads(
        merged([(5, 3.0), (9, 1.0)].map(|(at, reading)| Meter::at(at, reading).unwrap())),
        r#"{"increase":1.0,"resets":1,"base64":"AAIKBgMD"}"#,
    );
    assert_reads(
        Summary::default(),
        r#"{"count":0,"sum":0.0,"mean":null,"min":null,"max":null,"std_dev":null,"base64":"AA=="}"#,
    );
    assert_reads(
        merged([f64::MAX, f64::MAX].map(|number| Sum::new(number).unwrap())),
        r#"{"sum":null,"base64":"mA8H////////Hw=="}"#,
    );
}

/// A line with a value of a kind, behind its definition.
fn line_of<V: Value>(value: &str) -> String {
    format!(
        concat!(
            r#"{{"define":"domain","ref":"till","name":"Till"}}"#,
            "\n",
            r#"{{"define":"metric","domain":"till","ref":"kind","name":"Kind","value":"{}","encoded":true}}"#,
            "\n",
            r#"{{"domain":"till","metric":"kind","period":"day","date":"2024-05-01","value":{}}}"#
        ),
        V::KIND,
        value
    )
}

#[test]
fn a_sum_may_be_given_as_a_number_alone() {
    for (number, expected) in
        [("12.5", 12.5), ("-3", -3.0), ("0.1", 0.1), ("18446744073709551616", 2_f64.powi(64))]
    {
        let store = store();
        import(&store, line_of::<Sum>(number).as_bytes()).unwrap();
        let key = Metric::<Sum>::new(TILL, "kind", "Kind").on(Period::Day, day("2024-05-01"));
        assert_eq!(store.get(&key).unwrap().unwrap().value, Some(Sum::new(expected).unwrap()), "{number}");
    }
}

#[test]
fn bytes_alone_are_enough_and_numbers_that_say_otherwise_are_refused() {
    let (_, gauge) = store_of(Some(Gauge::at(5, 20.5).unwrap()));
    let (_, base64) = gauge.split_once(r#""base64":"#).unwrap();
    let base64 = base64.strip_suffix('}').unwrap();
    for good in ["", r#""min":20.5,"#, r#""max":20.50000000000001,"last":20.5,"#] {
        let line = line_of::<Gauge>(&format!("{{{good}\"base64\":{base64}}}"));
        import(&store(), line.as_bytes()).unwrap();
    }
    for (bad, sentence) in [
        (
            r#""min":20,"#,
            "the \"min\" of \"value\" isn't what its \"base64\" says, from which it is imported",
        ),
        (r#""min":null,"#, "the \"min\" of \"value\" isn't"),
        (r#""min":"20.5","#, "the \"min\" of \"value\" isn't"),
        (r#""min":20.5,"min":20.5,"#, "\"value\" has the field \"min\" twice"),
        (r#""base64":"","#, "this is not"),
        (
            r#""mean":20.5,"#,
            "\"value\" has the unknown field \"mean\"; its fields are last, min, max, base64",
        ),
    ] {
        let line = line_of::<Gauge>(&format!("{{{bad}\"base64\":{base64}}}"));
        let (number, found) = problem(&store(), line.as_bytes());
        assert!(number == 3 && found.starts_with(sentence), "{bad}: {found}");
    }
    for (value, sentence) in [
        (
            r#"{"last":20.5}"#,
            "\"value\" has no field \"base64\", the bytes that it is; its fields are last, min, max, base64",
        ),
        (r#"{"base64":"?"}"#, "\"value\" is not base64"),
        (r#"{"base64":7}"#, "the \"base64\" of \"value\" is a whole number, not a text"),
        (r#"{"base64":"AQID"}"#, "this is not"),
        (
            "20.5",
            "\"value\" is a fraction, or too large for 64 bits; values of the kind \"gauge\" are objects",
        ),
    ] {
        let (number, found) = problem(&store(), line_of::<Gauge>(value).as_bytes());
        assert!(number == 3 && found.starts_with(sentence), "{value}: {found}");
    }
    let twice = problem(&store(), line_of::<Takings>(r#"{"base64":"AQ==","sum":1}"#).as_bytes());
    assert_eq!(twice.1, "\"value\" has the unknown field \"sum\"; its fields are base64");
}

/// Any value of a kind comes back, with what it says.
fn assert_any_comes_back<V: Figures>(value: V) {
    assert_eq!(value.figures().len(), V::NAMES.len());
    assert!(!value.figures().contains(&Figure::Decimal(f64::NAN)));
    assert_comes_back(&store_of(Some(value)).0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn values_of_every_kind_come_back(
        numbers in prop::collection::vec(prop_oneof![-1e9..1e9_f64, prop::num::f64::NORMAL], 1..300),
        times in prop::collection::vec(0_i64..100_000_000, 300),
    ) {
        let kept = || numbers.iter().copied();
        let timed = || times.iter().copied().zip(kept());
        assert_any_comes_back(merged(kept().map(|number| Sum::new(number).unwrap())));
        assert_any_comes_back(merged(kept().map(|number| Summary::new(number).unwrap())));
        assert_any_comes_back(merged(kept().map(|number| Quantiles::new(number).unwrap())));
        assert_any_comes_back(merged(times.iter().map(|time| Distinct::of(*time))));
        assert_any_comes_back(merged(timed().map(|(at, level)| Gauge::at(at, level).unwrap())));
        assert_any_comes_back(merged(timed().map(|(at, reading)| Meter::at(at, reading.abs()).unwrap())));
    }
}

#[test]
fn both_hours_that_the_clocks_show_twice_come_back() {
    for (zone, date) in [
        ("America/New_York", "2013-11-03"),
        ("Australia/Lord_Howe", "2024-04-07"),
        ("Pacific/Kwajalein", "1969-09-30"),
        ("Pacific/Apia", "2011-12-30"),
        ("Europe/Amsterdam", "1900-01-01"),
    ] {
        let store = Store::options().calendar(Calendar::new(zone).unwrap()).in_memory().unwrap();
        for hour in 0..32 {
            let date = Date::with_hour(day(date), hour);
            store.record(SALES.on(Period::Hour, date), i64::from(hour)).unwrap();
        }
        let copy = assert_comes_back(&store);
        let points = copy.series(SALES, Period::Hour).points().unwrap();
        let hours: Vec<_> =
            points.iter().map(|(date, value)| (i64::from(date.hour()), value.unwrap())).collect();
        assert_eq!(hours, (0..32).map(|hour| (hour, hour)).collect::<Vec<_>>(), "{zone}");
    }
}

#[test]
fn the_ends_of_the_calendar_and_of_the_integers_come_back() {
    let store = store();
    for date in ["0001-01-01", "9999-12-31", "1970-01-01"] {
        for period in [
            Period::Hour,
            Period::Day,
            Period::Week,
            Period::Month,
            Period::Quarter,
            Period::Year,
            Period::LastDays(1),
            Period::LastDays(u16::MAX),
            Period::Lifetime,
        ] {
            store.record(SALES.on(period, day(date)), i64::MIN).unwrap();
            store
                .record(SALES.on(period, day(date)).of(Object::new("n", u64::MAX).unwrap()), i64::MAX)
                .unwrap();
        }
    }
    let least = Metric::<Min>::new(TILL, "least", "");
    store.record(least.on(Period::Day, day("2020-01-01")), Min(3)).unwrap();
    let most = Metric::<Max>::new(TILL, "most", "");
    store.record(most.on(Period::Day, day("2020-01-01")), Max(3)).unwrap();
    assert_comes_back(&store);
}

#[test]
fn an_object_that_has_a_kind_twice_comes_back() {
    let store = store();
    let object = Object::new("airport", "JFK").unwrap().and("airport", "BOS").unwrap();
    store.record(SALES.on(Period::Day, day("2020-01-01")).of(&object), 1).unwrap();
    assert!(exported(&store).contains(r#""object":{"airport":"JFK","airport":"BOS"}"#));
    assert_comes_back(&store);
}

#[test]
fn a_metric_of_an_unknown_kind_comes_back_without_statistics_too() {
    let store = store();
    store.register(TAKINGS).unwrap();
    let copy = assert_comes_back(&store);
    assert_eq!(copy.metric("till", "takings").unwrap().kind(), "takings");
    // Only a type that lays out its rows in the same way may write to it now.
    copy.record(TAKINGS.on(Period::Day, day("2020-01-01")), Takings(1, String::new())).unwrap();
}

#[test]
fn an_import_replaces_and_updates_and_leaves_the_rest() {
    let store = store();
    store.record(SALES.on(Period::Day, day("2020-01-01")), 1).unwrap();
    store.record(SALES.on(Period::Day, day("2020-01-02")), 2).unwrap();
    let lines = concat!(
        "\u{feff}\r\n",
        r#"{"define":"metric","domain":"till","ref":"sales","name":"Umsätze","value":"integer"}"#,
        "\r\n  \r\n",
        r#"{"value":7,"date":"2020-01-01","period":"day","metric":"sales","domain":"till"}"#,
    );
    let report = import(&store, lines.trim_start_matches("\u{feff}\r\n").as_bytes()).unwrap();
    assert_eq!((report.domains, report.metrics, report.statistics), (0, 1, 1));
    assert_eq!(store.series(SALES, Period::Day).values().unwrap(), [Some(7), Some(2)]);
    assert_eq!(store.metric("till", "sales").unwrap().name(), "Umsätze");
    assert_eq!(store.metric("till", "sales").unwrap().description(), "");
    assert_eq!(store.metric("till", "sales").unwrap().domain_name(), "The till");
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_line() {
    let lines = format!("\u{feff}{}", exported(&store()));
    assert!(exported_calendar(lines.as_bytes()).unwrap().is_some());
    import(&store(), lines.as_bytes()).unwrap();
}

#[test]
fn a_prefix_exports_its_own_definitions_only() {
    let store = store();
    let other = Metric::<i64>::new(Domain::new("other", "Other"), "sales", "Sales");
    for metric in [SALES, other] {
        store.record(metric.on(Period::Day, day("2020-01-01")), 1).unwrap();
        store.record(metric.on(Period::Week, day("2020-01-01")), 1).unwrap();
    }
    store.register(TAKINGS).unwrap();
    let mut lines = Vec::new();
    let prefix = "till/sales/week".parse().unwrap();
    assert_eq!(export(&store, &prefix, &mut lines).unwrap(), 1);
    let lines = String::from_utf8(lines).unwrap();
    assert_eq!(lines.lines().count(), 4, "{lines}");
    assert!(
        !lines.contains("other") && !lines.contains("takings") && !lines.contains("2020-01-01"),
        "{lines}"
    );
}

/// The line of a statistic of sales with a field of this value.
fn statistic(field: &str, value: &str) -> String {
    let mut fields = vec![
        ("domain", r#""till""#),
        ("metric", r#""sales""#),
        ("period", r#""day""#),
        ("date", r#""2020-01-01""#),
        ("value", "9"),
    ];
    match fields.iter_mut().find(|(name, _)| *name == field) {
        Some(found) => found.1 = value,
        None => fields.push((field, value)),
    }
    let fields: Vec<_> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", fields.join(","))
}

#[test]
#[expect(clippy::too_many_lines, reason = "one line after the other, each with its sentence")]
fn each_bad_line_is_one_sentence_with_its_number_and_changes_nothing() {
    let store = store();
    store.record(SALES.on(Period::Day, day("2020-01-01")), 1).unwrap();
    store.register(TAKINGS).unwrap();
    let good = statistic("value", "1234");
    for (line, sentence) in [
        ("hello", "it is not JSON: expected value (column 1)"),
        (r#"{"domain":"till""#, "it is not JSON: EOF while parsing an object (column 16)"),
        ("[]", "it is a list, not an object of JSON"),
        ("{}", "it has no field \"domain\""),
        (&statistic("perod", "1"), "it has the unknown field \"perod\" (did you mean period?)"),
        (&statistic("value\":9,\"value", "9"), "it has the field \"value\" twice"),
        (&statistic("domain", "7"), "\"domain\" is a whole number, not a text"),
        (&statistic("metric", r#""salse""#), "the metric till/salse isn't defined (did you mean till/sales"),
        (&statistic("period", r#""dya""#), "there is no period \"dya\" (did you mean day?)"),
        (&statistic("date", r#""2020-13-01""#), "\"2020-13-01\" is not the date of a day, YYYY-MM-DD"),
        (&statistic("date", r#""20200-01-01""#), "\"20200-01-01\" is not the date of a day, YYYY-MM-DD"),
        (&statistic("date", r#""0000-01-01""#), "0000-01-01 is outside the calendar"),
        (&statistic("value", "1.5"), "\"value\" is a fraction"),
        (
            &statistic("value", "9223372036854775808"),
            "\"value\" is a whole number; values of the kind \"integer\" are signed whole numbers of 64 bits",
        ),
        (&statistic("value", "99999999999999999999999"), "\"value\" is a fraction, or too large"),
        (&statistic("value", r#""9""#), "\"value\" is a text"),
        (
            &statistic("value", r#"{"base64":"AQ=="}"#),
            "\"value\" is an object; values of the kind \"integer\" are signed whole numbers",
        ),
        (
            &statistic("metric", r#""takings""#),
            "\"value\" is a whole number; values of the kind \"takings\" are objects with their bytes in \"base64\", or null",
        ),
        (&statistic("object", "{}"), "\"object\" has no parts"),
        (&statistic("object", "7"), "\"object\" is a whole number"),
        (&statistic("object", r#"{"user":-1}"#), "the id of \"user\" is a whole number, not"),
        (&statistic("object", r#"{"user":null}"#), "the id of \"user\" is null, not"),
        (&statistic("object", r#"{"a/b":1}"#), "the ref \"a/b\" has a '/'"),
        (
            &statistic("object", r#"{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1}"#),
            "the object part i=\"1\" is one too many",
        ),
        (
            r#"{"define":"metrik"}"#,
            "it defines \"metrik\"; a calendar, a domain, a metric or what is tracked can be defined",
        ),
        (
            r#"{"define":"tracked","domain":"till","metric":"sale","by":[],"periods":["day"]}"#,
            "the metric till/sale isn't defined (did you mean till/sales or till/takings?)",
        ),
        (
            r#"{"define":"tracked","domain":"till","metric":"sales","by":["a","b","c","d","e","f","g","h","i"],"periods":[]}"#,
            "\"by\" has more than 8 kinds",
        ),
        (
            r#"{"define":"tracked","domain":"till","metric":"sales","by":["a/b"],"periods":["day"]}"#,
            "the ref \"a/b\" has a '/'",
        ),
        (
            r#"{"define":"tracked","domain":"till","metric":"sales","by":[],"periods":["fortnight"]}"#,
            "fortnight",
        ),
        (r#"{"define":"tracked","domain":"till","metric":"sales","by":"user","periods":["day"]}"#, "\"by\""),
        (r#"{"define":"tracked","domain":"till","metric":"sales","by":[]}"#, "\"periods\""),
        (r#"{"define":"domain","ref":"","name":""}"#, "the ref \"\" is empty"),
        (
            r#"{"define":"metric","domain":"til","ref":"x","name":"","value":"integer"}"#,
            "the domain \"til\" isn't defined (did you mean till?)",
        ),
        (
            r#"{"define":"metric","domain":"till","ref":"sales","name":"","value":"minimum"}"#,
            "till/sales holds values of the kind \"integer\", not \"minimum\"",
        ),
        (
            r#"{"define":"metric","domain":"till","ref":"takings","name":"","value":"takings"}"#,
            "the values of till/takings are encoded",
        ),
        (
            r#"{"define":"metric","domain":"till","ref":"x","name":"","value":"integer","encoded":true}"#,
            "values of the kind \"integer\" are whole numbers",
        ),
        (
            r#"{"define":"calendar","zone":"UTC","week_start":"monday","day_start":"03:00","month_start_day":1}"#,
            "it defines the calendar UTC, days from 03:00, weeks from monday, months from day 1, and the store at",
        ),
        (
            r#"{"define":"calendar","zone":"Europe/Amsterdm","week_start":"monday","day_start":"00:00","month_start_day":1}"#,
            "there is no time zone \"Europe/Amsterdm\" (did you mean Europe/Amsterdam",
        ),
        (
            r#"{"define":"calendar","zone":"UTC","week_start":"moonday","day_start":"00:00","month_start_day":1}"#,
            "\"week_start\" is \"moonday\"",
        ),
        (
            r#"{"define":"calendar","zone":"UTC","week_start":"monday","day_start":"24:00","month_start_day":1}"#,
            "\"day_start\" is \"24:00\"",
        ),
        (
            r#"{"define":"calendar","zone":"UTC","week_start":"monday","day_start":"00:00","month_start_day":31}"#,
            "months can't begin on day 31",
        ),
    ] {
        let lines = format!("{good}\n\n{line}\n{good}\n");
        let (number, found) = problem(&store, lines.as_bytes());
        assert_eq!(number, 3, "{line}");
        assert!(found.contains(sentence), "{line}\n  {found}\n  {sentence}");
        assert!(!found.contains('\n'), "{found}");
    }
}

#[test]
fn a_line_that_is_not_utf_8_or_too_long_is_named() {
    let store = store();
    let (line, found) = problem(&store, b"\n{\"domain\":\"\xff\"}");
    assert_eq!((line, found.as_str()), (2, "it is not UTF-8 from byte 12 on"));
    let long = vec![b' '; (24 << 20) + 2];
    assert_eq!(problem(&store, &long), (1, "it is longer than 24 MiB, which no exported line is".to_owned()));
}

/// Lines of more than 1 MiB were exported and couldn't be imported.
#[test]
fn the_longest_line_that_can_be_exported_can_be_imported() {
    const BYTES: usize = 16 << 20;
    let store = store();
    let key = TAKINGS.on(Period::Day, day("2020-01-01"));
    // The number takes a byte, the text's length five.
    let longest = Takings(1, "x".repeat(BYTES - 6));
    let id = "\u{1}".repeat(1_000);
    let kind = "\"".repeat(100);
    let first = Object::new(&kind, &id).unwrap();
    let object = (1..8).fold(first, |object, _| object.and(&kind, &id).unwrap());
    store.record(key.clone().of(object), longest).unwrap();
    let lines = exported(&store);
    let line = lines.lines().map(str::len).max().unwrap();
    assert!(line > 22_400_000, "{line}");
    let copy = store_like(&store);
    import(&copy, lines.as_bytes()).unwrap();
    assert!(exported(&copy) == lines);

    let longer = Takings(1, "x".repeat(BYTES - 5));
    assert!(matches!(store.record(key, longer), Err(Error::Unstorable { .. })));
}

#[test]
fn names_are_no_longer_than_a_line_may_be() {
    let store = store();
    let escaped = "\u{1}".repeat((1 << 20) - 100);
    store.register(Metric::<i64>::new(TILL, "long", &escaped)).unwrap();
    store.register(Metric::<i64>::new(Domain::new("long", &escaped), "x", "X")).unwrap();
    assert_comes_back(&store);

    let longer = "x".repeat(1 << 20);
    for metric in [
        Metric::<i64>::new(TILL, "longer", &longer),
        Metric::new(TILL, "longer", "").describe(&longer),
        Metric::new(Domain::new("longer", &longer), "x", ""),
    ] {
        let refused = store.register(metric).unwrap_err();
        assert!(refused.to_string().contains("longer"), "{refused}");
        assert!(refused.to_string().ends_with("more than 1 MiB together; cut them short"), "{refused}");
    }
}

#[test]
fn thousands_of_lines_are_imported_as_one() {
    let store = store();
    let mut lines = exported(&store);
    lines.push_str("{\"define\":\"domain\",\"ref\":\"d\",\"name\":\"D\"}\n");
    lines.push_str(
        "{\"define\":\"metric\",\"domain\":\"d\",\"ref\":\"m\",\"name\":\"M\",\"value\":\"integer\"}\n",
    );
    for id in 0..20_000 {
        writeln!(
            lines,
            "{{\"domain\":\"d\",\"metric\":\"m\",\"period\":\"day\",\"date\":\"2020-01-0{}\",\"object\":{{\"user\":{id}}},\"value\":{id}}}",
            id % 9 + 1
        )
        .unwrap();
    }
    assert_eq!(import(&store, lines.as_bytes()).unwrap().statistics, 20_000);
    assert_comes_back(&store);
    lines.push_str("{\n");
    problem(&store_like(&store), lines.as_bytes());
}

/// Refs: up to a few characters, from those that are hard to write down.
fn reference() -> impl Strategy<Value = String> {
    let hard = prop_oneof![
        Just('"'),
        Just('\\'),
        Just(','),
        Just('='),
        Just('é'),
        Just('😀'),
        Just('\u{202e}'),
        any::<char>()
    ];
    prop::collection::vec(hard.prop_filter("a ref's", |c| *c != '/' && !c.is_control()), 1..6)
        .prop_map(|chars| chars.into_iter().collect())
}

#[derive(Debug, Clone)]
enum AnId {
    Number(u64),
    Text(String),
}

fn id() -> impl Strategy<Value = AnId> {
    let hard = prop_oneof![
        Just('\0'),
        Just('"'),
        Just('\\'),
        Just('\n'),
        Just('\r'),
        Just('7'),
        Just('א'),
        Just('😀'),
        any::<char>()
    ];
    let text = prop::collection::vec(hard, 0..12).prop_map(|chars| AnId::Text(chars.into_iter().collect()));
    prop_oneof![any::<u64>().prop_map(AnId::Number), text]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn nasty_names_and_objects_come_back(
        domain in reference(),
        metric in reference(),
        name in ".{0,12}",
        points in prop::collection::vec(
            (prop::collection::vec((reference(), id()), 0..4), any::<Option<i64>>(), -700_000..2_900_000_i32, 0..6_usize),
            1..12,
        ),
    ) {
        let store = store();
        let metric: Metric<'_> = Metric::new(Domain::new(&domain, &name), &metric, &name).describe(&name);
        let periods = [Period::Hour, Period::Day, Period::Week, Period::Year, Period::LastDays(9), Period::Lifetime];
        for (parts, value, date, period) in points {
            let date = NaiveDate::from_num_days_from_ce_opt(date + 719_163).unwrap();
            let mut object: Option<Object> = None;
            for (kind, id) in &parts {
                let id = match id {
                    AnId::Number(number) => Id::Number(*number),
                    AnId::Text(text) => Id::Text(text),
                };
                object = Some(match object {
                    Some(object) => object.and(kind, id).unwrap(),
                    None => Object::new(kind, id).unwrap(),
                });
            }
            let key = metric.on(periods[period], date);
            let key = match object {
                Some(object) => key.of(object),
                None => key,
            };
            match value {
                Some(value) => store.record(key, value).unwrap(),
                None => store.record_missing(key).unwrap(),
            }
        }
        let copy = assert_comes_back(&store);
        let all = |store: &Store| store.scan(&Prefix::everything()).collect::<Result<Vec<_>, _>>().unwrap();
        prop_assert_eq!(all(&store), all(&copy));
        prop_assert!(all(&copy).iter().all(|s| !matches!(s.value, Some(AnyValue::Encoded(_)))));
    }

    #[test]
    fn whatever_a_line_says_it_is_read_or_refused(line in r#"\{?("(define|domain|metric|value)":(null|1|"x"|\{\}),?){0,4}.{0,9}\}?"#) {
        let store = store();
        let _ = import(&store, line.as_bytes());
    }
}
