//! Several trackers over the same records, in one pass: as one after the other would, and all or nothing.

#![cfg(feature = "exchange")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a test that fails may panic; its numbers are small"
)]

mod common;

use common::{TILL, day, exported};
use std::cell::Cell;
use trackstats::{
    Error, Metric, Period, Store, Timestamp, Tracker,
    error::Unreadable,
    kinds::{Distinct, Gauge, Item, Max, Meter, Min, Quantiles, Sum, Summary},
    model::Id,
    store::{FixedClock, Options},
    track::{Report, Since, Trackers},
};

#[derive(Debug, Clone, Copy)]
struct Record {
    at: i64,
    shop: u64,
    value: i64,
}

/// 1,000 records of 200 days, in no order.
fn records() -> Vec<Record> {
    let mut random = common::Random(7);
    let mut below = |end: u64| i64::try_from(random.below(end)).unwrap();
    (0..1_000)
        .map(|_| Record {
            at: 1_700_000_000 + below(200 * 86_400),
            shop: below(5).unsigned_abs(),
            value: below(1_000) - 100,
        })
        .collect()
}

fn options() -> Options {
    let now = Timestamp::from_unix_seconds(1_700_000_000 + 190 * 86_400);
    Store::options().clock(FixedClock(now))
}

fn metric<V>(name: &'static str) -> Metric<'static, V> {
    Metric::new(TILL, name, "Kind")
}

fn at(record: &Record) -> Timestamp {
    Timestamp::from_unix_seconds(record.at)
}

fn whole(record: &Record) -> Option<i64> {
    (record.value != 0).then_some(record.value)
}

fn float(record: &Record) -> Option<f64> {
    whole(record).map(|value| value as f64 / 10.0)
}

const WIDER: [Period; 3] = [Period::Week, Period::LastDays(7), Period::Lifetime];

fn count() -> Tracker<'static, Record> {
    Tracker::count(metric("count"), at)
        .by("shop", |record| Id::from(record.shop))
        .unwrap()
        .periods([Period::Hour])
}

fn sum() -> Tracker<'static, Record> {
    Tracker::sum(metric("sum"), at, whole).periods(WIDER)
}

fn min() -> Tracker<'static, Record, Min> {
    Tracker::min(metric("min"), at, whole).periods(WIDER)
}

fn max() -> Tracker<'static, Record, Max> {
    Tracker::max(metric("max"), at, whole).by("shop", |record| Id::from(record.shop)).unwrap()
}

fn sum_float() -> Tracker<'static, Record, Sum> {
    Tracker::sum_float(metric("sum-float"), at, float).periods(WIDER)
}

/// With hardly any memory, so that it puts aside what it has.
fn summary() -> Tracker<'static, Record, Summary> {
    let tracker = Tracker::summary(metric("summary"), at, float).periods(WIDER).memory_bytes(1);
    tracker.by("shop", |record| Id::from(record.shop)).unwrap()
}

fn distinct() -> Tracker<'static, Record, Distinct> {
    Tracker::distinct(metric("distinct"), at, |record| Some(Item::from(record.shop))).periods(WIDER)
}

fn quantiles() -> Tracker<'static, Record, Quantiles> {
    Tracker::quantiles(metric("quantiles"), at, float)
}

fn gauge() -> Tracker<'static, Record, Gauge> {
    Tracker::gauge(metric("gauge"), at, float)
}

/// It skips readings below zero.
fn meter() -> Tracker<'static, Record, Meter> {
    Tracker::meter(metric("meter"), at, float).by("shop", |record| Id::from(record.shop)).unwrap()
}

fn all() -> Trackers<'static, Record> {
    Trackers::new()
        .and(count())
        .and(sum())
        .and(min())
        .and(max())
        .and(sum_float())
        .and(summary())
        .and(distinct())
        .and(quantiles())
        .and(gauge())
        .and(meter())
}

macro_rules! one_by_one {
    (|$tracker:ident| $run:expr) => {
        one_by_one!(
            |$tracker| $run;
            count, sum, min, max, sum_float, summary, distinct, quantiles, gauge, meter
        )
    };
    (|$tracker:ident| $run:expr; $($of:ident),*) => {
        vec![$({
            let $tracker = $of();
            $run
        }),*]
    };
}

fn assert_alike(several: (&Store, &[Report]), alone: (&Store, &[Report])) {
    assert_eq!(several.1, alone.1);
    assert_eq!(exported(several.0), exported(alone.0));
    assert!(several.0.verify().unwrap().problems.is_empty());
}

#[test]
fn appends_of_several_are_those_of_one_after_the_other() {
    let records = records();
    for place in common::places(options) {
        let store = place.store();
        let alone = options().in_memory().unwrap();
        for part in records.chunks(300) {
            let records = || part.iter().copied();
            let reports = all().append().run(store, records()).unwrap();
            let expected = one_by_one!(|tracker| tracker.append().run(&alone, records()).unwrap());
            assert_alike((store, &reports), (&alone, &expected));
            assert_eq!(reports[9].skipped, part.iter().filter(|record| record.value < 0).count() as u64);
        }
    }
}

#[test]
fn recomputes_of_several_are_those_of_one_after_the_other() {
    let records = records();
    let records = || records.iter().copied();
    let (several, alone) = (options().in_memory().unwrap(), options().in_memory().unwrap());
    for (since, current) in [
        (Since::Beginning, false),
        (Since::LastStatistic, true),
        (Since::Date(day("2024-02-01")), true),
        (Since::LastDays(30), false),
    ] {
        let reports = all().recompute().since(since).current(current).run(&several, records()).unwrap();
        let expected = one_by_one!(|tracker| tracker
            .recompute()
            .since(since)
            .current(current)
            .run(&alone, records())
            .unwrap());
        assert_alike((&several, &reports), (&alone, &expected));
    }
}

#[test]
fn a_source_is_asked_for_the_records_that_the_tracker_furthest_behind_wants() {
    let store = options().in_memory().unwrap();
    let records = records();
    let until =
        |days: i64| records.iter().copied().filter(move |record| record.at < 1_700_000_000 + days * 86_400);
    let asked = Cell::new(None);
    let run = |several: Trackers<'static, Record>| {
        let source = |since| {
            asked.set(since);
            until(200)
        };
        several.recompute().run_from(&store, source).unwrap()
    };
    count().recompute().run(&store, until(100)).unwrap();
    sum().recompute().run(&store, until(50)).unwrap();
    let last = |name| store.series(metric::<i64>(name), Period::Day).latest().unwrap().unwrap().date.day();
    let (of_count, of_sum) = (last("count"), last("sum"));
    assert!(of_sum < of_count);
    let reports = run(Trackers::new().and(count()).and(sum()));
    assert_eq!(asked.get(), Some(of_sum));
    assert_eq!([reports[0].since, reports[1].since], [Some(of_count), Some(of_sum)]);
    assert!(reports[0].before_since > reports[1].before_since);
    run(Trackers::new().and(count()).and(max()));
    assert_eq!(asked.get(), None, "one has nothing yet");
    let alone = options().in_memory().unwrap();
    count().recompute().run(&alone, until(200)).unwrap();
    sum().recompute().run(&alone, until(200)).unwrap();
    max().recompute().run(&alone, until(200)).unwrap();
    assert_eq!(exported(&store), exported(&alone));
}

#[test]
fn what_one_fails_at_none_has_stored_and_the_cursor_stays() {
    let store = options().in_memory().unwrap();
    let records = records();
    let append = |several: Trackers<'static, Record>, strict: bool, from: Option<&[u8]>, to: u8| {
        let append = several.append().strict(strict).cursor("log", from, move || vec![to]);
        append.run(&store, records.iter().copied())
    };
    append(all(), false, None, 1).unwrap();
    let before = exported(&store);
    let too_large = Tracker::sum(metric("large"), at, |_: &Record| Some(i64::MAX));
    let failed = append(all().and(too_large), false, Some(&[1]), 2);
    assert!(matches!(failed, Err(Error::Merge { .. })), "{failed:?}");
    let failed = append(all(), true, Some(&[1]), 2);
    let first = records.iter().position(|record| record.value < 0).unwrap() as u64 + 1;
    assert!(matches!(failed, Err(Error::UnreadableRecord { number, .. }) if number == first), "{failed:?}");
    assert!(matches!(append(all(), false, None, 2), Err(Error::CursorMoved { .. })));
    let stop = records.iter().copied().map(Ok).chain([Err(Unreadable::Stop("the end".to_owned()))]);
    assert!(matches!(all().append().run_results(&store, stop), Err(Error::Source { .. })));
    assert_eq!((exported(&store), store.cursor("log").unwrap()), (before, Some(vec![1])));
    append(all(), false, Some(&[1]), 2).unwrap();
    assert_eq!(store.cursor("log").unwrap(), Some(vec![2]));
}

#[test]
fn a_record_that_the_source_cannot_read_is_reported_by_each() {
    let store = options().in_memory().unwrap();
    let records = records();
    let source = [Err(Unreadable::Skip("torn".to_owned())), Ok(records[0])];
    let reports = all().append().run_results(&store, source).unwrap();
    for report in reports {
        assert_eq!((report.read, report.skips[0].record, report.skips[0].reason.as_str()), (2, 1, "torn"));
    }
}

#[test]
fn two_trackers_of_one_metric_are_refused() {
    let store = options().in_memory().unwrap();
    let twice = Trackers::new().and(count()).and(sum()).and(Tracker::count(metric("sum"), at));
    let failed = twice.append().run(&store, records());
    assert!(matches!(&failed, Err(Error::DuplicateMetric { metric }) if metric == "till/sum"), "{failed:?}");
    assert!(failed.unwrap_err().to_string().starts_with("till/sum is tracked twice in one run"));
    assert!(matches!(twice.recompute().run(&store, records()), Err(Error::DuplicateMetric { .. })));
    assert_eq!(Trackers::<Record>::new().append().run(&store, records()).unwrap(), []);
}
